/**
 * What one run of a scenario comes to. Those named here are in every report; scenarios add their own. Each
 * is the mean of the rounds unless it says otherwise.
 */
export interface Figures {
  /** Share of deliveries due that came: 1 is all. */
  reliability: number
  /** Deliveries due that did not come. A sum. */
  missed: number
  /** Redundancy of payloads. In `single`, `multi`, `all` and `hidden-tabs` as `redundancy` in observer.ts has it. */
  rmr: number
  /** Hops of the last delivery, of messages that anybody heard; `single`, `multi`, `all` and `hidden-tabs` count a direct one as 0, the others as 1. */
  ldh: number
  /** From a broadcast to its last delivery, where anybody heard it; in rounds that something is missed in, to the time limit. */
  durationMs: number
  /** Over all deliveries. */
  p50Ms: number
  p99Ms: number
  /** Frame bytes of any kind per delivery; not measured with the wire off. */
  bytesPerDelivery?: number
  /** Announcements, grafts, prunes, refusals and paths to the root per delivery. */
  controlPerDelivery: number
  /** Sums. */
  grafts: number
  prunes: number
  /** Neighbors per living peer, in the end. */
  meanActive: number
  /** Neighbors that don't have their neighbor as neighbor, in the end. A sum. */
  asymmetricLinks: number
  /** Handshakes begun per peer and minute while it was measured. */
  dials: number
  /**
   * 1 where peers asked one another for places more than once in two minutes though nobody came or went; 0 where
   * somebody does, for it is not looked at there.
   */
  storms: number
  [more: string]: number
}

/** Which way is better, for the worst of several seeds and for comparisons. */
export function isBetterHigh(figure: string): boolean {
  return /reliability|active|share|complete$|converged|switched|fewest|^opsPerSecond$/i.test(figure)
}

export function worse(figure: string, a: number, b: number): number {
  return isBetterHigh(figure) ? Math.min(a, b) : Math.max(a, b)
}

/** What the plots of a report are drawn from. */
export interface Distributions {
  /** Share of deliveries made by then: ascending pairs of milliseconds and share. */
  delivery: [ms: number, share: number][]
  /** How many peers have how many neighbors. */
  degrees: number[]
  /** How many deliveries took how many hops. */
  hops: number[]
  /** Reliability of the survivors, by the share that failed. */
  failures: [share: number, reliability: number][]
}

export function noDistributions(): Distributions {
  return { delivery: [], degrees: [], hops: [], failures: [] }
}

export interface Outcome {
  figures: Figures
  distributions: Distributions
}

export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
