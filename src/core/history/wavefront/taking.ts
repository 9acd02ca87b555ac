import type { Millis, PeerId } from '../../ids.js'
import { fits, type Message } from '../../message.js'
import type { Roots } from '../log.js'
import { opOf } from '../op.js'
import type { ReconcilerOptions } from '../reconciler.js'
import { MOST_LANES } from '../records.js'
import { RootClaims } from './claims.js'
import { LARGEST_WAVE_BYTES, type Mark, MOST_WAVE_OPS, PARTS_UNDER_WAY } from './messages.js'
import type { Conversation, State, Wave } from './state.js'
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
    const isEmpty = ops.length === 0 || left === 0
    if (exchange.turn !== 'theirs' || isLate || isEmpty) {
      return this.#talk.violated(exchange, 'violation')
    }
    // One before it was lost where a queue was full.
    if (part > state.parts + 1) return this.#talk.fail(exchange, 'lost')
    if (isOversized(ops)) {
      this.#talk.blame(from, 'limit-exceeded')
      return this.#talk.fail(exchange, 'violation')
    }
    if (!this.roots(exchange, roots) || !this.left(exchange, ops, left)) {
      return this.#talk.violated(exchange, 'violation')
    }
    state.parts = part
    if (!this.take(exchange, ops)) return this.#talk.violated(exchange, 'bad-ops')
    const isSteady = state.worth.ops >= STEADY_OPS || state.worth.bytes >= STEADY_BYTES
    if (isSteady) {
      state.worth = { ops: 0, bytes: 0 }
      exchanges.pass(now, exchange, 'theirs')
    }
    if (state.gained > 0) this.#talk.put({ type: 'progress', left, isSteady })
    state.isOwed = true
    this.#grant(exchange)
  }

  /** There is room for more: who waits for that is told. */
  room(now: Millis): void {
    for (const exchange of this.#talk.exchanges) {
      // It waited for us.
      if (this.#grant(exchange)) this.#talk.exchanges.pass(now, exchange, 'theirs')
    }
  }

  #grant({ id, peer, state }: Conversation): boolean {
    if (!state.isOwed || !this.#options.hasRoom()) return false
    state.isOwed = false
    const message = { type: 'wave-taken', exchange: id, parts: state.parts } as const
    this.#talk.put({ type: 'send', to: peer, message })
    return true
  }

  /** What is left after these, as it says; false where it does not become less. */
  left({ state }: Conversation, ops: readonly Message[], left: number): boolean {
    const brought = ops.reduce((sum, { count = 1 }) => sum + count, 0)
    if (left > Math.max(0, state.left - brought)) return false
    state.left = left
    return true
  }

  /** Where lanes begin, as the wave says; false where one is named twice, or not at the beginning. */
  roots({ peer, state }: Conversation, marks: readonly Mark[]): boolean {
    const roots = byAuthor(marks)
    if (roots === undefined || (state.parts > 0 && roots.size > 0)) return false
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
      if (op === undefined || !fits(message, maxMessageSize)) return false
      const { author, seq } = message
      if (!isWanted(state, author, seq)) return false
      const taken = log.take(op, roots, true)
      if (taken !== 'refused') state.reached.set(author, seq)
      switch (taken) {
        case 'kept':
          state.gained++
          state.worth.ops++
          state.worth.bytes += message.payload.length
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

/** Above what we said, higher each time; in an answer to what we lack, of these and no higher than was promised. */
function isWanted({ step, said, promised, reached }: State, author: PeerId, seq: number): boolean {
  const ours = said.get(author)
  if (seq <= (reached.get(author) ?? (ours?.seq ?? 0) - 1)) return false
  return step !== 'first' || (ours !== undefined && seq <= (promised.get(author)?.seq ?? 0))
}

/**
 * So much of new in all keeps an exchange alive as long again, and those waiting who could give too; who gives less is as
 * good as silent. Guess: a quarter of a message.
 */
const STEADY_OPS = MOST_WAVE_OPS / 4
const STEADY_BYTES = LARGEST_WAVE_BYTES / 4
