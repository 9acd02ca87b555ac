import type { Millis, PeerId } from '../../ids.js'
import { answerDue, linkDue, type Overlay } from './overlay.js'

/**
 * Whom others named is asked by CONN, so that it says CONN back. Departs from the seed, which says it once and
 * believes: without an answer it is said again, and who never answers is no member.
 */
export class Questions {
  readonly #overlay: Overlay
  /** To be asked. */
  readonly #named = new Set<PeerId>()
  /** Who named those that are to be asked, and those that are asked, where it was a member. */
  readonly #namedBy = new Map<PeerId, PeerId>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  get named(): ReadonlySet<PeerId> {
    return this.#named
  }

  /** A peer that others know: a member, that may name anyone, or else the server, or we from before. */
  hearOf(now: Millis, peer: PeerId, by?: PeerId): void {
    const { members, bars } = this.#overlay
    if (members.has(peer) || this.#named.has(peer)) return
    if (peer === this.#overlay.self || bars.isBarred(now, peer)) return
    if (by === undefined) return this.again(peer)
    if (this.#named.size >= MOST_NAMED || !this.#mayName(by)) {
      return this.#overlay.count('names-dropped')
    }
    this.#named.add(peer)
    this.#namedBy.set(peer, by)
  }

  /** One that we knew, whatever became of it. */
  again(peer: PeerId): void {
    this.#named.add(peer)
    if (this.#named.size <= MOST_NAMED) return
    const [first] = this.#named
    this.forget(first!)
    this.#overlay.count('names-dropped')
  }

  forget(peer: PeerId): void {
    this.#named.delete(peer)
    this.#namedBy.delete(peer)
  }

  clear(): void {
    this.#named.clear()
    this.#namedBy.clear()
  }

  /** No more than a room has: else one that names whom there is not would keep all others from naming who is there. */
  #mayName(by: PeerId): boolean {
    let count = 0
    for (const other of this.#namedBy.values()) if (other === by) count++
    return count < this.#overlay.config.linkCapacity
  }

  /** Asks whom it may. Returns when the next may be asked. */
  askNamed(now: Millis): Millis | undefined {
    const { members, pauses } = this.#overlay
    let soonest: Millis | undefined
    for (const peer of this.#named) {
      if (members.isFull) return soonest
      const until = pauses.until(now, peer)
      if (until !== undefined) {
        soonest = Math.min(soonest ?? until, until)
        continue
      }
      this.#named.delete(peer)
      members.set(peer, 'asking', now)
      this.#ask(now, peer, 0)
    }
    return soonest
  }

  /** An answer or a link did not come in time. */
  overdue(now: Millis, timer: string): void {
    for (const [peer, member] of this.#overlay.members) {
      const isAnswer = timer === answerDue(peer)
      if (!isAnswer && timer !== linkDue(peer)) continue
      if (isAnswer && member.tries + 1 < MOST_TRIES) this.#ask(now, peer, ++member.tries)
      else this.#failed(now, peer)
      return
    }
  }

  unreachable(now: Millis, peer: PeerId): void {
    const stage = this.#overlay.members.stage(peer)
    if (stage === 'asking' || stage === 'linking') this.#failed(now, peer)
  }

  #ask(now: Millis, peer: PeerId, tries: number): void {
    const { timers, config } = this.#overlay
    timers.set(answerDue(peer), now + config.answerTimeoutMs * 2 ** tries)
    this.#overlay.count('conns-sent')
    this.#overlay.sendConn(peer, true)
  }

  /** A question or a dial came to nothing: again after a pause, a few times, unless others go on naming it. */
  #failed(now: Millis, peer: PeerId): void {
    const { pauses } = this.#overlay
    pauses.delay(now, peer)
    this.#overlay.drop(peer, 'link-lost')
    if (pauses.times(peer) < MOST_TRIES) this.again(peer)
    else this.forget(peer)
  }
}

/** As many as a list may name. */
const MOST_NAMED = 64
/** Reference §2.2: 1, 2, 4 s. */
const MOST_TRIES = 3
