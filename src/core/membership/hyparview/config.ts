/** HyParView's numbers. The seed's names, the seed's values. */
export interface HyparviewConfig {
  activeViewCapacity: number
  passiveViewCapacity: number
  /** Hops a forward-join walks before the joiner is offered a place. */
  activeRandomWalkLength: number
  /** Hops left at which the joiner is put in the passive view on the way. */
  passiveRandomWalkLength: number
  shuffleRandomWalkLength: number
  shuffleActiveViewCount: number
  shufflePassiveViewCount: number
  shuffleIntervalMs: number
  /** From a request sent to its answer; making the link has a time of its own. */
  neighborRequestTimeoutMs: number
  /** From an agreement to a usable link. */
  dialTimeoutMs: number
  /**
   * Requests and links under way at once, per topic. A peer that just lost most of its neighbors asks as
   * many as it has room for.
   */
  parallelRequests: number
  /** Peers remembered beside the passive view. */
  reserveCapacity: number
  /** First pause after a refusal or failure; doubles up to the largest, jittered. */
  retryBackoffMs: number
  largestBackoffMs: number
}

export const HYPARVIEW_DEFAULTS: HyparviewConfig = {
  /** HyParView paper, p. 9. */
  activeViewCapacity: 5,
  /** HyParView paper, p. 9. */
  passiveViewCapacity: 30,
  /** HyParView paper, p. 9. */
  activeRandomWalkLength: 6,
  /** HyParView paper, p. 9. */
  passiveRandomWalkLength: 3,
  /** HyParView paper, p. 9. */
  shuffleRandomWalkLength: 6,
  /** HyParView paper, p. 9. */
  shuffleActiveViewCount: 3,
  /** HyParView paper, p. 9. */
  shufflePassiveViewCount: 4,
  /** Seed: 60 s. */
  shuffleIntervalMs: 60_000,
  /**
   * Departs from the seed's 500 ms: our request travels through a server or the mesh, and a timeout
   * shorter than the way dials 7 to 12 times as much (measured, reference §5.5).
   */
  neighborRequestTimeoutMs: 3_000,
  /** A WebRTC handshake takes 30 ms to 4 s here under load, more over TURN. Guess. */
  dialTimeoutMs: 15_000,
  /** Two dials in flight heal fast without a storm (reference §9.3). */
  parallelRequests: 2,
  /** Passive 100 instead of 30 lifts reliability at 95 % failures from 93 % to 100 % (papers §0.2). */
  reserveCapacity: 100,
  /** Guess. */
  retryBackoffMs: 500,
  /** Guess. */
  largestBackoffMs: 30_000,
}
