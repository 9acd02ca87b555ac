/** HyParView's numbers, whole ones. The seed's names, the seed's values. */
export interface HyparviewConfig {
  /** Neighbors at most, 1 to 64. Default 5. */
  activeViewCapacity: number
  /** Peers known and not linked, from which lost neighbors are replaced, 0 to 1,000. Default 30. */
  passiveViewCapacity: number
  /** Hops a forward-join walks before the joiner is offered a place, 0 to 255. Default 6. */
  activeRandomWalkLength: number
  /** Hops left at which the joiner is put in the passive view on the way, 0 to 255. Default 3. */
  passiveRandomWalkLength: number
  /** Hops a shuffle walks before it is answered, 0 to 255. Default 6. */
  shuffleRandomWalkLength: number
  /** Neighbors named in a shuffle, 0 to 15; with `shufflePassiveViewCount` at most 15 together. Default 3. */
  shuffleActiveViewCount: number
  /** Peers of the passive view named in a shuffle, 0 to 15; likewise. Default 4. */
  shufflePassiveViewCount: number
  /** Between two shuffles, milliseconds, 100 to 86,400,000. Default 60,000. */
  shuffleIntervalMs: number
  /** From a request sent to its answer, milliseconds, 10 to 600,000; making the link has a time of its own. Default 3,000. */
  neighborRequestTimeoutMs: number
  /** From an agreement to a usable link, milliseconds, 100 to 600,000. Default 15,000. */
  dialTimeoutMs: number
  /**
   * Requests and links under way at once, per topic, 1 to 64. A peer that just lost most of its neighbors asks as
   * many as it has room for. Default 2.
   */
  parallelRequests: number
  /** Peers remembered beside the passive view, 0 to 10,000. Default 100. */
  reserveCapacity: number
  /** First pause after a refusal or failure, milliseconds, 1 to 600,000; doubles up to the largest, jittered. Default 500. */
  retryBackoffMs: number
  /** The largest pause, milliseconds, 1 to 3,600,000; no less than `retryBackoffMs`. Default 30,000. */
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
