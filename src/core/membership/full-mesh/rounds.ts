import { concat, sameBytes } from '../../../codec/bytes.js'
import { sha256 } from '../../../codec/sha256.js'
import { idBytes, type Millis, type PeerId } from '../../ids.js'
import { type FullMeshMessage, LARGEST_MEMBER_LIST } from './messages.js'

export type Gosp = Extract<FullMeshMessage, { type: 'gosp' }>
export type View = NonNullable<Gosp['view']>

/**
 * GOSP: every period each peer tells every neighbor which members it knows, as a digest, and the list itself to
 * those whose last digest was another. Here is kept what the neighbors said, and when.
 */
export class Rounds {
  readonly #self: PeerId
  readonly #periodMs: number
  readonly #neighbors = new Map<PeerId, Heard>()
  #members: readonly PeerId[] = []
  #linking: readonly PeerId[] = []
  #digest = digestOf([])
  #lastAt: Millis = Number.NEGATIVE_INFINITY
  #nextAt: Millis | undefined

  constructor(self: PeerId, periodMs: number) {
    this.#self = self
    this.#periodMs = periodMs
  }

  /** When the next round is due; undefined where there is nobody to tell. */
  get nextAt(): Millis | undefined {
    return this.#nextAt
  }

  /** One that is a neighbor already may have a new link: it is told again, and what it said is not forgotten. */
  up(now: Millis, peer: PeerId): void {
    const before = this.#neighbors.get(peer)
    if (before !== undefined) {
      before.at = now
      before.digest = before.told = undefined
    } else {
      const said = { digest: undefined, listed: undefined, members: [], others: [] }
      this.#neighbors.set(peer, { at: now, membersAt: now, told: undefined, ...said })
    }
    this.#nextAt ??= now + this.#periodMs
  }

  down(peer: PeerId): void {
    this.#neighbors.delete(peer)
    if (this.#neighbors.size === 0) this.#nextAt = undefined
  }

  /**
   * Our neighbors, and those with whom a link is being made. News does not wait for the next round. The digest is of
   * links that stand: by it all know whether everybody is told by everybody.
   */
  know(now: Millis, neighbors: readonly PeerId[], linking: readonly PeerId[] = []): void {
    const members = [this.#self, ...neighbors].sort()
    if (areSame(members, this.#members) && areSame(linking, this.#linking)) return
    this.#members = members
    this.#linking = linking
    this.#digest = digestOf(members)
    if (this.#nextAt !== undefined) {
      const soon = Math.max(now, this.#lastAt + this.#periodMs / EARLY_PARTS)
      this.#nextAt = Math.min(this.#nextAt, soon)
    }
  }

  hear(now: Millis, from: PeerId, view: View | undefined): void {
    const heard = this.#neighbors.get(from)
    if (heard === undefined) return
    heard.at = now
    if (view === undefined) return
    const isSame = heard.listed !== undefined && sameBytes(view.digest, heard.listed)
    heard.digest = view.digest.slice()
    if (view.members !== undefined) {
      // Up to itself those it has a link with, then those it makes one with, or heard of.
      const end = view.members.indexOf(from) + 1 || view.members.length
      heard.members = view.members.slice(0, end)
      heard.others = view.members.slice(end)
    } else if (sameBytes(view.digest, this.#digest)) {
      heard.members = this.#members
      heard.others = []
    } else if (!isSame) return
    heard.listed = heard.digest
    heard.membersAt = now
  }

  viewFor(peer: PeerId, others = this.#linking): View {
    const theirs = this.#neighbors.get(peer)?.digest
    const digest = this.#digest
    const agrees = theirs !== undefined && sameBytes(theirs, digest)
    const isNews = !agrees || others.length > 0
    return { digest, members: isNews ? this.#listed(others) : undefined }
  }

  /**
   * Where no two neighbors have the same neighbors: the list once, and again when it is another. `others`: whom we
   * heard of, and have no link with.
   */
  partialViewFor(peer: PeerId, others: readonly PeerId[]): View {
    const view = this.viewFor(peer, others)
    const heard = this.#neighbors.get(peer)
    if (heard === undefined) return view
    const told = view.members?.join()
    if (told === heard.told) return { ...view, members: undefined }
    heard.told = told
    return view
  }

  #listed(others: readonly PeerId[]): PeerId[] {
    const neighbors = this.#members.filter(member => member !== this.#self)
    return [...neighbors, this.#self, ...others].slice(0, LARGEST_MEMBER_LIST)
  }

  /** Whom neighbors have links with and we have not, by what they said within three periods. */
  beyond(now: Millis): PeerId[] {
    const since = now - HEARD_PERIODS * this.#periodMs
    const peers = new Set<PeerId>()
    for (const { members, membersAt } of this.#neighbors.values()) {
      if (membersAt >= since) for (const member of members) peers.add(member)
    }
    for (const member of this.#members) peers.delete(member)
    return [...peers]
  }

  /** True where a round is due; the next comes a period later. */
  take(now: Millis): boolean {
    if (this.#nextAt === undefined || this.#nextAt > now) return false
    // Who slept heard nobody, which says nothing about them.
    if (now - this.#nextAt > this.#periodMs)
      for (const heard of this.#neighbors.values()) heard.at = now
    this.#lastAt = now
    this.#nextAt = now + this.#periodMs
    return true
  }

  /** Whether all neighbors know the members that we know. */
  get agreed(): boolean {
    for (const { digest } of this.#neighbors.values()) {
      if (digest === undefined || !sameBytes(digest, this.#digest)) return false
    }
    return true
  }

  /** By that neighbor's word; true before its first, which is on its way. */
  hasLink(neighbor: PeerId, peer: PeerId): boolean {
    const { members = [] } = this.#neighbors.get(neighbor) ?? {}
    return members.length === 0 || members.includes(peer)
  }

  heardAt(peer: PeerId): Millis | undefined {
    return this.#neighbors.get(peer)?.at
  }

  /** Everyone whom neighbors named within three periods, and they themselves. */
  heardLately(now: Millis): Set<PeerId> {
    const since = now - HEARD_PERIODS * this.#periodMs
    const peers = new Set<PeerId>()
    for (const [peer, { at, members, others, membersAt }] of this.#neighbors) {
      if (at >= since) peers.add(peer)
      if (membersAt < since) continue
      for (const member of members) peers.add(member)
      for (const other of others) peers.add(other)
    }
    return peers
  }

  /** How many neighbors that neighbor said within three periods that it has; undefined where it did not say. */
  neighborsOf(now: Millis, peer: PeerId): number | undefined {
    const heard = this.#neighbors.get(peer)
    if (heard === undefined || heard.membersAt < now - HEARD_PERIODS * this.#periodMs)
      return undefined
    const count = heard.members.length
    return count === 0 ? undefined : count - 1
  }
}

interface Heard {
  /** When it last said anything in a round. */
  at: Millis
  digest: Uint8Array | undefined
  /** The digest of the list that it said last. */
  listed: Uint8Array | undefined
  /** Those it has a link with, and itself. */
  members: readonly PeerId[]
  others: readonly PeerId[]
  membersAt: Millis
  /** The list it was told last, in a partial view. */
  told: string | undefined
}

function areSame(one: readonly PeerId[], other: readonly PeerId[]): boolean {
  return one.length === other.length && one.every((peer, i) => peer === other[i])
}

function digestOf(sorted: readonly PeerId[]): Uint8Array {
  return sha256(concat(...sorted.map(idBytes))).subarray(0, 8)
}

/** Issue: "heard within three periods". */
const HEARD_PERIODS = 3
/** A change waits a quarter of a period for others at most. Guess. */
const EARLY_PARTS = 4
