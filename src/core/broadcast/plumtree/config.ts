/** PlumTree's numbers. The seed's names, the seed's values. */
export interface PlumtreeConfig {
  /** From an announcement to asking for the message; the floor under what measured RTTs call for. */
  graftTimeout1Ms: number
  /** From asking one announcer to asking the next; the floor likewise. */
  graftTimeout2Ms: number
  /** Announcements wait this long for company. */
  dispatchTimeoutMs: number
  optimizationThreshold: number
  /** A peer without a way to the shared tree's root becomes the root after one to two times this; Infinity: never. */
  rootAfterMs: number
  messageCacheRetentionMs: number
  messageIdRetentionMs: number
  cacheEvictIntervalMs: number
  /** Bytes of payload the cache may hold; the oldest go first. */
  cacheBytes: number
  /** Messages announced and not yet had; beyond it announcements are dropped and counted. */
  missingCapacity: number
  /** Authors whose seen ids are kept; the longest silent goes first. */
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
