import type { Millis, PeerId } from '../../ids.js'

/**
 * Neighbors that went without a word: perhaps a partition. Both halves are content with themselves, and nothing
 * else would join them again; so the lost are looked for again, with growing pauses.
 */
export class Lost {
  readonly #visits = new Map<PeerId, { at: Millis; gapMs: number }>()

  add(now: Millis, peer: PeerId): void {
    if (this.#visits.size >= MOST_LOST) this.#visits.delete(this.#visits.keys().next().value!)
    this.#visits.set(peer, { at: now + FIRST_VISIT_MS, gapMs: FIRST_VISIT_MS })
  }

  delete(peer: PeerId): void {
    this.#visits.delete(peer)
  }

  clear(): void {
    this.#visits.clear()
  }

  get nextAt(): Millis | undefined {
    let soonest: Millis | undefined
    for (const { at } of this.#visits.values()) {
      if (soonest === undefined || at < soonest) soonest = at
    }
    return soonest
  }

  /** Whom to look for now. */
  take(now: Millis): PeerId[] {
    const due: PeerId[] = []
    for (const [peer, visit] of this.#visits) {
      if (visit.at > now) continue
      due.push(peer)
      visit.gapMs *= 2
      visit.at = now + visit.gapMs
      if (visit.gapMs > LAST_VISIT_MS) this.#visits.delete(peer)
    }
    return due
  }
}

/** As many as a list may name. */
const MOST_LOST = 64
/** Doubles each time: a partition of a quarter of an hour still heals. Guess. */
const FIRST_VISIT_MS = 30_000
const LAST_VISIT_MS = 600_000
