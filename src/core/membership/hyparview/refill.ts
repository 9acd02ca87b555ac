import type { Millis, PeerId } from '../../ids.js'
import type { Overlay } from './overlay.js'
import { jittered, type Pace } from './pacing.js'
import type { Requests } from './requests.js'

/**
 * Whom to ask for a place, and when. `fill` is called at the end of every input and does what there is to
 * do, so that no event can break the chain of retries (which it does in the seed: reference §7.3 b).
 */
export class Refill {
  readonly #overlay: Overlay
  readonly #requests: Requests
  readonly #pace: Pace
  /** Whom the application and the server named, the last named first: asked first while isolated. */
  #contacts: PeerId[] = []
  /** Still to be joined. */
  #queue: PeerId[] = []
  #wanted = false
  #alone = true
  #everJoined = false
  #round = 0
  #askedInRound = 0
  #soonest: Millis | undefined
  #walksUntil: Millis = 0
  #lostAt = Number.NEGATIVE_INFINITY

  constructor(overlay: Overlay, requests: Requests, pace: Pace) {
    this.#overlay = overlay
    this.#requests = requests
    this.#pace = pace
  }

  join(now: Millis, peers: readonly PeerId[]): void {
    this.#wanted = true
    const named = [...new Set(peers)].filter(peer => this.#overlay.admissible(now, peer))
    this.remember(now, named)
    // Spread it would keep room for seventeen.
    this.#contacts = named.concat(this.#contacts.filter(peer => !named.includes(peer)))
    if (this.#contacts.length > LARGEST_CONTACTS) this.#contacts.length = LARGEST_CONTACTS
    for (const peer of named) {
      this.#overlay.backoff.hasten(peer)
      if (this.#queue.includes(peer)) continue
      if (this.#queue.length < LARGEST_CONTACTS) this.#queue.push(peer)
      else this.#overlay.count('contacts-dropped')
    }
  }

  remember(now: Millis, peers: readonly PeerId[]): void {
    const { active, passive, reserve } = this.#overlay
    // The first named are the most useful: they are to be the last remembered.
    for (const peer of peers.slice(0, reserve.capacity).reverse()) {
      if (!this.#overlay.admissible(now, peer) || active.has(peer) || passive.has(peer)) continue
      reserve.add(peer)
    }
  }

  /** A neighbor was lost, or told us to go: ask again without delay. */
  hurry(): void {
    this.#pace.reset()
  }

  /** A link broke: whoever was named since is more likely to be there than the others. */
  lost(now: Millis): void {
    this.#lostAt = now
  }

  /** A link broke not long ago: many that we know may be gone too. */
  isUnsafe(now: Millis): boolean {
    return now - this.#lostAt < this.#overlay.config.shuffleIntervalMs
  }

  forget(peer: PeerId): void {
    this.#contacts = this.#contacts.filter(other => other !== peer)
    this.#queue = this.#queue.filter(other => other !== peer)
  }

  /** A new round of asking begins. */
  rejoinDue(): void {
    this.#askedInRound = 0
  }

  fill(now: Millis): void {
    this.#soonest = undefined
    if (this.#overlay.active.size > 0) this.#settle(now)
    this.#askQueued(now)
    if (this.#overlay.active.size > 0) this.#refill(now)
    else this.#rejoin(now)
    if (this.#soonest === undefined) this.#overlay.timers.clear('refill')
    else this.#overlay.timers.set('refill', this.#soonest)
  }

  /**
   * Departs from the paper: asks a neighbor lost by a broken link for a place now and then, evicting if
   * need be. After a partition both halves are content with themselves and nothing else would join them.
   */
  revisit(now: Millis): void {
    const overlay = this.#overlay
    const peer = overlay.reserve.dueVisit(now)
    if (peer === undefined || overlay.active.size === 0 || !this.#free(now, peer)) return
    if (this.#requests.ours >= overlay.config.parallelRequests) return
    overlay.reserve.visited(now, peer, overlay.config.shuffleIntervalMs)
    overlay.count('revisits')
    this.#requests.ask(now, peer, 'high')
  }

  /** The first neighbor after none: contacts not asked by then are only remembered. */
  #settle(now: Millis): void {
    if (!this.#alone) return
    this.#alone = false
    if (!this.#everJoined) this.#walksUntil = now + JOIN_WALKS_MS
    this.#everJoined = true
    this.#wanted = true
    this.#round = 0
    this.#askedInRound = 0
    this.#queue = []
    this.#overlay.timers.clear('rejoin')
  }

  #askQueued(now: Millis): void {
    const overlay = this.#overlay
    const requests = this.#requests
    const later: PeerId[] = []
    for (const peer of this.#queue) {
      if (overlay.active.has(peer) || requests.has(peer)) continue
      const until = overlay.backoff.until(now, peer)
      if (until !== undefined) this.#noLaterThan(until)
      // One contact after the other while alone: each join costs others their neighbors.
      const mayAsk = this.#alone
        ? requests.size === 0
        : requests.ours < overlay.config.parallelRequests
      if (until === undefined && mayAsk) requests.ask(now, peer, 'join')
      else later.push(peer)
    }
    this.#queue = later
  }

  #refill(now: Millis): void {
    const overlay = this.#overlay
    const requests = this.#requests
    const pace = this.#pace
    const missing = () => overlay.active.capacity - overlay.active.size - requests.size
    // Departs from the paper, where any neighbor at all makes requests low: in a saturated overlay a peer with
    // one or two would be refused for ever, and be isolated by the next loss.
    const thin = overlay.isThin
    const priority = thin && pace.misses >= MISSES_BEFORE_HIGH ? 'high' : 'low'
    const parallel =
      thin && this.isUnsafe(now) ? overlay.active.capacity : overlay.config.parallelRequests
    while (missing() > 0 && requests.ours < parallel) {
      if (now < pace.notBefore) {
        this.#noLaterThan(pace.notBefore)
        return
      }
      let peer = requests.matching.likely(now).find(one => this.#free(now, one))
      if (peer === undefined && now < this.#walksUntil) {
        this.#noLaterThan(this.#walksUntil)
        return
      }
      const free = overlay.passive.peers.filter(one => this.#free(now, one))
      peer ??=
        (this.isUnsafe(now) ? free.at(-1) : overlay.random.pick(free)) ??
        overlay.reserve.peers.find(one => this.#free(now, one))
      if (peer === undefined) return
      requests.ask(now, peer, priority)
    }
  }

  /**
   * Departs from the seed, which sends one join, once: without neighbors we ask on for ever, in rounds with
   * growing pauses, and tell the topic each time that nobody is left to ask.
   */
  #rejoin(now: Millis): void {
    this.#alone = true
    if (!this.#wanted) return
    const overlay = this.#overlay
    const requests = this.#requests
    const { config } = overlay
    const passive = overlay.random.sample(overlay.passive.peers, overlay.passive.size)
    const known = overlay.backoff.inOrder([...passive, ...overlay.reserve.peers])
    const mayAsk = (peer: PeerId) =>
      (this.#askedInRound < ASKED_PER_ROUND || overlay.backoff.times(peer) === 0) &&
      this.#free(now, peer)
    // Who had neighbors knows others: a place with one of them costs less than a join. When many went at once most
    // of these went too, so as many are asked at a time as could be neighbors, and each once without a pause.
    for (const peer of this.#everJoined ? known : []) {
      if (requests.size >= config.activeViewCapacity) return
      if (!mayAsk(peer)) continue
      this.#askedInRound++
      requests.ask(now, peer, 'high')
    }
    if (requests.size > 0) return
    const contact = [...this.#contacts, ...known].find(mayAsk)
    if (contact !== undefined) {
      this.#askedInRound++
      requests.ask(now, contact, 'join')
      return
    }
    if (overlay.timers.has('rejoin')) return
    overlay.count('isolated')
    overlay.emit({ type: 'isolated' })
    const pauseMs = Math.min(config.largestBackoffMs, config.retryBackoffMs * 2 ** this.#round)
    if (pauseMs < config.largestBackoffMs) this.#round++
    overlay.timers.set('rejoin', now + jittered(overlay.random, pauseMs))
  }

  #free(now: Millis, peer: PeerId): boolean {
    if (this.#requests.has(peer) || this.#overlay.active.has(peer)) return false
    const until = this.#overlay.backoff.until(now, peer)
    if (until !== undefined) this.#noLaterThan(until)
    return until === undefined
  }

  #noLaterThan(at: Millis): void {
    if (this.#soonest === undefined || at < this.#soonest) this.#soonest = at
  }
}

/** Bootstrap peers and introductions kept for isolation. Guess. */
const LARGEST_CONTACTS = 32
/** So that a hundred remembered dead don't make a hundred knocks a round. Guess. */
const ASKED_PER_ROUND = 8
/**
 * What a newcomer hears of first are its contact's neighbors; those that its walks lead to are better ones: asked
 * at once the former make triangles. Six hops and a request. Guess.
 */
const JOIN_WALKS_MS = 2_000
/** Guess. */
const MISSES_BEFORE_HIGH = 3
