import type { Millis, PeerId } from '../ids.js'

/** How many statements of others a neighbor may pass on: anyone can make any number of keys. */
export class Budgets {
  /** Of neighbors, former ones too, so that none comes back for a new one; and of all strangers together. */
  readonly #budgets = new Map<PeerId | typeof STRANGERS, { left: number; at: Millis }>()

  /** False where it has none left. */
  spend(now: Millis, from: PeerId, isNeighbor: boolean): boolean {
    const holder = isNeighbor ? from : STRANGERS
    const budget = this.#budgets.get(holder) ?? { left: BURST, at: now }
    budget.left = Math.min(BURST, budget.left + ((now - budget.at) / 1000) * PER_SECOND)
    budget.at = now
    this.#budgets.delete(holder)
    this.#budgets.set(holder, budget)
    if (this.#budgets.size > MOST_HOLDERS) this.#budgets.delete(this.#budgets.keys().next().value!)
    if (budget.left < 1) return false
    budget.left--
    return true
  }
}

const STRANGERS = ''
/** Guess: far more neighbors than one has. */
const MOST_HOLDERS = 256
/** A table of all at once, then as many as refreshes of twice as many peers. Guess. */
const BURST = 512
const PER_SECOND = 16
