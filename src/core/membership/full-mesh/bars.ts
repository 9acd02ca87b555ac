import type { Millis, PeerId } from '../../ids.js'

/**
 * Who is not to be asked for a while, for it left or does not want us, though others may go on naming it. Who is
 * banned is not even heard.
 */
export class Bars {
  readonly #bars = new Map<PeerId, { until: Millis; isBan: boolean }>()

  isBarred(now: Millis, peer: PeerId): boolean {
    const bar = this.#bars.get(peer)
    if (bar === undefined) return false
    if (bar.until <= now) this.#bars.delete(peer)
    return bar.until > now
  }

  isBanned(now: Millis, peer: PeerId): boolean {
    return this.isBarred(now, peer) && this.#bars.get(peer)!.isBan
  }

  bar(peer: PeerId, until: Millis, isBan = false): void {
    this.#bars.delete(peer)
    if (this.#bars.size >= MOST_BARRED) this.#bars.delete(this.#bars.keys().next().value!)
    this.#bars.set(peer, { until, isBan })
  }

  lift(peer: PeerId): void {
    this.#bars.delete(peer)
  }
}

/** Guess. */
const MOST_BARRED = 256
