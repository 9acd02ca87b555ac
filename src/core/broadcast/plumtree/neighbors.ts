import type { Millis, PeerId } from '../../ids.js'
import type { PlumtreeConfig } from './config.js'

export interface Neighbor {
  readonly peer: PeerId
  rttMs: number | undefined
  /** When it was last blamed for a broken promise. */
  promiseBrokenAt: Millis | undefined
}

/** The peers that count: their links, and the graft timers that follow from the links' round trips. */
export class Neighbors {
  readonly #config: PlumtreeConfig
  /** Few: looking along a row is as fast as a map, and smaller. */
  #row: Neighbor[] = []
  /** T1, kept until a round trip or the neighbors change. */
  #waitMs: number | undefined
  /** Likewise. */
  #longestMs: number | undefined

  constructor(config: PlumtreeConfig) {
    this.#config = config
  }

  get size(): number {
    return this.#row.length
  }

  get peers(): PeerId[] {
    return this.#row.map(({ peer }) => peer)
  }

  has(peer: PeerId): boolean {
    return this.get(peer) !== undefined
  }

  get(peer: PeerId): Neighbor | undefined {
    for (const neighbor of this.#row) if (neighbor.peer === peer) return neighbor
    return undefined
  }

  add(peer: PeerId): void {
    this.#row = this.#row.concat({ peer, rttMs: undefined, promiseBrokenAt: undefined })
    this.#waitMs = this.#longestMs = undefined
  }

  delete(peer: PeerId): boolean {
    this.#waitMs = this.#longestMs = undefined
    const before = this.#row
    this.#row = before.filter(neighbor => neighbor.peer !== peer)
    return this.#row.length < before.length
  }

  noteRtt(peer: PeerId, rttMs: number): void {
    const neighbor = this.get(peer)
    if (neighbor === undefined) return
    neighbor.rttMs = rttMs
    this.#waitMs = this.#longestMs = undefined
  }

  /** T1 where there is no detour, and how long a word of ours to a neighbor may take to show. */
  get graftWaitMs(): number {
    this.#waitMs ??= within(this.#config.graftTimeout1Ms, GRAFT_WAIT_RTTS * this.medianRttMs)
    return this.#waitMs
  }

  /** T2: how long a peer that was asked may take to answer. */
  answerMs(peer: PeerId): number {
    return within(this.#config.graftTimeout2Ms, ANSWER_RTTS * (this.get(peer)?.rttMs ?? 0))
  }

  /** Detours pass many links, some of them as long as the longest here. */
  get longestRttMs(): number {
    if (this.#longestMs !== undefined) return this.#longestMs
    let longest = 0
    for (const { rttMs } of this.#row) longest = Math.max(longest, rttMs ?? 0)
    this.#longestMs = longest
    return longest
  }

  get medianRttMs(): number {
    const rtts: number[] = []
    for (const { rttMs } of this.#row) if (rttMs !== undefined) rtts.push(rttMs)
    rtts.sort((a, b) => a - b)
    return rtts[rtts.length >>> 1] ?? 0
  }
}

/** A peer that answers pings late must not put off repair for ever. */
function within(floorMs: number, ms: number): number {
  return Math.max(floorMs, Math.min(ms, LONGEST_WAIT_MS))
}

/** PlumTree literature: floor of two round trips, four times one way. */
const GRAFT_WAIT_RTTS = 2

/** The paper has about one; at exactly one, half of the answers would come late. Guess. */
const ANSWER_RTTS = 1.5

/** Guess. */
const LONGEST_WAIT_MS = 3_000
