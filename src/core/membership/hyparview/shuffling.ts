import type { Millis, PeerId } from '../../ids.js'
import { type HyparviewMessage, LARGEST_SAMPLE } from './messages.js'
import type { Overlay } from './overlay.js'

type Shuffle = Extract<HyparviewMessage, { type: 'shuffle' }>
type ShuffleReply = Extract<HyparviewMessage, { type: 'shuffle-reply' }>

/** What to do with the reply a neighbor will bring: pass it back, or, for our own walk, keep it. */
interface Walk {
  readonly next: PeerId
  readonly walkId: number
  readonly since: Millis
  readonly to: { back: PeerId } | { sent: PeerId[] }
}

/**
 * Shuffles exchange passive peers with someone a few hops away. Departs from the seed: a reply walks back the
 * way the shuffle came. The seed sends it straight to the origin, which is hardly ever a neighbor: that
 * would cost a WebRTC handshake per peer and minute (reference §9.4).
 */
export class Shuffling {
  readonly #overlay: Overlay
  /** The oldest first; known by the neighbor the walk went on to, and its id. */
  #walks: readonly Walk[] = []

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  /** Sends our own sample on a walk. */
  shuffle(now: Millis): void {
    const overlay = this.#overlay
    const { shuffleActiveViewCount, shufflePassiveViewCount, shuffleRandomWalkLength } =
      overlay.config
    const target = overlay.random.pick(overlay.active.peers)
    if (target === undefined) return
    const passive = overlay.random.sample(overlay.passive.peers, shufflePassiveViewCount)
    const active = overlay.random.sample(overlay.active.others(target), shuffleActiveViewCount)
    const walkId = overlay.random.u32()
    this.#remember(now, target, walkId, { sent: passive })
    overlay.count('shuffles-sent')
    overlay.send(target, {
      type: 'shuffle',
      origin: overlay.ownEntry,
      walkId,
      hopsLeft: shuffleRandomWalkLength,
      sample: overlay.entries([...active, ...passive]).slice(0, LARGEST_SAMPLE),
    })
  }

  onShuffle(now: Millis, from: PeerId, message: Shuffle): void {
    const overlay = this.#overlay
    const { origin, walkId, sample } = message
    if (origin.peer === overlay.self) {
      overlay.count('walks-circular')
      return
    }
    if (sample.length > LARGEST_SAMPLE) {
      overlay.emit({ type: 'blame', peer: from, reason: 'limit-exceeded' })
      overlay.count('samples-dropped')
      return
    }
    const hopsLeft = Math.min(message.hopsLeft, overlay.config.shuffleRandomWalkLength)
    // Never twice over the same edge: the way back would not be clear.
    const onward = overlay.active
      .others(from, origin.peer)
      .filter(peer => this.#find(peer, walkId) === undefined)
    const next = hopsLeft > 0 ? overlay.random.pick(onward) : undefined
    // Departs from the seed, which drops a shuffle with nowhere to go: it is taken in here.
    if (next === undefined) {
      this.#accept(now, from, message)
      return
    }
    this.#expire(now)
    if (this.#walksOf(from) >= WALKS_PER_NEIGHBOR) {
      overlay.count('shuffles-dropped')
      return
    }
    this.#remember(now, next, walkId, { back: from })
    overlay.send(next, { ...message, hopsLeft: hopsLeft - 1 })
  }

  onReply(now: Millis, from: PeerId, { walkId, sample }: ShuffleReply): void {
    const overlay = this.#overlay
    this.#expire(now)
    const walk = this.#find(from, walkId)
    if (walk === undefined) {
      overlay.count('replies-unasked')
      overlay.emit({ type: 'blame', peer: from, reason: 'unasked-reply' })
      return
    }
    const { to } = walk
    this.#walks = this.#walks.filter(other => other !== walk)
    if (sample.length > LARGEST_SAMPLE) {
      overlay.emit({ type: 'blame', peer: from, reason: 'limit-exceeded' })
      overlay.count('samples-dropped')
    } else if ('sent' in to) {
      overlay.integrate(now, from, sample, to.sent)
    } else if (overlay.active.has(to.back)) {
      overlay.send(to.back, { type: 'shuffle-reply', walkId, sample })
    } else {
      overlay.count('walks-lost')
    }
  }

  /** Departs from the seed: our sample is drawn before theirs is merged, so it doesn't echo it. */
  #accept(now: Millis, from: PeerId, { origin, walkId, sample }: Shuffle): void {
    const overlay = this.#overlay
    const told = new Set([origin.peer, ...sample.map(({ peer }) => peer)])
    const count = Math.min(sample.length + 1, LARGEST_SAMPLE)
    const fresh = (peers: readonly PeerId[]) => peers.filter(peer => !told.has(peer))
    const passive = overlay.random.sample(fresh(overlay.passive.peers), count)
    const active = overlay.random.sample(fresh(overlay.active.peers), count - passive.length)
    overlay.send(from, {
      type: 'shuffle-reply',
      walkId,
      sample: overlay.entries([...passive, ...active]),
    })
    overlay.integrate(now, from, [origin, ...sample].slice(0, LARGEST_SAMPLE), passive)
  }

  #remember(now: Millis, next: PeerId, walkId: number, to: Walk['to']): void {
    this.#expire(now)
    if (this.#walks.length >= LARGEST_WALKS) {
      this.#walks = this.#walks.slice(1)
      this.#overlay.count('walks-lost')
    }
    this.#walks = this.#walks.concat({ next, walkId, since: now, to })
  }

  #find(next: PeerId, walkId: number): Walk | undefined {
    return this.#walks.find(walk => walk.walkId === walkId && walk.next === next)
  }

  #walksOf(from: PeerId): number {
    return this.#walks.filter(({ to }) => 'back' in to && to.back === from).length
  }

  #expire(now: Millis): void {
    while (this.#walks.length > 0 && now - this.#walks[0]!.since >= WALK_MS) {
      this.#walks = this.#walks.slice(1)
      this.#overlay.count('walks-lost')
    }
  }
}

/** Seven hops there and back over the slowest links, busy tabs included. Guess. */
const WALK_MS = 30_000
/** One neighbor's walks must not crowd out another's. Guess: 30 s of the default rate is 4. */
const WALKS_PER_NEIGHBOR = 32
/** Neighbors at most eight (papers §3.1), each with its own. */
const LARGEST_WALKS = 256
