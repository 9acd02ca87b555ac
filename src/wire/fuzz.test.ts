import { expect, it } from 'vitest'
import { sameBytes } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { idBytes, type PeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { FrameDecoder } from './decoder.js'
import { type Frame, linkFrame, topicMessage } from './frame.js'
import { WIRE_VERSION } from './hello.js'
import { type Golden, goldenFrames, mutate } from './mutants.suite.js'

const SEED = Number(process.env['SEED'] ?? 1)
const FRAMES = 100_000
/** A frame takes microseconds; what takes this long hangs, also on a machine that is busy elsewhere. */
const LONGEST_MS = 1000

it(`100,000 mutants neither throw nor hang, and what decodes is what would be written (SEED=${SEED})`, () => {
  const random = new Random(SEED)
  const golden = goldenFrames()
  let accepted = 0
  let longestMs = 0
  for (let n = 0; n < FRAMES; n++) {
    const from = random.pick(golden)!
    const mutant = mutate(random, from.frame, random.pick(golden)!.frame)
    const decoder = heardBefore(from)
    const about = () => `SEED=${SEED}, frame ${n} from ${from.name}: ${hexOf(mutant)}`
    const begin = performance.now()
    let decoded: ReturnType<FrameDecoder['decode']>
    try {
      decoded = decoder.decode(mutant)
    } catch (cause) {
      throw new Error(about(), { cause })
    }
    longestMs = Math.max(longestMs, performance.now() - begin)
    if (!decoded.ok) continue
    accepted++
    const names = namesOf(from)
    const again = written(decoded.value, names)
    if (!sameBytes(again, mutant) && !writesOutKnownAuthor(mutant, names)) {
      throw new Error(`${about()} is written ${hexOf(again)}`)
    }
  }
  expect(longestMs).toBeLessThan(LONGEST_MS)
  // Flips inside ids and payloads go unseen by any framing; were it most, the mutants would be too tame.
  expect(accepted).toBeGreaterThan(FRAMES / 100)
  expect(accepted).toBeLessThan(FRAMES / 2)
}, 120_000)

function heardBefore({ before }: Golden): FrameDecoder {
  const decoder = new FrameDecoder()
  for (const bytes of before) {
    if (!decoder.decode(bytes).ok) throw new Error(`refused: ${hexOf(bytes)}`)
  }
  return decoder
}

/** The frame as its sender would write it, who gave the names that were heard before. */
function written(frame: Frame, { topics, authors }: KnownNames): Uint8Array {
  const w = new Writer(256, {
    shortOf: id => (authors.includes(id) ? authors.indexOf(id) : undefined),
    longOf: () => undefined,
  })
  w.u8(WIRE_VERSION)
  if (frame.type !== 'topic') {
    linkFrame.write(w, frame)
    return w.finish()
  }
  w.u8(topicMessage.tagOf(frame.message))
  w.varint(topics.indexOf(frame.topic))
  topicMessage.writeFields(w, frame.message)
  return w.finish()
}

/** The one thing that has two forms: an author with a name may still be written out. */
function writesOutKnownAuthor(mutant: Uint8Array, { authors }: KnownNames): boolean {
  return authors.some(id => hexOf(mutant).includes(`01${hexOf(idBytes(id as PeerId))}`))
}

/** Topics and authors, each under its alias. */
interface KnownNames {
  topics: string[]
  authors: string[]
}

function namesOf(golden: Golden): KnownNames {
  const known = namesByGolden.get(golden)
  if (known !== undefined) return known
  const names: KnownNames = { topics: [], authors: [] }
  const decoder = new FrameDecoder()
  for (const bytes of golden.before) {
    const decoded = decoder.decode(bytes)
    if (!decoded.ok) continue
    const frame = decoded.value
    if (frame.type === 'topic-hello') names.topics[frame.alias] = frame.topic
    if (frame.type === 'author-alias') names.authors[frame.alias] = frame.author
  }
  namesByGolden.set(golden, names)
  return names
}

const namesByGolden = new Map<Golden, KnownNames>()

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
