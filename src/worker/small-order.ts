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

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, pair => Number.parseInt(pair, 16))
}

/** Their y coordinates, little-endian, the sign of x left out; p = 2^255 - 19. */
export const SMALL_ORDER: readonly Uint8Array[] = [
  /** 0, order 4 */
  '0000000000000000000000000000000000000000000000000000000000000000',
  /** 1, order 1 */
  '0100000000000000000000000000000000000000000000000000000000000000',
  /** p - 1, order 2 */
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  /** p, another way to write 0 */
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  /** p + 1, another way to write 1 */
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  /** The two of order 8. */
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex)
