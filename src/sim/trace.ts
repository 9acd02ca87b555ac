import type { Millis } from '../core/ids.js'

/**
 * A hash over all that happened, in order: two runs with the same digest were the same run. Two
 * multiplicative lanes of 32 bits; it proves equality among friends, not against a forger.
 */
export class Trace {
  #a = 0x811c9dc5
  #b = 0x9e3779b9
  readonly #time = new Float64Array(1)
  readonly #words = new Uint32Array(this.#time.buffer)

  note(now: Millis, peer: number, what: number, detail: number): void {
    this.#time[0] = now
    this.#mix(this.#words[0]!)
    this.#mix(this.#words[1]!)
    this.#mix(peer)
    this.#mix((what << 24) ^ detail)
  }

  get digest(): string {
    return hex(this.#a) + hex(this.#b)
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = (Math.imul(this.#b, 0x85ebca6b) + word) | 0
    this.#b ^= this.#b >>> 15
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
