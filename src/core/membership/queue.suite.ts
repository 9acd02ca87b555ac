import type { Millis } from '../ids.js'

/** A binary heap by time, first in first out on ties. */
export class Queue {
  private readonly heap: { at: Millis; order: number; run: () => void }[] = []
  private order = 0

  put(at: Millis, run: () => void): void {
    const { heap } = this
    heap.push({ at, order: this.order++, run })
    for (let i = heap.length - 1; i > 0; ) {
      const up = (i - 1) >> 1
      if (!this.before(i, up)) break
      this.swap(i, up)
      i = up
    }
  }

  /** The next event up to and including `end`. */
  take(end: Millis): { at: Millis; run: () => void } | undefined {
    const { heap } = this
    if (heap.length === 0 || heap[0]!.at > end) return undefined
    this.swap(0, heap.length - 1)
    const first = heap.pop()
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && this.before(child, least)) least = child
      }
      if (least === i) return first
      this.swap(i, least)
      i = least
    }
  }

  private before(i: number, j: number): boolean {
    const a = this.heap[i]!
    const b = this.heap[j]!
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  private swap(i: number, j: number): void {
    const a = this.heap[i]!
    this.heap[i] = this.heap[j]!
    this.heap[j] = a
  }
}
