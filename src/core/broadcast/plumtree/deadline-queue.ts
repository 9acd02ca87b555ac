import type { Millis } from '../../ids.js'

/** What a deadline queue holds writes its place into itself; `place` is -1 while it waits for nothing. */
export interface Timed {
  at: Millis
  order: number
  place: number
}

/**
 * Many deadlines behind one timer: a binary heap whose items know their place, so that a deadline moves or
 * goes without leaving a stale one behind. Equal deadlines come in the order in which they were set.
 */
export class DeadlineQueue<T extends Timed> {
  readonly #heap: T[] = []
  #order = 0

  get first(): T | undefined {
    return this.#heap[0]
  }

  set(item: T, at: Millis): void {
    this.remove(item)
    item.at = at
    item.order = this.#order++
    item.place = this.#heap.length
    this.#heap.push(item)
    this.#rise(item)
  }

  remove(item: T): void {
    const place = item.place
    if (place < 0) return
    item.place = -1
    const last = this.#heap.pop()!
    if (last === item) return
    this.#heap[place] = last
    last.place = place
    this.#rise(last)
    this.#sink(last)
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const above = this.#heap[(item.place - 1) >>> 1]!
      if (!before(item, above)) return
      this.#swap(item, above)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#heap[item.place * 2 + 1]
      const right = this.#heap[item.place * 2 + 2]
      if (left === undefined) return
      const below = right !== undefined && before(right, left) ? right : left
      if (!before(below, item)) return
      this.#swap(item, below)
    }
  }

  #swap(a: T, b: T): void {
    const place = a.place
    a.place = b.place
    b.place = place
    this.#heap[a.place] = a
    this.#heap[b.place] = b
  }
}

function before(a: Timed, b: Timed): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
