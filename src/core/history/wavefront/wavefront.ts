/**
 * Wavefront: each author's messages are a chain, and two peers compare how high they hold each. Alpha sends its
 * heights, Beta what lies above them and where it is lower itself, Alpha what lies above that: a round trip and a half,
 * whatever the history's length. From the description of the protocol, without its ordering; see docs/protocol.md.
 */
import type { Deadline } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import { type Exchange, Exchanges } from '../exchanges.js'
import type { Roots } from '../log.js'
import type { CommonMessage, ErrorCode } from '../messages.js'
import { opOf } from '../op.js'
import type {
  Reconciler,
  ReconcilerInput,
  ReconcilerOptions,
  ReconcilerOutput,
  ReconcilerSnapshot,
} from '../reconciler.js'
import { MOST_LANES } from '../records.js'
import { RootClaims } from './claims.js'
import { LARGEST_WAVE_BYTES, type Mark, MOST_WAVE_OPS, type WaveMessage } from './messages.js'
import {
  above,
  behind,
  byAuthor,
  type Difference,
  isOversized,
  rootsOf,
  type Tides,
  tidesOf,
} from './waves.js'

type Heard = WaveMessage | Extract<CommonMessage, { exchange: number }>
type Wave<T extends Heard['type']> = Extract<Heard, { type: T }>

/** What an exchange waits for. */
interface State {
  step: 'sharp' | 'tidal' | 'loading' | 'first'
  /** Heights as they were when we last spoke: "equal" means equal to these. */
  said: Tides
  /** What the other side is known to lack, while it is being read, and the wave that will carry it. */
  loading: { ref: number; difference: Difference; wave: Carrier } | undefined
  /** What it said it holds of the lanes we asked for. */
  promised: Tides
  gained: number
  given: number
  again: boolean
  level: boolean
}

type Carrier = 'ripple' | 'first-wave' | 'second-wave'

export class Wavefront implements Reconciler<WaveMessage> {
  readonly #options: ReconcilerOptions
  readonly #exchanges: Exchanges<State>
  readonly #claims = new RootClaims()
  /** Roots of a COHERENT, until the wave that follows. */
  readonly #coherent = new Map<PeerId, Tides>()
  /** The last TIDAL WAVE of each neighbor, and how many in a row asked for the same again. */
  readonly #asked = new Map<PeerId, { tides: Tides; times: number }>()
  /** There is more to be had of this peer, page by page: meanwhile nobody else need give it too. */
  #catchingUp: PeerId | undefined
  #isReady: boolean
  #ref = 1
  #out: ReconcilerOutput<WaveMessage>[] = []

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#exchanges = new Exchanges(options.random, options.config.exchangeTimeoutMs)
    this.#isReady = options.log.size > 0
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get nextDeadline(): Deadline | undefined {
    return this.#exchanges.nextDeadline
  }

  snapshot(): ReconcilerSnapshot {
    const exchanges = [...this.#exchanges].map(({ peer, opened, since }) => ({
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
        this.#loaded(now, input.ref, input.ops)
        break
      case 'neighbor-down':
        for (const exchange of this.#exchanges.forget(input.peer)) this.#ended(exchange, false)
        this.#claims.forget(input.peer)
        this.#coherent.delete(input.peer)
        this.#asked.delete(input.peer)
        if (this.#catchingUp === input.peer) this.#catchingUp = undefined
        break
      case 'level':
        this.#isReady = true
        break
      case 'wake':
        for (const exchange of this.#exchanges.due(now)) this.#timeOut(exchange)
    }
    const out = this.#out
    this.#out = []
    return out
  }

  // ——— we begin: the opener speaks first, and with a method

  #start(now: Millis, peer: PeerId): void {
    if (this.#exchanges.with(peer, true) !== undefined) return
    const tides = tidesOf(this.#options.log.lanes)
    const step = this.#isReady ? 'tidal' : 'sharp'
    const exchange = this.#exchanges.open(now, peer, newState(step, byAuthor(tides)!))
    this.#count(`${step}-sent`)
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
      case 'exchange-error':
        return this.#failed(from, message)
    }
  }

  /** A method that opens an exchange; anywhere else it is out of turn. */
  #opened(now: Millis, from: PeerId, message: Wave<'sharp' | 'tidal-wave'>): void {
    const { exchange: id } = message
    const here = this.#exchanges.find(from, id, false)
    if (here !== undefined) return this.#violated(here, 'violation')
    if (this.#exchanges.isOver(from, id) !== 'no') {
      this.#blame(from, 'bad-exchange')
      return this.#refuse(from, id, 'unknown-exchange')
    }
    const before = this.#exchanges.with(from, false)
    if (before?.turn === 'ours') {
      this.#blame(from, 'bad-exchange')
      return this.#refuse(from, id, 'busy')
    }
    // It was its turn, and it speaks of something new: its answer was lost where a queue was full.
    if (before !== undefined) this.#fail(before, undefined)
    const tides = byAuthor(message.tides)
    if (tides === undefined) {
      this.#blame(from, 'bad-exchange')
      return this.#refuse(from, id, 'violation')
    }
    const exchange = this.#exchanges.accept(now, from, id, newState('loading', NO_TIDES))
    if (message.type === 'sharp') this.#onSharp(now, exchange, tides)
    else this.#onTidal(now, exchange, tides)
  }

  #onSharp(now: Millis, exchange: Exchange<State>, tides: Tides): void {
    const { lanes } = this.#options.log
    if (this.#isReady) {
      this.#say(now, exchange, { type: 'coherent', exchange: exchange.id, roots: rootsOf(lanes) })
      return this.#finish(exchange)
    }
    const difference = above(lanes.values(), tides)
    this.#load(now, exchange, difference, 'ripple')
  }

  #onTidal(now: Millis, exchange: Exchange<State>, tides: Tides): void {
    const { lanes } = this.#options.log
    if (!this.#isReady) return this.#fail(exchange, 'not-ready')
    if (this.#catchingUp !== undefined && this.#catchingUp !== exchange.peer) {
      return this.#fail(exchange, 'busy')
    }
    const difference = above(lanes.values(), tides)
    if (this.#asksTooOften(exchange.peer, tides, difference.count)) {
      return this.#violated(exchange, 'violation')
    }
    const lacking = behind(lanes, tides)
    exchange.state.said = byAuthor(lacking)!
    exchange.state.promised = tides
    this.#load(now, exchange, difference, 'first-wave')
  }

  /** Heights only rise. Who names lower ones, or takes the same ops again and again, wants to wear us out. */
  #asksTooOften(peer: PeerId, tides: Tides, lacking: number): boolean {
    const before = this.#asked.get(peer)
    let isSame = before !== undefined && lacking > 0
    for (const [author, { seq }] of before?.tides ?? NO_TIDES) {
      const now = tides.get(author)?.seq ?? 0
      if (now < seq) {
        this.#count('heights-fell')
        return true
      }
      if (now > seq) isSame = false
    }
    const times = isSame ? before!.times + 1 : 0
    this.#asked.set(peer, { tides, times })
    return times > SAME_AGAIN
  }

  #answered(
    now: Millis,
    from: PeerId,
    message: Wave<'coherent' | 'ripple' | 'first-wave' | 'second-wave'>,
    step: State['step'],
  ): void {
    const { type, exchange: id } = message
    const exchange = this.#exchanges.find(from, id, type !== 'second-wave')
    if (exchange === undefined) return this.#stray(from, message)
    const { state, turn } = exchange
    if (turn !== 'theirs' || state.step !== step) return this.#violated(exchange, replyTo(type))
    if ('ops' in message && isOversized(message.ops)) {
      this.#blame(from, 'limit-exceeded')
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
    this.#count('exchange-strays')
    // What comes after we gave up waiting was late, and no lie.
    const isLate = this.#exchanges.isOver(from, message.exchange) === 'timed-out'
    if (!isLate) this.#blame(from, 'unasked-reply')
    if (message.type === 'first-wave') this.#refuse(from, message.exchange, 'unknown-exchange')
  }

  #onCoherent(exchange: Exchange<State>, marks: Mark[]): void {
    const roots = byAuthor(marks)
    if (roots === undefined) return this.#violated(exchange, undefined)
    // Who is in contact by now leaves it be, as in the seed; the tidal wave comes all the same.
    if (!this.#isReady) this.#coherent.set(exchange.peer, roots)
    this.#isReady = true
    exchange.state.again = true
    this.#finish(exchange)
  }

  #onRipple(exchange: Exchange<State>, { ops, left }: Wave<'ripple'>): void {
    if (!this.#apply(exchange, ops, NO_TIDES)) return this.#violated(exchange, undefined)
    this.#isReady = true
    exchange.state.again = left > 0
    if (exchange.state.gained > 0) this.#out.push({ type: 'progress', left })
    this.#finish(exchange)
  }

  #onFirst(now: Millis, exchange: Exchange<State>, wave: Wave<'first-wave'>): void {
    const { state, peer } = exchange
    const { log } = this.#options
    const [theirs, roots] = [byAuthor(wave.tides), byAuthor(wave.roots)]
    if (theirs === undefined || roots === undefined) return this.#violated(exchange, 'violation')
    // It was to name lanes of ours in which it is behind.
    for (const { author, seq } of theirs.values()) {
      if (seq > (state.said.get(author)?.seq ?? -1)) return this.#violated(exchange, 'violation')
    }
    const before = this.#coherent.get(peer)
    this.#coherent.delete(peer)
    if (!this.#apply(exchange, wave.ops, before ? new Map([...before, ...roots]) : roots)) {
      return this.#violated(exchange, 'bad-ops')
    }
    state.again = wave.left > 0
    state.level = wave.left === 0
    if (state.gained > 0) this.#out.push({ type: 'progress', left: wave.left })
    // Its calculated heights: as stated where it is behind, else equal to those we sent, or ahead.
    const lanes = [...theirs.keys()].flatMap(author => log.lanes.get(author) ?? [])
    const difference = above(lanes, theirs, state.said)
    this.#load(now, exchange, difference, 'second-wave')
  }

  #onSecond(exchange: Exchange<State>, { ops, roots: marks, left }: Wave<'second-wave'>): void {
    const { state, peer } = exchange
    const { lanes } = this.#options.log
    const roots = byAuthor(marks)
    if (roots === undefined) return this.#violated(exchange, undefined)
    if (!this.#apply(exchange, ops, roots)) return this.#violated(exchange, undefined)
    state.again = left > 0
    state.level &&= left === 0
    if (state.gained > 0) this.#out.push({ type: 'progress', left })
    // Heights that lied: what was said to be there and was not given.
    const isKept = ({ author }: Mark) => {
      const lane = lanes.get(author)
      const claimed = state.promised.get(author)?.seq ?? 0
      return (lane !== undefined && (lane.frozen || lane.height >= claimed)) || roots.has(author)
    }
    if (left === 0 && lanes.size < MOST_LANES && ![...state.said.values()].every(isKept)) {
      this.#count('heights-lied')
      this.#blame(peer, 'broken-promise')
    }
    this.#finish(exchange)
  }

  /**
   * Puts a wave's ops into the log, parents before children; false where one of them can't be. Those before it
   * stay, for they are whole. `said` are the heights they must lie above.
   */
  #apply(exchange: Exchange<State>, ops: readonly Message[], marks: Tides): boolean {
    const { log, topic, maxMessageSize, neighbors } = this.#options
    const { peer, state } = exchange
    const roots: Roots = this.#claims.of(peer, marks, log.lanes, neighbors())
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
          this.#count('ops-beyond-gap')
          break
        case 'refused':
          this.#count('ops-refused')
      }
    }
    return true
  }

  #failed(from: PeerId, { exchange: id, code }: Wave<'exchange-error'>): void {
    const found = [true, false].flatMap(opened => this.#exchanges.find(from, id, opened) ?? [])
    if (found.length === 0) this.#count('exchange-strays')
    for (const exchange of found) {
      this.#count(`exchange-error-${code}`)
      this.#exchanges.close(exchange)
      this.#ended(exchange, false)
    }
  }

  // ——— our turn

  #load(now: Millis, exchange: Exchange<State>, difference: Difference, wave: Carrier): void {
    const { wants } = difference
    if (wants.length === 0) return this.#carry(now, exchange, difference, wave, [])
    const ref = this.#ref++
    exchange.state.loading = { ref, difference, wave }
    exchange.state.step = 'loading'
    this.#exchanges.pass(now, exchange, 'ours')
    const [maxOps, maxBytes] = [MOST_WAVE_OPS, LARGEST_WAVE_BYTES]
    this.#out.push({ type: 'load', ref, wants, maxOps, maxBytes })
  }

  #loaded(now: Millis, ref: number, ops: readonly Message[] | undefined): void {
    const exchange = [...this.#exchanges].find(({ state }) => state.loading?.ref === ref)
    if (exchange === undefined) return this.#count('loaded-too-late')
    const { difference, wave } = exchange.state.loading!
    exchange.state.loading = undefined
    if (ops === undefined) return this.#fail(exchange, 'failed')
    this.#carry(now, exchange, difference, wave, ops)
  }

  #carry(
    now: Millis,
    exchange: Exchange<State>,
    { roots, count }: Difference,
    type: Carrier,
    loaded: readonly Message[],
  ): void {
    const { id, state } = exchange
    const ops = [...loaded]
    const left = Math.max(0, count - ops.length)
    state.given += ops.length
    if (type === 'first-wave') {
      state.step = 'first'
      state.level = left === 0
      const tides = [...state.said.values()]
      return this.#say(now, exchange, { type, exchange: id, tides, roots, ops, left })
    }
    if (left > 0) state.level = false
    if (type === 'ripple') this.#say(now, exchange, { type, exchange: id, ops, left })
    else this.#say(now, exchange, { type, exchange: id, roots, ops, left })
    this.#finish(exchange)
  }

  #say(now: Millis, exchange: Exchange<State>, message: Heard): void {
    this.#exchanges.pass(now, exchange, 'theirs')
    this.#out.push({ type: 'send', to: exchange.peer, message })
  }

  // ——— the end: a result or an error closes

  #finish(exchange: Exchange<State>): void {
    this.#exchanges.close(exchange)
    this.#ended(exchange, true)
  }

  /** Against the rules: close, answer where it was a method, blame. */
  #violated(exchange: Exchange<State>, reply: ErrorCode | undefined): void {
    this.#blame(exchange.peer, 'bad-exchange')
    this.#fail(exchange, reply)
  }

  #fail(exchange: Exchange<State>, reply: ErrorCode | undefined): void {
    if (reply !== undefined) this.#refuse(exchange.peer, exchange.id, reply)
    this.#exchanges.close(exchange)
    this.#ended(exchange, false)
  }

  #timeOut(exchange: Exchange<State>): void {
    this.#count('exchange-timeouts')
    this.#refuse(exchange.peer, exchange.id, 'timeout')
    this.#exchanges.close(exchange, true)
    this.#ended(exchange, false)
  }

  #refuse(to: PeerId, exchange: number, code: ErrorCode): void {
    this.#out.push({ type: 'send', to, message: { type: 'exchange-error', exchange, code } })
  }

  #ended({ peer, opened, state }: Exchange<State>, ok: boolean): void {
    const { gained, given } = state
    const [again, level] = [ok && state.again, ok && state.level]
    if (again) this.#catchingUp = peer
    else if (this.#catchingUp === peer && opened) this.#catchingUp = undefined
    this.#count(ok ? 'exchanges' : 'exchanges-broken')
    this.#out.push({ type: 'ended', end: { peer, opened, ok, gained, given, again, level } })
  }

  #blame(
    peer: PeerId,
    reason: 'bad-exchange' | 'unasked-reply' | 'broken-promise' | 'limit-exceeded',
  ): void {
    this.#out.push({ type: 'blame', peer, reason })
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }
}

function newState(step: State['step'], said: Tides): State {
  const [loading, promised] = [undefined, NO_TIDES]
  return { step, said, loading, promised, gained: 0, given: 0, again: false, level: false }
}

/** A method is answered, also where it is wrong; a result never is. */
function replyTo(type: Heard['type']): ErrorCode | undefined {
  return type === 'first-wave' ? 'violation' : undefined
}

const NO_TIDES: Tides = new Map()
/** The same ops may be asked for again where an exchange broke. Guess. */
const SAME_AGAIN = 8
