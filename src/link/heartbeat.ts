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
  /** Pings not yet answered: their number and when they were written. */
  #pings: Map<number, Millis> | undefined
  #suspectSince: Millis | undefined
  /** A late wake was forgiven since the peer was last heard, and when. */
  #isForgiven = false
  #forgivenAt: Millis = 0
  #isOn = false
  #wokenAt: Millis = 0
  #heardAt: Millis = 0
  #sentAt: Millis = 0
  /** How long after `#sentAt` a ping is due. */
  #restMs: Millis
  #pingedAt: Millis = 0
  #due = false
  #smoothedMs: number | undefined
  #toldMs: number | undefined

  constructor(config: LinkConfig, random: Random) {
    this.#config = config
    this.#random = random
    this.#restMs = config.pingIntervalMs
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
    if (!this.#isOn) return undefined
    const { pingIntervalMs } = this.#config
    const pingAt = Math.min(this.#pingAt, this.#lookedAt + pingIntervalMs)
    const silenceAt = this.#silenceAt
    return pingAt < silenceAt
      ? { at: pingAt, reason: 'ping' }
      : { at: silenceAt, reason: 'silence' }
  }

  start(now: Millis): void {
    this.#wokenAt = this.#heardAt = this.#sentAt = now
    this.#isOn = this.#due = true
  }

  stop(): void {
    this.#isOn = this.#due = false
  }

  // The two that run for every packet only note the time. Deadlines follow from it, and mostly move away as packets
  // come and go: a ring costs more than what it looks at.

  /** Who answered will be pinged again, so at rest one of the two pings. Chance decides which, or both would for ever. */
  sent(now: Millis, isAnswer: boolean): void {
    this.#look(now)
    this.#sentAt = now
    const { pingIntervalMs } = this.#config
    this.#restMs = isAnswer
      ? pingIntervalMs * this.#random.between(LEAST_REST, MOST_REST)
      : pingIntervalMs
  }

  heard(now: Millis): Verdict | undefined {
    this.#heardAt = now
    this.#isForgiven = false
    if (this.#suspectSince === undefined) return undefined
    this.#suspectSince = undefined
    return 'recovered'
  }

  /** The path is said to be gone: do not wait for the silence to grow. */
  interrupted(now: Millis): Verdict | undefined {
    this.#due = true
    return this.isSuspect ? undefined : this.#suspect(now)
  }

  wake(now: Millis): Verdict | undefined {
    if (!this.#isOn) return undefined
    const pingAt = this.#pingAt
    this.#look(now)
    this.#wokenAt = now
    if (pingAt <= now) this.#due = true
    if (this.#silenceAt > now) return undefined
    this.#due = true
    return this.isSuspect ? 'dead' : this.#suspect(now)
  }

  /** Who is awake looks once a second. After a longer pause the peer has its time anew. */
  #look(now: Millis): void {
    const { pingIntervalMs, lateWakeMs } = this.#config
    if (this.#isForgiven || now - this.#lookedAt <= pingIntervalMs + lateWakeMs) return
    this.#isForgiven = true
    this.#forgivenAt = now
  }

  get #lookedAt(): Millis {
    return Math.max(this.#wokenAt, this.#sentAt, this.#heardAt)
  }

  /** One more ping, whose answer alone counts. */
  askAnew(): void {
    this.#pings = undefined
    this.#due = true
  }

  /** So are all pings. */
  get isAnswered(): boolean {
    return this.#pings === undefined && !this.#due
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

  /** One that is due leads the next packet; where there is none, or no room for one, the next ring tries again. */
  get #pingAt(): Millis {
    const { pingIntervalMs, measureIntervalMs } = this.#config
    if (this.#due) return this.#wokenAt + pingIntervalMs
    return Math.min(this.#sentAt + this.#restMs, this.#pingedAt + measureIntervalMs)
  }

  get #silenceAt(): Millis {
    const { suspectAfterMs, deadAfterMs } = this.#config
    const since = this.#suspectSince
    const at = since === undefined ? this.#heardAt + suspectAfterMs : since + deadAfterMs
    return Math.max(at, this.#forgivenAt + suspectAfterMs)
  }

  #suspect(now: Millis): Verdict {
    this.#suspectSince = now
    return 'suspect'
  }
}

/** RFC 6298, §2: the weight of a new sample. */
const GAIN = 1 / 8
/** Told when it moved by a tenth and by 2 ms. Guess: less moves no timer that matters. */
const LEAST_CHANGE = 0.1
const LEAST_CHANGE_MS = 2
/** Ping intervals that who answered rests. Less does not soon part two that ping at once, more is silence where a path stutters. */
const LEAST_REST = 1.1
const MOST_REST = 1.3
/** Round trips up to eight ping intervals are measured. */
const PINGS_REMEMBERED = 8
