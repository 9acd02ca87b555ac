import { text } from '../codec/primitives.js'
import type { Schema } from '../codec/schema.js'

/** Browsers write 0.5 to 3 KB for a data channel; 16 KiB leaves room for many candidates. Guess. */
export const LARGEST_SDP_BYTES = 16 * 1024

/** Session description text that names one certificate; without that, it does not pass. */
export const sdp: Schema<string> = {
  write: (w, value) => {
    if (fingerprintOf(value) === undefined) throw new RangeError(NO_FINGERPRINT)
    inner.write(w, value)
  },
  read: r => {
    const value = inner.read(r)
    if (fingerprintOf(value) === undefined) r.fail(NO_FINGERPRINT)
    return value
  },
}

/**
 * The SHA-256 fingerprint of the certificate a session description names, as upper-case hex with colons.
 * Undefined where there is none, where several differ, and where one is of another hash: the
 * connection would then be free to choose, and the signature would bind nothing.
 */
export function fingerprintOf(value: string): string | undefined {
  let found: string | undefined
  for (const line of value.split(/[\r\n]+/)) {
    if (!/^a=fingerprint:/i.test(line)) continue
    const fingerprint = /^a=fingerprint:sha-256 ([\da-f]{2}(?::[\da-f]{2}){31})$/i.exec(line)?.[1]
    if (fingerprint === undefined) return undefined
    if (found !== undefined && found !== fingerprint.toUpperCase()) return undefined
    found = fingerprint.toUpperCase()
  }
  return found
}

const inner = text({ max: LARGEST_SDP_BYTES })
const NO_FINGERPRINT = 'sdp without one sha-256 fingerprint'
