// When to begin which handshake. A burst of them makes links that never open and give no error
// (browser-facts §4), so few run at a time, each has a time limit, and each gets a second try.
import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import { Timers } from '../core/timers.js'

export interface PacingConfig {
  /** Handshakes at a time. */
  parallelDials: number
  /** From `start` to `opened`. */
  handshakeTimeoutMs: number
  /** Tries for each peer. */
  attempts: number
  /** Peers that may wait for their turn; beyond it a dial is given up at once. */
  waitingCapacity: number
}

export const PACING_DEFAULTS: PacingConfig = {
  /** Guess: 20 links a second at 18 to 52 ms each, uncontended (browser-facts §4). */
  parallelDials: 4,
  /** An SCTP handshake under load took up to 7 s (browser-facts §4). */
  handshakeTimeoutMs: 10_000,
  /** Design §6: a timeout and a retry. */
  attempts: 2,
  /** Guess: 50 topics with full views. */
  waitingCapacity: 256,
}

export type PacingInput =
  /** A link to this peer is wanted. Said again it changes nothing. */
  | { type: 'want'; peer: PeerId }
  /**
   * The peer has begun its side (its offer came): begin ours now, out of turn. Else two peers whose places
   * are all taken could wait for each other.
   */
  | { type: 'offered'; peer: PeerId }
  | { type: 'opened'; peer: PeerId }
  | { type: 'failed'; peer: PeerId }
  | { type: 'cancel'; peer: PeerId }
  | { type: 'wake' }

export type PacingOutput =
  /** Begin a handshake. Where one was begun before, it is to be thrown away. */
  | { type: 'start'; peer: PeerId; attempt: number }
  /** Every try came to nothing, or the row was full. What was begun is to be thrown away. */
  | { type: 'give-up'; peer: PeerId; reason: 'failed' | 'timeout' | 'row-full' }

export class DialPacing {
  readonly #config: PacingConfig
  /** Tries made so far, in the order of their turn. */
  readonly #waiting = new Map<PeerId, number>()
  readonly #running = new Map<PeerId, number>()
  readonly #timers = new Timers<PeerId>()

  constructor(config: PacingConfig) {
    this.#config = config
  }

  handle(now: Millis, input: PacingInput): PacingOutput[] {
    const outputs: PacingOutput[] = []
    switch (input.type) {
      case 'want':
        this.#want(input.peer, outputs)
        break
      case 'offered':
        if (this.#waiting.has(input.peer)) this.#start(now, input.peer, outputs)
        break
      case 'opened':
      case 'cancel':
        this.#forget(input.peer)
        break
      case 'failed':
        this.#fail(input.peer, 'failed', outputs)
        break
      case 'wake':
        for (const peer of this.#timers.due(now)) this.#fail(peer, 'timeout', outputs)
        break
    }
    this.#fill(now, outputs)
    return outputs
  }

  get nextDeadline(): Deadline | undefined {
    const next = this.#timers.next
    return next === undefined ? undefined : { at: next.at, reason: 'handshake-timeout' }
  }

  /** Handshakes under way and peers that wait for theirs. */
  snapshot(): { running: PeerId[]; waiting: PeerId[] } {
    return { running: [...this.#running.keys()], waiting: [...this.#waiting.keys()] }
  }

  #want(peer: PeerId, outputs: PacingOutput[]): void {
    if (this.#running.has(peer) || this.#waiting.has(peer)) return
    if (this.#waiting.size < this.#config.waitingCapacity) this.#waiting.set(peer, 0)
    else outputs.push({ type: 'give-up', peer, reason: 'row-full' })
  }

  #fill(now: Millis, outputs: PacingOutput[]): void {
    for (const peer of this.#waiting.keys()) {
      if (this.#running.size >= this.#config.parallelDials) return
      this.#start(now, peer, outputs)
    }
  }

  #start(now: Millis, peer: PeerId, outputs: PacingOutput[]): void {
    const attempt = (this.#waiting.get(peer) ?? 0) + 1
    this.#waiting.delete(peer)
    this.#running.set(peer, attempt)
    this.#timers.set(peer, now + this.#config.handshakeTimeoutMs)
    outputs.push({ type: 'start', peer, attempt })
  }

  /** The next try waits behind the others: whoever is there should not wait for whoever is not. */
  #fail(peer: PeerId, reason: 'failed' | 'timeout', outputs: PacingOutput[]): void {
    const attempt = this.#running.get(peer)
    if (attempt === undefined) return
    this.#forget(peer)
    if (attempt < this.#config.attempts) this.#waiting.set(peer, attempt)
    else outputs.push({ type: 'give-up', peer, reason })
  }

  #forget(peer: PeerId): void {
    this.#waiting.delete(peer)
    this.#running.delete(peer)
    this.#timers.clear(peer)
  }
}
