import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import type { PlumtreeConfig } from './config.js'
import { LARGEST_COST_MS, LARGEST_TERM, type PlumtreeMessage } from './messages.js'
import type { Neighbors } from './neighbors.js'
import type { Outbox } from './outbox.js'
import type { Repair } from './repair.js'
import type { Tree } from './tree.js'

/** Which root is meant, and what it costs to get there: the later term, then the lower rank, then the cost. Never changed. */
export type Path = Extract<PlumtreeMessage, { type: 'root-path' }>

export interface RootPathParts {
  config: PlumtreeConfig
  random: Random
  neighbors: Neighbors
  tree: Tree
  repair: Repair
  outbox: Outbox
}

/**
 * Roots the shared tree: each peer's parent is the neighbor by which the root is nearest, as in distance-vector
 * routing, so the tree is as flat as the overlay lets it be whoever speaks first or most. Departs from the paper,
 * whose tree is what the first messages left behind.
 *
 * A peer's path only ever gets better: a later term, a lower rank, a lower cost. And a parent's is always better than
 * its child's. So there are no circles, not for a moment, and nobody counts to infinity: who loses its parent and has
 * no neighbor nearer to the root than itself waits for one, and then becomes the root of the next term.
 */
export class RootPath {
  readonly #config: PlumtreeConfig
  readonly #random: Random
  readonly #neighbors: Neighbors
  readonly #tree: Tree
  readonly #repair: Repair
  readonly #outbox: Outbox
  /** Few: looking along a row is as fast as a map, and smaller. */
  #heard: Heard[] = []
  #own: Path | undefined
  #isRoot = false
  #parent: PeerId | undefined
  #rootAt: Millis | undefined
  #tellAt: Millis | undefined
  #tokens = TELL_BURST
  #tokensAt: Millis = Number.NEGATIVE_INFINITY

  constructor({ config, random, neighbors, tree, repair, outbox }: RootPathParts) {
    this.#config = config
    this.#random = random
    this.#neighbors = neighbors
    this.#tree = tree
    this.#repair = repair
    this.#outbox = outbox
  }

  get nextDeadline(): Millis | undefined {
    const [tellAt, rootAt] = [this.#tellAt, this.#rootAt]
    return tellAt === undefined || (rootAt !== undefined && rootAt < tellAt) ? rootAt : tellAt
  }

  /** Whether the tree may lead to this neighbor: then its pushes are never redundant. */
  mayLeadTo(peer: PeerId): boolean {
    const own = this.#own
    if (own === undefined) return false
    if (peer === this.#parent) return true
    if (this.#tree.isMend(peer)) return false
    const heard = this.#pathOf(peer)
    return heard === undefined || !isSameRoot(heard, own) || heard.costMs > own.costMs
  }

  add(now: Millis, peer: PeerId): void {
    if (this.#own !== undefined) this.#outbox.send(peer, this.#own)
    this.#settle(now)
  }

  remove(now: Millis, peer: PeerId): void {
    this.#heard = this.#heard.filter(heard => heard.peer !== peer)
    this.#leave(now, peer)
  }

  hear(now: Millis, from: PeerId, path: Path): void {
    const heard = this.#heardOf(from)
    if (heard === undefined)
      this.#heard = this.#heard.concat({ peer: from, path, isUnwilling: false })
    else {
      heard.path = path
      heard.isUnwilling = false
    }
    this.#choose(now)
    this.#prune(now)
  }

  noteRtt(now: Millis, peer: PeerId): void {
    if (this.#heardOf(peer) !== undefined) this.#choose(now)
  }

  /** Our parent will not have us. */
  refused(now: Millis, peer: PeerId): void {
    if (this.#parent !== peer) return
    this.#heardOf(peer)!.isUnwilling = true
    this.#leave(now, peer)
  }

  wake(now: Millis): void {
    if (this.#rootAt !== undefined && this.#rootAt <= now) {
      this.#rootAt = undefined
      const term = (this.#own?.term ?? 0) + 1
      if (term <= LARGEST_TERM) {
        this.#outbox.count('roots')
        this.#isRoot = true
        this.#improve(now, pathOf(term, this.#random.u32(), 0))
      }
      this.#settle(now)
    }
    if (this.#tellAt === undefined || this.#tellAt > now) return
    this.#tellAt = undefined
    this.#tokens--
    for (const peer of this.#neighbors.peers) this.#outbox.send(peer, this.#own!)
  }

  #leave(now: Millis, peer: PeerId): void {
    if (this.#parent === peer) this.#parent = undefined
    this.#choose(now)
  }

  #choose(now: Millis): void {
    const before = this.#parent
    for (const { path } of this.#heard) {
      if (this.#own !== undefined && !isLater(path, this.#own)) continue
      // Its cost follows.
      this.#own = pathOf(path.term, path.rank, LARGEST_COST_MS)
      this.#isRoot = false
      this.#parent = undefined
    }
    const own = this.#own
    if (own === undefined) return
    const current = this.#parent === undefined ? undefined : this.#pathOf(this.#parent)
    let best = current === undefined ? undefined : this.#parent
    let least = current === undefined ? Infinity : current.costMs + this.#costOf(this.#parent!)
    for (const { peer, path, isUnwilling } of this.#heard) {
      if (!isSameRoot(path, own) || path.costMs >= own.costMs || isUnwilling) continue
      const cost = path.costMs + this.#costOf(peer)
      if (cost >= least - (current !== undefined && best === before ? LEAST_GAIN_MS : 0)) continue
      best = peer
      least = cost
    }
    this.#parent = best
    if (best !== undefined && best !== before) this.#repair.graft(now, this.#tree, best, undefined)
    if (least < own.costMs) this.#improve(now, pathOf(own.term, own.rank, least))
    if (best !== before) this.#prune(now)
    this.#settle(now)
  }

  /** Of two ends of a link the one that is farther from the root knows whether it is a branch. */
  #prune(now: Millis): void {
    const own = this.#own
    if (own === undefined || this.#parent === undefined) return
    for (const peer of this.#tree.eager) {
      const heard = this.#pathOf(peer)
      if (peer === this.#parent || heard === undefined || !isSameRoot(heard, own)) continue
      if (heard.costMs <= own.costMs) this.#repair.prune(now, this.#tree, peer)
    }
  }

  #improve(now: Millis, path: Path): void {
    this.#own = path
    if (this.#tellAt !== undefined) return
    this.#tokens = Math.min(TELL_BURST, this.#tokens + (now - this.#tokensAt) / TELL_EVERY_MS)
    this.#tokensAt = now
    const shortMs = (1 - this.#tokens) * TELL_EVERY_MS
    this.#tellAt = now + Math.max(this.#config.dispatchTimeoutMs, shortMs)
  }

  /** Who has a parent waits for nothing; who has none becomes the root after a while. */
  #settle(now: Millis): void {
    const isRooted = this.#isRoot || this.#parent !== undefined
    this.#tree.detourMs = isRooted ? 2 * this.#own!.costMs : undefined
    if (isRooted || this.#neighbors.size === 0) {
      this.#rootAt = undefined
    } else if (this.#rootAt === undefined && this.#config.rootAfterMs < Infinity) {
      const waitMs = this.#config.rootAfterMs / (this.#own === undefined ? FIRST_DIVISOR : 1)
      this.#rootAt = now + waitMs + this.#random.between(0, waitMs)
    }
  }

  #heardOf(peer: PeerId): Heard | undefined {
    for (const heard of this.#heard) if (heard.peer === peer) return heard
    return undefined
  }

  #pathOf(peer: PeerId): Path | undefined {
    return this.#heardOf(peer)?.path
  }

  #costOf(peer: PeerId): number {
    const rttMs = this.#neighbors.get(peer)?.rttMs
    return (
      HOP_MS +
      (rttMs === undefined ? UNMEASURED_MS : Math.ceil(Math.min(rttMs, LONGEST_RTT_MS) / 2))
    )
  }
}

interface Heard {
  readonly peer: PeerId
  path: Path
  /** It would not be our parent; until it tells another path. */
  isUnwilling: boolean
}

function pathOf(term: number, rank: number, costMs: number): Path {
  return { type: 'root-path', term, rank, costMs }
}

function isSameRoot(a: Path, b: Path): boolean {
  return a.term === b.term && a.rank === b.rank
}

function isLater(a: Path, b: Path): boolean {
  return a.term > b.term || (a.term === b.term && a.rank < b.rank)
}

/**
 * What a hop costs besides its time. In graphs of a hundred and a thousand peers 30 ms make trees that are nearly as flat as
 * those of fewest hops (10.7 hops instead of 10.1, 13.1 at none) and nearly as quick as those of least time (328 ms
 * instead of 300, 362 by hops alone).
 */
const HOP_MS = 30

/** One way, until a round trip is known. Guess. */
const UNMEASURED_MS = 100

/** A peer that answers pings late must not look farther than the farthest. Guess. */
const LONGEST_RTT_MS = 3_000

/** A change of parents costs two frames: not for less. Guess. */
const LEAST_GAIN_MS = 5

/** How often a path is told: so many times at once, then so often. Guess. */
const TELL_BURST = 8
const TELL_EVERY_MS = 1_000

/** Who never had a root has nothing to lose by a new one. */
const FIRST_DIVISOR = 4
