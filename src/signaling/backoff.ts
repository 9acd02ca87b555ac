import type { Random } from '../core/random.js'

/** How long to wait before the next attempt, growing with each failure. */
export interface BackoffConfig {
  /** The pause after the first failure, milliseconds, before jitter. */
  firstMs: number
  /** No pause is longer, milliseconds. */
  largestMs: number
}

/**
 * The pause after `failures` failures in a row (0 for the first): doubled each time up to the largest, and of
 * that a random part between half and all, so that those who lost the same server do not return together.
 */
export function backoffMs(failures: number, random: Random, config: BackoffConfig): number {
  const whole = Math.min(config.largestMs, config.firstMs * 2 ** failures)
  return Math.round(random.between(whole / 2, whole))
}
