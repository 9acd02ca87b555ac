// Is the peer there, and how far away? Anything received is a sign of life; pings only fill the silence
// and measure. The rule for our own sleep: a wake that comes late proves nothing about the peer.
import { Writer } from '../codec/writer.js'
import type { Deadline } from '../core/deadline.js'
import type { Millis } from '../core/ids.js'
import type { Random } from '../core/random.js'
import type { LinkConfig } from './config.js'

export type Verdict = 'suspect' | 'recovered' | 'dead'

export class Heartbeat {
  readonly #config: LinkConfig
  readonly #random: Random
  /** When to look whether a ping is due, and whether the silence is too long; Infinity where never. */
  #pingAt: Millis = Number.POSITIVE_INFINITY
  #silenceAt: Millis = Number.POSITIVE_INFINITY
  /** Pings not yet answered: their number and when they were written. */
  #pings: Map<number, Millis> | undefined
  #suspectSince: Millis | undefined
  /** A late wake was forgiven since the peer was last heard. */
  #forgiven = false
  #heardAt: Millis = 0
  #sentAt: Millis = 0
  #pingedAt: Millis = 0
  #due = false
  #smoothedMs: number | undefined
  #toldMs: number | undefined

  constructor(config: LinkConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  get isSuspect(): boolean {
    return this.#suspectSince !== undefined
  }

  /** A ping should lead the next packet. */
  get wantsPing(): boolean {
    return this.#due
  }

  /** Smoothed round trip, milliseconds. */
  get rttMs(): number | undefined {
    return this.#smoothedMs
  }

  get lastHeardAt(): Millis {
    return this.#heardAt
  }

  get nextDeadline(): Deadline | undefined {
    const isPing = this.#pingAt < this.#silenceAt
    const at = isPing ? this.#pingAt : this.#silenceAt
    if (at === Number.POSITIVE_INFINITY) return undefined
    return { at, reason: isPing ? 'ping' : 'silence' }
  }

  start(now: Millis): void {
    this.#heardAt = this.#sentAt = now
    this.#due = true
    this.#silenceAt = now + this.#config.suspectAfterMs
    this.#pingAt = now + this.#pause()
  }

  stop(): void {
    this.#pingAt = this.#silenceAt = Number.POSITIVE_INFINITY
    this.#due = false
  }

  // The two that run for every packet only note the time; the timers, when they ring, look at it.

  sent(now: Millis): void {
    this.#sentAt = now
  }

  heard(now: Millis): Verdict | undefined {
    this.#heardAt = now
    this.#forgiven = false
    if (this.#suspectSince === undefined) return undefined
    this.#suspectSince = undefined
    this.#silenceAt = now + this.#config.suspectAfterMs
    return 'recovered'
  }

  /** The path is said to be gone: do not wait for the silence to grow. */
  interrupted(now: Millis): Verdict | undefined {
    this.#due = true
    return this.isSuspect ? undefined : this.#suspect(now)
  }

  wake(now: Millis): Verdict | undefined {
    const isLate = now - Math.min(this.#pingAt, this.#silenceAt) > this.#config.lateWakeMs
    const isSilenceDue = this.#silenceAt <= now
    if (this.#pingAt <= now) this.#pingDue(now)
    return isSilenceDue ? this.#silenceDue(now, isLate) : undefined
  }

  /** The body of a ping that is now being written. */
  ping(now: Millis): Uint8Array {
    this.#due = false
    this.#pingedAt = now
    const number = this.#random.u32()
    this.#pings ??= new Map()
    this.#pings.set(number, now)
    if (this.#pings.size > PINGS_REMEMBERED) this.#pings.delete(this.#pings.keys().next().value!)
    const w = new Writer(8)
    w.varint(number)
    return w.finish()
  }

  /** The smoothed round trip where it changed enough to be worth telling. */
  pong(now: Millis, number: number): number | undefined {
    const sentAt = this.#pings?.get(number)
    if (sentAt === undefined) return undefined
    // Most have one under way, or none.
    if (this.#pings!.size === 1) this.#pings = undefined
    else this.#pings!.delete(number)
    const sample = now - sentAt
    if (sample > this.#config.suspectAfterMs + this.#config.deadAfterMs) return undefined
    this.#smoothedMs =
      this.#smoothedMs === undefined
        ? sample
        : this.#smoothedMs + (sample - this.#smoothedMs) * GAIN
    const change = Math.abs(this.#smoothedMs - (this.#toldMs ?? Number.POSITIVE_INFINITY))
    if (change < Math.max(LEAST_CHANGE_MS, (this.#toldMs ?? 0) * LEAST_CHANGE)) return undefined
    this.#toldMs = this.#smoothedMs
    return this.#smoothedMs
  }

  #pingDue(now: Millis): void {
    const quietAt = this.#sentAt + this.#config.pingIntervalMs
    const unmeasuredAt = this.#pingedAt + this.#config.measureIntervalMs
    if (now >= Math.min(quietAt, unmeasuredAt)) {
      this.#due = true
      this.#pingAt = now + this.#pause()
    } else {
      this.#pingAt = Math.min(quietAt, unmeasuredAt)
    }
  }

  #silenceDue(now: Millis, late: boolean): Verdict | undefined {
    const since = this.#suspectSince
    const dueAt =
      since === undefined
        ? this.#heardAt + this.#config.suspectAfterMs
        : since + this.#config.deadAfterMs
    if (now < dueAt) {
      this.#silenceAt = dueAt
      return undefined
    }
    this.#due = true
    if (late && !this.#forgiven) {
      this.#forgiven = true
      this.#silenceAt = now + this.#config.suspectAfterMs
      return undefined
    }
    return since === undefined ? this.#suspect(now) : 'dead'
  }

  #suspect(now: Millis): Verdict {
    this.#suspectSince = now
    this.#silenceAt = now + this.#config.deadAfterMs
    return 'suspect'
  }

  /** A little early and never in step, so that links do not ping all at once. */
  #pause(): number {
    return this.#config.pingIntervalMs * this.#random.between(0.9, 1)
  }
}

/** RFC 6298, §2: the weight of a new sample. */
const GAIN = 1 / 8
/** Told when it moved by a tenth and by 2 ms. Guess: less moves no timer that matters. */
const LEAST_CHANGE = 0.1
const LEAST_CHANGE_MS = 2
/** Round trips up to eight ping intervals are measured. */
const PINGS_REMEMBERED = 8
