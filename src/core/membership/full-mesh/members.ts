import type { Millis, PeerId } from '../../ids.js'

export interface Member {
  /** CONN said and none heard; agreed and not linked; a neighbor; linked and not heard for long. */
  stage: 'asking' | 'linking' | 'up' | 'silent'
  since: Millis
  /** How often its CONN was said again. */
  tries: number
  /** Whom it heard of from us while its link is being made. */
  readonly told: Set<PeerId>
}

/** A set, keyed by peer; ourselves never in it. */
export class Members {
  readonly #capacity: number
  readonly #byPeer = new Map<PeerId, Member>()
  #neighbors: readonly PeerId[] | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** The same array while it is the same peers. */
  get neighbors(): readonly PeerId[] {
    this.#neighbors ??= this.#in('up')
    return this.#neighbors
  }

  /** Those with whom a link is being made. */
  get linking(): PeerId[] {
    return this.#in('linking')
  }

  get isFull(): boolean {
    return this.#byPeer.size >= this.#capacity
  }

  /** Whom we only asked holds no place. */
  hasPlaceFor(peer: PeerId): boolean {
    const stage = this.stage(peer)
    if (stage !== undefined && stage !== 'asking') return true
    return this.#byPeer.size - this.#in('asking').length < this.#capacity
  }

  has(peer: PeerId): boolean {
    return this.#byPeer.has(peer)
  }

  get(peer: PeerId): Member | undefined {
    return this.#byPeer.get(peer)
  }

  stage(peer: PeerId): Member['stage'] | undefined {
    return this.#byPeer.get(peer)?.stage
  }

  set(peer: PeerId, stage: Member['stage'], since: Millis): void {
    this.#byPeer.set(peer, { stage, since, tries: 0, told: new Set() })
    this.#neighbors = undefined
  }

  delete(peer: PeerId): void {
    this.#byPeer.delete(peer)
    this.#neighbors = undefined
  }

  [Symbol.iterator](): IterableIterator<[PeerId, Member]> {
    return this.#byPeer[Symbol.iterator]()
  }

  /** Who has no link to us yet, and which others of that kind it has not heard of from us. */
  get introductions(): { peer: PeerId; members: PeerId[] }[] {
    const newcomers = this.linking
    return newcomers
      .map(peer => {
        const { told } = this.#byPeer.get(peer)!
        return { peer, members: newcomers.filter(other => other !== peer && !told.has(other)) }
      })
      .filter(({ members }) => members.length > 0)
  }

  #in(wanted: Member['stage']): PeerId[] {
    const peers: PeerId[] = []
    for (const [peer, { stage }] of this.#byPeer) if (stage === wanted) peers.push(peer)
    return peers
  }
}
