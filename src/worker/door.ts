import { concat, utf8 } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import type { BlameReason } from '../core/blame.js'
import type { PlumtreeMessage } from '../core/broadcast/plumtree/messages.js'
import { formatMessageId, idBytes, type PeerId, type TopicId } from '../core/ids.js'
import type { NodeInput, TopicMessage } from '../core/io.js'
import type { PeerEntry, PeerRecord } from '../core/membership/hyparview/messages.js'
import { canonicalView, fits, type Message } from '../core/message.js'
import type { Node } from '../core/node.js'
import type { PresenceEntry } from '../core/presence/statement.js'
import type { TopicTerms } from '../core/topic-hello.js'
import type { Frame } from '../wire/frame.js'
import type { HistoryDoor } from './history-door.js'
import { verifySignature } from './identity.js'
import type { PeerLink } from './peer-link.js'
import type { NewsOf } from './presence-news.js'

/**
 * Where what peers say is checked before the core hears it: known messages cost no crypto, unknown ones
 * are verified once however many copies come, and what fails is blamed on who passed it on.
 */
export class Door {
  readonly #node: Node
  readonly #input: (input: NodeInput) => void
  readonly #count: (counter: string) => void
  /** Messages whose signature is being verified, and the links whose copies wait for that. */
  readonly #pending = new Map<string, Pending>()
  #pendingBytes = 0
  /** There when the first topic with a history is. */
  history: HistoryDoor | undefined
  /** What tells the news of presence; until it is here what is said of presence waits, and where it can't be loaded goes without. */
  loadNews!: () => NewsOf | Promise<NewsOf | undefined>

  constructor(node: Node, input: (input: NodeInput) => void, count: (counter: string) => void) {
    this.#node = node
    this.#input = input
    this.#count = count
  }

  /** More results are near. */
  get isVerifying(): boolean {
    return this.#pending.size > 0
  }

  frame(link: PeerLink, frame: Frame): void {
    const { peer: from, epoch } = link
    if (link.control.waiting >= MOST_WAITING) {
      // Records cost more to verify than to send.
      return this.#blame(from, 'limit-exceeded')
    }
    switch (frame.type) {
      case 'topic-hello': {
        const { topic, terms } = frame
        return link.control.now(() =>
          this.#input({ type: 'topic-hello', from, epoch, topic, terms }),
        )
      }
      case 'relay': {
        const { relay } = frame
        return link.control.now(() => this.#input({ type: 'relay', from, epoch, relay }))
      }
      case 'topic':
        return this.#topicMessage(link, frame.topic, frame.message)
      // Aliases are learned by the decoder, hellos by the handshake.
    }
  }

  #topicMessage(link: PeerLink, topic: TopicId, message: TopicMessage): void {
    if (message.type === 'gossip') return this.#gossip(link, topic, message)
    if (message.type === 'neighbor-gossip') return this.#neighborGossip(link, topic, message)
    if (message.type === 'gosp' && message.presence.length > 0) {
      if (this.#node.termsOf(topic) === undefined) return this.#count('gossip-for-unknown-topic')
      return this.#gosp(link, topic, message)
    }
    if ('exchange' in message && this.history !== undefined) {
      return this.history.frame(link, topic, message)
    }
    const { peer: from, epoch } = link
    const records = recordsOf(message, from)
    const pass = () => this.#input({ type: 'frame', from, epoch, topic, message })
    const checks = records.map(([peer, record]) => verifyRecord(peer, record))
    // Who parts said its last words before: they are not to be lost while they are being verified.
    if (message.type === 'disconnect' && link.live.waiting > 0) {
      checks.push(new Promise(resolve => link.live.now(() => resolve(true))))
    }
    if (checks.length === 0) return link.control.now(pass)
    link.control.later(Promise.all(checks), good => {
      if (good.every(Boolean)) pass()
      else this.#blame(from)
    })
  }

  #gossip(
    link: PeerLink,
    topic: TopicId,
    gossip: Extract<PlumtreeMessage, { type: 'gossip' }>,
  ): void {
    const { peer: from, epoch } = link
    const { message, round } = gossip
    const terms = this.#node.termsOf(topic)
    if (terms === undefined) return this.#count('gossip-for-unknown-topic')
    if (!this.#acceptable(from, terms, message)) return
    if (!terms.signed || this.#node.knows(topic, message)) {
      // Most need not wait, and a closure for each would cost more than all else here.
      if (link.live.waiting === 0) this.#deliver(from, epoch, topic, message, round)
      else this.#deliverLater(link, topic, message, round)
    } else this.#check(link, topic, message, round)
  }

  #deliverLater(link: PeerLink, topic: TopicId, message: Message, round: number): void {
    link.live.now(() => this.#deliver(link.peer, link.epoch, topic, message, round))
  }

  #check(link: PeerLink, topic: TopicId, message: Message, round: number): void {
    const { peer: from, epoch } = link
    const duplicate = () =>
      this.#input({ type: 'duplicate', from, epoch, topic, id: message, round })
    const name = `${topic}/${formatMessageId(message)}`
    const pending = this.#pending.get(name)
    if (pending !== undefined) {
      // One place for each link: nobody can fill all of them with forgeries, and so shut out the genuine copy.
      if (pending.links.has(link) || pending.links.size === MOST_COPIES) {
        return this.#count('copy-while-verifying-dropped')
      }
      pending.links.add(link)
      // This copy is another's bytes: it counts as duplicate only when the id turned out genuine.
      link.live.later(pending.verified, good => {
        if (good || this.#node.knows(topic, message)) duplicate()
        else this.#verifyNow(link, topic, message, round)
      })
      return
    }
    if (!this.#hasBudgetFor(message.payload)) return this.#count('gossip-over-verify-budget')
    const verified = this.#verify(link, name, topic, message)
    link.live.later(verified, good => {
      if (good) this.#deliver(from, epoch, topic, message, round)
      else this.#blame(from)
    })
  }

  /** The last word on whether it is known falls when it acts: another copy may have come first. */
  #deliver(from: PeerId, epoch: number, topic: TopicId, message: Message, round: number): void {
    if (this.#node.knows(topic, message))
      this.#input({ type: 'duplicate', from, epoch, topic, id: message, round })
    else this.#input({ type: 'message', from, epoch, topic, message, round })
  }

  /** A copy that waited for one that failed gets its own chance; order among these few is lost. */
  #verifyNow(link: PeerLink, topic: TopicId, message: Message, round: number): void {
    const { peer: from, epoch } = link
    void verifySignature(message.author, canonicalView(topic, message), message.signature!).then(
      good => {
        if (good) this.#deliver(from, epoch, topic, message, round)
        else this.#blame(from)
      },
    )
  }

  #verify(link: PeerLink, name: string, topic: TopicId, message: Message): Promise<boolean> {
    const bytes = canonicalView(topic, message)
    const checked = this.#verifyPayload(message.author, bytes, message.signature!, message.payload)
    const verified = checked.then(good => {
      this.#pending.delete(name)
      return good
    })
    this.#pending.set(name, { verified, links: new Set([link]) })
    return verified
  }

  #neighborGossip(
    link: PeerLink,
    topic: TopicId,
    message: Extract<PlumtreeMessage, { type: 'neighbor-gossip' }>,
  ): void {
    const { peer: from, epoch } = link
    const terms = this.#node.termsOf(topic)
    if (terms === undefined) return this.#count('gossip-for-unknown-topic')
    if (!this.#acceptable(from, terms, message)) return
    const pass = () => this.#input({ type: 'frame', from, epoch, topic, message })
    if (!terms.signed) return link.live.now(pass)
    if (!this.#hasBudgetFor(message.payload)) return this.#count('gossip-over-verify-budget')
    const bytes = neighborBytes(topic, from, message)
    const verified = this.#verifyPayload(from, bytes, message.signature!, message.payload)
    link.live.later(verified, good => {
      if (good) pass()
      else this.#blame(from)
    })
  }

  #gosp(link: PeerLink, topic: TopicId, message: Extract<TopicMessage, { type: 'gosp' }>): void {
    const { peer: from, epoch } = link
    const pass = (presence: PresenceEntry[] | undefined) => {
      if (presence === undefined) this.#blame(from)
      else this.#input({ type: 'frame', from, epoch, topic, message: { ...message, presence } })
    }
    const waiting = this.#statements.get(link) ?? 0
    const { length } = message.presence
    if (waiting + length > MOST_STATEMENTS) {
      return this.#blame(from, 'limit-exceeded')
    }
    const newsOf = (of: NewsOf | undefined) =>
      of === undefined ? [] : of(this.#node, topic, message.presence)
    const loading = this.loadNews()
    const news = loading instanceof Promise ? loading.then(newsOf) : newsOf(loading)
    if (!(news instanceof Promise)) return link.control.now(() => pass(news))
    this.#statements.set(link, waiting + length)
    link.control.later(news, presence => {
      this.#statements.set(link, this.#statements.get(link)! - length)
      pass(presence)
    })
  }
  /** Of presence, that wait to be verified. */
  readonly #statements = new WeakMap<PeerLink, number>()

  #hasBudgetFor(payload: Uint8Array): boolean {
    return this.#pendingBytes + payload.length + PENDING_BYTES <= MOST_PENDING_BYTES
  }

  async #verifyPayload(
    author: PeerId,
    bytes: Uint8Array,
    signature: Uint8Array,
    payload: Uint8Array,
  ): Promise<boolean> {
    const size = payload.length + PENDING_BYTES
    this.#pendingBytes += size
    const good = await verifySignature(author, bytes, signature)
    this.#pendingBytes -= size
    return good
  }

  #acceptable(
    from: PeerId,
    terms: TopicTerms,
    message: Pick<Message, 'payload' | 'count' | 'signature'>,
  ): boolean {
    if (!fits(message, terms.maxMessageSize)) {
      this.#blame(from, 'message-too-large')
      return false
    }
    if (terms.signed !== (message.signature !== undefined)) {
      this.#blame(from)
      return false
    }
    return true
  }

  #blame(peer: PeerId, reason: BlameReason = 'bad-signature'): void {
    this.#input({ type: 'misbehaved', peer, reason })
  }
}

/** What the author of a message to its neighbors signs. */
export function neighborBytes(
  topic: TopicId,
  from: PeerId,
  message: { nonce: Uint8Array; time: number; payload: Uint8Array },
): Uint8Array {
  const time = new Writer(8)
  time.varint(message.time)
  return concat(
    NEIGHBOR_DOMAIN,
    idBytes(topic),
    idBytes(from),
    message.nonce,
    time.finish(),
    message.payload,
  )
}

/** What a peer signs of its own record. */
export function recordBytes(peer: PeerId, record: { data: Uint8Array; time: number }): Uint8Array {
  const time = new Writer(8)
  time.varint(record.time)
  return concat(RECORD_DOMAIN, idBytes(peer), time.finish(), record.data)
}

export function verifyRecord(peer: PeerId, record: PeerRecord): Promise<boolean> {
  return verifySignature(peer, recordBytes(peer, record), record.signature)
}

/** The records a message carries, each with whose it is. */
export function recordsOf(message: TopicMessage, from: PeerId): [PeerId, PeerRecord][] {
  const entries: PeerEntry[] = []
  if ('record' in message) entries.push({ peer: from, record: message.record })
  if ('sample' in message) entries.push(...message.sample)
  if (message.type === 'shuffle') entries.push(message.origin)
  if (message.type === 'forward-join') entries.push(message.joiner)
  return entries.flatMap(({ peer, record }): [PeerId, PeerRecord][] =>
    record === undefined ? [] : [[peer, record]],
  )
}

interface Pending {
  verified: Promise<boolean>
  /** Those that brought a copy. */
  links: Set<PeerLink>
}

const NEIGHBOR_DOMAIN = utf8('gossamer to neighbors\0')
const RECORD_DOMAIN = utf8('gossamer peer record\0')
/** Design §4. */
const MOST_COPIES = 4
/** Payload held while its signature is checked, all links together. Guess. */
const MOST_PENDING_BYTES = 16 << 20
/** What a message that waits weighs besides its payload, so that empty ones are bounded too. Guess. */
const PENDING_BYTES = 512
/** Statements of one link that wait, some five megabytes: who is honest says four GOSPs a second, of 64 at most. Guess. */
const MOST_STATEMENTS = 4096
/** Frames of one link that wait for the records of those before them. A full queue of its sender's. */
const MOST_WAITING = 4096
