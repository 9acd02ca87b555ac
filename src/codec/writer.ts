import type { Names } from './names.js'

/**
 * A growing buffer. For one value, `finish` gives exactly what was written. A writer that serves many gives
 * each by `cut`: they lie side by side in one large buffer, because making a buffer costs more than filling it.
 */
export class Writer {
  #buffer: Uint8Array
  /** Where the value under way begins. */
  #start = 0
  #length = 0

  constructor(
    capacity = 256,
    /** Those of the link it writes for; a writer may serve many in turn. */
    public names?: Names,
  ) {
    this.#buffer = new Uint8Array(capacity)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  varint(value: number): void {
    this.#reserve(varintLength(value))
    while (value >= 128) {
      this.#buffer[this.#length++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    this.#buffer[this.#length++] = value
  }

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  finish(): Uint8Array {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#length)
  }

  /** What was written since the last cut, as a view; it holds on to its whole buffer. */
  cut(): Uint8Array {
    const value = this.#buffer.subarray(this.#start, this.#length)
    this.#start = this.#length
    return value
  }

  /** What was written since the last cut, as a view that holds until more is written. */
  look(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#length)
  }

  /** Forgets what was written since the last cut. */
  drop(): void {
    this.#length = this.#start
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return
    const written = this.#length - this.#start
    const needed = written + extra
    // What was cut stays where it is; only the value under way moves.
    const room = this.#start > 0 ? Math.max(needed, this.#buffer.length) : this.#buffer.length * 2
    const grown = new Uint8Array(Math.max(needed, room))
    grown.set(this.#buffer.subarray(this.#start, this.#length))
    this.#buffer = grown
    this.#start = 0
    this.#length = written
  }
}

/** Bytes of a varint. */
export function varintLength(value: number): number {
  let length = 1
  while (value >= 128) {
    value = Math.floor(value / 128)
    length++
  }
  return length
}
