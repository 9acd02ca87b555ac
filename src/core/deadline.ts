import type { Millis } from './ids.js'

/** When a machine wants to be woken, and for what. */
export interface Deadline {
  readonly at: Millis
  readonly reason: string
}

export function sooner(a: Deadline | undefined, b: Deadline | undefined): Deadline | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return b.at < a.at ? b : a
}
