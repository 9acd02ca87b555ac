import type { Millis } from '../core/ids.js'
import type { Random } from '../core/random.js'
import { type LatencyModel, SERVER } from './latency.js'

/** What lies between peers. Shares are from 0 to 1. */
export interface NetworkSettings {
  latency: LatencyModel
  /** Share of packets lost. Channels are reliable and ordered: the packet and all behind it wait. */
  loss: number
  /** Share of knocks and their answers lost, as datagrams are. Other signals travel over a socket. */
  knockLoss: number
  /** From a handshake's begin to the open channel, milliseconds; longer where its signals travel longer. */
  dialMs: number
  /** Share of handshakes that come to nothing. */
  dialFailure: number
  /** Handshakes one peer has under way at a time. */
  parallelDials: number
}

export const NETWORK_DEFAULTS: Omit<NetworkSettings, 'latency'> = {
  loss: 0,
  knockLoss: 0,
  /** A WebRTC handshake between homes takes about a second. */
  dialMs: 1_000,
  dialFailure: 0,
  parallelDials: 2,
}

/** Latency, loss, capacities and partitions; every packet asks it when it is sent: what is under way arrives. */
export class Network {
  readonly latency: LatencyModel
  /** The longest that a packet was under way, whatever held it; who measures begins it anew. */
  longestHopMs = 0
  readonly #sides = new Map<number, number>()
  #serverSide: number | undefined
  /** Whether any peer's connection is limited. */
  hasLimits = false
  readonly #uplinks = new Map<number, Connection>()
  readonly #downlinks = new Map<number, Connection>()
  #isCut = false
  readonly #apart = new Set<string>()

  readonly #random: Random

  constructor(
    readonly settings: NetworkSettings,
    random: Random,
  ) {
    const { loss, knockLoss, dialFailure, dialMs, parallelDials } = settings
    for (const [name, share] of Object.entries({ loss, knockLoss, dialFailure })) {
      if (!(share >= 0 && share <= 1)) {
        throw new RangeError(`network.${name} is a share from 0 to 1, not ${share}`)
      }
    }
    if (!isTime(dialMs)) throw new RangeError(`network.dialMs is milliseconds, not ${dialMs}`)
    if (!(Number.isInteger(parallelDials) && parallelDials > 0)) {
      throw new RangeError(`network.parallelDials is a whole number from 1, not ${parallelDials}`)
    }
    this.#random = random
    this.latency = checked(settings.latency)
  }

  /** Peers get the side that `sideOf` gives their number; only one side is left the server, or none. */
  cut(peers: Iterable<number>, sideOf: (peer: number) => number, serverSide: number | undefined) {
    this.#isCut = true
    this.#serverSide = serverSide
    for (const peer of peers) this.#sides.set(peer, sideOf(peer))
  }

  heal(): void {
    this.#isCut = false
    this.#sides.clear()
  }

  /** Two that find no way to each other for good, as behind some pairs of routers. Others still reach both. */
  keepApart(a: number, b: number): void {
    this.#apart.add(`${a} ${b}`).add(`${b} ${a}`)
  }

  reaches(a: number, b: number): boolean {
    if (this.#apart.size > 0 && this.#apart.has(`${a} ${b}`)) return false
    return !this.#isCut || this.#sides.get(a) === this.#sides.get(b)
  }

  isCutFromServer(peer: number): boolean {
    return this.#isCut && this.#sides.get(peer) !== this.#serverSide
  }

  /**
   * What a peer's connection takes in and gives out, bytes a millisecond each way, all its links together. With the wire off
   * there are no bytes, and no limit.
   */
  limit(peer: number, bytesPerMs: number): void {
    if (!(bytesPerMs > 0)) throw new RangeError(`a limit is above 0, not ${bytesPerMs}`)
    this.#uplinks.set(peer, { bytesPerMs, freeAt: this.#uplinks.get(peer)?.freeAt ?? 0 })
    this.#downlinks.set(peer, { bytesPerMs, freeAt: this.#downlinks.get(peer)?.freeAt ?? 0 })
    this.hasLimits = true
  }

  /**
   * When these bytes have left one peer for another, behind all that both connections have before them. To write what the
   * far end can't take yet is to wait as well: flow control holds it at the sender.
   */
  leavesAt(from: number, to: number, bytes: number, now: Millis): Millis {
    return Math.max(
      now,
      taken(this.#uplinks.get(from), bytes, now),
      taken(this.#downlinks.get(to), bytes, now),
    )
  }

  /** These bytes, which had not left, will not. */
  giveBack(from: number, to: number, bytes: number, now: Millis): void {
    taken(this.#uplinks.get(from), -bytes, now)
    taken(this.#downlinks.get(to), -bytes, now)
  }

  /** How long a packet is held because it, or the one sent in its place, was lost. */
  retransmissionMs(): number {
    const { loss } = this.settings
    if (loss === 0) return 0
    let held = 0
    for (let timeout = RETRANSMIT_MS; this.chance(loss) && held < 60_000; timeout *= 2) {
      held += timeout
    }
    return held
  }

  chance(share: number): boolean {
    return share > 0 && this.#random.between(0, 1) < share
  }
}

/** One direction of a peer's connection. */
interface Connection {
  readonly bytesPerMs: number
  /** When all that it was given has passed. */
  freeAt: Millis
}

function taken(connection: Connection | undefined, bytes: number, now: Millis): Millis {
  if (connection === undefined) return now
  const freeAt = Math.max(connection.freeAt, now) + bytes / connection.bytesPerMs
  connection.freeAt = Math.max(now, freeAt)
  return connection.freeAt
}

/** A model may be anybody's: what it gives is looked at where it is asked, not where it would do harm. */
function checked(model: LatencyModel): LatencyModel {
  const { name, largestMs } = model
  if (!isTime(largestMs)) {
    throw new RangeError(`latency.largestMs is milliseconds, not ${largestMs}`)
  }
  return {
    name,
    largestMs,
    between(a, b) {
      const ms = model.between(a, b)
      if (!isTime(ms)) {
        throw new RangeError(`latency between ${placeName(a)} and ${placeName(b)} is ${ms}`)
      }
      return ms
    },
  }
}

function isTime(ms: unknown): boolean {
  return typeof ms === 'number' && ms >= 0 && ms < Number.POSITIVE_INFINITY
}

function placeName(place: number): string {
  return place === SERVER ? 'SERVER' : `peer ${place}`
}

/** The smallest retransmission timeout of the SCTP in browsers; doubles. */
const RETRANSMIT_MS = 400
