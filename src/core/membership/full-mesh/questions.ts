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

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  get named(): ReadonlySet<PeerId> {
    return this.#named
  }

  /** A peer that others know. */
  hearOf(now: Millis, peer: PeerId): void {
    const { members, bars } = this.#overlay
    if (members.has(peer) || this.#named.has(peer)) return
    if (peer === this.#overlay.self || bars.isBarred(now, peer)) return
    if (this.#named.size >= MOST_NAMED) return this.#overlay.count('names-dropped')
    this.#named.add(peer)
  }

  /** One that we knew, whatever became of it. */
  again(peer: PeerId): void {
    this.#named.add(peer)
  }

  forget(peer: PeerId): void {
    this.#named.delete(peer)
  }

  clear(): void {
    this.#named.clear()
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
    if (pauses.times(peer) < MOST_TRIES) this.#named.add(peer)
  }
}

/** As many as a list may name. */
const MOST_NAMED = 64
/** Reference §2.2: 1, 2, 4 s. */
const MOST_TRIES = 3
