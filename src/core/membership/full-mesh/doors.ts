import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import type { FullMeshConfig } from './config.js'
import type { Pauses } from './pauses.js'

/** What to do about getting in. */
export type DoorStep =
  | { type: 'ask'; peer: PeerId; requestId: number }
  /** Every door was tried. */
  | { type: 'isolated' }
  | { type: 'wait' }

/**
 * The initial peers: INIT is said to one at a time. Departs from the seed, which asks one, once: without an
 * answer the next door is tried, and after all of them the first again, in rounds with growing pauses.
 */
export class Doors {
  readonly #config: FullMeshConfig
  readonly #random: Random
  readonly #pauses: Pauses
  /** Whom the application and the server named, the last named first; then those of earlier visits. */
  #contacts: PeerId[] = []
  /** Named while we have company, which is asked for all the same. */
  readonly #queue = new Set<PeerId>()
  /** Whose answer may still come, with the number of its INIT. */
  readonly #open = new Map<PeerId, number>()
  #asked: { peer: PeerId; since: Millis; until: Millis } | undefined
  /** How often each was asked in this round. */
  readonly #tried = new Map<PeerId, number>()
  #wanted = false
  #isIn = false
  /** Those that we did without. */
  #unopened: PeerId[] = []
  #round = 0
  #restUntil: Millis | undefined
  #wakeAt: Millis | undefined

  constructor(config: FullMeshConfig, random: Random, pauses: Pauses) {
    this.#config = config
    this.#random = random
    this.#pauses = pauses
  }

  get contacts(): readonly PeerId[] {
    return this.#contacts
  }

  get asked(): { peer: PeerId; since: Millis } | undefined {
    return this.#asked
  }

  get wakeAt(): Millis | undefined {
    return this.#wakeAt
  }

  isAsked(peer: PeerId): boolean {
    return this.#asked?.peer === peer
  }

  add(peers: readonly PeerId[]): void {
    this.#wanted = true
    this.#contacts = [...new Set([...peers, ...this.#contacts])].slice(0, MOST_CONTACTS)
    for (const peer of peers) {
      if (this.#queue.size < MOST_CONTACTS) this.#queue.add(peer)
      this.#pauses.hasten(peer)
      this.#tried.delete(peer)
    }
  }

  remember(peers: readonly PeerId[]): void {
    this.#contacts = [...new Set([...this.#contacts, ...peers])].slice(0, MOST_CONTACTS)
  }

  isAwaiting(peer: PeerId, requestId: number): boolean {
    return this.#open.get(peer) === requestId
  }

  /** True where it answers an INIT of ours, also a late one. */
  answered(peer: PeerId, requestId: number): boolean {
    if (this.#open.get(peer) !== requestId) return false
    this.#open.delete(peer)
    if (this.isAsked(peer)) this.#asked = undefined
    return true
  }

  refused(peer: PeerId, requestId: number): boolean {
    return requestId !== 0 && this.answered(peer, requestId)
  }

  /** The door asked last did not open. */
  failed(peer: PeerId): void {
    if (this.isAsked(peer)) this.#asked = undefined
    this.#queue.delete(peer)
  }

  /** The door that has not answered in time, if there is one, and was asked for the last time. */
  late(now: Millis): PeerId | undefined {
    if (this.#asked === undefined || this.#asked.until > now) return undefined
    const { peer } = this.#asked
    this.failed(peer)
    if (this.#tries(peer) < MOST_TRIES) return undefined
    this.#pauses.delay(now, peer)
    return peer
  }

  forget(peer: PeerId): void {
    this.failed(peer)
    this.#open.delete(peer)
    this.#contacts = this.#contacts.filter(other => other !== peer)
  }

  clear(): void {
    this.#contacts = []
    this.#queue.clear()
    this.#asked = undefined
    this.#open.clear()
  }

  /** We are in: one of those we were to come in through is a member with us. */
  opened(peer: PeerId): void {
    if (this.#isIn || !this.#contacts.includes(peer)) return
    this.#in()
    this.#queue.clear()
  }

  /** Who is behind them may be an island by now, or we are: to be looked for again. */
  takeUnopened(): PeerId[] {
    const unopened = this.#unopened
    this.#unopened = []
    return unopened
  }

  /**
   * Whom to ask now. Who was only found by others goes on until a door opens, for the others may have found as
   * little as it has, and would be an island with it.
   */
  next(now: Millis, members: { has(peer: PeerId): boolean; readonly size: number }): DoorStep {
    this.#wakeAt = this.#asked?.until
    const isAlone = members.size === 0
    if (isAlone && this.#isIn) {
      this.#isIn = false
      this.#begin()
    }
    if (this.#asked !== undefined) return WAIT
    if (this.#isIn || !this.#wanted) return this.#askQueued(now, members)
    if (this.#restUntil !== undefined && this.#restUntil <= now) {
      this.#restUntil = undefined
      this.#tried.clear()
    }
    const contact = this.#leastTried(now, members)
    if (contact !== undefined) return this.#ask(now, contact)
    if (!isAlone && (this.#contacts.length === 0 || this.#round >= ROUNDS_IN_COMPANY)) {
      this.#in()
      return WAIT
    }
    if (this.#restUntil === undefined) return this.#rest(now, isAlone)
    this.#wakeAt = this.#restUntil
    return WAIT
  }

  /** Each door once, then the first again. */
  #leastTried(now: Millis, members: { has(peer: PeerId): boolean }): PeerId | undefined {
    let best: PeerId | undefined
    for (const peer of this.#contacts.slice(0, TRIED_PER_ROUND)) {
      if (members.has(peer) || this.#pauses.until(now, peer) !== undefined) continue
      if (this.#tries(peer) < (best === undefined ? MOST_TRIES : this.#tries(best))) best = peer
    }
    return best
  }

  #tries(peer: PeerId): number {
    return this.#tried.get(peer) ?? 0
  }

  #in(): void {
    this.#isIn = true
    this.#unopened = this.#contacts.slice(0, TRIED_PER_ROUND)
  }

  #begin(): void {
    this.#wanted = true
    this.#round = 0
    this.#restUntil = undefined
    this.#tried.clear()
  }

  #askQueued(now: Millis, members: { has(peer: PeerId): boolean }): DoorStep {
    for (const peer of this.#queue) {
      this.#queue.delete(peer)
      if (!members.has(peer)) return this.#ask(now, peer)
    }
    return WAIT
  }

  #ask(now: Millis, peer: PeerId): DoorStep {
    const requestId = this.#random.u32() || 1
    const tries = this.#tries(peer)
    this.#tried.delete(peer)
    this.#tried.set(peer, tries + 1)
    if (this.#tried.size > MOST_CONTACTS) this.#tried.delete(this.#tried.keys().next().value!)
    this.#queue.delete(peer)
    this.#open.delete(peer)
    if (this.#open.size >= MOST_OPEN) this.#open.delete(this.#open.keys().next().value!)
    this.#open.set(peer, requestId)
    const until = now + this.#config.answerTimeoutMs * 2 ** Math.min(tries, MOST_TRIES)
    this.#asked = { peer, since: now, until }
    this.#wakeAt = until
    return { type: 'ask', peer, requestId }
  }

  /** After a round: says so where nobody is there, and tries again after a pause that doubles. */
  #rest(now: Millis, isAlone: boolean): DoorStep {
    const { answerTimeoutMs, largestBackoffMs } = this.#config
    const ms = Math.min(largestBackoffMs, answerTimeoutMs * 2 ** this.#round)
    if (ms < largestBackoffMs) this.#round++
    // Not less than the pauses of those asked before (pauses.ts), so that they are free by then.
    this.#restUntil = now + Math.round(this.#random.between(1, 1.25) * ms)
    this.#wakeAt = this.#restUntil
    return isAlone ? { type: 'isolated' } : WAIT
  }
}

const WAIT: DoorStep = { type: 'wait' }
/** Bootstrap peers, introductions and peers of earlier visits. Guess. */
const MOST_CONTACTS = 64
/** So that a room full of the dead is not knocked at all at once. Guess. */
const TRIED_PER_ROUND = 8
/** Of doors that nobody opens. Guess. */
const ROUNDS_IN_COMPANY = 4
/** INITs whose late answer counts. Guess. */
const MOST_OPEN = 16
/** Of one door in a round, with 1, 2 and 4 s for the answer (reference §2.2). */
const MOST_TRIES = 3
