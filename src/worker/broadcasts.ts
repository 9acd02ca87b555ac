import { GossamerError } from '../bridge/errors.js'
import type { BroadcastCall } from '../bridge/node-messages.js'
import { countOf } from '../core/bundle.js'
import type { PeerId } from '../core/ids.js'
import type { NodeInput } from '../core/io.js'
import { fits } from '../core/message.js'
import type { Scope, Subscription } from './clients.js'

type BroadcastInput = Extract<NodeInput, { type: 'broadcast' | 'broadcast-neighbors' }>

/** What clients asked to be said: each call from its asking to its outcome. */
export class Broadcasts {
  readonly #self: PeerId
  readonly #links: { readonly isPressed: boolean }
  readonly #say: (input: BroadcastInput) => void
  readonly #calls = new Map<number, Call>()
  #nextCall = 1
  /** Those that wait for room on the links, and those that are being numbered and signed, with their bytes. */
  readonly #held: BroadcastInput[] = []
  #heldBytes = 0
  readonly #underWay = new Map<number, number>()
  #underWayBytes = 0
  /** Those in the queues of all links, not yet told to who made them. */
  #handedOver: { call: number; id: number | string; neighbors: number }[] = []

  /** `say` brings them to the core when it has the topic. */
  constructor(
    self: PeerId,
    links: { readonly isPressed: boolean },
    say: (input: BroadcastInput) => void,
  ) {
    this.#self = self
    this.#links = links
    this.#say = say
  }

  /** Throws `invalid-argument`, `message-too-large`, `busy`. */
  ask(subscription: Subscription, given: BroadcastCall, scope: Scope, maxSize: number): void {
    const { ref, payload, count } = given
    if (!(payload instanceof Uint8Array))
      throw new GossamerError('invalid-argument', 'The payload is no bytes.')
    if (count !== undefined && (scope !== 'swarm' || countOf(payload) !== (count || 1)))
      throw new GossamerError('invalid-argument', 'The payload is no bundle.')
    if (!fits(given, maxSize)) {
      const words = `The message has ${payload.length} bytes; this topic allows ${maxSize}.`
      throw new GossamerError('message-too-large', words)
    }
    if (this.#calls.size >= MOST_CALLS) {
      throw new GossamerError('busy', `${MOST_CALLS} broadcasts are waiting already.`)
    }
    if (this.#heldBytes + payload.length > MOST_HELD_BYTES) {
      throw new GossamerError('busy', `${this.#heldBytes} bytes wait to be sent already.`)
    }
    const call = this.#nextCall++
    this.#calls.set(call, { subscription, ref, count })
    const type = scope === 'swarm' ? 'broadcast' : 'broadcast-neighbors'
    this.#held.push({ type, topic: subscription.topic, ref: call, payload, count })
    this.#heldBytes += payload.length
    this.sayHeld()
  }

  get areHeld(): boolean {
    return this.#held.length > 0
  }

  /**
   * They go to the core only as fast as the links take them: in a full queue the oldest would be dropped for the newest, and
   * nobody would ask for it again.
   */
  sayHeld(): void {
    let said = 0
    for (; said < this.#held.length; said++) {
      if (this.#underWay.size >= MOST_UNDER_WAY || this.#links.isPressed) break
      if (this.#underWayBytes >= MOST_UNDER_WAY_BYTES) break
      const input = this.#held[said]!
      this.#heldBytes -= input.payload.length
      if (!this.#calls.has(input.ref)) continue
      this.#underWay.set(input.ref, input.payload.length)
      this.#underWayBytes += input.payload.length
      this.#say(input)
    }
    if (said > 0) this.#held.splice(0, said)
  }

  /** In the queues of so many neighbors. `id` is the sequence number, of a bundle the last one; or an id of words. */
  handedOver(call: number, id: number | string, neighbors: number): void {
    this.#arrived(call)
    this.#handedOver.push({ call, id, neighbors })
  }

  /** Whoever waits for one before the next goes no faster than the slowest neighbor. */
  tellOutcomes(): void {
    for (const { call, id, neighbors } of this.#handedOver) {
      const asked = this.#calls.get(call)
      this.#calls.delete(call)
      if (asked === undefined) continue
      const { subscription, ref, count = 1 } = asked
      if (typeof id === 'string') subscription.outcome({ ref, ok: true, id, neighbors })
      else {
        const author = this.#self
        subscription.published({ ref, author, seq: id - count + 1, count, neighbors })
      }
    }
    this.#handedOver = []
  }

  /** Whether all of theirs are in the queues of the links. */
  areSaid(by: (subscription: Subscription) => boolean): boolean {
    const said = new Set(this.#handedOver.map(({ call }) => call))
    for (const [call, { subscription }] of this.#calls)
      if (by(subscription) && !said.has(call)) return false
    return true
  }

  /** Nobody waits for their outcomes any more. */
  forget(of: (subscription: Subscription) => boolean): void {
    for (const [call, { subscription }] of this.#calls) {
      if (!of(subscription)) continue
      this.#calls.delete(call)
      this.#arrived(call)
    }
  }

  /** The topics that number and sign them are gone, and what of them had left is not known any more. */
  giveUp(why: { code: string; message: string }): void {
    for (const { subscription, ref, count } of this.#calls.values())
      subscription.outcome({ ref, count, ok: false, ...why })
    this.#calls.clear()
    this.#underWay.clear()
    this.#underWayBytes = 0
  }

  #arrived(call: number): void {
    this.#underWayBytes -= this.#underWay.get(call) ?? 0
    this.#underWay.delete(call)
  }
}

/** One message, or so many as a bundle. */
interface Call {
  subscription: Subscription
  ref: number
  count: number | undefined
}

/** As many signatures at once keep all cores busy. Guess. */
const MOST_UNDER_WAY = 1_024
/** They all enter the queues when they are signed: an eighth of what one holds (link/config.ts). */
const MOST_UNDER_WAY_BYTES = 256 << 10
/** Guess: as much as one page may have under way (page/outbox.ts). */
const MOST_HELD_BYTES = 64 << 20
/** Broadcasts that wait for a signature or a sequence number, all clients together; and what waits for a topic to open. Guess. */
export const MOST_CALLS = 65_536
