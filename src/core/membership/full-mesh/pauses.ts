import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import type { FullMeshConfig } from './config.js'

/** The pause each peer gets after it did not answer, or refused: doubles, jittered. */
export class Pauses {
  readonly #config: FullMeshConfig
  readonly #random: Random
  readonly #pauses = new Map<PeerId, { times: number; until: Millis }>()

  constructor(config: FullMeshConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  delay(now: Millis, peer: PeerId): void {
    const { answerTimeoutMs, largestBackoffMs } = this.#config
    const times = this.times(peer) + 1
    const ms = Math.min(largestBackoffMs, answerTimeoutMs * 2 ** Math.min(times - 1, 30))
    this.#pauses.delete(peer)
    if (this.#pauses.size >= MOST_PAUSED) this.#pauses.delete(this.#pauses.keys().next().value!)
    // A quarter less at most: that peers that failed together don't return together.
    this.#pauses.set(peer, { times, until: now + this.#random.between(0.75, 1) * ms })
  }

  /** When the peer may be asked again; undefined where it may be asked now. */
  until(now: Millis, peer: PeerId): Millis | undefined {
    const until = this.#pauses.get(peer)?.until
    return until !== undefined && until > now ? until : undefined
  }

  /** How many times in a row it failed. */
  times(peer: PeerId): number {
    return this.#pauses.get(peer)?.times ?? 0
  }

  /** Someone named it anew: it may be asked at once. */
  hasten(peer: PeerId): void {
    const pause = this.#pauses.get(peer)
    if (pause !== undefined) pause.until = 0
  }

  forget(peer: PeerId): void {
    this.#pauses.delete(peer)
  }
}

/** Guess. */
const MOST_PAUSED = 256
