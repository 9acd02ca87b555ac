import { fromBase32, toBase32 } from '../codec/bytes.js'

/**
 * Ids met lately, as bytes and as text. The same few ids pass by again and again: looked up here, they are not
 * printed each time, and all who hold one hold the same string. A place holds one id, so the last met there
 * stays; nothing but speed hangs on it.
 */
export class KnownIds {
  /** Places at most; a power of two. */
  #capacity = USUAL_CAPACITY
  #texts: (string | undefined)[] = new Array(FIRST_PLACES).fill(undefined)
  #bytes = new Uint8Array(FIRST_PLACES * ID_BYTES)
  #held = 0

  /** For so many ids there are to be enough places, and few of them shared. */
  makeRoom(ids: number): void {
    while (this.#capacity < ids * PLACES_PER_ID) this.#capacity *= 2
  }

  /** The printed form of the 32 bytes at `at`. */
  textOf(bytes: Uint8Array, at: number): string {
    const place = this.#place((bytes[at]! << 12) | (bytes[at + 1]! << 4) | (bytes[at + 2]! >>> 4))
    const text = this.#texts[place]
    if (text !== undefined && this.#isAt(place, bytes, at)) return text
    const own = bytes.slice(at, at + ID_BYTES)
    return this.#learn(place, own, toBase32(own))
  }

  /** The bytes of a printed id, to be read at once: they may be others' later. */
  bytesOf(text: string): Uint8Array {
    const place = this.#place(
      (digit(text, 0) << 15) | (digit(text, 1) << 10) | (digit(text, 2) << 5) | digit(text, 3),
    )
    if (this.#texts[place] !== text) {
      const bytes = fromBase32(text)
      if (bytes?.length !== ID_BYTES) throw new RangeError(`not an id: ${text}`)
      this.#learn(place, bytes, text)
      return bytes
    }
    return this.#bytes.subarray(place * ID_BYTES, (place + 1) * ID_BYTES)
  }

  /** From an id's first 20 bits, which are also its first four letters. */
  #place(head: number): number {
    return (Math.imul(head, 0x9e3779b1) >>> 12) & (this.#texts.length - 1)
  }

  #isAt(place: number, bytes: Uint8Array, at: number): boolean {
    const held = this.#bytes
    const start = place * ID_BYTES
    for (let i = 0; i < ID_BYTES; i++) if (held[start + i] !== bytes[at + i]) return false
    return true
  }

  #learn(place: number, bytes: Uint8Array, text: string): string {
    if (this.#texts[place] === undefined) this.#held++
    this.#texts[place] = text
    this.#bytes.set(bytes, place * ID_BYTES)
    if (this.#held * 2 > this.#texts.length && this.#texts.length < this.#capacity) this.#grow()
    return text
  }

  #grow(): void {
    const [texts, bytes] = [this.#texts, this.#bytes]
    this.#texts = new Array(texts.length * 2).fill(undefined)
    this.#bytes = new Uint8Array(bytes.length * 2)
    this.#held = 0
    texts.forEach((text, i) => {
      if (text === undefined) return
      const from = i * ID_BYTES
      const head = (bytes[from]! << 12) | (bytes[from + 1]! << 4) | (bytes[from + 2]! >>> 4)
      const place = this.#place(head)
      if (this.#texts[place] === undefined) this.#held++
      this.#texts[place] = text
      this.#bytes.set(bytes.subarray(from, from + ID_BYTES), place * ID_BYTES)
    })
  }
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 97 ? code - 97 : code - 24
}

const ID_BYTES = 32
const FIRST_PLACES = 128
/** At eight one id in sixteen shares its place with another. */
const PLACES_PER_ID = 8
/** Some 50 topics with full views. Guess. */
const USUAL_CAPACITY = 4096
