// Bytes inside JSON. Plain ES has no base64 of its own.

/** Base64 (RFC 4648, section 4) with padding. */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += ALPHABET[three >>> 18]
    out += ALPHABET[(three >>> 12) & 63]
    out += left > 1 ? ALPHABET[(three >>> 6) & 63] : '='
    out += left > 2 ? ALPHABET[three & 63] : '='
  }
  return out
}

/** The bytes, or undefined where the text is not the one way to write them. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const letters = text.length - padding
  const out = new Uint8Array((text.length / 4) * 3 - padding)
  let value = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < letters; i++) {
    const digit = DIGITS[text.charCodeAt(i)]
    if (digit === undefined || digit < 0) return undefined
    value = ((value << 6) | digit) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (value >>> bits) & 255
    }
  }
  // Bits left over must be zero, else two texts would mean the same bytes.
  return (value & ((1 << bits) - 1)) === 0 ? out : undefined
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const DIGITS = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i
