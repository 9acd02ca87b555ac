// The two platform classes that plain ES lacks and every engine has. Declared here, once, so that the
// rooms that must not see DOM or Node can still turn text into bytes.
declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean })
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text, or undefined where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Lowercase base32 (RFC 4648 alphabet) without padding: 32 bytes are 52 letters. */
export function toBase32(bytes: Uint8Array): string {
  const count = Math.ceil((bytes.length * 8) / 5)
  // Made in one piece: letters joined one by one stay a chain that is many times as large.
  const codes: number[] = new Array(count)
  let bits = 0
  let value = 0
  let at = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      codes[at++] = CODES[(value >>> (bits - 5)) & 31]!
      bits -= 5
      value &= (1 << bits) - 1
    }
  }
  if (bits > 0) codes[at] = CODES[(value << (5 - bits)) & 31]!
  return String.fromCharCode(...codes)
}

/** The bytes, or undefined where the text is not the one way to write them. */
export function fromBase32(text: string): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let value = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS[text.charCodeAt(i)]
    if (digit === undefined || digit < 0) return undefined
    value = (value << 5) | digit
    bits += 5
    if (bits >= 8) {
      out[at++] = (value >>> (bits - 8)) & 255
      bits -= 8
      value &= (1 << bits) - 1
    }
  }
  if (bits >= 5 || value !== 0) return undefined
  return out
}

const DIGITS = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i
const CODES = Uint8Array.from(ALPHABET, letter => letter.charCodeAt(0))
