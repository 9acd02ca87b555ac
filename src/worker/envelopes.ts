import type { deflate, inflate } from './envelope.js'

/** The word in a hello's features of who takes envelopes. */
export const ENVELOPES = 'envelopes'

/** How frames of history are compressed: it comes with what makes them, the history (history-extra.ts). */
export const envelopes: { deflate?: typeof deflate; inflate?: typeof inflate } = {}

/** Whether this browser can write and read them; older ones know other formats only. */
export function canDeflate(): boolean {
  try {
    return (
      new CompressionStream(FORMAT) !== undefined && new DecompressionStream(FORMAT) !== undefined
    )
  } catch {
    return false
  }
}

export const FORMAT = 'deflate-raw'
