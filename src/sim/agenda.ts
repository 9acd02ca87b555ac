import type { Millis } from '../core/ids.js'

/** Something that happens once its time has come. */
export interface Occurrence {
  happen(): void
}

/**
 * The virtual clock and all that is to happen: a heap on (time, order of adding), so that what falls
 * together comes in the order in which it was added and a run is replayed exactly.
 */
export class Agenda {
  #times = new Float64Array(1024)
  #orders = new Float64Array(1024)
  /** Which of the items each is: these stay where they are, for to move numbers costs the sweeper of memory nothing. */
  #slots = Uint32Array.from({ length: 1024 }, (_, slot) => slot)
  readonly #items: (Occurrence | undefined)[] = []
  #length = 0
  #added = 0
  #time: Millis

  constructor(start: Millis) {
    this.#time = start
  }

  get now(): Millis {
    return this.#time
  }

  /** How many occurrences wait. */
  get size(): number {
    return this.#length
  }

  /** A time that is past already means now. Throws a `RangeError` for NaN. */
  add(at: Millis, item: Occurrence): void {
    if (!(at >= this.#time)) {
      if (Number.isNaN(at)) throw new RangeError('something is to happen at NaN')
      at = this.#time
    }
    if (this.#length === this.#times.length) this.#grow()
    const times = this.#times
    const orders = this.#orders
    const slots = this.#slots
    // Behind the heap's end lie the slots of what has happened.
    const slot = slots[this.#length]!
    // Parents move down until the place is found: one write a level, no swaps.
    let place = this.#length++
    while (place > 0) {
      const above = (place - 1) >>> 2
      // What was added before goes first on ties, so an equal time never rises.
      if (times[above]! <= at) break
      times[place] = times[above]!
      orders[place] = orders[above]!
      slots[place] = slots[above]!
      place = above
    }
    times[place] = at
    orders[place] = this.#added++
    slots[place] = slot
    this.#items[slot] = item
  }

  /** Lets everything happen up to and including `until`, which then is the time. */
  run(until: Millis): void {
    while (this.#length > 0 && this.#times[0]! <= until) this.#step()
    if (until > this.#time) this.#time = until
  }

  /** The next thing happens; false where nothing waits, or nothing until then. */
  next(until: Millis): boolean {
    if (this.#length === 0 || this.#times[0]! > until) return false
    this.#step()
    return true
  }

  #step(): void {
    const slot = this.#slots[0]!
    const item = this.#items[slot]!
    this.#items[slot] = undefined
    this.#time = this.#times[0]!
    this.#removeFirst()
    item.happen()
  }

  #removeFirst(): void {
    const times = this.#times
    const orders = this.#orders
    const slots = this.#slots
    const last = --this.#length
    const at = times[last]!
    const order = orders[last]!
    const slot = slots[last]!
    slots[last] = slots[0]!
    if (last === 0) return
    let place = 0
    for (;;) {
      const first = place * 4 + 1
      if (first >= last) break
      let least = first
      const end = Math.min(first + 4, last)
      for (let child = first + 1; child < end; child++) {
        const difference = times[child]! - times[least]!
        if (difference < 0 || (difference === 0 && orders[child]! < orders[least]!)) least = child
      }
      const difference = times[least]! - at
      if (difference > 0 || (difference === 0 && orders[least]! > order)) break
      times[place] = times[least]!
      orders[place] = orders[least]!
      slots[place] = slots[least]!
      place = least
    }
    times[place] = at
    orders[place] = order
    slots[place] = slot
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2)
    const orders = new Float64Array(times.length)
    times.set(this.#times)
    orders.set(this.#orders)
    this.#times = times
    this.#orders = orders
    // As many slots again, none of them taken.
    this.#slots = Uint32Array.from(times, (_, slot) => this.#slots[slot] ?? slot)
  }
}
