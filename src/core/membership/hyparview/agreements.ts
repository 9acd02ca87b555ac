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

/** What is under way with whom: one slot per peer, whoever asked, and one deadline each, named as the peer. */
export class Agreements {
  /** Few: looking along a row is as fast as a map, and smaller. Replaced, never changed. */
  #row: readonly [PeerId, Agreement][] = []
  readonly #timers: Timers

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get size(): number {
    return this.#row.length
  }

  /** Requests of our own, links that follow from them included. */
  get ours(): number {
    let count = 0
    for (const [, one] of this.#row) {
      if (one.stage === 'asking' || one.ours !== undefined) count++
    }
    return count
  }

  /** With whom we are about to be linked. */
  get linking(): PeerId[] {
    return this.#row.filter(([, { stage }]) => stage === 'linking').map(([peer]) => peer)
  }

  get entries(): readonly [PeerId, Agreement][] {
    return this.#row
  }

  get(peer: string): Agreement | undefined {
    for (const [known, agreement] of this.#row) if (known === peer) return agreement
    return undefined
  }

  set(peer: PeerId, agreement: Agreement, dueAt: Millis): void {
    this.delete(peer)
    this.#row = this.#row.concat([[peer, agreement]])
    this.defer(peer, dueAt)
  }

  /** The same agreement, due later. */
  defer(peer: PeerId, dueAt: Millis): void {
    this.#timers.set(peer, dueAt)
  }

  delete(peer: PeerId): Agreement | undefined {
    const agreement = this.get(peer)
    if (agreement === undefined) return undefined
    this.#row = this.#row.filter(([other]) => other !== peer)
    this.#timers.clear(peer)
    return agreement
  }
}
