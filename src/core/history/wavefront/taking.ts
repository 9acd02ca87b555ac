import type { Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import type { Roots } from '../log.js'
import { opOf } from '../op.js'
import type { ReconcilerOptions } from '../reconciler.js'
import { MOST_LANES } from '../records.js'
import { RootClaims } from './claims.js'
import { type Mark, PARTS_UNDER_WAY } from './messages.js'
import type { Conversation, Wave } from './state.js'
import type { Talk } from './talk.js'
import { byAuthor, isOversized, type Tides } from './waves.js'

/** Takes in what others say: the ops of a wave, and of its parts. */
export class Taking {
  readonly #options: ReconcilerOptions
  readonly #talk: Talk
  readonly #claims = new RootClaims()
  /** Roots of a COHERENT, until the wave that follows. */
  readonly #coherent = new Map<PeerId, Tides>()

  constructor(options: ReconcilerOptions, talk: Talk) {
    this.#options = options
    this.#talk = talk
  }

  /** Where lanes begin, as it says before its first wave. */
  coherent(peer: PeerId, roots: Tides): void {
    this.#coherent.set(peer, roots)
  }

  forget(peer: PeerId): void {
    this.#claims.forget(peer)
    this.#coherent.delete(peer)
  }

  /** A piece of the wave that we wait for; whoever says it goes on with its turn. */
  part(
    now: Millis,
    from: PeerId,
    { exchange: id, part, roots, ops, left }: Wave<'wave-part'>,
  ): void {
    const { exchanges } = this.#talk
    const found = [true, false].flatMap(opened => exchanges.find(from, id, opened) ?? [])
    const exchange = found.find(({ turn }) => turn === 'theirs') ?? found[0]
    if (exchange === undefined) {
      this.#talk.count('exchange-strays')
      // What was on its way when we ended it is no lie.
      if (!exchanges.wasUnderWay(from, id, PARTS_UNDER_WAY)) this.#talk.blame(from, 'unasked-reply')
      return
    }
    const { state } = exchange
    const isLate = part <= state.parts || part > state.parts + PARTS_UNDER_WAY
    if (exchange.turn !== 'theirs' || isLate || ops.length === 0) {
      return this.#talk.violated(exchange, 'violation')
    }
    // One before it was lost where a queue was full.
    if (part > state.parts + 1) return this.#talk.fail(exchange, 'lost')
    if (isOversized(ops)) {
      this.#talk.blame(from, 'limit-exceeded')
      return this.#talk.fail(exchange, 'violation')
    }
    if (!this.roots(exchange, roots)) return this.#talk.violated(exchange, 'violation')
    state.parts = part
    if (!this.take(exchange, ops)) return this.#talk.violated(exchange, 'bad-ops')
    exchanges.pass(now, exchange, 'theirs')
    if (state.gained > 0) this.#talk.put({ type: 'progress', left })
    state.isOwed = true
    this.#grant(now, exchange)
  }

  /** There is room for more: who waits for that is told. */
  room(now: Millis): void {
    for (const exchange of this.#talk.exchanges) this.#grant(now, exchange)
  }

  #grant(now: Millis, exchange: Conversation): void {
    const { id, state } = exchange
    if (!state.isOwed || !this.#options.hasRoom()) return
    state.isOwed = false
    this.#talk.say(now, exchange, { type: 'wave-taken', exchange: id, parts: state.parts })
  }

  /** Where lanes begin, as the wave says; false where one is named twice. */
  roots({ peer, state }: Conversation, marks: readonly Mark[]): boolean {
    const roots = byAuthor(marks)
    if (roots === undefined) return false
    const before = state.step === 'tidal' ? this.#coherent.get(peer) : undefined
    if (before !== undefined) this.#coherent.delete(peer)
    state.roots = new Map([...(before ?? []), ...state.roots, ...roots])
    return true
  }

  /**
   * Puts ops into the log, parents before children; false where one of them can't be. Those before it stay, for they are
   * whole.
   */
  take({ peer, state }: Conversation, ops: readonly Message[]): boolean {
    const { log, topic, maxMessageSize, neighbors } = this.#options
    const roots: Roots = this.#claims.of(peer, state.roots, log.lanes, neighbors())
    for (const message of ops) {
      const op = opOf(topic, message)
      if (op === undefined || message.payload.length > maxMessageSize) return false
      const said = state.said.get(message.author)
      if (said !== undefined && message.seq < said.seq) return false
      switch (log.take(op, roots, true)) {
        case 'kept':
          state.gained++
          break
        case 'waiting':
          // Its own lane goes on after a gap that we do not believe in yet, or hangs from one that does.
          if (!this.#claims.hasDoubts && log.lanes.size < MOST_LANES) return false
          this.#talk.count('ops-beyond-gap')
          break
        case 'refused':
          this.#talk.count('ops-refused')
      }
    }
    return true
  }
}
