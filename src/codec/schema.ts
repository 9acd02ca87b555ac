import type { Names } from './names.js'
import { Malformed, Reader } from './reader.js'
import { Writer } from './writer.js'

/** How a value lies in bytes: declared once, next to the protocol that speaks it. */
export interface Schema<T> {
  write(writer: Writer, value: T): void
  read(reader: Reader): T
  /** Of those with fields: puts them into an object that is there, and gives it back. */
  readInto?(reader: Reader, value: object): T
}

export type Infer<S> = S extends Schema<infer T> ? T : never

export type Decoded<T> = { ok: true; value: T } | { ok: false; reason: string; offset: number }

export function encode<T>(schema: Schema<T>, value: T, names?: Names): Uint8Array {
  const writer = new Writer(256, names)
  schema.write(writer, value)
  return writer.finish()
}

/** Reads one value that must fill the bytes exactly. Never throws, whatever the bytes. */
export function decode<T>(
  schema: Pick<Schema<T>, 'read'>,
  bytes: Uint8Array,
  names?: Names,
): Decoded<T> {
  const reader = new Reader(bytes, names)
  try {
    const value = schema.read(reader)
    if (reader.left > 0) reader.fail('trailing bytes')
    return { ok: true, value }
  } catch (error) {
    if (error instanceof Malformed) {
      return { ok: false, reason: error.reason, offset: error.offset }
    }
    throw error
  }
}
