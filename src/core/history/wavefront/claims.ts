import type { PeerId } from '../../ids.js'
import type { Roots } from '../log.js'
import type { Lanes, Tides } from './waves.js'

/**
 * Who says that a lane does not go on from where it stands here, for what comes next is kept nowhere. One peer alone
 * could make everybody pass over what others still keep: two must say so, where there are two.
 */
export class RootClaims {
  readonly #claims = new Map<PeerId, Set<PeerId>>()
  #hasDoubts = false

  /** Whether roots last asked for are not all believed. */
  get hasDoubts(): boolean {
    return this.#hasDoubts
  }

  of(peer: PeerId, marks: Tides, lanes: Lanes, neighbors: number): Roots {
    this.#hasDoubts = false
    const doubted = new Set<PeerId>()
    for (const { author, seq } of marks.values()) {
      const lane = lanes.get(author)
      if (lane === undefined || seq <= lane.height + 1) {
        this.#claims.delete(author)
        continue
      }
      let peers = this.#claims.get(author)
      if (peers === undefined) this.#claims.set(author, (peers = new Set()))
      peers.add(peer)
      if (peers.size < Math.min(2, neighbors)) doubted.add(author)
    }
    this.#hasDoubts = doubted.size > 0
    return {
      get: author => {
        const mark = marks.get(author)
        if (mark === undefined) return undefined
        return { seq: mark.seq, hash: doubted.has(author) ? undefined : mark.hash }
      },
    }
  }

  forget(peer: PeerId): void {
    for (const [author, peers] of this.#claims) {
      if (peers.delete(peer) && peers.size === 0) this.#claims.delete(author)
    }
  }
}
