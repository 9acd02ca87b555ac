import { readdirSync, readFileSync } from 'node:fs'
import { concat } from '../codec/bytes.js'
import type { Random } from '../core/random.js'
import { speakHistory } from './history-frames.js'

/** The bytes of every golden frame, with those that went before it on its link. */
export interface Golden {
  name: string
  before: Uint8Array[]
  frame: Uint8Array
}

export function goldenFrames(prepare = speakHistory): Golden[] {
  prepare()
  const files = readdirSync(FOLDER).filter(name => !name.startsWith('bytes-'))
  return files.sort().flatMap(file => {
    const { cases } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
    return (cases as Case[]).map(({ name, before, frames }) => {
      const bytes = [...before, ...frames].map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex')))
      return { name: `${file}: ${name}`, before: bytes.slice(0, -1), frame: bytes.at(-1)! }
    })
  })
}

/** Bytes that are a frame, almost one, or none at all. */
export function mutate(random: Random, from: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = from.slice()
  switch (random.below(7)) {
    case 0:
      for (let n = 1 + random.below(8); n > 0; n--) {
        bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
      }
      return bytes
    case 1:
      // Near the head, where the lengths and counts are.
      bytes[random.below(Math.min(8, bytes.length))] = random.below(256)
      return bytes
    case 2:
      return bytes.subarray(0, random.below(bytes.length))
    case 3:
      return concat(bytes, random.bytes(1 + random.below(40)))
    case 4: {
      const [cut, join] = [random.below(bytes.length), random.below(other.length)]
      return concat(bytes.subarray(0, cut), other.subarray(join))
    }
    case 5: {
      // A varint that promises the world.
      const at = random.below(bytes.length)
      bytes.fill(0xff, at, at + 1 + random.below(7))
      return bytes
    }
    default: {
      const noise = random.bytes(random.below(200))
      // Half of it at least begins like a frame.
      if (noise.length > 2 && random.below(2) === 0) noise.set(bytes.subarray(0, 2))
      return noise
    }
  }
}

interface Case {
  name: string
  before: { hex: string }[]
  frames: { hex: string }[]
}

const FOLDER = new URL('./vectors/', import.meta.url)
