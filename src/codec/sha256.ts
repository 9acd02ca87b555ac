/**
 * SHA-256 (FIPS 180-4) of a few bytes, at once: what a page and a full mesh need of it. Where there is much to hash the worker
 * has `@noble/hashes`, three times the size and faster, and WebCrypto.
 */
export function sha256(message: Uint8Array): Uint8Array {
  const padded = new DataView(new ArrayBuffer(((message.length + 72) >> 6) << 6))
  new Uint8Array(padded.buffer).set(message)
  padded.setUint8(message.length, 0x80)
  padded.setUint32(padded.byteLength - 8, Math.floor(message.length / 2 ** 29))
  padded.setUint32(padded.byteLength - 4, message.length << 3)
  const state = FIRST_STATE.slice()
  const words = new Int32Array(64)
  for (let block = 0; block < padded.byteLength; block += 64) {
    const work = [...state]
    for (let i = 0; i < 64; i++) {
      words[i] = i < 16 ? padded.getInt32(block + i * 4) : nextWord(words, i)
      round(work, words[i]! + CONSTANTS[i]!)
    }
    work.forEach((word, i) => {
      state[i]! += word
    })
  }
  const digest = new DataView(new ArrayBuffer(32))
  state.forEach((word, i) => void digest.setInt32(i * 4, word))
  return new Uint8Array(digest.buffer)
}

function nextWord(words: Int32Array, i: number): number {
  const [early, late] = [words[i - 15]!, words[i - 2]!]
  const small0 = turned(early, 7, 18) ^ (early >>> 3)
  const small1 = turned(late, 17, 19) ^ (late >>> 10)
  return words[i - 16]! + small0 + words[i - 7]! + small1
}

/** `work` is a to h. */
function round(work: number[], word: number): void {
  const [a, b, c, , e, f, g, h] = work as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const large1 = turned(e, 6, 11, 25)
  const large0 = turned(a, 2, 13, 22)
  const first = (h + large1 + ((e & f) ^ (~e & g)) + word) | 0
  work.pop()
  work.unshift((first + large0 + ((a & b) ^ (a & c) ^ (b & c))) | 0)
  work[4] = (work[4]! + first) | 0
}

/** By so many bits each, all in one. */
function turned(word: number, ...turns: number[]): number {
  return turns.reduce((all, bits) => all ^ ((word >>> bits) | (word << (32 - bits))), 0)
}

/** Its first 32 bits. */
function fraction(value: number): number {
  return ((value % 1) * 2 ** 32) | 0
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every(prime => n % prime > 0)) found.push(n)
  return found
}

const FIRST_STATE = Int32Array.from(primes(8), prime => fraction(Math.sqrt(prime)))
const CONSTANTS = Int32Array.from(primes(64), prime => fraction(Math.cbrt(prime)))
