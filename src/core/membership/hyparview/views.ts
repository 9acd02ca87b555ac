import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'

// The three sets of peers HyParView keeps. A peer is in at most one of them.

/** The neighbors, in the order in which they were admitted. */
export class ActiveView {
  /** Few: looking along a row is as fast as a map, and smaller. */
  #row: Neighbor[] = []
  #listed: readonly PeerId[] | undefined

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#row.length
  }

  get full(): boolean {
    return this.size >= this.capacity
  }

  /** The same array for as long as nobody comes or goes. */
  get peers(): readonly PeerId[] {
    this.#listed ??= this.#row.map(({ peer }) => peer)
    return this.#listed
  }

  get entries(): { peer: PeerId; since: Millis }[] {
    return this.#row.map(({ peer, since }) => ({ peer, since }))
  }

  has(peer: PeerId): boolean {
    return this.peers.includes(peer)
  }

  add(now: Millis, peer: PeerId): void {
    this.delete(peer)
    this.#row = this.#row.concat({ peer, since: now, rttMs: 0 })
  }

  delete(peer: PeerId): void {
    this.#row = this.#row.filter(neighbor => neighbor.peer !== peer)
    this.#listed = undefined
  }

  noteRtt(peer: PeerId, rttMs: number): void {
    for (const neighbor of this.#row) if (neighbor.peer === peer) neighbor.rttMs = rttMs
  }

  others(...peers: PeerId[]): PeerId[] {
    return this.peers.filter(peer => !peers.includes(peer))
  }

  /** Neighbors that had their time: they may be evicted for another. */
  settled(now: Millis): PeerId[] {
    return this.#settled(now).map(({ peer }) => peer)
  }

  /** Of those that had their time the farthest; any, where none had or none is far. */
  evictable(now: Millis, random: Random): PeerId | undefined {
    const settled = this.#settled(now)
    const rttOf = ({ rttMs }: Neighbor) => Math.max(NEAR_MS, rttMs)
    const longestMs = Math.max(...settled.map(rttOf))
    const farthest = settled.filter(neighbor => rttOf(neighbor) === longestMs)
    return (random.pick(farthest) ?? random.pick(this.#row))?.peer
  }

  #settled(now: Millis): Neighbor[] {
    return this.#row.filter(({ since }) => now - since >= MIN_STAY_MS)
  }
}

interface Neighbor {
  readonly peer: PeerId
  readonly since: Millis
  rttMs: number
}

/** Peers to replace a lost neighbor with; what shuffles exchange. */
export class PassiveView {
  /** Replaced, never changed. A set is five times as large: of those that come and go it keeps room for twice as many. */
  #members: readonly PeerId[] = []

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#members.length
  }

  get full(): boolean {
    return this.size >= this.capacity
  }

  get peers(): readonly PeerId[] {
    return this.#members
  }

  has(peer: PeerId): boolean {
    return this.#members.includes(peer)
  }

  /**
   * Returns the peer that had to make room, if one had to: first one of `spare`, else a random one.
   * `spare` is what the other side of a shuffle was just given (HyParView paper).
   */
  add(peer: PeerId, random: Random, spare: PeerId[] = []): PeerId | undefined {
    if (this.has(peer) || this.capacity === 0) return undefined
    const evicted = this.full ? (this.#takeSpare(spare) ?? random.pick(this.peers)) : undefined
    if (evicted !== undefined) this.delete(evicted)
    this.#members = this.#members.concat(peer)
    return evicted
  }

  delete(peer: PeerId): boolean {
    const had = this.has(peer)
    if (had) this.#members = this.#members.filter(member => member !== peer)
    return had
  }

  #takeSpare(spare: PeerId[]): PeerId | undefined {
    while (spare.length > 0) {
      const peer = spare.shift()!
      if (this.has(peer)) return peer
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
  /** The last remembered at the end. A map of a hundred that come and go has room for 256. */
  readonly #members: PeerId[] = []
  /** Of those of them whose link broke. */
  #visits: Map<PeerId, { visits: number; visitAt: Millis }> | undefined

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#members.length
  }

  /** The last remembered first. */
  get peers(): PeerId[] {
    return [...this.#members].reverse()
  }

  has(peer: PeerId): boolean {
    return this.#members.includes(peer)
  }

  /** Remembers a peer; the one remembered longest ago is forgotten where there is no room. */
  add(peer: PeerId): void {
    this.#remove(peer)
    // In place: of the time in which a hundred thousand join a seventh went into copies.
    if (this.#members.push(peer) > this.capacity) this.delete(this.#members[0]!)
  }

  /** A neighbor whose link broke: perhaps a reload, perhaps a partition. Worth visiting again later. */
  addLost(peer: PeerId, visitAt: Millis): void {
    this.add(peer)
    this.#visits ??= new Map()
    if (this.has(peer)) this.#visits.set(peer, { visits: 0, visitAt })
  }

  delete(peer: PeerId): void {
    this.#visits?.delete(peer)
    this.#remove(peer)
  }

  #remove(peer: PeerId): void {
    const at = this.#members.indexOf(peer)
    if (at >= 0) this.#members.splice(at, 1)
  }

  /** The lost neighbor that waited longest for a visit now due. */
  dueVisit(now: Millis): PeerId | undefined {
    let due: PeerId | undefined
    let dueAt = Number.POSITIVE_INFINITY
    for (const peer of this.#members) {
      const visitAt = this.#visits?.get(peer)?.visitAt ?? dueAt
      if (visitAt > now || visitAt >= dueAt) continue
      due = peer
      dueAt = visitAt
    }
    return due
  }

  /** Notes a visit: the next comes after twice the time, and the peer is an ordinary one after the last. */
  visited(now: Millis, peer: PeerId, gapMs: number): void {
    const visit = this.#visits?.get(peer)
    if (visit === undefined) return
    const visits = visit.visits + 1
    if (visits < LOST_VISITS)
      this.#visits!.set(peer, { visits, visitAt: now + gapMs * 2 ** visits })
    else this.#visits!.delete(peer)
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
