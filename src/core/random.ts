/** The core's only dice: seeded from outside, so that the same seed replays the same run. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** `seed`: any integer; only its low 32 bits count. */
  constructor(seed: number) {
    // As signed integers throughout, which engines keep without a box.
    this.#a = 0x9e3779b9 | 0
    this.#b = 0x243f6a88 | 0
    this.#c = 0xb7e15162 | 0
    this.#d = seed | 0
    for (let i = 0; i < 16; i++) this.u32()
  }

  /** Uniform over 0 … 2^32 - 1. The sfc32 generator (Doty-Humphrey, PractRand). */
  u32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 0
  }

  /** Uniform over 0 … n - 1. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n)
  }

  /** Uniform over [low, high). */
  between(low: number, high: number): number {
    return low + (this.u32() / 0x1_0000_0000) * (high - low)
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.below(items.length)]
  }

  /** Up to `count` of the items, in random order; the argument is left alone. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = items.slice()
    const take = Math.min(count, pool.length)
    for (let i = 0; i < take; i++) {
      const j = i + this.below(pool.length - i)
      const chosen = pool[j]!
      pool[j] = pool[i]!
      pool[i] = chosen
    }
    return pool.slice(0, take)
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.u32() & 255
    return out
  }
}
