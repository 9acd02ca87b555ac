// Long, and one file: each message changes which links are eager, what is asked for and what is announced, and these change one
// another. What has a state of its own (cache, missing, trees, announcements, repair) is a file beside it.

/**
 * PlumTree: payloads travel a tree of eager links, announcements travel the lazy ones, and a peer that hears of
 * a message it does not get asks for it, which mends the tree. Leitão, Pereira, Rodrigues, SRDS 2007.
 */

import type { Deadline } from '../../deadline.js'
import { firstOf, type MessageId, type Millis, type PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import type { Random } from '../../random.js'
import type { Broadcast, BroadcastInput, BroadcastSnapshot, SeenIds } from '../broadcast.js'
import type { PlumtreeConfig } from './config.js'
import { type Cached, MessageCache } from './message-cache.js'
import { LARGEST_ROUND, LONGEST_RUN, type PlumtreeMessage } from './messages.js'
import type { Announcer } from './missing.js'
import { Neighbors } from './neighbors.js'
import { Outbox, type Output } from './outbox.js'
import { Repair } from './repair.js'
import { RootPath } from './root-path.js'
import { Seen } from './seen.js'
import type { Tree } from './tree.js'
import { Trees } from './trees.js'

export interface PlumtreeOptions {
  self: PeerId
  config: PlumtreeConfig
  random: Random
  /**
   * An author's numbers up to the highest forgotten one stay known, so that a replay is never new again. For
   * topics whose messages are signed; false unless told.
   */
  floors?: boolean
  /** What is seen is to be fetched and stored; true unless told. */
  saves?: boolean
  /** Active sources have trees of their own; false unless told. */
  sourceTrees?: boolean
}

type Input = BroadcastInput<PlumtreeMessage>
type InputOf<T extends Input['type']> = Extract<Input, { type: T }>

/**
 * Departs from the seed: a message is named by author and number, not by the hash of its content, so the same
 * bytes can be said twice and a repeat does not prune its author off the tree.
 */
export class Plumtree implements Broadcast<PlumtreeMessage> {
  readonly #self: PeerId
  readonly #config: PlumtreeConfig
  readonly #random: Random
  readonly #neighbors: Neighbors
  readonly #trees: Trees
  readonly #seen: Seen
  readonly #cache: MessageCache
  readonly #repair: Repair
  readonly #rootPath: RootPath
  readonly #outbox = new Outbox()
  #dispatchAt: Millis | undefined
  #dispatchedAt: Millis = Number.NEGATIVE_INFINITY
  #isMesh = false
  #lastSeq = 0
  #sweepAt: Millis | undefined

  constructor({
    self,
    config,
    random,
    floors = false,
    saves = true,
    sourceTrees = false,
  }: PlumtreeOptions) {
    this.#self = self
    this.#config = config
    this.#random = random
    const outbox = this.#outbox
    this.#neighbors = new Neighbors(config)
    this.#trees = new Trees(sourceTrees)
    this.#seen = new Seen({
      retentionMs: config.messageIdRetentionMs,
      authors: config.seenAuthors,
      floors,
      saves,
      outbox,
    })
    this.#cache = new MessageCache({
      retentionMs: config.messageCacheRetentionMs,
      bytes: config.cacheBytes,
      outbox,
    })
    const neighbors = this.#neighbors
    const trees = this.#trees
    const seen = this.#seen
    const cache = this.#cache
    const repair = new Repair({ self, config, neighbors, trees, seen, cache, outbox })
    this.#repair = repair
    this.#rootPath = new RootPath({ config, random, neighbors, tree: trees.shared, repair, outbox })
  }

  handle(now: Millis, input: Input): Output[] {
    switch (input.type) {
      case 'message':
        this.#onMessage(now, input)
        break
      case 'duplicate':
        this.#onDuplicate(now, input.from, input.id)
        break
      case 'held':
        for (const id of input.ids) {
          const { author, seq } = id
          this.#seen.add(now, author, seq, firstOf(id))
          this.#repair.missing.resolve(now, author, seq, input.from)
        }
        this.#repair.ask(now)
        if (this.#sweepAt === undefined) this.#scheduleSweep(now)
        break
      case 'publish':
        this.#publish(now, input.message)
        break
      case 'publish-neighbors':
        this.#publishNeighbors(input)
        break
      case 'control':
        this.#onControl(now, input.from, input.message)
        break
      case 'neighbor-up':
        this.#neighborUp(now, input.peer)
        break
      case 'neighbor-down':
        this.#neighborDown(now, input.peer)
        break
      case 'rtt':
        this.#neighbors.noteRtt(input.peer, input.rttMs)
        // In a full mesh nothing goes by the tree; it is as it was when that ends.
        if (!this.#isMesh) this.#rootPath.noteRtt(now, input.peer)
        break
      case 'mesh':
        this.#mesh(now, input.isComplete)
        break
      case 'recall':
        this.#seen.recall(now, input.seen)
        this.#scheduleSweep(now)
        break
      case 'wake':
        this.#wake(now)
    }
    return this.#outbox.take()
  }

  /** Our own messages are no news to us, even those of before a reload that forgot them. */
  knows(id: MessageId): boolean {
    return id.author === this.#self || this.#seen.has(id.author, id.seq)
  }

  /** Our own newest messages that can still be had: what a neighbor may find that it missed. Newest first. */
  get ownRuns(): { first: number; count: number }[] {
    const runs: { first: number; count: number }[] = []
    let run: { first: number; count: number } | undefined
    let seq = this.#lastSeq
    for (let left = LONGEST_RUN; left > 0; left--) {
      const cached = this.#cache.get(this.#self, seq)
      if (cached === undefined) break
      if (run?.first === seq + 1) {
        run.first = seq
        run.count++
      } else if (runs.length === MOST_OWN_RUNS) break
      else runs.push((run = { first: seq, count: 1 }))
      seq = firstOf(cached.message) - 1
    }
    return runs
  }

  takeFresh(): SeenIds[] {
    return this.#seen.takeFresh()
  }

  get nextDeadline(): Deadline | undefined {
    let at = this.#dispatchAt
    let reason = 'announce'
    const askAt = this.#repair.missing.nextDeadline
    if (askAt !== undefined && (at === undefined || askAt < at)) {
      at = askAt
      reason = 'ask-for-missing'
    }
    const rootAt = this.#rootPath.nextDeadline
    if (rootAt < (at ?? Infinity)) {
      at = rootAt
      reason = 'root-path'
    }
    const sweepAt = this.#sweepAt
    if (sweepAt !== undefined && (at === undefined || sweepAt < at)) {
      at = sweepAt
      reason = 'forget-old-messages'
    }
    return at === undefined ? undefined : { at, reason }
  }

  snapshot(): BroadcastSnapshot {
    return {
      kind: 'plumtree',
      eager: [...this.#trees.shared.eager],
      lazy: [...this.#trees.shared.lazy],
      missing: this.#repair.missing.size,
      cached: this.#cache.size,
      deadline: this.nextDeadline,
    }
  }

  #publish(now: Millis, message: Message): void {
    this.#seen.add(now, message.author, message.seq, firstOf(message))
    this.#lastSeq = message.seq
    const tree = this.#trees.hear(now, message.author)
    if (!this.#isMesh) this.#keepOneEager(now, tree)
    this.#spread(now, tree, message, 0, undefined, undefined)
  }

  /** Departs from the seed, whose neighbor messages reach eager peers only: the name promises all neighbors. */
  #publishNeighbors({ nonce, time, payload, signature }: InputOf<'publish-neighbors'>): void {
    const message: PlumtreeMessage = { type: 'neighbor-gossip', nonce, time, payload, signature }
    for (const to of this.#neighbors.peers) this.#outbox.send(to, message)
    this.#outbox.count('neighbor-gossip-sent', this.#neighbors.size)
  }

  #onMessage(now: Millis, { from, message, round }: InputOf<'message'>): void {
    const { author, seq } = message
    const isNew = author !== this.#self && this.#seen.add(now, author, seq, firstOf(message))
    if (isNew === undefined) {
      // Its author said one number twice. As all of it is known now, nobody is asked for it again.
      this.#outbox.count('bundles-overlapping')
      this.#resolve(now, author, seq, from)
      return
    }
    if (!isNew) {
      this.#onDuplicate(now, from, message)
      return
    }
    this.#outbox.count('gossip-received')
    const tree = this.#trees.hear(now, author)
    const wanted = this.#repair.missing.resolve(now, author, seq, from)
    const announcers = wanted?.announcers
    if (wanted !== undefined && !wanted.given && tree.isEager(from)) {
      tree.lag.note(now - wanted.announcedAt)
    }
    // As in the paper; the seed leaves a lazy giver lazy. Not while our prune is under way to it: then this is
    // the last it pushes, and to count on it would let the true parent be pruned as redundant.
    if (!tree.prunedSince(from, now - this.#neighbors.graftWaitMs)) tree.set(from, true)
    if (tree.isEager(from)) tree.giver = from
    // Saturates where the seed wraps or panics.
    const cached = this.#spread(
      now,
      tree,
      message,
      Math.min(round + 1, LARGEST_ROUND),
      from,
      announcers,
    )
    if (wanted !== undefined) {
      cached.announcedAt = wanted.announcedAt
      cached.asked = wanted.given
      this.#repair.reconsider(now, cached, wanted.announcers)
      this.#repair.ask(now)
    }
    this.#outbox.push({ type: 'deliver', from, message, round })
  }

  /** Push to the eager, announce to the lazy, keep for those who ask. */
  #spread(
    now: Millis,
    tree: Tree,
    message: Message,
    round: number,
    giver: PeerId | undefined,
    announcers: Announcer[] | undefined,
  ): Cached {
    const cached = this.#cache.put(now, message, round, giver)
    if (announcers !== undefined) cached.holders = announcers.map(({ peer }) => peer)
    const gossip: PlumtreeMessage = { type: 'gossip', round, message }
    // In a full mesh one hop is enough: its author told all, and says in each GOSP what there was.
    const isTold = this.#isMesh && (giver === undefined || giver === message.author)
    let sent = 0
    for (const to of isTold ? this.#neighbors.peers : tree.eager) {
      if (isTold && giver !== undefined) break
      // Departs from the seed and the paper: who announced it has it, a push would only be redundant.
      if (to === giver || (announcers !== undefined && cached.holders.includes(to))) continue
      this.#outbox.send(to, gossip)
      sent++
    }
    if (sent > 0) this.#outbox.count('gossip-sent', sent)
    const { lazy } = tree
    if (lazy.length > 0 && !isTold) {
      this.#repair.lazyQueue.push(cached, lazy)
      const isBusy = now < this.#dispatchedAt + BUSY_MS
      this.#dispatchAt ??= now + this.#config.dispatchTimeoutMs * (isBusy ? BUSY_FACTOR : 1)
      // A late wake-up must not grow the queue: what fills a run goes at once.
      if (this.#repair.lazyQueue.length >= LONGEST_RUN) this.#dispatch(now)
    }
    if (this.#sweepAt === undefined) this.#scheduleSweep(now)
    return cached
  }

  /** It is known, and need not come: nobody is asked for it any more, and who was is free to be asked for another. */
  #resolve(now: Millis, author: PeerId, seq: number, giver: PeerId): void {
    this.#repair.missing.resolve(now, author, seq, giver)
    this.#repair.ask(now)
  }

  /**
   * Another copy shows that its sender's pushes are redundant, but only while whoever gave the first copy still
   * pushes. Departs from the seed and the paper, which prune on any duplicate: with many messages in flight
   * two parents then lose their place one after the other, and the peer is left with none. So no prune for
   * echoes of our own messages (nobody gave those), for a second copy from the same giver, or where the
   * giver is no eager neighbor any more; nor of the last eager neighbor, without whom every message waits T1;
   * nor of a peer grafted lately, which stands in for a parent that proved slow.
   * Two peers whose pushes cross prune each other, as in the paper.
   */
  #onDuplicate(now: Millis, from: PeerId, { author, seq }: MessageId): void {
    this.#outbox.count('duplicates')
    if (!this.#neighbors.has(from)) return
    // A history knew it before it was asked for.
    this.#resolve(now, author, seq, from)
    const { lazyQueue } = this.#repair
    if (lazyQueue.length > 0) {
      lazyQueue.noteHolder(from, { author, first: seq, count: 1, round: 0 }, this.#cache)
    }
    const cached = this.#cache.get(author, seq)
    const giver = cached?.giver
    const tree = this.#trees.of(author)
    const recently = now - this.#neighbors.graftWaitMs
    if (cached?.announcedAt !== undefined && cached.asked && giver !== from && tree.isEager(from)) {
      // Asked for too early: this is the copy that should have been waited for.
      cached.asked = false
      tree.lag.note(now - cached.announcedAt)
    }
    const isBranch = tree === this.#trees.shared && this.#rootPath.mayLeadTo(from)
    if (isBranch && giver !== undefined && tree.isMend(giver)) {
      // Its way was not broken, only slow.
      this.#repair.prune(now, tree, giver)
    }
    const withheld =
      isBranch ||
      author === this.#self ||
      giver === from ||
      (giver !== undefined && !tree.isEager(giver)) ||
      (tree.eager.length === 1 && tree.isEager(from)) ||
      tree.graftedSince(from, recently) ||
      // What it pushed before our prune arrived needs no second one.
      tree.prunedSince(from, recently)
    if (withheld) this.#outbox.count('prunes-withheld')
    else this.#repair.prune(now, tree, from)
  }

  /** Departs from the seed: only neighbors are heard, else a late word brings a departed peer back into the tree. */
  #onControl(now: Millis, from: PeerId, message: PlumtreeMessage): void {
    if (!this.#neighbors.has(from)) {
      this.#outbox.count('control-from-strangers')
      return
    }
    switch (message.type) {
      case 'ihave':
        this.#repair.onIhave(now, from, message)
        break
      case 'graft':
        this.#repair.onGraft(now, from, message)
        break
      case 'graft-refused':
        this.#repair.onGraftRefused(now, from, message)
        break
      case 'prune':
        this.#onPrune(now, from, message.source)
        break
      case 'root-path':
        this.#rootPath.hear(now, from, message)
        break
      default:
        this.#outbox.count('payload-as-control')
    }
  }

  #onPrune(now: Millis, from: PeerId, source: PeerId | undefined): void {
    const tree = this.#trees.named(now, source)
    if (tree === undefined) {
      this.#outbox.count('prunes-of-unknown-trees')
      return
    }
    this.#outbox.count('prunes-received')
    tree.set(from, false)
    if (source === undefined) this.#rootPath.refused(now, from)
  }

  /** What was told by its author alone may have missed someone who is no longer linked with it. */
  #mesh(now: Millis, isComplete: boolean): void {
    if (this.#isMesh === isComplete) return
    this.#isMesh = isComplete
    if (isComplete) return
    for (const peer of this.#neighbors.peers) this.#repair.announceAll(now, peer)
  }

  #neighborUp(now: Millis, peer: PeerId): void {
    // Again for the same peer: a new link, and what was under way on the old one is gone.
    if (this.#neighbors.has(peer)) this.#neighborDown(now, peer)
    this.#neighbors.add(peer)
    this.#trees.add(peer)
    this.#rootPath.add(now, peer)
    this.#repair.announceAll(now, peer)
  }

  #neighborDown(now: Millis, peer: PeerId): void {
    if (!this.#neighbors.delete(peer)) return
    for (const tree of this.#trees.all()) {
      if (!tree.isEager(peer)) continue
      this.#repair.noteChange(now, tree, tree.giver === peer ? null : tree.giver)
    }
    this.#trees.remove(peer)
    this.#repair.hurry(now)
    this.#rootPath.remove(now, peer)
    this.#repair.missing.forget(now, peer)
    this.#repair.ask(now)
  }

  /**
   * Departs from the seed: a message that its author pushes to nobody waits T1 with everyone. Elsewhere nobody
   * needs an eager neighbor: who has none asks for what it is told of at once.
   */
  #keepOneEager(now: Millis, tree: Tree): void {
    if (tree.eager.length > 0) return
    const chosen = this.#random.pick(tree.lazy)
    if (chosen !== undefined) this.#repair.graft(now, tree, chosen, undefined)
  }

  #wake(now: Millis): void {
    this.#rootPath.wake(now)
    this.#repair.ask(now)
    if (this.#dispatchAt !== undefined && this.#dispatchAt <= now) this.#dispatch(now)
    if (this.#sweepAt !== undefined && this.#sweepAt <= now) {
      this.#cache.expire(now)
      this.#seen.expire(now)
      this.#scheduleSweep(now)
    }
  }

  #dispatch(now: Millis): void {
    this.#dispatchAt = undefined
    this.#dispatchedAt = now
    this.#repair.dispatch()
  }

  /** A sweep when something falls due, and none while there is nothing: an idle topic sleeps. */
  #scheduleSweep(now: Millis): void {
    const next = Math.min(this.#cache.nextExpiry ?? Infinity, this.#seen.nextExpiry ?? Infinity)
    this.#sweepAt =
      next === Infinity ? undefined : Math.max(next, now + this.#config.cacheEvictIntervalMs)
  }
}

/**
 * Announcements that follow others within this wait longer, and find more company: at 100 messages a second of 100 B each
 * 1.98 bytes travel for one of payload, 2.01 otherwise. Those of a quiet topic don't wait, for by their times shorter
 * ways are found. Guess.
 */
const BUSY_MS = 50
const BUSY_FACTOR = 4

/** As many as surely fit what a GOSP says of them: 64 bytes. */
const MOST_OWN_RUNS = 6
