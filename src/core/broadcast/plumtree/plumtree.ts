/**
 * PlumTree: payloads travel a tree of eager links, announcements travel the lazy ones, and a peer that hears of
 * a message it does not get asks for it, which mends the tree. Leitão, Pereira, Rodrigues, SRDS 2007.
 */

import type { Deadline } from '../../deadline.js'
import type { MessageId, Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import type { Random } from '../../random.js'
import type { Broadcast, BroadcastInput, BroadcastSnapshot, SeenIds } from '../broadcast.js'
import type { PlumtreeConfig } from './config.js'
import { MessageCache } from './message-cache.js'
import { LARGEST_ROUND, LONGEST_RUN, type PlumtreeMessage } from './messages.js'
import type { Announcer } from './missing.js'
import { Neighbors } from './neighbors.js'
import { Outbox, type Output } from './outbox.js'
import { Repair } from './repair.js'
import { Seen } from './seen.js'
import { Tree } from './tree.js'

export interface PlumtreeOptions {
  self: PeerId
  config: PlumtreeConfig
  random: Random
  /**
   * An author's numbers up to the highest forgotten one stay known, so that a replay is never new again. For
   * topics whose messages are signed; false unless told.
   */
  floors?: boolean
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
  /** The one tree all sources share. */
  readonly #tree = new Tree()
  readonly #seen: Seen
  readonly #cache: MessageCache
  readonly #repair: Repair
  readonly #outbox = new Outbox()
  #dispatchAt: Millis | undefined
  #isMesh = false
  #lastSeq = 0
  #sweepAt: Millis | undefined

  constructor({ self, config, random, floors = false }: PlumtreeOptions) {
    this.#self = self
    this.#config = config
    this.#random = random
    const count = (counter: string, by?: number) => this.#outbox.count(counter, by)
    this.#neighbors = new Neighbors(config)
    this.#seen = new Seen({
      retentionMs: config.messageIdRetentionMs,
      authors: config.seenAuthors,
      floors,
      count,
    })
    this.#cache = new MessageCache({
      retentionMs: config.messageCacheRetentionMs,
      bytes: config.cacheBytes,
      count,
    })
    const neighbors = this.#neighbors
    const tree = this.#tree
    const seen = this.#seen
    const cache = this.#cache
    const outbox = this.#outbox
    this.#repair = new Repair({ self, config, neighbors, tree, seen, cache, outbox })
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
        for (const { author, seq } of input.ids) {
          this.#seen.add(now, author, seq)
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

  /** Our own newest messages that can still be had, in one run: what a neighbor may find that it missed. */
  get ownRun(): { first: number; count: number } | undefined {
    const last = this.#lastSeq
    let first = last + 1
    while (first > 1 && last - first < LONGEST_RUN - 1 && this.#cache.get(this.#self, first - 1))
      first--
    return first > last ? undefined : { first, count: last - first + 1 }
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
      eager: [...this.#tree.eager],
      lazy: [...this.#tree.lazy],
      missing: this.#repair.missing.size,
      cached: this.#cache.size,
      deadline: this.nextDeadline,
    }
  }

  #publish(now: Millis, message: Message): void {
    this.#seen.add(now, message.author, message.seq)
    this.#lastSeq = message.seq
    this.#spread(now, message, 0, undefined, undefined)
  }

  /** Departs from the seed, whose neighbor messages reach eager peers only: the name promises all neighbors. */
  #publishNeighbors({ nonce, time, payload, signature }: InputOf<'publish-neighbors'>): void {
    const message: PlumtreeMessage = { type: 'neighbor-gossip', nonce, time, payload, signature }
    for (const to of this.#neighbors.peers) this.#outbox.send(to, message)
    this.#outbox.count('neighbor-gossip-sent', this.#neighbors.size)
  }

  #onMessage(now: Millis, { from, message, round }: InputOf<'message'>): void {
    const { author, seq } = message
    if (author === this.#self || !this.#seen.add(now, author, seq)) {
      this.#onDuplicate(now, from, message)
      return
    }
    this.#outbox.count('gossip-received')
    const announcers = this.#repair.missing.resolve(now, author, seq, from)
    // As in the paper; the seed leaves a lazy giver lazy. Not while our prune is under way to it: then this is
    // the last it pushes, and to count on it would let the true parent be pruned as redundant.
    if (!this.#tree.prunedSince(from, now - this.#neighbors.graftWaitMs)) this.#tree.set(from, true)
    // Saturates where the seed wraps or panics.
    this.#spread(now, message, Math.min(round + 1, LARGEST_ROUND), from, announcers)
    if (announcers !== undefined) {
      this.#optimize(now, from, round, announcers)
      this.#repair.ask(now)
    }
    this.#outbox.push({ type: 'deliver', from, message, round })
  }

  /** Push to the eager, announce to the lazy, keep for those who ask. */
  #spread(
    now: Millis,
    message: Message,
    round: number,
    giver: PeerId | undefined,
    announcers: Announcer[] | undefined,
  ): void {
    const cached = this.#cache.put(now, message, round, giver)
    if (announcers !== undefined) cached.holders = announcers.map(({ peer }) => peer)
    const gossip: PlumtreeMessage = { type: 'gossip', round, message }
    // In a full mesh one hop is enough: its author told all, and says in each GOSP what there was.
    const isTold = this.#isMesh && (giver === undefined || giver === message.author)
    let sent = 0
    for (const to of isTold ? this.#neighbors.peers : this.#tree.eager) {
      if (isTold && giver !== undefined) break
      // Departs from the seed and the paper: who announced it has it, a push would only be redundant.
      if (to === giver || (announcers !== undefined && cached.holders.includes(to))) continue
      this.#outbox.send(to, gossip)
      sent++
    }
    if (sent > 0) this.#outbox.count('gossip-sent', sent)
    const { lazy } = this.#tree
    if (lazy.length > 0 && !isTold) {
      this.#repair.lazyQueue.push(cached, lazy)
      this.#dispatchAt ??= now + this.#config.dispatchTimeoutMs
      // A late wake-up must not grow the queue: what fills a run goes at once.
      if (this.#repair.lazyQueue.length >= LONGEST_RUN) this.#dispatch()
    }
    if (this.#sweepAt === undefined) this.#scheduleSweep(now)
  }

  /**
   * Another copy shows that its sender's pushes are redundant, but only while whoever gave the first copy still
   * pushes. Departs from the seed and the paper, which prune on any duplicate: with many messages in flight
   * two parents then lose their place one after the other, and the peer is left with none. So no prune for
   * echoes of our own messages (nobody gave those), for a second copy from the same giver, or where the
   * giver is no eager neighbor any more; nor of the last eager neighbor, without whom every message waits T1;
   * nor of a peer grafted within T1, which stands in for a parent that proved slow.
   * Two peers whose pushes cross prune each other, as in the paper.
   */
  #onDuplicate(now: Millis, from: PeerId, { author, seq }: MessageId): void {
    this.#outbox.count('duplicates')
    if (!this.#neighbors.has(from)) return
    const { lazyQueue } = this.#repair
    if (lazyQueue.length > 0) {
      lazyQueue.noteHolder(from, { author, first: seq, count: 1, round: 0 }, this.#cache)
    }
    const giver = this.#cache.get(author, seq)?.giver
    const recently = now - this.#neighbors.graftWaitMs
    const withheld =
      author === this.#self ||
      giver === from ||
      (giver !== undefined && !this.#tree.isEager(giver)) ||
      (this.#tree.eager.length === 1 && this.#tree.isEager(from)) ||
      this.#tree.graftedSince(from, recently) ||
      // What it pushed before our prune arrived needs no second one.
      this.#tree.prunedSince(from, recently)
    if (withheld) this.#outbox.count('prunes-withheld')
    else this.#prune(now, from)
  }

  /** Where a much shorter path was announced, changes to it. */
  #optimize(now: Millis, from: PeerId, round: number, announcers: Announcer[]): void {
    let best = announcers[0]!
    for (const announcer of announcers) if (announcer.round < best.round) best = announcer
    // Both rounds count the hops to us. Departs from the seed, which adds one to the received round and
    // so acts one hop early.
    if (round - best.round < this.#config.optimizationThreshold) return
    const giver = this.#neighbors.get(from)
    const shorter = this.#neighbors.get(best.peer)
    if (giver === undefined || shorter === undefined || giver === shorter) return
    // Departs from the seed: unbraked, a tree that many senders share flaps at every message.
    if (now < Math.max(giver.optimizedAt, shorter.optimizedAt) + OPTIMIZE_PAUSE_MS) return
    giver.optimizedAt = now
    shorter.optimizedAt = now
    this.#outbox.count('optimizations')
    if (!this.#tree.isEager(shorter.peer)) this.#repair.graft(now, shorter.peer, undefined)
    this.#prune(now, giver.peer)
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
        this.#repair.onGraft(from, message)
        break
      case 'graft-refused':
        this.#repair.onGraftRefused(now, from, message)
        break
      case 'prune':
        this.#onPrune(now, from, message.source)
        break
      default:
        this.#outbox.count('payload-as-control')
    }
  }

  #onPrune(now: Millis, from: PeerId, source: PeerId | undefined): void {
    if (source !== undefined) {
      this.#outbox.count('prunes-of-unknown-trees')
      return
    }
    this.#outbox.count('prunes-received')
    this.#tree.set(from, false)
    this.#keepOneEager(now, from)
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
    this.#tree.add(peer)
    this.#repair.announceAll(now, peer)
  }

  #neighborDown(now: Millis, peer: PeerId): void {
    if (!this.#neighbors.delete(peer)) return
    this.#tree.remove(peer)
    this.#repair.missing.forget(now, peer)
    this.#keepOneEager(now, undefined)
    this.#repair.ask(now)
  }

  /**
   * Departs from the seed: a peer that pushes to nobody makes its next message wait T1. Not the one that just
   * pruned us; where there is nobody else, all is announced.
   */
  #keepOneEager(now: Millis, except: PeerId | undefined): void {
    if (this.#tree.eager.length > 0) return
    const chosen = this.#random.pick(this.#tree.lazy.filter(peer => peer !== except))
    if (chosen !== undefined) this.#repair.graft(now, chosen, undefined)
  }

  #prune(now: Millis, peer: PeerId): void {
    this.#tree.prune(now, peer)
    this.#outbox.count('prunes-sent')
    this.#outbox.send(peer, { type: 'prune', source: undefined })
  }

  #wake(now: Millis): void {
    this.#repair.ask(now)
    if (this.#dispatchAt !== undefined && this.#dispatchAt <= now) this.#dispatch()
    if (this.#sweepAt !== undefined && this.#sweepAt <= now) {
      this.#cache.expire(now)
      this.#seen.expire(now)
      this.#scheduleSweep(now)
    }
  }

  #dispatch(): void {
    this.#dispatchAt = undefined
    this.#repair.dispatch()
  }

  /** A sweep when something falls due, and none while there is nothing: an idle topic sleeps. */
  #scheduleSweep(now: Millis): void {
    const next = Math.min(this.#cache.nextExpiry ?? Infinity, this.#seen.nextExpiry ?? Infinity)
    this.#sweepAt =
      next === Infinity ? undefined : Math.max(next, now + this.#config.cacheEvictIntervalMs)
  }
}

/** Guess. */
const OPTIMIZE_PAUSE_MS = 1_000
