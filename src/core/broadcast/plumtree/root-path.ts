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
 * What a peer tells is what its way costs now, whether that fell or rose; who has no way tells the largest cost and
 * nobody leads on by it. A parent must cost less than its child told at any time within a while, by which those behind it
 * know: so there are hardly any circles, and none lasts longer than a word takes around it. Who has no way for longer
 * becomes the root of the next term.
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
  /** A parent costs less than this. It falls with our own cost at once, and rises a while after it. */
  #nearMs = LARGEST_COST_MS
  #riseAt = Infinity
  #isRoot = false
  #parent: PeerId | undefined
  #rootAt = Infinity
  #tellAt = Infinity
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

  /** Infinity: none. */
  get nextDeadline(): Millis {
    return Math.min(this.#tellAt, this.#rootAt, this.#riseAt)
  }

  /** Whether the tree may lead to this neighbor: then its pushes are never redundant. */
  mayLeadTo(peer: PeerId): boolean {
    const own = this.#own
    if (own === undefined) return false
    if (peer === this.#parent) return true
    if (this.#tree.isMend(peer)) return false
    const heard = this.#pathOf(peer)
    return heard === undefined || !isSameRoot(heard, own) || heard.costMs > this.#nearMs
  }

  add(now: Millis, peer: PeerId): void {
    if (this.#own !== undefined) this.#outbox.send(peer, this.#own)
    this.#settle(now)
  }

  remove(now: Millis, peer: PeerId): void {
    this.#heard = this.#heard.filter(heard => heard.peer !== peer)
    this.#choose(now)
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
    this.#choose(now)
  }

  wake(now: Millis): void {
    if (this.#riseAt <= now) {
      this.#riseAt = Infinity
      this.#nearMs = this.#own!.costMs
      this.#choose(now)
      this.#prune(now)
    }
    if (this.#rootAt <= now) {
      this.#rootAt = Infinity
      const term = (this.#own?.term ?? 0) + 1
      if (term <= LARGEST_TERM) {
        this.#outbox.count('roots')
        this.#isRoot = true
        this.#own = pathOf(term, this.#random.u32(), LARGEST_COST_MS)
        this.#cost(now, 0)
      }
      this.#settle(now)
    }
    if (this.#tellAt > now) return
    this.#tellAt = Infinity
    this.#tokens--
    // Those behind us know it by then.
    const { costMs } = this.#own!
    if (this.#nearMs < costMs) this.#riseAt = now + Math.max(LEAST_RISE_MS, 2 * this.#nearMs)
    for (const peer of this.#neighbors.peers) this.#outbox.send(peer, this.#own!)
  }

  #choose(now: Millis): void {
    for (const { path } of this.#heard) {
      if (path.costMs === LARGEST_COST_MS) continue
      if (this.#own !== undefined && !isLater(path, this.#own)) continue
      // Its cost follows.
      this.#own = pathOf(path.term, path.rank, LARGEST_COST_MS)
      this.#nearMs = LARGEST_COST_MS
      this.#isRoot = false
    }
    const own = this.#own
    if (own === undefined) return
    let best: PeerId | undefined
    let least = Infinity
    for (const { peer, path, isUnwilling } of this.#heard) {
      if (isUnwilling || !isSameRoot(path, own) || path.costMs >= this.#nearMs) continue
      const gainMs = peer === this.#parent ? 0 : LEAST_GAIN_MS
      const cost = path.costMs + this.#costOf(peer) + gainMs
      if (cost >= least) continue
      best = peer
      least = cost
    }
    const isOther = best !== this.#parent
    this.#parent = best
    if (isOther && best !== undefined) {
      least -= LEAST_GAIN_MS
      this.#repair.graft(now, this.#tree, best, undefined)
    }
    if (!this.#isRoot) this.#cost(now, Math.min(least, LARGEST_COST_MS))
    if (isOther) this.#prune(now)
    this.#settle(now)
  }

  /** Of two ends of a link the one that is farther from the root knows whether it is a branch. */
  #prune(now: Millis): void {
    if (this.#parent === undefined) return
    for (const peer of this.#tree.eager) {
      const heard = this.#pathOf(peer)
      if (peer === this.#parent || heard === undefined || !isSameRoot(heard, this.#own!)) continue
      if (heard.costMs <= this.#nearMs) this.#repair.prune(now, this.#tree, peer)
    }
  }

  /** Our way costs this now. What rises by little is not worth a word. */
  #cost(now: Millis, costMs: Millis): void {
    const { term, rank, costMs: before } = this.#own!
    const riseMs = costMs - before
    if (riseMs >= 0 && riseMs <= HOP_MS) return
    if (costMs === LARGEST_COST_MS) this.#outbox.count('retreats')
    this.#own = pathOf(term, rank, costMs)
    this.#nearMs = Math.min(this.#nearMs, costMs)
    this.#riseAt = Infinity
    if (this.#tellAt < Infinity) return
    this.#tokens = Math.min(TELL_BURST, this.#tokens + (now - this.#tokensAt) / TELL_EVERY_MS)
    this.#tokensAt = now
    const shortMs = (1 - this.#tokens) * TELL_EVERY_MS
    this.#tellAt = now + Math.max(this.#config.dispatchTimeoutMs, shortMs)
  }

  /** Who has a parent waits for nothing; who has none becomes the root after a while. */
  #settle(now: Millis): void {
    const isRooted = this.#isRoot || this.#parent !== undefined
    this.#tree.detourMs = isRooted ? 2 * this.#own!.costMs : undefined
    if (isRooted || this.#neighbors.size === 0) this.#rootAt = Infinity
    else if (this.#rootAt === Infinity) {
      const waitMs = this.#config.rootAfterMs / (this.#own === undefined ? FIRST_DIVISOR : 1)
      this.#rootAt = now + waitMs * this.#random.between(1, 2)
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

/**
 * A rise counts when it was told this long ago, or twice as long as the way was. Where the root is gone and words take longer to
 * go around, peers take each other's old ways in turn, each farther than the last: twenty peers 200 to 1,500 ms apart did so for ever
 * when all waited a second. Now they have a root after 7 s.
 */
const LEAST_RISE_MS = 1_000

/** A change of parents costs two frames: not for less. Guess. */
const LEAST_GAIN_MS = 5

/** How often a path is told: so many times at once, then so often. Guess. */
const TELL_BURST = 8
const TELL_EVERY_MS = 1_000

/** Who never had a root has nothing to lose by a new one. */
const FIRST_DIVISOR = 4
