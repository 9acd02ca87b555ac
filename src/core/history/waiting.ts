import { firstOf, formatMessageId, type MessageId, type Numbered, type PeerId } from '../ids.js'
import type { Op } from './op.js'

/** An op whose parents are not all here. */
export interface WaitingOp {
  readonly op: Op
  /** One of the parents it waits for; once that is here, the next is looked for. */
  on: MessageId
}

/** Ops that wait for parents: bounded, the longest waiting goes first. What went is remembered by name. */
export class WaitingOps {
  readonly #capacity: number
  readonly #byId = new Map<string, WaitingOp>()
  /** By the author of the parent waited for. */
  readonly #watchers = new Map<PeerId, Watchers>()
  readonly #gone = new Set<string>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#byId.size
  }

  [Symbol.iterator](): Iterator<WaitingOp> {
    return this.#byId.values()
  }

  /** What waits under any of its numbers. */
  get(id: Numbered): WaitingOp | undefined {
    // Asked for each op of a wave, when next to nothing waits: to name it costs a tenth of its signature.
    if (this.#byId.size === 0) return undefined
    const waiting = this.#byId.get(formatMessageId(id))
    if (waiting !== undefined) return waiting
    const first = firstOf(id)
    for (const each of this.#byId.values()) {
      const { message } = each.op
      const isApart =
        message.author !== id.author || message.seq < first || firstOf(message) > id.seq
      if (!isApart) return each
    }
    return undefined
  }

  /** Whether it waits, or another with one of its numbers, or it did and gave way to others. */
  knows(id: Numbered): boolean {
    if (this.get(id) !== undefined) return true
    return this.#gone.size > 0 && this.#gone.has(formatMessageId(id))
  }

  add(op: Op, on: MessageId): void {
    if (this.#byId.size >= this.#capacity) {
      for (const [name, oldest] of this.#byId) {
        this.delete(oldest)
        this.#gone.add(name)
        break
      }
      if (this.#gone.size > REMEMBERED) {
        for (const name of this.#gone) {
          this.#gone.delete(name)
          break
        }
      }
    }
    const waiting = { op, on }
    this.#byId.set(formatMessageId(op.message), waiting)
    this.#watch(waiting)
  }

  delete(waiting: WaitingOp): void {
    this.#byId.delete(formatMessageId(waiting.op.message))
    this.#unwatch(waiting)
  }

  rewatch(waiting: WaitingOp, on: MessageId): void {
    this.#unwatch(waiting)
    waiting.on = on
    this.#watch(waiting)
  }

  /** Those that wait for something of this author up to `seq`. */
  waitingOn(author: PeerId, seq: number): WaitingOp[] {
    const watchers = this.#watchers.get(author)
    // Asked for each op that is kept: while a lane grows to where somebody waits, who waits need not be looked at.
    if (watchers === undefined || watchers.lowest > seq) return NONE
    watchers.lowest = Infinity
    return [...watchers.all].filter(({ on }) => {
      watchers.lowest = Math.min(watchers.lowest, on.seq)
      return on.seq <= seq
    })
  }

  #watch(waiting: WaitingOp): void {
    const { author, seq } = waiting.on
    let watchers = this.#watchers.get(author)
    if (watchers === undefined) {
      this.#watchers.set(author, (watchers = { all: new Set(), lowest: Infinity }))
    }
    watchers.all.add(waiting)
    watchers.lowest = Math.min(watchers.lowest, seq)
  }

  #unwatch(waiting: WaitingOp): void {
    const { author } = waiting.on
    const all = this.#watchers.get(author)?.all
    if (all?.delete(waiting) && all.size === 0) this.#watchers.delete(author)
  }
}

interface Watchers {
  readonly all: Set<WaitingOp>
  /** Nobody waits for less. */
  lowest: number
}

const NONE: WaitingOp[] = []
/** Names of ops that gave way, so that they are not delivered again when they come again. Guess. */
const REMEMBERED = 16_384
