import type { Millis, PeerId } from '../../ids.js'
import type { PeerEntry } from './messages.js'
import type { Overlay } from './overlay.js'

/**
 * Who is short of neighbors, as far as one hears. Departs from the paper, where two peers that are both short find
 * each other only by chance: who refuses names one it refused before, and who makes room names whom for.
 * Measured, 10,000 peers after five minutes: 99.7 % are full, without it 95.5 %.
 */
export class Matching {
  readonly #overlay: Overlay
  /** Peers that lately asked for a place we had not. */
  #wanting: readonly { peer: PeerId; at: Millis }[] = []
  /** The last we were named, first of a sample. */
  #hint: PeerId | undefined

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  /** Peers that are likely to have room, best first. */
  likely(now: Millis): PeerId[] {
    const hint = this.#hint
    const wanting = this.#wantingNow(now)
    return hint !== undefined && this.#overlay.passive.has(hint) ? [...wanting, hint] : wanting
  }

  /** Who had no place for us, or needed ours, named others, first of all one that wants neighbors itself. */
  named(sample: readonly PeerEntry[]): void {
    if (sample.length > 0) this.#hint = sample[0]!.peer
  }

  /** One for a refused peer to ask, and nobody else: told of one another all together they would make cliques. */
  takePartner(now: Millis, refused: PeerId): PeerId | undefined {
    this.#drop(refused)
    const partner = this.#wantingNow(now)[0]
    if (partner !== undefined) this.#drop(partner)
    return partner
  }

  /** It asked for a place, and nobody was there to be its partner. */
  wants(now: Millis, peer: PeerId): void {
    this.#wanting = this.#wanting.slice(1 - LARGEST_WANTING).concat({ peer, at: now })
  }

  /** It was asked, or is gone. */
  forget(peer: PeerId): void {
    this.#drop(peer)
    if (this.#hint === peer) this.#hint = undefined
  }

  #wantingNow(now: Millis): PeerId[] {
    const { active, config } = this.#overlay
    const since = now - WANTING_INTERVALS * config.shuffleIntervalMs
    return this.#wanting
      .filter(({ peer, at }) => !active.has(peer) && at > since)
      .map(({ peer }) => peer)
      .reverse()
  }

  #drop(peer: PeerId): void {
    this.#wanting = this.#wanting.filter(other => other.peer !== peer)
  }
}

/** Guess. */
const LARGEST_WANTING = 8
/** Shuffle intervals for which who asked is believed to be short still. One gave 99.1 % full, four 99.6 %. */
const WANTING_INTERVALS = 4
