/**
 * Counts under names. The names have one table for all nodes of a thread, and each node a row of numbers: ten thousand
 * simulated nodes count a dozen things each at every message.
 */
export class Counters {
  readonly #counts: number[] = []

  add(name: string, by: number): void {
    let place = PLACES.get(name)
    if (place === undefined) PLACES.set(name, (place = PLACES.size))
    const counts = this.#counts
    while (counts.length <= place) counts.push(0)
    counts[place]! += by
  }

  /** Those that counted anything. */
  get named(): Record<string, number> {
    const named: Record<string, number> = {}
    for (const [name, place] of PLACES) {
      const count = this.#counts[place]
      if (count !== undefined && count > 0) named[name] = count
    }
    return named
  }
}

/** Bounded by the names that stand in the source: nothing a peer says becomes one. */
const PLACES = /* @__PURE__ */ new Map<string, number>()
