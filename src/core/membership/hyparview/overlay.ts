import { BAN_MS } from '../../blame.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import { Timers } from '../../timers.js'
import type { MembershipOutput, NeighborDownReason } from '../membership.js'
import type { HyparviewConfig } from './config.js'
import {
  type HyparviewMessage,
  LARGEST_SAMPLE,
  type PeerEntry,
  type PeerRecord,
} from './messages.js'
import { Backoff, Returns, Throttle } from './pacing.js'
import { Records } from './records.js'
import { ActiveView, PassiveView, Reserve } from './views.js'

export type HyparviewOutput = MembershipOutput<HyparviewMessage>

/**
 * What the parts of the machine share: the views with the rules that hold between them, what is known of
 * peers, the deadlines, and the outputs of the call under way.
 */
export class Overlay {
  readonly active: ActiveView
  readonly passive: PassiveView
  readonly reserve: Reserve
  readonly records = new Records()
  readonly backoff: Backoff
  readonly returns = new Returns()
  readonly timers = new Timers()
  #outputs: HyparviewOutput[] = []
  #banned: Map<PeerId, Millis> | undefined
  /** Former neighbors, the last to go at the end. */
  #lastActive: readonly PeerId[] = []
  readonly #strays = new Throttle()

  constructor(
    readonly self: PeerId,
    readonly config: HyparviewConfig,
    readonly random: Random,
    public ownRecord: PeerRecord | undefined,
  ) {
    this.active = new ActiveView(config.activeViewCapacity)
    this.passive = new PassiveView(config.passiveViewCapacity)
    this.reserve = new Reserve(config.reserveCapacity)
    this.backoff = new Backoff(config, random)
  }

  // ——— outputs

  take(): HyparviewOutput[] {
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  emit(output: HyparviewOutput): void {
    this.#outputs.push(output)
  }

  send(to: PeerId, message: HyparviewMessage): void {
    this.emit({ type: 'send', to, message })
  }

  count(counter: string): void {
    this.emit({ type: 'count', counter })
  }

  // ——— what is told and learned

  get ownEntry(): PeerEntry {
    return { peer: this.self, record: this.ownRecord }
  }

  entries(peers: readonly PeerId[]): PeerEntry[] {
    return peers.map(peer => ({ peer, record: this.records.get(peer) }))
  }

  /** Some neighbors and some passive peers, for anyone but `peer`: parting words, refusals. */
  sampleFor(peer: PeerId, more: readonly PeerId[] = []): PeerEntry[] {
    const { shuffleActiveViewCount, shufflePassiveViewCount } = this.config
    const near = [...this.active.others(peer), ...more]
    const far = this.passive.peers.filter(other => other !== peer && !near.includes(other))
    // The far first: who asks one after the other shall not gather in one corner.
    return this.entries([
      ...this.random.sample(far, shufflePassiveViewCount),
      ...this.random.sample(near, shuffleActiveViewCount),
    ]).slice(0, LARGEST_SAMPLE)
  }

  /** Whether the peer may be in a view at all. */
  admissible(now: Millis, peer: PeerId): boolean {
    if (peer === this.self) return false
    const until = this.#banned?.get(peer)
    if (until !== undefined && until <= now) this.#banned!.delete(peer)
    return until === undefined || until <= now
  }

  learnRecord(peer: PeerId, record: PeerRecord | undefined): void {
    if (peer === this.self) return
    const data = this.records.learn(peer, record)
    if (data !== undefined) this.emit({ type: 'peer-data', peer, data })
  }

  /**
   * Takes what a peer told of others into the passive view. More entries than a message may hold are the
   * sender's fault. `spare` makes room first.
   */
  integrate(now: Millis, from: PeerId, sample: readonly PeerEntry[], spare: PeerId[] = []): void {
    if (sample.length > LARGEST_SAMPLE) {
      this.emit({ type: 'blame', peer: from, reason: 'limit-exceeded' })
      this.count('samples-dropped')
      return
    }
    for (const { peer, record } of sample) this.hearOf(now, peer, record, spare)
  }

  hearOf(now: Millis, peer: PeerId, record: PeerRecord | undefined, spare: PeerId[] = []): void {
    if (!this.admissible(now, peer)) {
      this.count('entries-dropped')
      return
    }
    this.learnRecord(peer, record)
    // What we found dead a moment ago, others may still believe alive.
    if (this.active.has(peer) || this.backoff.gone(now, peer)) return
    this.addPassive(peer, spare)
  }

  addPassive(peer: PeerId, spare: PeerId[] = []): void {
    this.reserve.delete(peer)
    const evicted = this.passive.add(peer, this.random, spare)
    if (evicted !== undefined) this.reserve.add(evicted)
  }

  /** A peer that spoke to us is worth knowing; but whoever knocks must not empty the passive view. */
  meet(peer: PeerId): void {
    if (!this.active.has(peer) && !this.passive.full) this.addPassive(peer)
  }

  /** Peers known but not linked: former neighbors first, the last to go before others. */
  get known(): PeerId[] {
    const former = [...this.#lastActive]
      .reverse()
      .filter(peer => this.passive.has(peer) || this.reserve.has(peer))
    return [...new Set([...former, ...this.passive.peers, ...this.reserve.peers])]
  }

  wasActive(peer: PeerId): boolean {
    return this.#lastActive.includes(peer)
  }

  // ——— neighbors come and go

  /** With less than half of its neighbors a peer is in danger, and hurries. */
  get isThin(): boolean {
    return this.active.size < this.active.capacity / 2
  }

  admit(now: Millis, peer: PeerId): void {
    if (this.active.full) this.#evict(now, peer)
    this.passive.delete(peer)
    this.reserve.delete(peer)
    this.#forgetActive(peer)
    this.backoff.forget(peer)
    this.active.add(now, peer)
    this.returns.note(now, peer)
    this.emit({ type: 'neighbor-up', peer })
  }

  /**
   * Who has to go is told first of who came: both are short now, and may well take each other. Departs from the paper,
   * where it is any neighbor: one that is far goes first, so that those who come leave an overlay of shorter links behind
   * (decision 15).
   */
  #evict(now: Millis, newcomer: PeerId): void {
    const peer = this.active.evictable(now, this.random)
    if (peer === undefined) return
    this.count('evictions')
    this.part(now, peer, 'evicted', [newcomer])
  }

  /** Parts from a neighbor on good terms: it stays in the passive view, but is not asked back at once. */
  part(now: Millis, peer: PeerId, reason: NeighborDownReason, first: readonly PeerId[] = []): void {
    this.sendDisconnect(peer, first)
    this.dropNeighbor(peer, reason)
    this.backoff.delay(now, peer, 'refused')
    this.addPassive(peer)
  }

  /** The seed's parting shuffle-reply rides in the disconnect: one message, and no reply nobody asked for. */
  sendDisconnect(peer: PeerId, first: readonly PeerId[] = []): void {
    const rest = this.sampleFor(peer).filter(entry => !first.includes(entry.peer))
    const sample = [...this.entries(first), ...rest].slice(0, LARGEST_SAMPLE)
    this.send(peer, { type: 'disconnect', alive: 'alive', sample })
  }

  dropNeighbor(peer: PeerId, reason: NeighborDownReason): void {
    this.active.delete(peer)
    this.#forgetActive(peer)
    this.#lastActive = this.#lastActive.slice(1 - REMEMBERED_NEIGHBORS).concat(peer)
    this.emit({ type: 'neighbor-down', peer, reason })
    this.emit({ type: 'release', peer })
  }

  #forgetActive(peer: PeerId): void {
    this.#lastActive = this.#lastActive.filter(other => other !== peer)
  }

  /** Tells a peer that wrongly believes itself our neighbor, at most once a second; never in answer to a disconnect. */
  answerStray(now: Millis, peer: PeerId): void {
    if (!this.#strays.allows(now, peer)) {
      this.count('strays-ignored')
      return
    }
    this.count('strays-answered')
    this.sendDisconnect(peer)
    this.emit({ type: 'release', peer })
  }

  /** Neither neighbor nor known any more. */
  forget(peer: PeerId): void {
    this.passive.delete(peer)
    this.reserve.delete(peer)
    this.#forgetActive(peer)
    this.records.forget(peer)
  }

  ban(now: Millis, peer: PeerId): void {
    this.forget(peer)
    this.backoff.forget(peer)
    this.#banned ??= new Map()
    this.#banned.delete(peer)
    if (this.#banned.size >= REMEMBERED_BANS) this.#banned.delete(this.#banned.keys().next().value!)
    this.#banned.set(peer, now + BAN_MS)
  }
}

/** Guess. */
const REMEMBERED_NEIGHBORS = 128
/** The node keeps the bans; this only keeps hearsay from bringing the banned back. Guess. */
const REMEMBERED_BANS = 256
