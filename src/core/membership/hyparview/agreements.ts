import type { Millis, PeerId } from '../../ids.js'
import type { Timers } from '../../timers.js'

/** What is asked: to join the topic through a peer, or only for a place in its active view. */
export type Ask = 'join' | 'high' | 'low'

export type Agreement =
  /** We asked and wait for the answer. */
  | {
      stage: 'asking'
      ask: Ask
      requestId: number
      since: Millis
      repeated: boolean
    }
  /** Both agreed; the link is being made. `ours` is what we asked, if we did. */
  | {
      stage: 'linking'
      ours: Ask | undefined
      requestId: number
      since: Millis
      /** May cost an older neighbor its place. */
      evicts: boolean
      /** The peer joins the topic through us. */
      joins: boolean
      /** The other side was told a second time that we agreed. */
      repeated: boolean
    }

/** What is under way with whom: one slot per peer, whoever asked, and one deadline each. */
export class Agreements {
  readonly #byPeer = new Map<PeerId, Agreement>()
  readonly #timers: Timers

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** Requests of our own, links that follow from them included. */
  get ours(): number {
    let count = 0
    for (const one of this.#byPeer.values()) {
      if (one.stage === 'asking' || one.ours !== undefined) count++
    }
    return count
  }

  /** With whom we are about to be linked. */
  get linking(): PeerId[] {
    return [...this.#byPeer].filter(([, { stage }]) => stage === 'linking').map(([peer]) => peer)
  }

  get entries(): [PeerId, Agreement][] {
    return [...this.#byPeer]
  }

  get(peer: PeerId): Agreement | undefined {
    return this.#byPeer.get(peer)
  }

  set(peer: PeerId, agreement: Agreement, dueAt: Millis): void {
    this.delete(peer)
    this.#byPeer.set(peer, agreement)
    this.#timers.set(nameOf(peer, agreement), dueAt)
  }

  /** The same agreement, due later. */
  defer(peer: PeerId, agreement: Agreement, dueAt: Millis): void {
    this.#timers.set(nameOf(peer, agreement), dueAt)
  }

  delete(peer: PeerId): Agreement | undefined {
    const agreement = this.#byPeer.get(peer)
    if (agreement === undefined) return undefined
    this.#byPeer.delete(peer)
    this.#timers.clear(nameOf(peer, agreement))
    return agreement
  }

  /** Whose deadline this is. */
  dueBy(name: string): [PeerId, Agreement] | undefined {
    return this.entries.find(([peer, agreement]) => name === nameOf(peer, agreement))
  }
}

function nameOf(peer: PeerId, { stage }: Agreement): string {
  return stage === 'asking' ? `answer from ${peer}` : `link with ${peer}`
}
