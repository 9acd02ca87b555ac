import type { PeerId } from '../../ids.js'
import { NO_TIDES } from './state.js'
import type { Lanes, Tides } from './waves.js'

/** What neighbors asked for last. Who names lower heights than before, or takes the same ops again and again, wears us out. */
export class Asked {
  /** The last TIDAL WAVE of each neighbor, and how many in a row asked for the same again. */
  readonly #last = new Map<PeerId, { tides: Tides; times: number }>()
  /** How often each said SHARP. */
  readonly #new = new Map<PeerId, number>()

  /** Heights only rise. `lacking`: how many ops this would cost. */
  judge(
    peer: PeerId,
    tides: Tides,
    lanes: Lanes,
    lacking: number,
  ): 'fair' | 'fell' | 'slow' | 'again and again' {
    const before = this.#last.get(peer)
    let isSame = true
    /** Of what is kept here: by how much it has risen. */
    let gained = 0
    for (const [author, { seq }] of before?.tides ?? NO_TIDES) {
      if ((tides.get(author)?.seq ?? 0) < seq) return 'fell'
    }
    for (const [author, { seq }] of tides) {
      const then = before?.tides.get(author)?.seq ?? 0
      if (seq > then) isSame = false
      const height = lanes.get(author)?.height ?? 0
      gained += Math.min(seq, height) - Math.min(then, height)
    }
    const isStuck = before !== undefined && gained * LEAST_GAINED < lacking
    const times = isStuck ? before.times + 1 : 0
    this.#last.set(peer, { tides, times })
    if (times <= SAME_AGAIN) return 'fair'
    return isSame ? 'again and again' : 'slow'
  }

  /** False for who is new more often than anybody is. */
  isNew(peer: PeerId): boolean {
    const times = (this.#new.get(peer) ?? 0) + 1
    this.#new.set(peer, times)
    return times <= SAME_AGAIN
  }

  forget(peer: PeerId): void {
    this.#last.delete(peer)
    this.#new.delete(peer)
  }
}

/** The same ops may be asked for again where an exchange broke. Guess. */
const SAME_AGAIN = 8
/** Who kept less than this part of what it asked for asks for the same again. Guess: most of an exchange is never lost. */
const LEAST_GAINED = 16
