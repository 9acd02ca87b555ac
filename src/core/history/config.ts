/** The numbers of a topic's history. */
export interface HistoryConfig {
  /** A neighbor that is not known to keep the same is told what is kept this often. */
  heartbeatMs: number
  /** Silence that ends an exchange. */
  exchangeTimeoutMs: number
  /** After so long without an answer of one neighbor another may be asked. */
  patienceMs: number
  /** After an exchange that changed nothing, though two differ, the next waits this long, then twice, to the longest. */
  idlePauseMs: number
  longestPauseMs: number
  /** An op whose parents are missing for so long is asked for, with them, of who brought it. */
  orphanAfterMs: number
  /** In causal order a message waits this long for its parents. */
  causalWaitMs: number
}

export const HISTORY_DEFAULTS: HistoryConfig = {
  /** As often as the link's own (link/config.ts). */
  heartbeatMs: 1_000,
  /** Reference §3.2. */
  exchangeTimeoutMs: 10_000,
  /** Guess: a slow round trip and a slow disk. */
  patienceMs: 2_000,
  /** Guess. */
  idlePauseMs: 2_000,
  /** Guess. */
  longestPauseMs: 60_000,
  /** Guess: the broadcast's own repair takes less (plumtree/config.ts). */
  orphanAfterMs: 2_000,
  /** Guess: two exchanges that go wrong, and one that goes well. */
  causalWaitMs: 10_000,
}
