import type { Millis } from '../core/ids.js'
import { LINK_DEFAULTS } from '../link/config.js'
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

/** One direction of a data channel: reliable, ordered, as fast as what its two ends share with their other channels. */
export class Channel<C extends Cargo> {
  #lastArrivalAt: Millis = 0
  #held: Occurrence[] | undefined
  /** When its sender was gone, and whether something is missing since that nobody sends again. */
  #silentAt: Millis | undefined
  #hasGap = false
  /** Bytes written that have not left. */
  buffered = 0
  #isAbandoned = false

  readonly #world: Surroundings
  readonly #from: ChannelListener<C>
  readonly #to: ChannelListener<C>

  constructor(world: Surroundings, from: ChannelListener<C>, to: ChannelListener<C>) {
    this.#world = world
    this.#from = from
    this.#to = to
  }

  send(cargo: C, bytes: number): void {
    const { network, agenda } = this.#world
    let leavesAt = agenda.now
    if (network.hasLimits) {
      leavesAt = network.leavesAt(this.#from.place, this.#to.place, bytes, leavesAt)
      if (leavesAt > agenda.now) {
        this.buffered += bytes
        agenda.add(leavesAt, new Leaving(this, bytes))
      }
    }
    leavesAt += network.retransmissionMs()
    this.#deliver(new Arrival(this, cargo, leavesAt), leavesAt)
  }

  left(bytes: number): void {
    if (this.#isAbandoned) return
    const wasHigh = this.buffered > LINK_DEFAULTS.lowWaterBytes
    this.buffered -= bytes
    const isLow = wasHigh && this.buffered <= LINK_DEFAULTS.lowWaterBytes
    if (isLow || this.buffered === 0) this.#from.fellLow()
  }

  close(): void {
    this.#abandon()
    this.#deliver(new Closing(this.#to), this.#world.agenda.now)
  }

  /** The sender is gone: what was lost is not sent again, and what lies behind it is never read. */
  fallSilent(): void {
    this.#silentAt = this.#world.agenda.now
    this.#abandon()
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

  /** What has not left never will: buffers die with their link, and those of other links move up. */
  #abandon(): void {
    if (this.buffered === 0) return
    const { network, agenda } = this.#world
    network.giveBack(this.#from.place, this.#to.place, this.buffered, agenda.now)
    this.buffered = 0
    this.#isAbandoned = true
    this.#silentAt ??= agenda.now
    this.#lastArrivalAt = Math.min(this.#lastArrivalAt, agenda.now + this.#from.latencyMs)
  }

  #deliver(occurrence: Occurrence, leavesAt: Millis): void {
    const { agenda, network } = this.#world
    if (!network.reaches(this.#from.place, this.#to.place)) {
      // Not much: during a partition a link dies in five seconds.
      this.#held ??= []
      this.#held.push(occurrence)
      return
    }
    // Whatever waits holds up what comes behind it.
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, leavesAt + this.#from.latencyMs)
    const hopMs = this.#lastArrivalAt - agenda.now
    if (hopMs > network.longestHopMs) network.longestHopMs = hopMs
    agenda.add(this.#lastArrivalAt, occurrence)
  }
}

/** What a channel uses of the world: ten thousand peers have fifty thousand channels. */
interface Surroundings {
  readonly agenda: Agenda
  readonly network: Network
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

class Leaving<C extends Cargo> implements Occurrence {
  readonly #channel: Channel<C>
  readonly #bytes: number

  constructor(channel: Channel<C>, bytes: number) {
    this.#channel = channel
    this.#bytes = bytes
  }

  happen(): void {
    this.#channel.left(this.#bytes)
  }
}

/** A lost packet and those behind it wait at least this long. */
const HELD_MS = 400
