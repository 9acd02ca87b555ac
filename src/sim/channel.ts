import type { Millis } from '../core/ids.js'
import type { Agenda, Occurrence } from './agenda.js'
import type { Network } from './network.js'

/** What a channel carries: a packet, or with the wire off the frames of one flush. */
export type Cargo = Uint8Array | readonly unknown[]

export interface ChannelListener<C> {
  /** Its number, for who can reach whom. */
  readonly place: number
  arrived(cargo: C): void
  closedByOther(): void
  /** So much has left that the rest is below the low water. */
  fellLow(): void
}

/** One direction of a data channel: reliable, ordered, as fast as the slower of its two ends. */
export class Channel<C extends Cargo> {
  #freeAt: Millis = 0
  #lastArrivalAt: Millis = 0
  #held: Occurrence[] | undefined
  #lowAt: Millis | undefined
  /** When its sender was gone, and whether something is missing since that nobody sends again. */
  #silentAt: Millis = Number.POSITIVE_INFINITY
  #hasGap = false

  readonly #agenda: Agenda
  readonly #network: Network
  readonly #from: ChannelListener<C>
  readonly #to: ChannelListener<C>
  readonly #latencyMs: number
  readonly #bytesPerMs: number
  readonly #lowWaterBytes: number

  constructor(
    agenda: Agenda,
    network: Network,
    from: ChannelListener<C>,
    to: ChannelListener<C>,
    latencyMs: number,
    bytesPerMs: number,
    lowWaterBytes: number,
  ) {
    this.#agenda = agenda
    this.#network = network
    this.#from = from
    this.#to = to
    this.#latencyMs = latencyMs
    this.#bytesPerMs = bytesPerMs
    this.#lowWaterBytes = lowWaterBytes
  }

  /** Bytes written that have not left. */
  get buffered(): number {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return 0
    return Math.max(0, this.#freeAt - this.#agenda.now) * this.#bytesPerMs
  }

  send(cargo: C, bytes: number): void {
    const { now } = this.#agenda
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / this.#bytesPerMs
    const leavesAt = this.#freeAt + this.#network.retransmissionMs()
    this.#deliver(new Arrival(this, cargo, leavesAt), leavesAt)
    if (this.#bytesPerMs !== Number.POSITIVE_INFINITY) this.#watch()
  }

  close(): void {
    this.#deliver(new Closing(this.#to), Math.max(this.#freeAt, this.#agenda.now))
  }

  /** The sender is gone: what was lost is not sent again, and what lies behind it is never read. */
  fallSilent(): void {
    this.#silentAt = this.#agenda.now
  }

  arrive(cargo: C, leftAt: Millis): void {
    this.#hasGap ||= leftAt > this.#silentAt
    if (!this.#hasGap) this.#to.arrived(cargo)
  }

  /** After a partition: what was held is sent again. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const occurrence of held) this.#deliver(occurrence, this.#agenda.now + HELD_MS)
  }

  #deliver(occurrence: Occurrence, leavesAt: Millis): void {
    if (!this.#network.reaches(this.#from.place, this.#to.place)) {
      this.#held ??= []
      if (this.#held.length < MOST_HELD) this.#held.push(occurrence)
      return
    }
    // Whatever waits holds up what comes behind it.
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, leavesAt + this.#latencyMs)
    const hopMs = this.#lastArrivalAt - this.#agenda.now
    if (hopMs > this.#network.longestHopMs) this.#network.longestHopMs = hopMs
    this.#agenda.add(this.#lastArrivalAt, occurrence)
  }

  #watch(): void {
    const lowAt = this.#freeAt - this.#lowWaterBytes / this.#bytesPerMs
    if (this.#lowAt !== undefined && this.#lowAt >= lowAt) return
    this.#lowAt = lowAt
    this.#agenda.add(lowAt, new Low(this.#from))
    this.#agenda.add(this.#freeAt, new Low(this.#from))
  }
}

class Arrival<C extends Cargo> implements Occurrence {
  readonly #channel: Channel<C>
  readonly #cargo: C
  readonly #leftAt: Millis

  constructor(channel: Channel<C>, cargo: C, leftAt: Millis) {
    this.#channel = channel
    this.#cargo = cargo
    this.#leftAt = leftAt
  }

  happen(): void {
    this.#channel.arrive(this.#cargo, this.#leftAt)
  }
}

class Closing<C> implements Occurrence {
  readonly #to: ChannelListener<C>

  constructor(to: ChannelListener<C>) {
    this.#to = to
  }

  happen(): void {
    this.#to.closedByOther()
  }
}

class Low<C> implements Occurrence {
  readonly #from: ChannelListener<C>

  constructor(from: ChannelListener<C>) {
    this.#from = from
  }

  happen(): void {
    this.#from.fellLow()
  }
}

/** A lost packet and those behind it wait at least this long. */
const HELD_MS = 400
/** During a partition a link dies in five seconds; it has not much to say in that time. Guess. */
const MOST_HELD = 4096
