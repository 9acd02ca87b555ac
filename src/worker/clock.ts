import type { Millis } from '../core/ids.js'

/** Epoch milliseconds that never run backwards, whatever the system clock does meanwhile. */
export function monotonicClock(): () => Millis {
  const origin = Date.now() - performance.now()
  return () => origin + performance.now()
}
