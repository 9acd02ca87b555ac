/**
 * Sequence numbers as sorted, merged ranges. Numbers that come in order only move the end of the last
 * range, so an author who loses nothing costs two numbers however much is said.
 */
export class Ranges {
  /** first, last, first, last, … */
  #bounds: number[] = []

  get count(): number {
    return this.#bounds.length / 2
  }

  /** 0 where there is none. */
  get highest(): number {
    return this.#bounds.length === 0 ? 0 : this.#bounds[this.#bounds.length - 1]!
  }

  /** The last number of the range that covers `seq`, or 0 where none does. */
  endOf(seq: number): number {
    const at = this.#firstEndingAtOrAfter(seq)
    return at < this.#bounds.length && this.#bounds[at]! <= seq ? this.#bounds[at + 1]! : 0
  }

  /** Whether it has any of these, both ends included. */
  meets(first: number, last: number): boolean {
    const at = this.#firstEndingAtOrAfter(first)
    return at < this.#bounds.length && this.#bounds[at]! <= last
  }

  /** Adds a range, both ends included; returns by how many the count of ranges changed. */
  add(first: number, last: number): number {
    const bounds = this.#bounds
    const highest = this.highest
    if (bounds.length > 0 && first === highest + 1) {
      bounds[bounds.length - 1] = last
      return 0
    }
    if (first > highest) {
      // A row that grows by `push` gets room for seventeen more, and most authors have one range.
      if (bounds.length === 0) this.#bounds = [first, last]
      else bounds.push(first, last)
      return 1
    }
    return this.#merge(first, last)
  }

  /** Joins the two lowest ranges, taking what lies between as had. */
  closeLowestGap(): void {
    this.#bounds.splice(1, 2)
  }

  toPairs(): [first: number, last: number][] {
    const pairs: [number, number][] = []
    for (let i = 0; i < this.#bounds.length; i += 2)
      pairs.push([this.#bounds[i]!, this.#bounds[i + 1]!])
    return pairs
  }

  #merge(first: number, last: number): number {
    const bounds = this.#bounds
    // Ranges that touch or overlap the new one: [from, to).
    const from = this.#firstEndingAtOrAfter(first - 1)
    let to = from
    while (to < bounds.length && bounds[to]! <= last + 1) to += 2
    if (to > from) {
      first = Math.min(first, bounds[from]!)
      last = Math.max(last, bounds[to - 1]!)
    }
    bounds.splice(from, to - from, first, last)
    return 1 - (to - from) / 2
  }

  /** Index in `bounds` of the first range whose end is not below `seq`. */
  #firstEndingAtOrAfter(seq: number): number {
    let low = 0
    let high = this.#bounds.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bounds[middle * 2 + 1]! < seq) low = middle + 1
      else high = middle
    }
    return low * 2
  }
}
