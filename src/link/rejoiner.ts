import type { Part } from './records.js'

export type Joined =
  | { type: 'frame'; frame: Uint8Array }
  | { type: 'more' }
  | { type: 'wrong'; reason: 'malformed-frame' | 'limit-exceeded' }

/**
 * Puts the fragments of one class together again. One frame is under way at a time, and what is held of it
 * is at most twice what arrived and never above the limit. Fragments are copied together, not kept, since a
 * small fragment kept would keep its whole packet.
 */
export class Rejoiner {
  readonly #largestFrameBytes: number
  #partial: Uint8Array | undefined
  #length = 0

  constructor(largestFrameBytes: number) {
    this.#largestFrameBytes = largestFrameBytes
  }

  /** Bytes of the frame under way. */
  get held(): number {
    return this.#length
  }

  /** `bytes` is one record's, and not empty. A whole frame is given back as it is. */
  take(part: Part, bytes: Uint8Array): Joined {
    const begins = part === 'whole' || part === 'first'
    if (begins === (this.#partial !== undefined)) return MALFORMED
    if (this.#length + bytes.length > this.#largestFrameBytes) return TOO_LARGE
    if (part === 'whole') return { type: 'frame', frame: bytes }
    this.#append(bytes)
    if (part !== 'last') return MORE
    const frame = this.#partial!.subarray(0, this.#length)
    this.#partial = undefined
    this.#length = 0
    return { type: 'frame', frame }
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (this.#partial === undefined || needed > this.#partial.length) {
      const grown = new Uint8Array(Math.min(needed * 2, this.#largestFrameBytes))
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, this.#length))
      this.#partial = grown
    }
    this.#partial.set(bytes, this.#length)
    this.#length = needed
  }
}

const MORE: Joined = { type: 'more' }
const MALFORMED: Joined = { type: 'wrong', reason: 'malformed-frame' }
const TOO_LARGE: Joined = { type: 'wrong', reason: 'limit-exceeded' }
