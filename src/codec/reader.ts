import type { Names } from './names.js'

/** Thrown inside a decode and caught by `decode`; it never passes the door. */
export class Malformed extends Error {
  constructor(
    readonly reason: string,
    readonly offset: number,
  ) {
    super(`${reason} at byte ${offset}`)
  }
}

/**
 * A cursor over received bytes. Every step is checked against the end, and no length prefix is
 * believed before the bytes it announces are present.
 */
export class Reader {
  at = 0

  constructor(
    readonly bytes: Uint8Array,
    readonly names?: Names,
  ) {}

  get left(): number {
    return this.bytes.length - this.at
  }

  u8(): number {
    if (this.at >= this.bytes.length) this.fail('truncated')
    return this.bytes[this.at++]!
  }

  /** An unsigned integer up to 2^53 - 1, seven bits a byte, low first; only its shortest form. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let length = 1; ; length++) {
      const byte = this.u8()
      value += (byte & 127) * scale
      if (byte < 128) {
        if (byte === 0 && length > 1) this.fail('varint not in its shortest form')
        if (value > Number.MAX_SAFE_INTEGER) this.fail('varint too large')
        return value
      }
      if (length === 8) this.fail('varint too long')
      scale *= 128
    }
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.left) this.fail('truncated')
    if (length === 0) return NOTHING
    const view = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return view
  }

  fail(reason: string): never {
    throw new Malformed(reason, this.at)
  }
}

/** An empty view would keep the whole buffer, and is one object more. */
const NOTHING = new Uint8Array(0)
