import { fromBase32 } from '../codec/bytes.js'

// The points of small order: anyone can make signatures that hold under them. WebCrypto's draft has engines
// refuse them; Chromium 156, Firefox 153 and Node 20 verify them (measured), others may not. A message
// that some peers take and others blame would let its author turn them against each other, so every peer
// refuses these points, as public key and as the first half of a signature. No honest key is one of them.

/** Whether the first 32 bytes are a way to write one of the eight points whose order divides 8. */
export function isSmallOrder(point: Uint8Array): boolean {
  for (const y of SMALL_ORDER) if (point[0] === y[0] && isSame(point, y)) return true
  return false
}

function isSame(point: Uint8Array, y: Uint8Array): boolean {
  return y.every((byte, i) => (i === 31 ? point[i]! & 0x7f : point[i]) === byte)
}

function filled(first: number, between: number, last: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(between)
  bytes[0] = first
  bytes[31] = last
  return bytes
}

/** p = 2^255 - 19, little-endian as all here: another way to write 0. */
const P = filled(0xed, 0xff, 0x7f)
const EIGHTH = fromBase32('e3ujld6cwit3arod6se7f34y6dk57laf2pddgonrhabiq3kt7qcq')!

/** Their y coordinates, the sign of x left out. */
export const SMALL_ORDER: readonly Uint8Array[] = [
  /** 0, order 4 */
  filled(0, 0, 0),
  /** 1, order 1 */
  filled(1, 0, 0),
  /** p - 1, order 2 */
  filled(0xec, 0xff, 0x7f),
  P,
  /** p + 1, another way to write 1 */
  filled(0xee, 0xff, 0x7f),
  /** The two of order 8, one the other's negative. No byte of it borrows. */
  EIGHTH,
  EIGHTH.map((byte, i) => P[i]! - byte),
]
