import type { Millis, PeerId } from '../../ids.js'
import { LazyQueue, Runs } from './announcements.js'
import type { PlumtreeConfig } from './config.js'
import type { Cached, MessageCache } from './message-cache.js'
import { type Announcement, LONGEST_RUN, type PlumtreeMessage } from './messages.js'
import { type Announcer, Missing } from './missing.js'
import type { Neighbors } from './neighbors.js'
import type { Outbox } from './outbox.js'
import type { Seen } from './seen.js'
import type { Tree } from './tree.js'
import type { Trees } from './trees.js'

type Control<T extends PlumtreeMessage['type']> = Extract<PlumtreeMessage, { type: T }>

export interface RepairParts {
  self: PeerId
  config: PlumtreeConfig
  neighbors: Neighbors
  trees: Trees
  seen: Seen
  cache: MessageCache
  outbox: Outbox
}

/** The lazy half: announcing what we hold, asking for what we miss, giving what is asked for. */
export class Repair {
  readonly #self: PeerId
  readonly missing: Missing
  readonly lazyQueue = new LazyQueue()
  readonly #config: PlumtreeConfig
  readonly #neighbors: Neighbors
  readonly #trees: Trees
  readonly #seen: Seen
  readonly #cache: MessageCache
  readonly #outbox: Outbox

  constructor({ self, config, neighbors, trees, seen, cache, outbox }: RepairParts) {
    this.#self = self
    this.#config = config
    this.#neighbors = neighbors
    this.#trees = trees
    this.#seen = seen
    this.#cache = cache
    this.#outbox = outbox
    this.missing = new Missing({
      capacity: config.missingCapacity,
      retentionMs: config.messageCacheRetentionMs,
      neighbors,
      outbox,
    })
  }

  onIhave(now: Millis, from: PeerId, { announcements }: Control<'ihave'>): void {
    this.#outbox.count('ihaves-received')
    let announced = 0
    for (const run of announcements) announced += run.count
    if (announced > LONGEST_RUN) {
      this.#blameLimit(from)
      return
    }
    for (const run of announcements) if (!this.#onRun(now, from, run)) break
    this.ask(now)
  }

  onGraft(now: Millis, from: PeerId, { source, wanted }: Control<'graft'>): void {
    this.#outbox.count('grafts-received')
    // Who keeps no tree of that source pushes its messages along the shared one.
    const tree = this.#trees.named(now, source) ?? this.#trees.shared
    tree.graftedBy(from, wanted !== undefined)
    if (wanted === undefined) return
    // Who does not keep its author's tree yet asks by the shared one, and means both.
    if (source === undefined) this.#trees.of(wanted.author).graftedBy(from, true)
    const { author, seq } = wanted
    const cached = this.#cache.get(author, seq)
    if (cached === undefined) {
      // Departs from the seed, which stays silent: with an answer the next announcer is asked at once.
      this.#outbox.count('grafts-refused')
      this.#outbox.send(from, { type: 'graft-refused', author, seq })
      return
    }
    cached.given ??= new Map()
    const times = cached.given.get(from) ?? 0
    if (times >= GIVEN_TIMES) {
      this.#outbox.count('grafts-repeated')
      return
    }
    cached.given.set(from, times + 1)
    this.#outbox.count('gossip-sent')
    this.#outbox.send(from, { type: 'gossip', round: cached.round, message: cached.message })
  }

  onGraftRefused(now: Millis, from: PeerId, { author, seq }: Control<'graft-refused'>): void {
    const announcer = this.missing.refused(now, author, seq, from)
    if (announcer === undefined) {
      this.#outbox.count('refusals-of-nothing')
      return
    }
    this.#outbox.count('refusals-received')
    this.#blameForPromise(now, announcer)
    this.ask(now)
  }

  /** Asks whom it is time to ask; each graft also turns its link eager. */
  ask(now: Millis): void {
    for (;;) {
      const ask = this.missing.due(now)
      if (ask === undefined) return
      const { peer, author, seq, round } = ask
      this.graft(now, this.#trees.of(author), peer, { author, seq, round })
    }
  }

  graft(now: Millis, tree: Tree, peer: PeerId, wanted: Control<'graft'>['wanted']): void {
    tree.graft(now, peer, wanted !== undefined)
    if (wanted === undefined) {
      const wasBroken = now < tree.brokenUntil
      this.noteChange(now, tree, peer)
      // Else nobody waits longer anyway, and who has us change without end would have us look at each.
      if (!wasBroken) this.hurry(now)
    }
    this.#outbox.count('grafts-sent')
    this.#outbox.send(peer, { type: 'graft', source: tree.source, wanted })
  }

  prune(now: Millis, tree: Tree, peer: PeerId): void {
    tree.prune(now, peer)
    this.#outbox.count('prunes-sent')
    this.#outbox.send(peer, { type: 'prune', source: tree.source })
  }

  /** Another way is taken, or an eager link lost: for as long as a copy may lag, one on its way may be lost too. */
  noteChange(now: Millis, tree: Tree, giver: Tree['giver']): void {
    tree.brokenUntil = Math.max(tree.brokenUntil, now + this.#lagMs(now, tree))
    tree.giver = giver
  }

  /**
   * What is waited for is waited for no longer than if it were announced now. Departs from the seed and the paper, where timers run
   * on when a neighbor goes (decision 17).
   */
  hurry(now: Millis): void {
    this.missing.hurry(author => now + this.waitMs(now, this.#trees.of(author)))
  }

  /**
   * T1: how long a pushed copy may lag behind an announcement. Departs from the seed, whose fixed guess is the
   * floor here: a timer shorter than the tree's detour makes a graft storm that never ends. So the detour is
   * measured. Who has no eager neighbor, or lost the one that gave the last message, waits for nothing; who lost another
   * or changed its way lately waits no detour.
   */
  waitMs(now: Millis, tree: Tree): number {
    return tree.eager.length === 0 || tree.giver === null ? 0 : this.#lagMs(now, tree)
  }

  #lagMs(now: Millis, tree: Tree): number {
    const shortestMs = this.#neighbors.graftWaitMs
    if (now < tree.brokenUntil) return shortestMs
    const { highestMs } = tree.lag
    const rttMs = this.#neighbors.longestRttMs
    const { detourMs } = tree
    const leastMs = (detourMs ?? 0) / 2
    const mostMs = detourMs ?? LONGEST_DETOUR_RTTS * rttMs
    const lagMs =
      highestMs === undefined
        ? (detourMs ?? UNKNOWN_DETOUR_RTTS * rttMs)
        : Math.max(leastMs, Math.min(LAG_FACTOR * highestMs, mostMs))
    return Math.max(shortestMs, Math.min(lagMs, LONGEST_WAIT_MS))
  }

  /**
   * Where a neighbor announced a message on a shorter way than it came by, that neighbor's pushes are the better
   * ones. In the shared tree as in the paper, by hops and only if there are many fewer, for what is shorter from
   * one source is longer from another. Departs from it in trees of one source, where time and hops count
   * together: those who take a shorter way to the same source, for the same message, can't make a circle.
   */
  reconsider(now: Millis, cached: Cached, announcers: readonly Announcer[]): void {
    const { giver, message } = cached
    const tree = this.#trees.of(message.author)
    if (tree.detourMs !== undefined) return
    if (giver === undefined || !tree.isEager(giver) || now < tree.brokenUntil) return
    let best: Announcer | undefined
    let most = tree.source === undefined ? this.#config.optimizationThreshold - 1 : LEAST_GAIN_MS
    for (const announcer of announcers) {
      if (announcer.peer === giver || !this.#neighbors.has(announcer.peer)) continue
      // Both rounds count the hops to us. Departs from the seed, which adds one to the received round and
      // so acts one hop early.
      let gain = cached.round - 1 - announcer.round
      if (tree.source !== undefined) {
        gain = gain * HOP_MS + cached.at - announcer.at + this.#config.dispatchTimeoutMs
      }
      if (gain <= most) continue
      best = announcer
      most = gain
    }
    if (best === undefined) return
    this.#outbox.count('optimizations')
    this.graft(now, tree, best.peer, undefined)
    this.prune(now, tree, giver)
  }

  /**
   * Departs from the seed and the paper, where a message said alone, or in flight on a link that broke, is lost
   * for good: a newcomer hears of everything that can still be had.
   */
  announceAll(now: Millis, peer: PeerId): void {
    const runs = new Runs()
    for (const cached of this.#cache.newestLiving(LONGEST_RUN, now + LEAST_LIFE_MS))
      runs.add(cached)
    this.#announce(peer, runs)
  }

  /** Tells what waited for company. */
  dispatch(): void {
    const told = this.lazyQueue.take(peer => this.#neighbors.has(peer))
    for (const [peer, runs] of told) this.#announce(peer, runs)
  }

  #announce(peer: PeerId, runs: Runs): void {
    const messages = runs.messages()
    for (const message of messages) this.#outbox.send(peer, message)
    if (messages.length > 0) this.#outbox.count('ihaves-sent', messages.length)
  }

  /** False where the peer has announced more than anybody may. */
  #onRun(now: Millis, from: PeerId, run: Announcement): boolean {
    const { author, first, count, round } = run
    if (first < 1 || count < 1 || first > Number.MAX_SAFE_INTEGER - count) {
      this.#outbox.count('announcements-of-nothing')
      return true
    }
    if (this.lazyQueue.length > 0) this.lazyQueue.noteHolder(from, run, this.#cache)
    if (author === this.#self) return true
    const last = first + count - 1
    const known = this.#cache.get(author, last)
    if (known !== undefined) this.reconsider(now, known, [{ peer: from, round, at: now }])
    let seq = this.#seen.nextUnknown(author, first)
    // Most is known.
    if (seq > last) return true
    const waitMs = this.waitMs(now, this.#trees.of(author))
    for (; seq <= last; seq = this.#seen.nextUnknown(author, seq + 1)) {
      if (this.missing.announcedBy(from) >= ANNOUNCED_BY_ONE) {
        this.#blameLimit(from)
        return false
      }
      this.missing.announce(now, { peer: from, author, seq, round }, waitMs)
    }
    return true
  }

  #blameLimit(peer: PeerId): void {
    this.#outbox.count('announcements-over-limit')
    this.#outbox.blame(peer, 'limit-exceeded')
  }

  #blameForPromise(now: Millis, { peer, at }: Announcer): void {
    const neighbor = this.#neighbors.get(peer)
    if (neighbor === undefined || now - at >= this.#config.messageCacheRetentionMs) return
    // One full cache breaks a hundred promises and is one mishap.
    if (now < (neighbor.promiseBrokenAt ?? -Infinity) + BLAME_PAUSE_MS) return
    neighbor.promiseBrokenAt = now
    this.#outbox.blame(peer, 'broken-promise')
  }
}

/** How often one peer is given one message: no graft pays a flooder more than this. Guess. */
const GIVEN_TIMES = 3

/** Messages one peer may have announced that nobody has given yet; twice a full `ihave`. Guess. */
const ANNOUNCED_BY_ONE = 2 * LONGEST_RUN

/** What is announced late must still be there when the graft comes: T1, a round trip, a busy link. Guess. */
const LEAST_LIFE_MS = 2_000

/** As fast as blame fades. */
const BLAME_PAUSE_MS = 1_000

/** Before lags are known. Decision 0009 has what fewer and more cost. */
const UNKNOWN_DETOUR_RTTS = 3

/**
 * What others waited in vain shows as a lag here, so that each wait would make the next one longer. In a room of 300
 * with 100 messages a second p99 is 453 ms with this bound, and over a second without one.
 */
const LONGEST_DETOUR_RTTS = 4

/** PlumTree literature. */
const LAG_FACTOR = 1.5

/** Guess. */
const LONGEST_WAIT_MS = 3_000

/**
 * What a hop less is worth besides its time: queues and wake-ups that no round trip shows. With 15 ms, 1,000 peers 10 to 50 ms
 * apart have trees 7.7 hops deep and a p99 of 184 ms, with 25 it is 7.3 and 187; in five regions 9.3 and 372, 9 and 385.
 */
const HOP_MS = 25

/** A change costs two frames and may lose a copy in flight: not for less. Guess. */
const LEAST_GAIN_MS = 10
