import type { Millis, PeerId } from '../../ids.js'
import { type Agreement, Agreements, type Ask } from './agreements.js'
import { Matching } from './matching.js'
import { type HyparviewMessage, LARGEST_SAMPLE, type PeerEntry } from './messages.js'
import type { Overlay } from './overlay.js'
import { type Pace, Throttle } from './pacing.js'

// Departs from the seed: there request and reply are one message (`Neighbor`), told apart only by who thinks
// it asked. That fills half of all links' slots with phantoms and bars 35 to 50 % of peers from refilling
// (measured, reference §5.5). Here a request has an id, an answer of its own, and two times: one for the
// answer and one for the link. Nobody is a neighbor before the link stands.

type Message<T extends HyparviewMessage['type']> = Extract<HyparviewMessage, { type: T }>

/** Requests under way in both directions; one slot per peer, whoever asked. */
export class Requests {
  readonly #overlay: Overlay
  readonly #pace: Pace
  readonly #agreements: Agreements
  readonly #introductions = new Throttle()
  readonly matching: Matching

  constructor(overlay: Overlay, pace: Pace) {
    this.#overlay = overlay
    this.#pace = pace
    this.matching = new Matching(overlay)
    this.#agreements = new Agreements(overlay.timers)
  }

  get size(): number {
    return this.#agreements.size
  }

  /** Requests of our own, links that follow from them included. */
  get ours(): number {
    return this.#agreements.ours
  }

  /** With whom we are about to be linked. */
  get linking(): PeerId[] {
    return this.#agreements.linking
  }

  has(peer: PeerId): boolean {
    return this.#agreements.get(peer) !== undefined
  }

  get list(): { peer: PeerId; stage: string; since: Millis }[] {
    return this.#agreements.entries.map(([peer, { stage, since }]) => ({ peer, stage, since }))
  }

  ask(now: Millis, peer: PeerId, ask: Ask): void {
    this.matching.forget(peer)
    const requestId = this.#overlay.random.u32()
    const repeatAt = now + this.#overlay.config.neighborRequestTimeoutMs / REPEATED_AFTER
    const agreement = { stage: 'asking', ask, requestId, since: now, repeated: false } as const
    this.#agreements.set(peer, { ...agreement }, repeatAt)
    this.#overlay.count(ask === 'join' ? 'joins-sent' : 'requests-sent')
    this.#sendRequest(peer, ask, requestId)
  }

  /** A peer asks to join or for a place. */
  onRequest(
    now: Millis,
    from: PeerId,
    message: Message<'join' | 'neighbor-request'>,
    linked: boolean,
  ): void {
    const ask = message.type === 'join' ? 'join' : message.priority
    this.#overlay.learnRecord(from, message.record)
    if (this.#overlay.active.has(from)) {
      // It restarted, or dropped us without our hearing of it: say yes again, with the place it has.
      this.#sendAccept(from, message.requestId)
      if (!linked) this.#overlay.emit({ type: 'connect', peer: from })
      if (ask === 'join') this.#introduce(now, from)
      return
    }
    // Whom we asked, or agreed with already, needs no place besides the one it has.
    if (!this.has(from)) {
      const returns = this.#overlay.returns.allows(now, from)
      if (!returns) this.#overlay.count('returns-refused')
      if (!returns || !this.#hasPlace(now, ask)) {
        this.#refuse(now, from, message.requestId, ask)
        return
      }
    }
    this.#agree(now, from, message.requestId, ask)
  }

  onAccept(now: Millis, from: PeerId, message: Message<'neighbor-accept'>, linked: boolean): void {
    const { active } = this.#overlay
    if (active.has(from)) return
    const agreement = this.#agreements.get(from)
    if (agreement?.stage === 'linking') return
    if (agreement === undefined) {
      // Unknown or timed out. Whoever says yes holds a place for us: it must hear that we don't come.
      this.#overlay.count('accepts-stale')
      this.#withdraw(from, message.requestId, linked)
      return
    }
    this.#overlay.learnRecord(from, message.record)
    // The answer to an earlier request of ours to the same peer is as good.
    if (
      agreement.ask === 'low' &&
      active.size + this.#agreements.linking.length >= active.capacity
    ) {
      this.#agreements.delete(from)
      this.#overlay.count('accepts-too-late')
      this.#withdraw(from, message.requestId, linked)
      return
    }
    this.#link(now, from, {
      stage: 'linking',
      ours: agreement.ask,
      requestId: message.requestId,
      since: now,
      evicts: agreement.ask !== 'low',
      joins: false,
      repeated: false,
    })
  }

  onReject(now: Millis, from: PeerId, message: Message<'neighbor-reject'>): void {
    const agreement = this.#agreements.get(from)
    if (agreement === undefined || agreement.requestId !== message.requestId) {
      this.#overlay.count('rejects-stale')
      return
    }
    this.#fail(now, from, 'refused', message.reason)
    if (message.reason === 'not-in-topic' || FINAL_REASONS.includes(message.reason)) {
      this.#overlay.passive.delete(from)
      this.#overlay.reserve.delete(from)
    }
    if (FINAL_REASONS.includes(message.reason)) this.#overlay.backoff.delay(now, from, 'for-long')
    this.#overlay.integrate(now, from, message.sample)
    this.matching.named(message.sample)
  }

  /** The link carries the topic: who agreed is now a neighbor. Others are not our concern. True where it is. */
  linkUp(now: Millis, peer: PeerId): boolean {
    const agreement = this.#agreements.get(peer)
    if (agreement?.stage !== 'linking') return false
    this.#agreements.delete(peer)
    const overlay = this.#overlay
    if (overlay.active.full && !agreement.evicts) {
      overlay.count('turned-away')
      overlay.sendDisconnect(peer)
      overlay.emit({ type: 'release', peer })
      overlay.backoff.delay(now, peer, 'refused')
      overlay.addPassive(peer)
      return false
    }
    overlay.admit(now, peer)
    this.#pace.reset()
    if (agreement.joins) this.#introduce(now, peer)
    return true
  }

  linkDown(now: Millis, peer: PeerId): void {
    const agreement = this.#agreements.get(peer)
    if (agreement?.stage === 'linking') this.#fail(now, peer, 'unreachable')
    // The request may have died with the link it went over; without one it goes as a knock.
    if (agreement?.stage === 'asking') this.#repeat(peer, agreement)
  }

  unreachable(now: Millis, peer: PeerId): void {
    if (this.has(peer)) this.#fail(now, peer, 'unreachable')
  }

  /** The peer parts from us. Where we only asked, its answer is still to come, unless it leaves. */
  parted(now: Millis, peer: PeerId, leaves: boolean): boolean {
    if (leaves) this.matching.forget(peer)
    const agreement = this.#agreements.get(peer)
    if (agreement === undefined || (agreement.stage === 'asking' && !leaves)) return false
    this.#fail(now, peer, 'refused', leaves ? 'left' : 'replaced')
    return true
  }

  /** True where the deadline was one of ours. */
  due(now: Millis, name: string): boolean {
    const agreement = this.#agreements.get(name)
    if (agreement === undefined) return false
    const peer = name as PeerId
    const { neighborRequestTimeoutMs, dialTimeoutMs } = this.#overlay.config
    const timeoutMs = agreement.stage === 'asking' ? neighborRequestTimeoutMs : dialTimeoutMs
    if (now < agreement.since + timeoutMs) {
      this.#agreements.defer(peer, agreement.since + timeoutMs)
      this.#repeat(peer, agreement)
    } else this.#fail(now, peer, 'timed-out')
    return true
  }

  #repeat(peer: PeerId, agreement: Agreement): void {
    if (agreement.repeated) return
    agreement.repeated = true
    if (agreement.stage === 'linking') {
      // Who has given up meanwhile withdraws, and who is gone is undeliverable: the place is free again.
      this.#overlay.count('accepts-repeated')
      this.#sendAccept(peer, agreement.requestId)
      return
    }
    this.#overlay.count('requests-repeated')
    this.#sendRequest(peer, agreement.ask, agreement.requestId)
  }

  /** Forgets the peer without a word to it. */
  cancel(peer: PeerId): void {
    this.matching.forget(peer)
    if (this.#agreements.delete(peer)?.stage === 'linking')
      this.#overlay.emit({ type: 'release', peer })
  }

  /** We leave: those that wait for a link with us need not wait. */
  cancelAll(): void {
    for (const [peer, { stage, requestId }] of this.#agreements.entries) {
      if (stage === 'linking') this.#sendReject(peer, requestId, 'not-in-topic')
      this.cancel(peer)
    }
  }

  /**
   * A place for a newcomer. Our own unanswered requests don't count: a neighbor for certain is better than
   * one hoped for. Beyond capacity a join or a high request may evict, though not without bound: each
   * such promise needs a neighbor that had its time, and few may stand at once.
   */
  #hasPlace(now: Millis, ask: Ask): boolean {
    const { active, config } = this.#overlay
    const beyond = active.size + this.#agreements.linking.length - active.capacity
    if (beyond < 0) return true
    if (ask === 'low') return false
    return (
      beyond <
      Math.min(config.parallelRequests + PROMISES_BEYOND_PARALLEL, active.settled(now).length)
    )
  }

  #agree(now: Millis, peer: PeerId, requestId: number, ask: Ask): void {
    const before = this.#agreements.get(peer)
    const ours = before?.stage === 'asking' ? before.ask : before?.ours
    this.#sendAccept(peer, requestId)
    this.#link(now, peer, {
      stage: 'linking',
      ours,
      requestId,
      since: now,
      evicts: ask !== 'low' || (ours !== undefined && ours !== 'low'),
      joins: ask === 'join',
      repeated: false,
    })
  }

  #link(now: Millis, peer: PeerId, agreement: Agreement): void {
    const probeAt = now + this.#overlay.config.dialTimeoutMs / REPEATED_AFTER
    this.#agreements.set(peer, agreement, probeAt)
    this.#overlay.emit({ type: 'connect', peer })
  }

  #refuse(now: Millis, peer: PeerId, requestId: number, ask: Ask): void {
    this.#overlay.count(ask === 'join' ? 'joins-refused' : 'requests-refused')
    const partner = this.matching.takePartner(now, peer)
    const reason = ask === 'low' ? 'full' : 'busy'
    this.#sendReject(peer, requestId, reason, this.#contactsFor(peer, partner))
    // A refused joiner has no neighbors: naming it to the next would make islands of newcomers.
    if (ask === 'join') return
    this.#overlay.meet(peer)
    if (partner === undefined) this.matching.wants(now, peer)
  }

  /** Others for a refused peer to ask, so that it is not left without contacts. */
  #contactsFor(peer: PeerId, partner: PeerId | undefined): PeerEntry[] {
    const overlay = this.#overlay
    const best = partner === undefined ? [] : [partner]
    // Those with whom we are about to be linked are good contacts too: at first they are all there is.
    const rest = overlay.sampleFor(peer, this.#agreements.linking)
    const sample = [...overlay.entries(best), ...rest.filter(entry => !best.includes(entry.peer))]
    const { shuffleActiveViewCount, shufflePassiveViewCount } = overlay.config
    return sample.slice(
      0,
      Math.min(LARGEST_SAMPLE, shuffleActiveViewCount + shufflePassiveViewCount),
    )
  }

  #withdraw(peer: PeerId, requestId: number, linked: boolean): void {
    if (linked) {
      this.#overlay.sendDisconnect(peer)
      this.#overlay.emit({ type: 'release', peer })
    } else {
      this.#sendReject(peer, requestId, 'busy')
    }
  }

  /** A request came to nothing, ours or theirs. */
  #fail(
    now: Millis,
    peer: PeerId,
    how: 'refused' | 'timed-out' | 'unreachable',
    reason: string = how,
  ): void {
    const agreement = this.#agreements.delete(peer)
    if (agreement === undefined) return
    const overlay = this.#overlay
    if (agreement.stage === 'linking') overlay.emit({ type: 'release', peer })
    const ask = agreement.stage === 'asking' ? agreement.ask : agreement.ours
    if (ask === undefined) {
      overlay.count(`reservations-${how}`)
      return
    }
    overlay.count(`requests-${how === 'refused' ? 'denied' : how}`)
    if (ask === 'join') overlay.emit({ type: 'join-failed', peer, reason })
    overlay.backoff.delay(now, peer, how === 'refused' ? 'refused' : 'gone')
    // The dead are passed over at once; the full, and those of whom nobody spoke lately, at leisure.
    if (ask !== 'join' && (how === 'refused' || (overlay.reserve.has(peer) && !overlay.isThin))) {
      this.#pace.miss(now, overlay.active.size)
    }
    if (how === 'refused') return
    // Alone, we may be the one that is out of reach: nobody is forgotten then.
    const isKept = overlay.active.size === 0 || overlay.wasActive(peer)
    if (overlay.passive.delete(peer) && isKept) overlay.reserve.add(peer)
    if (overlay.active.size > 0 && overlay.backoff.times(peer) >= FORGOTTEN_AFTER) {
      overlay.reserve.delete(peer)
    }
  }

  /** Sends a newcomer's name on a walk from each other neighbor; once a second, if it joins again. */
  #introduce(now: Millis, joiner: PeerId): void {
    if (!this.#introductions.allows(now, joiner)) return
    const overlay = this.#overlay
    const [entry] = overlay.entries([joiner])
    const settled = overlay.active.settled(now)
    for (const neighbor of overlay.active.others(joiner)) {
      // A young one has nobody to pass it on to: the walk would end where it began, and make a triangle.
      const peer = settled.includes(neighbor)
        ? neighbor
        : (overlay.random.pick(settled) ?? neighbor)
      const hopsLeft = overlay.config.activeRandomWalkLength
      overlay.send(peer, { type: 'forward-join', joiner: entry!, hopsLeft })
    }
  }

  #sendRequest(to: PeerId, ask: Ask, requestId: number): void {
    const record = this.#overlay.ownRecord
    if (ask === 'join') this.#overlay.send(to, { type: 'join', requestId, record })
    else this.#overlay.send(to, { type: 'neighbor-request', requestId, priority: ask, record })
  }

  #sendAccept(to: PeerId, requestId: number): void {
    this.#overlay.send(to, { type: 'neighbor-accept', requestId, record: this.#overlay.ownRecord })
  }

  #sendReject(
    to: PeerId,
    requestId: number,
    reason: Message<'neighbor-reject'>['reason'],
    sample: PeerEntry[] = [],
  ): void {
    this.#overlay.send(to, { type: 'neighbor-reject', requestId, reason, sample })
  }
}

/** Joins admitted beyond capacity at one time, besides `parallelRequests` (reference §7.3 p). Guess. */
const PROMISES_BEYOND_PARALLEL = 2
/**
 * What has come to nothing after a third of its time is said again, once: a knock may have gone the way of a
 * name told long ago, and then takes another (core/relay.ts). Measured: at 2,000 peers one request in four
 * was lost so. Guess.
 */
const REPEATED_AFTER = 3
/** Failures in a row after which a remembered peer is forgotten, neighbors given. Guess. */
const FORGOTTEN_AFTER = 8
/** Refusals that asking again does not change. */
const FINAL_REASONS: readonly string[] = ['mismatch', 'banned', 'not-admitted']
