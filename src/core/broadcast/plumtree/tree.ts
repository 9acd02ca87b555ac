import type { Millis, PeerId } from '../../ids.js'
import { Lag } from './lag.js'

/**
 * One spanning tree as one peer sees it: which neighbors are pushed to (eager) and which are only told
 * (lazy). There is one that all sources share, and one for each active source (`Trees`).
 */
export class Tree {
  /** Replaced, never changed, so that who holds one keeps the state of that moment. */
  eager: readonly PeerId[] = []
  lazy: readonly PeerId[] = []
  /** Whose tree it is; undefined for the shared one. */
  readonly source: PeerId | undefined
  readonly lag: Lag
  /** Before this an eager link was lost or another way taken, and maybe what was on its way. */
  brokenUntil: Millis = Number.NEGATIVE_INFINITY
  /** The eager neighbor that gave the last new message, or was asked since to give all; null where it is lost. */
  giver: PeerId | null | undefined
  /** Where the shared tree leads to its root: the way there and back. */
  detourMs: number | undefined
  /** Few: looking along a row is as fast as a map, and a fifth of its size. Ten thousand peers have half a million. */
  #branches: readonly Branch[] = []

  /** A source's own begins as a copy of the shared one. */
  constructor(source?: PeerId, model?: Tree) {
    this.source = source
    this.lag = new Lag(model?.lag)
    if (model === undefined) return
    this.brokenUntil = model.brokenUntil
    this.giver = model.giver
    this.#list(
      model.#branches.map(({ peer, eager, isMend, graftedAt, prunedAt }) =>
        // Not spread: copies so made are of another kind to the engine, and each look at one slower.
        ({ peer, eager, isMend, graftedAt, prunedAt }),
      ),
    )
  }

  /**
   * A new neighbor is lazy. Departs from the paper and the seed, where it is eager and a room's first message a
   * flood: who has no eager neighbor asks for the first it is told of, and the tree grows without a copy too many.
   */
  add(peer: PeerId): void {
    const branch = { peer, eager: false, isMend: false, graftedAt: undefined, prunedAt: undefined }
    this.#list(this.#branches.concat(branch))
  }

  remove(peer: PeerId): void {
    if (this.#find(peer) !== undefined) this.#list(this.#branches.filter(one => one.peer !== peer))
  }

  isEager(peer: PeerId): boolean {
    return this.#find(peer)?.eager === true
  }

  /** Whether the link is eager only because one end missed a message. */
  isMend(peer: PeerId): boolean {
    return this.#find(peer)?.isMend === true
  }

  /** They asked us to push to them; a mend, if only for what they missed. */
  graftedBy(peer: PeerId, isMend: boolean): void {
    const branch = this.#find(peer)
    if (branch === undefined) return
    branch.isMend = isMend && (branch.isMend || !branch.eager)
    this.set(peer, true)
  }

  /** What the peer wants: a push of theirs makes it eager, a prune lazy. */
  set(peer: PeerId, eager: boolean): void {
    const branch = this.#find(peer)
    if (branch === undefined || branch.eager === eager) return
    branch.eager = eager
    if (!eager) branch.isMend = false
    this.#list()
  }

  /** We asked the peer to push to us; a mend, if only for what we missed. */
  graft(now: Millis, peer: PeerId, isMend: boolean): void {
    const branch = this.#find(peer)
    if (branch === undefined) return
    branch.isMend = isMend && (branch.isMend || !branch.eager)
    branch.graftedAt = now
    branch.prunedAt = undefined
    this.set(peer, true)
  }

  /** We ask the peer not to push to us. */
  prune(now: Millis, peer: PeerId): void {
    const branch = this.#find(peer)
    if (branch === undefined) return
    branch.prunedAt = now
    branch.graftedAt = undefined
    this.set(peer, false)
  }

  graftedSince(peer: PeerId, since: Millis): boolean {
    const at = this.#find(peer)?.graftedAt
    return at !== undefined && at > since
  }

  prunedSince(peer: PeerId, since: Millis): boolean {
    const at = this.#find(peer)?.prunedAt
    return at !== undefined && at > since
  }

  #find(peer: PeerId): Branch | undefined {
    for (const branch of this.#branches) if (branch.peer === peer) return branch
    return undefined
  }

  /** Rows that `map` makes have no room to spare. */
  #list(branches = this.#branches): void {
    const named = (eager: boolean) =>
      branches.filter(one => one.eager === eager).map(({ peer }) => peer)
    this.#branches = branches
    this.eager = named(true)
    this.lazy = named(false)
  }
}

interface Branch {
  readonly peer: PeerId
  eager: boolean
  isMend: boolean
  /** When we last asked for pushes, or that there be none; the later one holds. */
  graftedAt: Millis | undefined
  prunedAt: Millis | undefined
}
