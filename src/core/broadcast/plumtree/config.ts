/** PlumTree's numbers, whole ones. The seed's names, the seed's values. */
export interface PlumtreeConfig {
  /**
   * From an announcement to asking for the message, milliseconds, 1 to 60,000; the floor under what measured round trips call
   * for. Default 80.
   */
  graftTimeout1Ms: number
  /** From asking one announcer to asking the next, milliseconds, 1 to 60,000; the floor likewise. Default 40. */
  graftTimeout2Ms: number
  /** Announcements wait this long for company, milliseconds, 0 to 10,000. Default 5. */
  dispatchTimeoutMs: number
  /**
   * Hops, 0 to 65,535: by so many an announced way is shorter than that of the message itself where it takes its place; of
   * the shared tree, while that has no root. Default 7.
   */
  optimizationThreshold: number
  /**
   * A peer without a way to the shared tree's root becomes the root after one to two times this, or a quarter of that where it
   * never had one; milliseconds, 100 to 3,600,000. Default 2,000.
   */
  rootAfterMs: number
  /** How long a message is kept for neighbors that missed it, milliseconds, 0 to 3,600,000. Default 30,000. */
  messageCacheRetentionMs: number
  /**
   * How long an id is remembered, so that nothing is delivered twice, milliseconds, 0 to 86,400,000; no less than
   * `messageCacheRetentionMs`. Default 90,000.
   */
  messageIdRetentionMs: number
  /** Between two looks for what is to be forgotten, at least, milliseconds, 10 to 600,000. Default 1,000. */
  cacheEvictIntervalMs: number
  /** Bytes of payload the cache may hold, 0 to 1,073,741,824; the oldest go first. Default 33,554,432. */
  cacheBytes: number
  /** Messages announced and not yet had, 1 to 1,048,576; beyond it announcements are dropped and counted. Default 16,384. */
  missingCapacity: number
  /** Authors whose seen ids are kept, 1 to 1,048,576; the longest silent goes first. Default 16,384. */
  seenAuthors: number
}

export const PLUMTREE_DEFAULTS: PlumtreeConfig = {
  /** Seed: 80 ms. */
  graftTimeout1Ms: 80,
  /** Seed: 40 ms. */
  graftTimeout2Ms: 40,
  /** Seed: 5 ms. */
  dispatchTimeoutMs: 5,
  /** PlumTree paper, p. 12. */
  optimizationThreshold: 7,
  /** Neighbors that were lost are replaced within this, mostly. Guess. */
  rootAfterMs: 2_000,
  /** Seed: 30 s. */
  messageCacheRetentionMs: 30_000,
  /** Seed: 90 s. */
  messageIdRetentionMs: 90_000,
  /** Seed: 1 s. */
  cacheEvictIntervalMs: 1_000,
  /** Guess. */
  cacheBytes: 32 << 20,
  /** Guess. */
  missingCapacity: 16_384,
  /** Guess. */
  seenAuthors: 16_384,
}
