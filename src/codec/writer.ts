import type { Names } from './names.js'

/** A growing buffer. One writer serves one encoding; `finish` ends it and gives exactly what was written. */
export class Writer {
  #buffer: Uint8Array
  #length = 0

  constructor(
    capacity = 256,
    readonly names?: Names,
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

  #reserve(extra: number): void {
    const needed = this.#length + extra
    if (needed <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
    grown.set(this.#buffer)
    this.#buffer = grown
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
