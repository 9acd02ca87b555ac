import type { Millis, PeerId } from '../../ids.js'

/**
 * One spanning tree as one peer sees it: which neighbors are pushed to (eager) and which are only told
 * (lazy). A class of its own, since a tree per active source can stand beside the shared one.
 */
export class Tree {
  /** Replaced, never changed, so that who holds one keeps the state of that moment. */
  eager: readonly PeerId[] = []
  lazy: readonly PeerId[] = []
  readonly #branches = new Map<PeerId, Branch>()

  /** A new neighbor is eager: the tree grows from a flood. */
  add(peer: PeerId): void {
    this.#branches.set(peer, { eager: true, graftedAt: undefined, prunedAt: undefined })
    this.#list()
  }

  remove(peer: PeerId): void {
    if (this.#branches.delete(peer)) this.#list()
  }

  isEager(peer: PeerId): boolean {
    return this.#branches.get(peer)?.eager === true
  }

  /** What the peer wants: a graft of theirs makes it eager, a prune lazy. */
  set(peer: PeerId, eager: boolean): void {
    const branch = this.#branches.get(peer)
    if (branch === undefined || branch.eager === eager) return
    branch.eager = eager
    this.#list()
  }

  /** We asked the peer to push to us. */
  graft(now: Millis, peer: PeerId): void {
    const branch = this.#branches.get(peer)
    if (branch === undefined) return
    branch.graftedAt = now
    branch.prunedAt = undefined
    this.set(peer, true)
  }

  /** We ask the peer not to push to us. */
  prune(now: Millis, peer: PeerId): void {
    const branch = this.#branches.get(peer)
    if (branch === undefined) return
    branch.prunedAt = now
    branch.graftedAt = undefined
    this.set(peer, false)
  }

  graftedSince(peer: PeerId, since: Millis): boolean {
    const at = this.#branches.get(peer)?.graftedAt
    return at !== undefined && at > since
  }

  prunedSince(peer: PeerId, since: Millis): boolean {
    const at = this.#branches.get(peer)?.prunedAt
    return at !== undefined && at > since
  }

  #list(): void {
    const eager: PeerId[] = []
    const lazy: PeerId[] = []
    for (const [peer, branch] of this.#branches) (branch.eager ? eager : lazy).push(peer)
    this.eager = eager
    this.lazy = lazy
  }
}

interface Branch {
  eager: boolean
  /** When we last asked for pushes, or that there be none; the later one holds. */
  graftedAt: Millis | undefined
  prunedAt: Millis | undefined
}
