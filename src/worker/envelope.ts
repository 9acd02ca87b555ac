import { concat } from '../codec/bytes.js'
import { FORMAT } from './envelopes.js'

/** Resolves with undefined where the bytes don't become fewer by it. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  return through(new CompressionStream(FORMAT), bytes, bytes.length - 1)
}

/**
 * Resolves with undefined for what is not compressed, and for what does not come to exactly `size` bytes: it stops
 * at the first byte too many, so that a few bytes can't fill the memory.
 */
export async function inflate(deflated: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const bytes = await through(new DecompressionStream(FORMAT), deflated, size)
  return bytes?.length === size ? bytes : undefined
}

async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  most: number,
): Promise<Uint8Array | undefined> {
  const writer = stream.writable.getWriter()
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader()
  // What goes wrong in writing shows in reading.
  write(writer as WritableStreamDefaultWriter<Uint8Array>, bytes).catch(() => {})
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { value } = await reader.read()
      if (value === undefined) return concat(...parts)
      size += value.length
      if (size > most) {
        await reader.cancel()
        return undefined
      }
      parts.push(value)
    }
  } catch {
    return undefined
  }
}

/** In pieces: an engine may inflate all of one before anyone sees how much it becomes. */
async function write(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await writer.ready
    await writer.write(bytes.subarray(at, at + PIECE_BYTES))
  }
  await writer.close()
}

/** Deflate makes at most 1,032 bytes of one (RFC 1951): 4 MiB of a piece. */
const PIECE_BYTES = 4096
