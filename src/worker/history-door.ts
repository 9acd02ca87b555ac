import { sha256 } from '@noble/hashes/sha2.js'
import { rememberHash } from '../core/history/op.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { HistoryMessage, NodeInput } from '../core/io.js'
import { canonicalBytes, type Message } from '../core/message.js'
import type { Node } from '../core/node.js'
import { verifySignature } from './identity.js'
import type { PeerLink } from './peer-link.js'

/** Where the ops of waves are verified before the core hears of them: all of a wave, or none. */
export class HistoryDoor {
  readonly #node: Node
  readonly #input: (input: NodeInput) => void
  readonly #count: (counter: string) => void
  /** Waves in the order in which they came, each verified a little at a time. */
  readonly #waves: Wave[] = []
  #underWay = 0

  constructor(node: Node, input: (input: NodeInput) => void, count: (counter: string) => void) {
    this.#node = node
    this.#input = input
    this.#count = count
  }

  frame(link: PeerLink, topic: TopicId, message: HistoryMessage): void {
    const { peer: from, epoch } = link
    const pass = () => this.#input({ type: 'frame', from, epoch, topic, message })
    if (!('ops' in message) || message.ops.length === 0) return link.history.now(pass)
    const terms = this.#node.termsOf(topic)
    if (terms === undefined) return this.#count('history-for-unknown-topic')
    const blame = (reason: 'bad-signature' | 'message-too-large') =>
      this.#input({ type: 'misbehaved', peer: from, reason })
    const { ops } = message
    if (ops.some(({ payload }) => payload.length > terms.maxMessageSize)) {
      return blame('message-too-large')
    }
    if (ops.some(({ signature }) => signature === undefined)) return blame('bad-signature')
    link.history.later(this.#verify(topic, ops), good => {
      if (good) pass()
      else blame('bad-signature')
    })
  }

  /** Of each link one wave at a time: nobody's waves hold up another's. */
  #verify(topic: TopicId, ops: readonly Message[]): Promise<boolean> {
    return new Promise(resolve => {
      this.#waves.push({ topic, ops, next: 0, left: ops.length, resolve })
      this.#goOn()
    })
  }

  /** Few at a time, from all waves in turn: a live message waits for these and no more. */
  #goOn(): void {
    while (this.#underWay < VERIFIED_AT_ONCE) {
      const wave = this.#waves.shift()
      if (wave === undefined) return
      const op = wave.ops[wave.next++]!
      if (wave.next < wave.ops.length) this.#waves.push(wave)
      this.#underWay++
      void isGenuine(wave.topic, op).then(good => {
        this.#underWay--
        this.#verified(wave, good)
        this.#goOn()
      })
    }
  }

  #verified(wave: Wave, good: boolean): void {
    wave.left--
    if (good && wave.left > 0) return
    wave.resolve(good)
    const rest = this.#waves.indexOf(wave)
    if (rest >= 0) this.#waves.splice(rest, 1)
  }
}

interface Wave {
  topic: TopicId
  ops: readonly Message[]
  next: number
  left: number
  resolve: (good: boolean) => void
}

async function isGenuine(topic: TopicId, op: Message): Promise<boolean> {
  const bytes = canonicalBytes(topic, op)
  const good = await verifySignature(op.author as PeerId, bytes, op.signature!)
  if (!good) return false
  if (bytes.length < HASHED_ELSEWHERE_BYTES) rememberHash(op, sha256(bytes))
  else {
    const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
    rememberHash(op, new Uint8Array(digest))
  }
  return true
}

/** 16 in flight keep two cores busy and take 2 ms (measured: 8k to 10k a second in Chromium). */
const VERIFIED_AT_ONCE = 16
/** Below it the platform's digest costs more than our own (measured: 27 µs for 1 KB here, half of it there and a task). */
const HASHED_ELSEWHERE_BYTES = 4096
