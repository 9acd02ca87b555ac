import { fromUtf8, utf8 } from './bytes.js'
import type { Schema } from './schema.js'

// Writing a value outside its limits is a fault of ours and throws RangeError; reading one is the
// peer's and fails the decode.

export const u8: Schema<number> = {
  write: (w, value) => {
    if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`u8: ${value}`)
    w.u8(value)
  },
  read: r => r.u8(),
}

export const bool: Schema<boolean> = {
  write: (w, value) => w.u8(value ? 1 : 0),
  read: r => {
    const byte = r.u8()
    if (byte > 1) r.fail('bool neither 0 nor 1')
    return byte === 1
  },
}

/** An unsigned integer, at most `max` (2^53 - 1 unless told). */
export function varint({ max = Number.MAX_SAFE_INTEGER }: { max?: number } = {}): Schema<number> {
  return {
    write: (w, value) => {
      if (!Number.isSafeInteger(value) || value < 0 || value > max) {
        throw new RangeError(`varint: ${value} is not in 0..${max}`)
      }
      w.varint(value)
    },
    read: r => {
      const value = r.varint()
      if (value > max) r.fail(`varint above ${max}`)
      return value
    },
  }
}

/** Length-prefixed bytes; the value read is a view into the received bytes. */
export function bytes({ max }: { max: number }): Schema<Uint8Array> {
  return {
    write: (w, value) => {
      if (value.length > max) throw new RangeError(`bytes: ${value.length} of at most ${max}`)
      w.varint(value.length)
      w.put(value)
    },
    read: r => {
      const length = r.varint()
      if (length > max) r.fail(`bytes longer than ${max}`)
      return r.take(length)
    },
  }
}

/** Exactly `length` bytes, without a prefix. */
export function fixed(length: number): Schema<Uint8Array> {
  return {
    write: (w, value) => {
      if (value.length !== length) throw new RangeError(`fixed: ${value.length} of ${length}`)
      w.put(value)
    },
    read: r => r.take(length),
  }
}

/** UTF-8 text of at most `max` bytes. */
export function text({ max }: { max: number }): Schema<string> {
  const inner = bytes({ max })
  return {
    write: (w, value) => {
      if (LONE_SURROGATE.test(value)) throw new RangeError('text: half of a character')
      inner.write(w, utf8(value))
    },
    read: r => fromUtf8(inner.read(r)) ?? r.fail('text not UTF-8'),
  }
}

/** Has no UTF-8; an encoder would put another character in its place. */
const LONE_SURROGATE = /\p{Surrogate}/u
