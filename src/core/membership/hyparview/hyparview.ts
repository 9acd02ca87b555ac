import type { Deadline } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import type {
  HandedOver,
  LinkDownReason,
  Membership,
  MembershipInput,
  MembershipSnapshot,
} from '../membership.js'
import { Components } from './components.js'
import type { HyparviewConfig } from './config.js'
import type { HyparviewMessage, PeerRecord } from './messages.js'
import { type HyparviewOutput, Overlay } from './overlay.js'
import { jittered, Pace } from './pacing.js'
import { Refill } from './refill.js'
import { Requests } from './requests.js'
import { Shuffling } from './shuffling.js'

type Message<T extends HyparviewMessage['type']> = Extract<HyparviewMessage, { type: T }>

/**
 * HyParView (Leitão, Pereira, Rodrigues, DSN 2007): a small active view of neighbors, symmetric and linked,
 * and a larger passive view of peers to replace them with. The parts: who asks whom for a place
 * (requests.ts), whom to ask next (refill.ts), the exchange of passive peers (shuffling.ts), the views and
 * the rules between them (overlay.ts). Here inputs are routed, and neighbors lost.
 */
export class Hyparview implements Membership<HyparviewMessage> {
  readonly #overlay: Overlay
  readonly #requests: Requests
  readonly #refill: Refill
  readonly #shuffling: Shuffling
  readonly #components: Components
  #started = false
  #closed = false
  #accompanied = false
  #walked = false

  constructor({ self, config, random, record }: HyparviewOptions) {
    this.#overlay = new Overlay(self, config, random, record)
    const pace = new Pace(config, random)
    this.#requests = new Requests(this.#overlay, pace)
    this.#refill = new Refill(this.#overlay, this.#requests, pace)
    this.#shuffling = new Shuffling(this.#overlay)
    this.#components = new Components(this.#overlay, this.#requests)
  }

  get neighbors(): readonly PeerId[] {
    return this.#overlay.active.peers
  }

  get known(): readonly PeerId[] {
    return this.#overlay.known
  }

  get busy(): boolean {
    return this.#requests.size > 0
  }

  /** The name of the part of the overlay we are in. */
  get component(): PeerId {
    return this.#components.name
  }

  get nextDeadline(): Deadline | undefined {
    return this.#overlay.timers.next
  }

  handle(now: Millis, input: MembershipInput<HyparviewMessage>): HyparviewOutput[] {
    if (this.#closed) return []
    if (!this.#started) {
      this.#started = true
      this.#armShuffle(now, this.#overlay.config.shuffleIntervalMs)
    }
    this.#route(now, input)
    if (!this.#closed) this.#settle(now)
    return this.#overlay.take()
  }

  /** Takes over another membership's neighbors, which may be more than the view holds. */
  adopt(now: Millis, neighbors: readonly HandedOver[]): void {
    for (const { peer, since, record } of neighbors) {
      this.#overlay.active.add(since, peer)
      this.#overlay.returns.note(now, peer)
      this.#overlay.records.learn(peer, record)
    }
  }

  handOver(): HandedOver[] {
    const { active, records } = this.#overlay
    return active.entries.map(entry => ({ ...entry, record: records.get(entry.peer) }))
  }

  /** Parts from a neighbor of too many, on good terms. */
  shed(now: Millis, peer: PeerId): HyparviewOutput[] {
    this.#overlay.part(now, peer, 'evicted')
    return this.#overlay.take()
  }

  snapshot(): MembershipSnapshot {
    const { active, passive, reserve } = this.#overlay
    return {
      kind: 'hyparview',
      active: active.entries,
      passive: passive.peers,
      reserve: reserve.peers,
      requests: this.#requests.list,
      deadline: this.nextDeadline,
    }
  }

  #route(now: Millis, input: MembershipInput<HyparviewMessage>): void {
    switch (input.type) {
      case 'join':
        this.#refill.join(now, input.peers)
        break
      case 'remember':
        this.#refill.remember(now, input.peers)
        this.#components.named(now, input.peers)
        break
      case 'own-record':
        this.#overlay.ownRecord = input.record
        break
      case 'quit':
        this.#quit()
        break
      case 'message':
        this.#onMessage(now, input.from, input.message, input.linked)
        break
      case 'link-up':
        if (this.#requests.linkUp(now, input.peer)) this.#components.neighborUp(now, input.peer)
        break
      case 'link-down':
        this.#linkDown(now, input.peer, input.reason)
        break
      case 'rtt':
        return this.#overlay.active.noteRtt(input.peer, input.rttMs)
      case 'unreachable':
        this.#requests.unreachable(now, input.peer)
        break
      case 'congested':
        this.#congested(now, input.peer)
        break
      case 'ban':
        this.#ban(now, input.peer)
        break
      case 'wake':
        this.#wake(now)
        break
    }
  }

  #onMessage(now: Millis, from: PeerId, message: HyparviewMessage, linked: boolean): void {
    if (!this.#overlay.admissible(now, from)) {
      this.#overlay.count('messages-refused')
      return
    }
    switch (message.type) {
      case 'join':
      case 'neighbor-request':
        this.#requests.onRequest(now, from, message, linked)
        break
      case 'neighbor-accept':
        this.#requests.onAccept(now, from, message, linked)
        break
      case 'neighbor-reject':
        this.#requests.onReject(now, from, message)
        break
      case 'forward-join':
        if (this.#isNeighbor(now, from, linked)) this.#onForwardJoin(now, from, message)
        break
      case 'shuffle':
        if (this.#isNeighbor(now, from, linked)) this.#shuffling.onShuffle(now, from, message)
        break
      case 'component':
        this.#components.onMessage(now, from, message)
        break
      case 'shuffle-reply':
        // From a former neighbor too: the walk may have outlived the place.
        if (linked) this.#shuffling.onReply(now, from, message)
        else this.#overlay.count('messages-unlinked')
        break
      case 'disconnect':
        if (linked) this.#onDisconnect(now, from, message)
        else this.#overlay.count('messages-unlinked')
        break
    }
  }

  /** Only neighbors walk; who wrongly thinks itself one is told. */
  #isNeighbor(now: Millis, from: PeerId, linked: boolean): boolean {
    if (this.#overlay.active.has(from)) return true
    if (!linked) this.#overlay.count('messages-unlinked')
    else if (this.#requests.has(from)) this.#overlay.count('messages-early')
    else this.#overlay.answerStray(now, from)
    return false
  }

  #onForwardJoin(now: Millis, from: PeerId, { joiner, hopsLeft }: Message<'forward-join'>): void {
    const overlay = this.#overlay
    const requests = this.#requests
    const { activeRandomWalkLength, passiveRandomWalkLength, parallelRequests } = overlay.config
    if (!overlay.admissible(now, joiner.peer)) {
      overlay.count('entries-dropped')
      return
    }
    overlay.learnRecord(joiner.peer, joiner.record)
    // The seed sends a neighbor that joins anew another request; here its own request was answered already.
    const isKnown = overlay.active.has(joiner.peer) || requests.has(joiner.peer)
    const left = Math.min(hopsLeft, activeRandomWalkLength)
    // Departs from the paper, where a walk ends with a peer that has no other neighbor, and with one that knows
    // the joiner: where many join at once that is next door, and makes triangles. It turns round.
    const next = overlay.random.pick(overlay.active.others(from, joiner.peer)) ?? from
    if (left > 0) {
      if (left === passiveRandomWalkLength) overlay.hearOf(now, joiner.peer, undefined)
      overlay.send(next, { type: 'forward-join', joiner, hopsLeft: left - 1 })
      return
    }
    if (isKnown) return
    // The walk ends here. As in the seed, and unlike the paper, the joiner is not listed before it agreed and
    // the link stands; it may then cost a neighbor its place.
    if (requests.ours < parallelRequests && overlay.backoff.until(now, joiner.peer) === undefined) {
      requests.ask(now, joiner.peer, 'high')
    } else {
      overlay.count('offers-skipped')
      overlay.hearOf(now, joiner.peer, undefined)
    }
  }

  #onDisconnect(now: Millis, from: PeerId, { alive, sample }: Message<'disconnect'>): void {
    const overlay = this.#overlay
    const leaves = alive === 'leaving'
    const wasNeighbor = overlay.active.has(from)
    if (wasNeighbor) {
      overlay.dropNeighbor(from, leaves ? 'left' : 'replaced')
      this.#refill.hurry()
      if (!leaves) {
        overlay.backoff.delay(now, from, 'refused')
        overlay.addPassive(from)
      }
    }
    const hadAgreed = this.#requests.parted(now, from, leaves)
    // Who leaves is kept by nobody; contacts stay, for a peer may come back to its room.
    if (leaves) overlay.forget(from)
    // No answer, ever: answered disconnects flip two peers for ever (reference §7.3 c).
    if (wasNeighbor || hadAgreed) {
      overlay.integrate(now, from, sample)
      this.#requests.matching.named(sample)
    }
  }

  #linkDown(now: Millis, peer: PeerId, reason: LinkDownReason): void {
    this.#requests.linkDown(now, peer)
    if (!this.#overlay.active.has(peer)) return
    this.#overlay.dropNeighbor(peer, reason === 'blamed' ? 'blamed' : 'link-lost')
    this.#refill.hurry()
    this.#refill.lost(now)
    this.#components.cut(now)
    // Departs from the paper: where many go at once, most of those we know went too. A walk names some who are there.
    this.#shuffleWithin(now, this.#overlay.config.shuffleIntervalMs / SHUFFLE_SOON_PART)
    this.#overlay.reserve.addLost(peer, now + this.#overlay.config.shuffleIntervalMs)
  }

  #congested(now: Millis, peer: PeerId): void {
    if (!this.#overlay.active.has(peer)) return
    this.#overlay.part(now, peer, 'congested')
    this.#refill.hurry()
  }

  #ban(now: Millis, peer: PeerId): void {
    if (this.#overlay.active.has(peer)) {
      this.#overlay.dropNeighbor(peer, 'blamed')
      this.#refill.hurry()
    }
    this.#requests.cancel(peer)
    this.#refill.forget(peer)
    this.#overlay.ban(now, peer)
  }

  #quit(): void {
    // For those about to be linked with us we may be a neighbor already.
    const { peers } = this.#overlay.active
    for (const peer of [...peers, ...this.#requests.linking])
      this.#overlay.send(peer, { type: 'disconnect', alive: 'leaving', sample: [] })
    for (const peer of peers) this.#overlay.dropNeighbor(peer, 'closing')
    this.#requests.cancelAll()
    this.#overlay.timers.clearAll()
    this.#closed = true
  }

  #wake(now: Millis): void {
    for (const name of this.#overlay.timers.due(now)) {
      if (this.#requests.due(now, name)) continue
      if (name === 'rejoin') this.#refill.rejoinDue()
      if (name === 'walk') this.#walk()
      if (name === 'shuffle') {
        this.#shuffling.shuffle(now)
        this.#refill.revisit(now)
        this.#components.tick(now)
        const part = this.#overlay.isThin && this.#refill.isUnsafe(now) ? FIRST_SHUFFLE_PART : 1
        this.#armShuffle(now, this.#overlay.config.shuffleIntervalMs / part)
        if (!this.#walked) {
          this.#overlay.timers.set('walk', now + this.#overlay.random.below(WALK_WITHIN_MS))
        }
      }
    }
  }

  #settle(now: Millis): void {
    this.#refill.fill(now)
    const accompanied = this.#overlay.active.size > 0
    // Departs from the seed: a newcomer, whose passive view is empty, does not wait a minute for its first.
    if (accompanied && !this.#accompanied) {
      this.#armShuffle(now, this.#overlay.config.shuffleIntervalMs / FIRST_SHUFFLE_PART)
    }
    this.#accompanied = accompanied
  }

  /**
   * Departs from the paper, where only its contact sends a newcomer on walks: a while later it goes on one of its own,
   * once, and where that ends both make room for each other, the far going first. Whom it met first its contact knew:
   * those who come together would stay together (decision 15). Where fewer others are known than there are places, as in a
   * room of ten, there is nothing to mix.
   */
  #walk(): void {
    const { active, passive, random, config, ownEntry } = this.#overlay
    const to = random.pick(active.peers)
    if (to === undefined || passive.size < active.capacity) return
    this.#walked = true
    const hopsLeft = config.activeRandomWalkLength
    this.#overlay.send(to, { type: 'forward-join', joiner: ownEntry, hopsLeft })
  }

  #shuffleWithin(now: Millis, ms: number): void {
    const { timers } = this.#overlay
    const due = timers.at('shuffle')
    if (due === undefined || due > now + ms) this.#armShuffle(now, ms)
  }

  #armShuffle(now: Millis, ms: number): void {
    this.#overlay.timers.set('shuffle', now + jittered(this.#overlay.random, ms))
  }
}

export interface HyparviewOptions {
  self: PeerId
  config: HyparviewConfig
  random: Random
  /** Our own words about ourselves; travel with our id. */
  record?: PeerRecord | undefined
}

/** 5 s of the default 60 s. Guess. */
const FIRST_SHUFFLE_PART = 12
/** After the first shuffle: places are taken then, and nobody is at rest yet. Guess. */
const WALK_WITHIN_MS = 15_000
/** 1 s of the default 60 s, so that the loss of several makes one walk. Guess. */
const SHUFFLE_SOON_PART = 60
