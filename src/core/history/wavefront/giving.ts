import type { Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import type { OpRange } from '../records.js'
import { LARGEST_WAVE_BYTES, type Mark, MOST_WAVE_OPS, PARTS_UNDER_WAY } from './messages.js'
import type { Carrier, Conversation, Wave } from './state.js'
import type { Talk } from './talk.js'
import type { Difference } from './waves.js'

/**
 * Says what the other side lacks. A wave larger than a message goes in parts, the next of which are read and sent
 * while it takes in the first; the message that ends it follows when all of them were taken in.
 */
export class Giving {
  readonly #talk: Talk
  readonly #waves = new Map<Conversation, OutgoingWave>()
  #ref = 1

  constructor(talk: Talk) {
    this.#talk = talk
  }

  begin(now: Millis, exchange: Conversation, difference: Difference, carrier: Carrier): void {
    exchange.state.step = 'giving'
    this.#talk.exchanges.pass(now, exchange, 'ours')
    this.#forgetEnded()
    this.#waves.set(exchange, new OutgoingWave(carrier, difference))
    this.#goOn(now, exchange)
  }

  loaded(now: Millis, ref: number, ops: readonly Message[] | undefined): void {
    this.#forgetEnded()
    for (const [exchange, wave] of this.#waves) {
      if (wave.loading !== ref) continue
      if (ops === undefined) return this.#talk.fail(exchange, 'failed')
      const part = wave.loaded(ops)
      exchange.state.given += ops.length
      if (part !== undefined) {
        const message = { type: 'wave-part', exchange: exchange.id, ...part } as const
        this.#talk.put({ type: 'send', to: exchange.peer, message })
      }
      return this.#goOn(now, exchange)
    }
    this.#talk.count('loaded-too-late')
  }

  /** It took in so many parts of what we are saying. */
  taken(now: Millis, from: PeerId, { exchange: id, parts }: Wave<'wave-taken'>): void {
    const { exchanges } = this.#talk
    const found = [true, false].flatMap(opened => exchanges.find(from, id, opened) ?? [])
    const exchange = found.find(each => this.#waves.has(each)) ?? found[0]
    if (exchange === undefined) {
      this.#talk.count('exchange-strays')
      if (!exchanges.wasUnderWay(from, id, PARTS_UNDER_WAY)) this.#talk.blame(from, 'unasked-reply')
      return
    }
    const isGiving = exchange.state.step === 'giving'
    if (!isGiving || !this.#waves.get(exchange)?.taken(parts)) {
      return this.#talk.violated(exchange, 'violation')
    }
    exchanges.pass(now, exchange, 'ours')
    this.#goOn(now, exchange)
  }

  /** Parts were said, and it is for the other side to take them in. */
  isWaiting(exchange: Conversation): boolean {
    return this.#waves.get(exchange)?.isWaiting ?? false
  }

  #goOn(now: Millis, exchange: Conversation): void {
    const wave = this.#waves.get(exchange)!
    if (wave.isWhole) return this.#end(now, exchange, wave)
    if (!wave.hasRoom) return
    const ref = this.#ref++
    const [maxOps, maxBytes] = [MOST_WAVE_OPS, LARGEST_WAVE_BYTES]
    this.#talk.put({ type: 'load', ref, wants: wave.load(ref), maxOps, maxBytes })
  }

  #end(now: Millis, exchange: Conversation, wave: OutgoingWave): void {
    this.#waves.delete(exchange)
    const { id, state } = exchange
    const type = wave.carrier
    const { roots, ops, left } = wave.rest
    if (type === 'first-wave') {
      state.step = 'first'
      state.level = left === 0
      const tides = [...state.said.values()]
      return this.#talk.say(now, exchange, { type, exchange: id, tides, roots, ops, left })
    }
    if (left > 0) state.level = false
    if (type === 'ripple') this.#talk.say(now, exchange, { type, exchange: id, ops, left })
    else this.#talk.say(now, exchange, { type, exchange: id, roots, ops, left })
    this.#talk.finish(exchange)
  }

  /** Exchanges end in many ways; there are no more of them than neighbors. */
  #forgetEnded(): void {
    const open = new Set(this.#talk.exchanges)
    for (const exchange of this.#waves.keys()) if (!open.has(exchange)) this.#waves.delete(exchange)
  }
}

/** One wave that is being said, page by page. */
class OutgoingWave {
  readonly carrier: Carrier
  /** The page that is being read. */
  loading: number | undefined
  #wants: OpRange[]
  #roots: Mark[]
  #left: number
  /** Parts that were said, and those of them that were taken in. */
  #said = 0
  #taken = 0
  /** The last page, which the message that ends the wave carries. */
  #last: readonly Message[] | undefined

  constructor(carrier: Carrier, { wants, count, roots }: Difference) {
    this.carrier = carrier
    this.#wants = [...wants]
    this.#roots = roots
    this.#left = count
    if (wants.length === 0) this.#last = []
  }

  get isWhole(): boolean {
    return this.#last !== undefined && this.#said === this.#taken
  }

  get isWaiting(): boolean {
    return this.loading === undefined && this.#said > this.#taken
  }

  get hasRoom(): boolean {
    const isReading = this.loading !== undefined || this.#last !== undefined
    return !isReading && this.#said - this.#taken < PARTS_UNDER_WAY
  }

  load(ref: number): readonly OpRange[] {
    this.loading = ref
    return this.#wants
  }

  /** The page as a part of the wave; undefined where it is the last, or where nothing is left of what was to be read. */
  loaded(ops: readonly Message[]): (Page & { part: number }) | undefined {
    this.loading = undefined
    const given = ops.reduce((sum, { count = 1 }) => sum + count, 0)
    this.#left = Math.max(0, this.#left - given)
    const reached = new Map(ops.map(({ author, seq }) => [author, seq]))
    this.#wants = this.#wants.flatMap(({ author, first, last }) => {
      const from = Math.max(first, (reached.get(author) ?? 0) + 1)
      return from > last ? [] : { author, first: from, last }
    })
    if (ops.length === 0 || this.#wants.length === 0) {
      this.#last = ops
      return undefined
    }
    return { part: ++this.#said, ...this.#page(ops) }
  }

  /** False where it can't be so. */
  taken(parts: number): boolean {
    if (parts <= this.#taken || parts > this.#said) return false
    this.#taken = parts
    return true
  }

  get rest(): Page {
    return this.#page(this.#last!)
  }

  /** Where lanes begin is said once, at the beginning. */
  #page(ops: readonly Message[]): Page {
    const roots = this.#roots
    this.#roots = []
    return { roots, ops: [...ops], left: this.#left }
  }
}

interface Page {
  roots: Mark[]
  ops: Message[]
  left: number
}
