import { beforeEach, vi } from 'vitest'
import type { MessageId, PeerId, TopicId } from '../core/ids.js'
import type { NodeInput, TopicMessage } from '../core/io.js'
import { canonicalBytes, type Message } from '../core/message.js'
import type { Node } from '../core/node.js'
import { presenceBytes } from '../core/presence/signed-bytes.js'
import type { PresenceEntry } from '../core/presence/statement.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { Door, neighborBytes } from './door.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'
import type { PeerLink } from './peer-link.js'
import { newsOf } from './presence-news.js'
import { fiveKeys, TERMS, TOPIC, useVirtualTime } from './world.suite.js'

// Who takes anything from here has virtual time and, before each test, the same five peers.

export const time = useVirtualTime()

export let author: Identity
export let others: PeerId[]
beforeEach(async () => {
  const keys = await fiveKeys()
  author = keys[0]!.id
  others = keys.slice(1).map(({ id }) => id.peerId)
})

/** A door to a node that knows only what the test says. */
export class DoorTest {
  readonly inputs: NodeInput[] = []
  readonly counted: string[] = []
  readonly known = new Set<number>()
  terms: TopicTerms | undefined
  presenceKnown = 0
  readonly door: Door

  constructor(terms: Partial<TopicTerms> = {}) {
    this.terms = { ...TERMS, ...terms }
    const node = {
      knows: (_: TopicId, { seq }: MessageId) => this.known.has(seq),
      termsOf: () => this.terms,
      knowsPresence: (_: TopicId, __: PeerId, at: number) => at <= this.presenceKnown,
    } as unknown as Node
    const input = (given: NodeInput) => {
      this.inputs.push(given)
      if (given.type === 'message') this.known.add(given.message.seq)
    }
    this.door = new Door(node, input, counter => void this.counted.push(counter))
    this.door.loadNews = () => newsOf
  }

  readonly link = (n: number): PeerLink => this.linkTo(others[n] ?? (`stranger ${n}` as PeerId))

  linkTo(peer: PeerId): PeerLink {
    return { peer, epoch: 1, live: new InOrder(), control: new InOrder() } as unknown as PeerLink
  }

  get said(): string[] {
    return this.inputs.map(input => (input.type === 'frame' ? input.message.type : input.type))
  }

  get seqs(): number[] {
    return this.inputs.flatMap(input => {
      if (input.type === 'message') return [input.message.seq]
      return input.type === 'duplicate' ? [input.id.seq] : []
    })
  }
}

export function gosp(...presence: PresenceEntry[]): TopicMessage {
  return { type: 'gosp', view: undefined, presence, frontier: undefined }
}

export async function shown(at: number): Promise<PresenceEntry> {
  const draft = { value: new Uint8Array([65]), time: at, lifetimeMs: 90_000 }
  const signature = await author.sign(presenceBytes(TOPIC, author.peerId, draft))
  return { peer: author.peerId, statement: { ...draft, signature }, leftMs: 90_000 }
}

/** Verifications end when the test says so; `open` names them in the order of their beginning. */
export function gateVerification() {
  const real = vi.mocked(crypto.subtle.verify).getMockImplementation()!
  const gates: (() => void)[] = []
  vi.mocked(crypto.subtle.verify).mockImplementation(async (name, key, signature, bytes) => {
    // As WebCrypto does, before it returns.
    const copy = new Uint8Array(bytes as Uint8Array)
    await new Promise<void>(resolve => gates.push(resolve))
    return real(name, key, signature, copy)
  })
  return {
    async open(...turns: number[]) {
      for (const turn of turns) {
        gates[turn]!()
        await time().quiet()
      }
    },
  }
}

export async function signed(seq: number, text = `number ${seq}`, of = TOPIC): Promise<Message> {
  const draft = {
    author: author.peerId,
    seq,
    time: 1_000 + seq,
    payload: new TextEncoder().encode(text),
    extensions: new Uint8Array(0),
  }
  return { ...draft, signature: await author.sign(canonicalBytes(of, draft)) }
}

export async function toNeighbors(of: TopicId): Promise<TopicMessage> {
  const said = { nonce: new Uint8Array(16).fill(4), time: 7, payload: new Uint8Array([1]) }
  const signature = await author.sign(neighborBytes(of, author.peerId, said))
  return { type: 'neighbor-gossip', ...said, signature }
}

export function gossip(message: Message, round = 0) {
  return topic({ type: 'gossip', round, message })
}

export function topic(message: TopicMessage) {
  return { type: 'topic', topic: TOPIC, message } as const
}

export function blame(peer: PeerId, reason: string) {
  return { type: 'misbehaved', peer, reason }
}
