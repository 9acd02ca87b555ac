import type { Millis } from '../core/ids.js'
import type { Agenda, Occurrence } from './agenda.js'
import type { Network } from './network.js'

/** What a channel carries: a packet, or with the wire off the frames of one flush. */
export type Cargo = Uint8Array | readonly unknown[]

export interface ChannelListener<C> {
  /** Its number, for who can reach whom. */
  readonly place: number
  readonly latencyMs: number
  arrived(cargo: C): void
  closedByOther(): void
  /** So much has left that the rest is below the low water. */
  fellLow(): void
}

/** One direction of a data channel: reliable, ordered, as fast as the slower of its two ends. */
export class Channel<C extends Cargo> {
  #lastArrivalAt: Millis = 0
  #held: Occurrence[] | undefined
  /** When its sender was gone, and whether something is missing since that nobody sends again. */
  #silentAt: Millis | undefined
  #hasGap = false
  /** Undefined where it is as fast as can be. */
  #rate: Rate | undefined

  readonly #world: Surroundings
  readonly #from: ChannelListener<C>
  readonly #to: ChannelListener<C>

  constructor(
    world: Surroundings,
    from: ChannelListener<C>,
    to: ChannelListener<C>,
    bytesPerMs: number,
    lowWaterBytes: number,
  ) {
    this.#world = world
    this.#from = from
    this.#to = to
    if (bytesPerMs === Number.POSITIVE_INFINITY) return
    this.#rate = { bytesPerMs, lowWaterBytes, freeAt: 0, lowAt: undefined }
  }

  /** Bytes written that have not left. */
  get buffered(): number {
    const rate = this.#rate
    if (rate === undefined) return 0
    return Math.max(0, rate.freeAt - this.#world.agenda.now) * rate.bytesPerMs
  }

  send(cargo: C, bytes: number): void {
    const { network } = this.#world
    const rate = this.#rate
    if (rate !== undefined) rate.freeAt = this.#freeAt + bytes / rate.bytesPerMs
    const leavesAt = this.#freeAt + network.retransmissionMs()
    this.#deliver(new Arrival(this, cargo, leavesAt), leavesAt)
    if (rate !== undefined) this.#watch(rate)
  }

  close(): void {
    this.#deliver(new Closing(this.#to), this.#freeAt)
  }

  /** The sender is gone: what was lost is not sent again, and what lies behind it is never read. */
  fallSilent(): void {
    this.#silentAt = this.#world.agenda.now
  }

  arrive(cargo: C, leftAt: Millis): void {
    this.#hasGap ||= this.#silentAt !== undefined && leftAt > this.#silentAt
    if (!this.#hasGap) this.#to.arrived(cargo)
  }

  /** After a partition: what was held is sent again. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const occurrence of held) this.#deliver(occurrence, this.#world.agenda.now + HELD_MS)
  }

  /** When all that was given before has left. */
  get #freeAt(): Millis {
    const { now } = this.#world.agenda
    return this.#rate === undefined ? now : Math.max(this.#rate.freeAt, now)
  }

  #deliver(occurrence: Occurrence, leavesAt: Millis): void {
    const { agenda, network } = this.#world
    if (!network.reaches(this.#from.place, this.#to.place)) {
      this.#held ??= []
      if (this.#held.length < MOST_HELD) this.#held.push(occurrence)
      return
    }
    // Whatever waits holds up what comes behind it.
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, leavesAt + this.#from.latencyMs)
    const hopMs = this.#lastArrivalAt - agenda.now
    if (hopMs > network.longestHopMs) network.longestHopMs = hopMs
    agenda.add(this.#lastArrivalAt, occurrence)
  }

  #watch(rate: Rate): void {
    const lowAt = rate.freeAt - rate.lowWaterBytes / rate.bytesPerMs
    if (rate.lowAt !== undefined && rate.lowAt >= lowAt) return
    rate.lowAt = lowAt
    this.#world.agenda.add(lowAt, new Low(this.#from))
    this.#world.agenda.add(rate.freeAt, new Low(this.#from))
  }
}

/** What a channel uses of the world: ten thousand peers have fifty thousand channels. */
interface Surroundings {
  readonly agenda: Agenda
  readonly network: Network
}

interface Rate {
  readonly bytesPerMs: number
  readonly lowWaterBytes: number
  freeAt: Millis
  lowAt: Millis | undefined
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
