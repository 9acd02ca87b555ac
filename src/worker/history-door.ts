import { rememberHash } from '../core/history/op.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { HistoryMessage, NodeInput } from '../core/io.js'
import { canonicalView, fits, type Message } from '../core/message.js'
import { digest } from '../core/message-hash.js'
import type { Node } from '../core/node.js'
import { verifySignature } from './identity.js'
import type { PeerLink } from './peer-link.js'

/** Where the ops of waves are verified before the core hears of them: all of a wave, or none. */
export class HistoryDoor {
  readonly #node: Node
  readonly #input: (input: NodeInput) => void
  readonly #count: (counter: string) => void
  /** Waves of each link in the order in which they came. */
  readonly #waves = new Map<PeerLink, Wave[]>()
  #underWay = 0
  /** Begun since this task began, or the last pause. */
  #begun = 0
  readonly #pause = new MessageChannel()

  constructor(node: Node, input: (input: NodeInput) => void, count: (counter: string) => void) {
    this.#node = node
    this.#input = input
    this.#count = count
    this.#pause.port1.onmessage = () => {
      this.#begun = 0
      this.#goOn()
    }
    // Nobody waits for it where a process wants to end.
    const port = this.#pause.port1 as MessagePort & { unref?(): void }
    port.unref?.()
  }

  frame(link: PeerLink, topic: TopicId, message: HistoryMessage): void {
    const { peer: from, epoch, history } = link
    const { acting } = history!
    const hand = (given: HistoryMessage) =>
      this.#input({ type: 'frame', from, epoch, topic, message: given })
    const pass = () => hand(message)
    if (!('ops' in message) || message.ops.length === 0) return acting.now(pass)
    const terms = this.#node.termsOf(topic)
    if (terms === undefined) return this.#count('history-for-unknown-topic')
    if (!this.#node.expectsOps(topic, from, message.exchange)) {
      // Late, or never asked for, as the core will see: no crypto for that, and none of it gets further.
      this.#count('ops-unverified')
      return acting.now(() => hand({ ...message, ops: [] }))
    }
    const blame = (reason: 'bad-signature' | 'message-too-large') =>
      this.#input({ type: 'misbehaved', peer: from, reason })
    const { ops } = message
    if (ops.some(op => !fits(op, terms.maxMessageSize))) {
      return blame('message-too-large')
    }
    if (ops.some(({ signature }) => signature === undefined)) return blame('bad-signature')
    acting.later(this.#verify(link, topic, ops), good => {
      if (good) pass()
      else blame('bad-signature')
    })
  }

  /** A link's waves one after the other, and nobody's waves hold up another's. */
  #verify(link: PeerLink, topic: TopicId, ops: readonly Message[]): Promise<boolean> {
    return new Promise(resolve => {
      const wave = { topic, ops, next: 0, left: ops.length, resolve }
      const waiting = this.#waves.get(link)
      if (waiting === undefined) this.#waves.set(link, [wave])
      else waiting.push(wave)
      this.#goOn()
    })
  }

  /** Few at a time, of all links in turn, and then whatever else came: a live message waits for these and no more. */
  #goOn(): void {
    while (this.#underWay < VERIFIED_AT_ONCE && this.#begun < VERIFIED_AT_ONCE) {
      const [first] = this.#waves
      if (first === undefined) return
      const [link, waves] = first
      const wave = waves[0]!
      const op = wave.ops[wave.next++]!
      this.#waves.delete(link)
      if (wave.next === wave.ops.length) waves.shift()
      if (waves.length > 0) this.#waves.set(link, waves)
      this.#underWay++
      // Chromium verifies before it returns, and gives the result within the task (measured): a wave would be one task.
      if (++this.#begun === VERIFIED_AT_ONCE) this.#pause.port2.postMessage(0)
      void isGenuine(wave.topic, op).then(good => {
        this.#underWay--
        this.#verified(link, wave, good)
        this.#goOn()
      })
    }
  }

  #verified(link: PeerLink, wave: Wave, good: boolean): void {
    wave.left--
    if (good && wave.left > 0) return
    wave.resolve(good)
    const waves = this.#waves.get(link)
    if (waves?.[0] !== wave) return
    // One of it was forged: the rest need not be looked at.
    waves.shift()
    if (waves.length === 0) this.#waves.delete(link)
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
  // All that reads it does so before it returns.
  const bytes = canonicalView(topic, op)
  const verified = verifySignature(op.author as PeerId, bytes, op.signature!)
  const hash =
    bytes.length < HASHED_ELSEWHERE_BYTES
      ? digest(bytes)
      : crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  if (!(await verified)) return false
  rememberHash(op, hash instanceof Uint8Array ? hash : new Uint8Array(await hash))
  return true
}

/** 16 keep two cores busy where a browser verifies beside the worker, and take 1 to 2 ms (measured: 75 µs each in Chromium). */
const VERIFIED_AT_ONCE = 16
/** Below it the platform's digest costs more than our own (measured: 27 µs for 1 KB here, half of it there and a task). */
const HASHED_ELSEWHERE_BYTES = 4096
