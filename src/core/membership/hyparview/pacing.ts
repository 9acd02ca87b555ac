import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import type { HyparviewConfig } from './config.js'

// How often is too often: pauses per peer, between asks, and between answers nobody waits for.

/** The time, more or less a quarter: so that peers that failed together don't return together. */
export function jittered(random: Random, ms: number): number {
  return Math.round(random.between(0.75, 1.25) * ms)
}

/**
 * The pause each peer gets after it refused or failed: doubles from `retryBackoffMs` to `largestBackoffMs`.
 * Forgotten when it becomes a neighbor.
 */
export class Backoff {
  readonly #config: HyparviewConfig
  readonly #random: Random
  readonly #pauses = new Map<
    PeerId,
    { times: number; since: Millis; until: Millis; gone: boolean }
  >()

  constructor(config: HyparviewConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  /** `gone`: it did not answer at all. */
  delay(now: Millis, peer: PeerId, how: 'refused' | 'gone' | 'for-long'): void {
    const times = this.times(peer) + 1
    const { retryBackoffMs, largestBackoffMs } = this.#config
    const ms =
      how === 'for-long'
        ? largestBackoffMs
        : Math.min(largestBackoffMs, retryBackoffMs * 2 ** Math.min(times - 1, 30))
    this.#pauses.delete(peer)
    if (this.#pauses.size >= PACED_PEERS) this.#pauses.delete(this.#pauses.keys().next().value!)
    const until = now + jittered(this.#random, ms)
    this.#pauses.set(peer, { times, since: now, until, gone: how === 'gone' })
  }

  /** When the peer may be asked again; undefined where it may be asked now. */
  until(now: Millis, peer: PeerId): Millis | undefined {
    const pause = this.#pauses.get(peer)
    return pause !== undefined && pause.until > now ? pause.until : undefined
  }

  /** How many times in a row it refused or failed. */
  times(peer: PeerId): number {
    return this.#pauses.get(peer)?.times ?? 0
  }

  /** Whom to ask first: who was never asked, then who answered at all, then who was asked longest ago. */
  inOrder(peers: readonly PeerId[]): PeerId[] {
    const rank = (peer: PeerId) => {
      const pause = this.#pauses.get(peer)
      return pause === undefined ? 0 : pause.gone ? pause.since : 1
    }
    return [...peers].sort((x, y) => rank(x) - rank(y))
  }

  /** True while it rests because it did not answer: hearsay then does not bring it back. */
  gone(now: Millis, peer: PeerId): boolean {
    return this.until(now, peer) !== undefined && this.#pauses.get(peer)!.gone
  }

  /** Someone named the peer anew: the shortest pause is enough. */
  hasten(peer: PeerId): void {
    const pause = this.#pauses.get(peer)
    if (pause === undefined) return
    pause.until = Math.min(pause.until, pause.since + this.#config.retryBackoffMs)
  }

  forget(peer: PeerId): void {
    this.#pauses.delete(peer)
  }
}

/**
 * The pause between two asks for a neighbor by which the active view is short. In a saturated overlay most
 * peers are full, and asking on at once never ends (measured: storms in 33 % of seeds, reference §5.5).
 * With half the view filled nothing is urgent, so the pause grows from four times `retryBackoffMs` to a quarter of
 * the shuffle interval; below half it grows from `retryBackoffMs` to a twelfth.
 */
export class Pace {
  readonly #config: HyparviewConfig
  readonly #random: Random
  /** Asks in a row that came to nothing. */
  misses = 0
  /** No ask before this. */
  notBefore: Millis = 0

  constructor(config: HyparviewConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  miss(now: Millis, neighbors: number): void {
    const { activeViewCapacity, shuffleIntervalMs, retryBackoffMs } = this.#config
    const [first, longest] =
      neighbors >= activeViewCapacity / 2
        ? [4 * retryBackoffMs, shuffleIntervalMs / 4]
        : [retryBackoffMs, shuffleIntervalMs / 12]
    const ms = Math.min(longest, first * 2 ** Math.min(this.misses, 30))
    this.misses++
    this.notBefore = now + jittered(this.#random, ms)
  }

  /** A neighbor came or went: what was refused before says little about now. */
  reset(): void {
    this.misses = 0
    this.notBefore = 0
  }
}

/**
 * How often one peer may become a neighbor: each time costs an announcement of all that can be had, events,
 * and a hurry to replace it when it goes. Who comes and goes without end is refused for a while.
 */
export class Returns {
  /** When each may come as often as ever again; the longest unheard first. */
  readonly #wholeAt = new Map<PeerId, Millis>()

  /** It became a neighbor. */
  note(now: Millis, peer: PeerId): void {
    const wholeAt = Math.max(now, this.#wholeAt.get(peer) ?? now) + RETURN_MS
    this.#wholeAt.delete(peer)
    for (const [old, at] of this.#wholeAt) {
      if (at > now) break
      this.#wholeAt.delete(old)
    }
    if (this.#wholeAt.size >= PACED_PEERS) this.#wholeAt.delete(this.#wholeAt.keys().next().value!)
    this.#wholeAt.set(peer, wholeAt)
  }

  allows(now: Millis, peer: PeerId): boolean {
    return (this.#wholeAt.get(peer) ?? now) - now <= RETURN_MS * (RETURNS - 1)
  }
}

/** One answer per peer and second, for at most so many peers at once; more go unanswered. */
export class Throttle {
  #last: Map<PeerId, Millis> | undefined

  allows(now: Millis, peer: PeerId): boolean {
    this.#last ??= new Map()
    const last = this.#last.get(peer)
    if (last !== undefined && now - last < THROTTLE_MS) return false
    this.#last.delete(peer)
    for (const [old, at] of this.#last) {
      if (now - at < THROTTLE_MS) break
      this.#last.delete(old)
    }
    if (this.#last.size >= PACED_PEERS) return false
    this.#last.set(peer, now)
    return true
  }
}

/** Passive view, reserve and as many again. Guess. */
const PACED_PEERS = 256
/** At once, and one more each time this has passed: a reload takes a second, a flap a millisecond. Guess. */
const RETURNS = 16
const RETURN_MS = 2_000
/** Guess. */
const THROTTLE_MS = 1_000
