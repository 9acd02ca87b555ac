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
  readonly #capacities = new Map<number, number>()
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

  /** What a peer's connection takes in and gives out, bytes a millisecond each way. */
  limit(peer: number, bytesPerMs: number): void {
    this.#capacities.set(peer, bytesPerMs)
  }

  /** Bytes a millisecond between two peers; Infinity where neither is limited. */
  capacity(a: number, b: number): number {
    if (this.#capacities.size === 0) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#capacities.get(a) ?? Number.POSITIVE_INFINITY,
      this.#capacities.get(b) ?? Number.POSITIVE_INFINITY,
    )
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
