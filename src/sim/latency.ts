import { Random } from '../core/random.js'

// How long a packet travels, one way. A model is a function of two places and needs no memory: what is
// drawn once per pair is drawn from a hash of the pair, so a hundred thousand peers cost nothing.

/**
 * How long packets travel. A model of one's own has a row for the signaling server too:
 * `between: (a, b) => (a === SERVER || b === SERVER ? 20 : matrix[a][b])`.
 */
export interface LatencyModel {
  readonly name: string
  /** An upper bound, milliseconds: how long to wait until what is under way has surely arrived. */
  readonly largestMs: number
  /**
   * Milliseconds one way between two places, the same in both directions: finite and not below 0, or the world throws
   * a `RangeError`. A place is a peer's number (`Peer.index`), or `SERVER`.
   */
  between(a: number, b: number): number
}

/** The place of the signaling server, with which every peer that joins exchanges signals. */
export const SERVER = 0xffff_ffff

export function constantLatency(ms: number): LatencyModel {
  return { name: `${ms}`, largestMs: ms, between: () => ms }
}

/** Uniform over [low, high), drawn once per unordered pair and then constant: iroh-gossip's model. */
export function uniformLatency(low: number, high: number, seed: number): LatencyModel {
  return {
    name: `${low}-${high}`,
    largestMs: high,
    between: (a, b) => low + (high - low) * fraction(seed, Math.min(a, b), Math.max(a, b)),
  }
}

/**
 * An internet in small: five regions with 35, 25, 15, 15 and 10 % of the peers; between two regions 45 to 140 ms,
 * inside one 8 to 15 ms, scaled by 0.6 to 1.4 with where the two peers are, and 2 to 15 ms of access at
 * each end. The server stands in the largest region.
 */
export function regionLatency(seed: number): LatencyModel {
  const random = new Random(seed)
  const regions = SHARES.length
  const base = new Float64Array(regions * regions)
  for (let a = 0; a < regions; a++) {
    for (let b = a; b < regions; b++) {
      const ms = a === b ? random.between(8, 15) : random.between(45, 140)
      base[a * regions + b] = base[b * regions + a] = ms
    }
  }
  const access = (place: number) => 2 + 13 * fraction(seed, place, 1)
  const position = (place: number) => fraction(seed, place, 2)
  const region = (place: number) => (place === SERVER ? 0 : regionOf(fraction(seed, place, 3)))
  return {
    name: 'regions',
    largestMs: 140 * 1.4 + 30,
    between: (a, b) => {
      const [x, y] = [region(a), region(b)]
      // Inside a region near peers are near; between regions each end adds its share.
      const spread = x === y ? Math.abs(position(a) - position(b)) : (position(a) + position(b)) / 2
      return base[x * regions + y]! * (0.6 + 0.8 * spread) + access(a) + access(b)
    },
  }
}

/** `10-50`, `30` or `regions`; undefined where it is none of these. */
export function parseLatency(text: string, seed: number): LatencyModel | undefined {
  if (text === 'regions') return regionLatency(seed)
  const match = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(text)
  if (match === null) return undefined
  const low = Number(match[1])
  const high = match[2] === undefined ? low : Number(match[2])
  if (high < low || high > LARGEST_MS) return undefined
  return high === low ? constantLatency(low) : uniformLatency(low, high, seed)
}

function regionOf(share: number): number {
  let below = 0
  for (let i = 0; i < SHARES.length; i++) {
    below += SHARES[i]!
    if (share < below) return i
  }
  return SHARES.length - 1
}

/** Three numbers to one in [0, 1): the finalizer of MurmurHash3 over their mix. */
function fraction(seed: number, a: number, b: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ (a + 1), 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h ^ (b + 1), 0x27d4eb2f)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return (h >>> 0) / 0x1_0000_0000
}

const SHARES = [0.35, 0.25, 0.15, 0.15, 0.1]
const LARGEST_MS = 60_000
