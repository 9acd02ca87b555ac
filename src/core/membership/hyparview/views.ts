import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'

// The three sets of peers HyParView keeps. A peer is in at most one of them.

/** The neighbors, in the order in which they were admitted. */
export class ActiveView {
  readonly #admitted = new Map<PeerId, Millis>()
  readonly #rttMs = new Map<PeerId, number>()
  #listed: readonly PeerId[] | undefined

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#admitted.size
  }

  get full(): boolean {
    return this.#admitted.size >= this.capacity
  }

  /** The same array for as long as nobody comes or goes. */
  get peers(): readonly PeerId[] {
    this.#listed ??= [...this.#admitted.keys()]
    return this.#listed
  }

  get entries(): { peer: PeerId; since: Millis }[] {
    return [...this.#admitted].map(([peer, since]) => ({ peer, since }))
  }

  has(peer: PeerId): boolean {
    return this.#admitted.has(peer)
  }

  add(now: Millis, peer: PeerId): void {
    this.#admitted.set(peer, now)
    this.#listed = undefined
  }

  delete(peer: PeerId): boolean {
    this.#listed = undefined
    this.#rttMs.delete(peer)
    return this.#admitted.delete(peer)
  }

  noteRtt(peer: PeerId, rttMs: number): void {
    if (this.has(peer)) this.#rttMs.set(peer, rttMs)
  }

  others(...peers: PeerId[]): PeerId[] {
    return this.peers.filter(peer => !peers.includes(peer))
  }

  /** Neighbors that had their time: they may be evicted for another. */
  settled(now: Millis): PeerId[] {
    return this.entries.filter(({ since }) => now - since >= MIN_STAY_MS).map(({ peer }) => peer)
  }

  /** Of those that had their time the farthest; any, where none had or none is far. */
  evictable(now: Millis, random: Random): PeerId | undefined {
    const settled = this.settled(now)
    const rttOf = (peer: PeerId) => Math.max(NEAR_MS, this.#rttMs.get(peer) ?? 0)
    const longestMs = Math.max(...settled.map(rttOf))
    return random.pick(settled.filter(peer => rttOf(peer) === longestMs)) ?? random.pick(this.peers)
  }
}

/** Peers to replace a lost neighbor with; what shuffles exchange. */
export class PassiveView {
  readonly #members = new Set<PeerId>()

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#members.size
  }

  get full(): boolean {
    return this.#members.size >= this.capacity
  }

  get peers(): PeerId[] {
    return [...this.#members]
  }

  has(peer: PeerId): boolean {
    return this.#members.has(peer)
  }

  /**
   * Returns the peer that had to make room, if one had to: first one of `spare`, else a random one.
   * `spare` is what the other side of a shuffle was just given (HyParView paper).
   */
  add(peer: PeerId, random: Random, spare: PeerId[] = []): PeerId | undefined {
    if (this.#members.has(peer) || this.capacity === 0) return undefined
    const evicted = this.full ? (this.#takeSpare(spare) ?? random.pick(this.peers)) : undefined
    if (evicted !== undefined) this.#members.delete(evicted)
    this.#members.add(peer)
    return evicted
  }

  delete(peer: PeerId): boolean {
    return this.#members.delete(peer)
  }

  #takeSpare(spare: PeerId[]): PeerId | undefined {
    while (spare.length > 0) {
      const peer = spare.shift()!
      if (this.#members.has(peer)) return peer
    }
    return undefined
  }
}

/**
 * Remembered peers beside the passive view: contacts not yet asked, former neighbors, peers crowded out of
 * the passive view. They are never told to others, since nobody vouches for them; they are what is left
 * to ask when the passive view has no answer.
 */
export class Reserve {
  readonly #members = new Map<PeerId, { visits: number; visitAt: Millis } | undefined>()

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#members.size
  }

  /** The last remembered first. */
  get peers(): PeerId[] {
    return [...this.#members.keys()].reverse()
  }

  has(peer: PeerId): boolean {
    return this.#members.has(peer)
  }

  /** Remembers a peer; the one remembered longest ago is forgotten where there is no room. */
  add(peer: PeerId): void {
    if (this.capacity === 0) return
    const visit = this.#members.get(peer)
    this.#members.delete(peer)
    if (this.#members.size >= this.capacity) this.delete(this.#members.keys().next().value!)
    this.#members.set(peer, visit)
  }

  /** A neighbor whose link broke: perhaps a reload, perhaps a partition. Worth visiting again later. */
  addLost(peer: PeerId, visitAt: Millis): void {
    this.add(peer)
    if (this.#members.has(peer)) this.#members.set(peer, { visits: 0, visitAt })
  }

  delete(peer: PeerId): boolean {
    return this.#members.delete(peer)
  }

  /** The lost neighbor that waited longest for a visit now due. */
  dueVisit(now: Millis): PeerId | undefined {
    let due: PeerId | undefined
    let dueAt = now
    for (const [peer, visit] of this.#members) {
      if (
        visit !== undefined &&
        (visit.visitAt < dueAt || (due === undefined && visit.visitAt === now))
      ) {
        due = peer
        dueAt = visit.visitAt
      }
    }
    return due
  }

  /** Notes a visit: the next comes after twice the time, and the peer is an ordinary one after the last. */
  visited(now: Millis, peer: PeerId, gapMs: number): void {
    const visit = this.#members.get(peer)
    if (visit === undefined) return
    const visits = visit.visits + 1
    const next = visits < LOST_VISITS ? { visits, visitAt: now + gapMs * 2 ** visits } : undefined
    this.#members.set(peer, next)
  }
}

/**
 * A neighbor younger than this is evicted only where no older one is left, and a contact whose neighbors
 * are all younger is busy: a newcomer must have time to find others (reference §7.3 p, papers §3.1). Guess.
 */
const MIN_STAY_MS = 1_000

/** After 1, 2, 4, 8 and 16 shuffle intervals: a partition of half an hour still heals. Guess. */
const LOST_VISITS = 5

/**
 * There and back, and none of these is nearer than the others. Who keeps the nearer of near ones wins a little time and
 * loses some chance: of 1,000 peers within 100 ms of each other 0.6 % are short of neighbors instead of 0.4 %.
 */
const NEAR_MS = 100
