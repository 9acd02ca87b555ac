/**
 * Wavefront: each author's messages are a chain, and two peers compare how high they hold each. Alpha sends its
 * heights, Beta what lies above them and where it is lower itself, Alpha what lies above that: a round trip and a half,
 * whatever the history's length. From the description of the protocol, without its ordering; see docs/protocol.md.
 */
import type { Deadline } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import type { ErrorCode } from '../messages.js'
import type {
  Reconciler,
  ReconcilerInput,
  ReconcilerOptions,
  ReconcilerOutput,
  ReconcilerSnapshot,
} from '../reconciler.js'
import { MOST_LANES } from '../records.js'
import { Asked } from './asked.js'
import { Giving } from './giving.js'
import type { Mark, WaveMessage } from './messages.js'
import {
  type Conversation,
  type Heard,
  NO_TIDES,
  newState,
  type State,
  type Wave,
} from './state.js'
import { Taking } from './taking.js'
import { Talk } from './talk.js'
import { above, behind, byAuthor, isOversized, rootsOf, type Tides, tidesOf } from './waves.js'

export class Wavefront implements Reconciler<WaveMessage> {
  readonly #options: ReconcilerOptions
  readonly #talk: Talk
  readonly #giving: Giving
  readonly #taking: Taking
  readonly #asked = new Asked()
  #isReady: boolean

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#talk = new Talk(options)
    this.#giving = new Giving(this.#talk)
    this.#taking = new Taking(options, this.#talk)
    this.#isReady = options.log.size > 0
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get nextDeadline(): Deadline | undefined {
    return this.#talk.exchanges.nextDeadline
  }

  isOpen(peer: PeerId, exchange: number): boolean {
    return [true, false].some(opened => this.#talk.exchanges.find(peer, exchange, opened))
  }

  snapshot(): ReconcilerSnapshot {
    const exchanges = [...this.#talk.exchanges].map(({ peer, opened, since }) => ({
      peer,
      opened,
      since,
    }))
    return { kind: 'wavefront', isReady: this.#isReady, exchanges }
  }

  handle(now: Millis, input: ReconcilerInput<WaveMessage>): ReconcilerOutput<WaveMessage>[] {
    switch (input.type) {
      case 'start':
        this.#start(now, input.peer)
        break
      case 'message':
        this.#hear(now, input.from, input.message)
        break
      case 'loaded':
        this.#giving.loaded(now, input.ref, input.ops)
        break
      case 'neighbor-down':
        this.#talk.forget(input.peer)
        this.#taking.forget(input.peer)
        this.#asked.forget(input.peer)
        break
      case 'room':
        this.#taking.room(now)
        break
      case 'level':
        this.#isReady = true
        break
      case 'wake':
        for (const exchange of this.#talk.exchanges.due(now)) this.#talk.timeOut(exchange)
    }
    return this.#talk.take()
  }

  // ——— we begin: the opener speaks first, and with a method

  #start(now: Millis, peer: PeerId): void {
    const { exchanges } = this.#talk
    if (exchanges.with(peer, true) !== undefined) return
    // It is taking in what we keep: in an exchange of ours it would all go once more.
    if (exchanges.with(peer, false)?.state.step === 'giving') return
    const tides = tidesOf(this.#options.log.lanes)
    const step = this.#isReady ? 'tidal' : 'sharp'
    const exchange = this.#talk.exchanges.open(now, peer, newState(step, byAuthor(tides)!))
    this.#talk.count(`${step}-sent`)
    const type = step === 'tidal' ? 'tidal-wave' : 'sharp'
    this.#say(now, exchange, { type, exchange: exchange.id, tides })
  }

  // ——— they speak

  #hear(now: Millis, from: PeerId, message: Heard): void {
    switch (message.type) {
      case 'sharp':
      case 'tidal-wave':
        return this.#opened(now, from, message)
      case 'coherent':
      case 'ripple':
        return this.#answered(now, from, message, 'sharp')
      case 'first-wave':
        return this.#answered(now, from, message, 'tidal')
      case 'second-wave':
        return this.#answered(now, from, message, 'first')
      case 'wave-part':
        return this.#taking.part(now, from, message)
      case 'wave-taken':
        return this.#giving.taken(now, from, message)
      case 'exchange-error':
        return this.#failed(from, message)
    }
  }

  /** A method that opens an exchange; anywhere else it is out of turn. */
  #opened(now: Millis, from: PeerId, message: Wave<'sharp' | 'tidal-wave'>): void {
    const { exchange: id } = message
    const here = this.#talk.exchanges.find(from, id, false)
    if (here !== undefined) return this.#violated(here, 'violation')
    if (this.#talk.exchanges.isOver(from, id) !== 'no') {
      this.#talk.blame(from, 'bad-exchange')
      return this.#talk.refuse(from, id, 'unknown-exchange')
    }
    const before = this.#talk.exchanges.with(from, false)
    if (before?.turn === 'ours' && !this.#giving.isWaiting(before)) {
      this.#talk.blame(from, 'bad-exchange')
      return this.#talk.refuse(from, id, 'busy')
    }
    // It was to speak, and speaks of something new: its answer was lost where a queue was full.
    if (before !== undefined) this.#fail(before, undefined)
    const tides = byAuthor(message.tides)
    if (tides === undefined) {
      this.#talk.blame(from, 'bad-exchange')
      return this.#talk.refuse(from, id, 'violation')
    }
    const exchange = this.#talk.exchanges.accept(now, from, id, newState('giving', NO_TIDES))
    if (message.type === 'sharp') this.#onSharp(now, exchange, tides)
    else this.#onTidal(now, exchange, tides)
  }

  #onSharp(now: Millis, exchange: Conversation, tides: Tides): void {
    const { lanes } = this.#options.log
    if (!this.#asked.isNew(exchange.peer)) return this.#violated(exchange, 'violation')
    if (this.#isReady) {
      this.#say(now, exchange, { type: 'coherent', exchange: exchange.id, roots: rootsOf(lanes) })
      return this.#talk.finish(exchange)
    }
    const difference = above(lanes.values(), tides)
    this.#giving.begin(now, exchange, difference, 'ripple')
  }

  #onTidal(now: Millis, exchange: Conversation, tides: Tides): void {
    const { lanes } = this.#options.log
    if (!this.#isReady) return this.#fail(exchange, 'not-ready')
    if (this.#talk.isCatchingUpWithout(exchange)) return this.#fail(exchange, 'busy')
    const difference = above(lanes.values(), tides)
    const judged = this.#asked.judge(exchange.peer, tides, lanes, difference.count)
    if (judged === 'fell') this.#talk.count('heights-fell')
    if (judged === 'slow') {
      this.#talk.count('asked-again')
      return this.#fail(exchange, 'busy')
    }
    if (judged !== 'fair') return this.#violated(exchange, 'violation')
    const lacking = behind(lanes, tides)
    exchange.state.said = byAuthor(lacking)!
    exchange.state.promised = tides
    this.#giving.begin(now, exchange, difference, 'first-wave')
  }

  #answered(
    now: Millis,
    from: PeerId,
    message: Wave<'coherent' | 'ripple' | 'first-wave' | 'second-wave'>,
    step: State['step'],
  ): void {
    const { type, exchange: id } = message
    const exchange = this.#talk.exchanges.find(from, id, type !== 'second-wave')
    if (exchange === undefined) return this.#stray(from, message)
    const { state, turn } = exchange
    if (turn !== 'theirs' || state.step !== step) return this.#violated(exchange, replyTo(type))
    if ('ops' in message && isOversized(message.ops)) {
      this.#talk.blame(from, 'limit-exceeded')
      return this.#fail(exchange, replyTo(type))
    }
    switch (type) {
      case 'coherent':
        return this.#onCoherent(exchange, message.roots)
      case 'ripple':
        return this.#onRipple(exchange, message)
      case 'first-wave':
        return this.#onFirst(now, exchange, message)
      case 'second-wave':
        return this.#onSecond(exchange, message)
    }
  }

  /** For no exchange that is open: a method is answered with an error, a result never. */
  #stray(from: PeerId, message: Wave<'coherent' | 'ripple' | 'first-wave' | 'second-wave'>): void {
    this.#talk.count('exchange-strays')
    // What comes after we gave up waiting was late, and no lie.
    const isLate = this.#talk.exchanges.isOver(from, message.exchange) === 'timed-out'
    if (!isLate) this.#talk.blame(from, 'unasked-reply')
    if (message.type === 'first-wave') this.#talk.refuse(from, message.exchange, 'unknown-exchange')
  }

  #onCoherent(exchange: Conversation, marks: Mark[]): void {
    const roots = byAuthor(marks)
    if (roots === undefined) return this.#violated(exchange, undefined)
    // Who is in contact by now leaves it be, as in the seed; the tidal wave comes all the same.
    if (!this.#isReady) this.#taking.coherent(exchange.peer, roots)
    this.#isReady = true
    exchange.state.again = true
    this.#talk.finish(exchange)
  }

  #onRipple(exchange: Conversation, { ops, left }: Wave<'ripple'>): void {
    if (!this.#takeLast(exchange, ops, left)) return this.#violated(exchange, undefined)
    this.#isReady = true
    this.#talk.finish(exchange)
  }

  #onFirst(now: Millis, exchange: Conversation, wave: Wave<'first-wave'>): void {
    const { state } = exchange
    const { log } = this.#options
    const theirs = byAuthor(wave.tides)
    if (theirs === undefined || !this.#taking.roots(exchange, wave.roots)) {
      return this.#violated(exchange, 'violation')
    }
    // It was to name lanes of ours in which it is behind.
    for (const { author, seq } of theirs.values()) {
      if (seq > (state.said.get(author)?.seq ?? -1)) return this.#violated(exchange, 'violation')
    }
    if (!this.#takeLast(exchange, wave.ops, wave.left)) return this.#violated(exchange, 'bad-ops')
    state.level = wave.left === 0
    // Its calculated heights: as stated where it is behind, else equal to those we sent, or ahead.
    const lanes = [...theirs.keys()].flatMap(author => log.lanes.get(author) ?? [])
    const difference = above(lanes, theirs, state.said)
    this.#giving.begin(now, exchange, difference, 'second-wave')
  }

  #onSecond(exchange: Conversation, { ops, roots: marks, left }: Wave<'second-wave'>): void {
    const { state, peer } = exchange
    const { lanes } = this.#options.log
    if (!this.#taking.roots(exchange, marks)) return this.#violated(exchange, undefined)
    if (!this.#takeLast(exchange, ops, left)) return this.#violated(exchange, undefined)
    state.level &&= left === 0
    // Heights that lied: what was said to be there and was not given.
    const isKept = ({ author }: Mark) => {
      const lane = lanes.get(author)
      const claimed = state.promised.get(author)?.seq ?? 0
      return (
        (lane !== undefined && (lane.frozen || lane.height >= claimed)) || state.roots.has(author)
      )
    }
    if (left === 0 && lanes.size < MOST_LANES && ![...state.said.values()].every(isKept)) {
      this.#talk.count('heights-lied')
      this.#talk.blame(peer, 'broken-promise')
    }
    this.#talk.finish(exchange)
  }

  #failed(from: PeerId, { exchange: id, code }: Wave<'exchange-error'>): void {
    const found = [true, false].flatMap(opened => this.#talk.exchanges.find(from, id, opened) ?? [])
    if (found.length === 0) this.#talk.count('exchange-strays')
    for (const exchange of found) {
      this.#talk.count(`exchange-error-${code}`)
      this.#fail(exchange, undefined)
    }
  }

  /** The end of a wave; false where it can't be so. Who gave nothing need not be asked for more. */
  #takeLast(exchange: Conversation, ops: readonly Message[], left: number): boolean {
    const { state } = exchange
    if (!this.#taking.left(exchange, ops, left) || !this.#taking.take(exchange, ops)) return false
    state.again = left > 0 && state.gained > 0
    if (state.gained > 0) this.#talk.put({ type: 'progress', left, isSteady: true })
    return true
  }

  // ——— in short

  #say(now: Millis, exchange: Conversation, message: Heard): void {
    this.#talk.say(now, exchange, message)
  }

  #violated(exchange: Conversation, reply: ErrorCode | undefined): void {
    this.#talk.violated(exchange, reply)
  }

  #fail(exchange: Conversation, reply: ErrorCode | undefined): void {
    this.#talk.fail(exchange, reply)
  }
}

/** A method is answered, also where it is wrong; a result never is. */
function replyTo(type: Heard['type']): ErrorCode | undefined {
  return type === 'first-wave' ? 'violation' : undefined
}
