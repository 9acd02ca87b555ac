import type { PeerId } from '../../ids.js'
import { NO_TIDES } from './state.js'
import type { Tides } from './waves.js'

/** What neighbors asked for last. Who names lower heights than before, or takes the same ops again and again, wears us out. */
export class Asked {
  /** The last TIDAL WAVE of each neighbor, and how many in a row asked for the same again. */
  readonly #last = new Map<PeerId, { tides: Tides; times: number }>()

  /** Heights only rise. `lacking`: how many ops this would cost. */
  judge(peer: PeerId, tides: Tides, lacking: number): 'fair' | 'fell' | 'again and again' {
    const before = this.#last.get(peer)
    let isSame = before !== undefined && lacking > 0
    for (const [author, { seq }] of before?.tides ?? NO_TIDES) {
      const now = tides.get(author)?.seq ?? 0
      if (now < seq) return 'fell'
      if (now > seq) isSame = false
    }
    const times = isSame ? before!.times + 1 : 0
    this.#last.set(peer, { tides, times })
    return times > SAME_AGAIN ? 'again and again' : 'fair'
  }

  forget(peer: PeerId): void {
    this.#last.delete(peer)
  }
}

/** The same ops may be asked for again where an exchange broke. Guess. */
const SAME_AGAIN = 8
