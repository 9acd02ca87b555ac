import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Parents, parentsOf, withParents } from '../core/history/op.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { FrameClass } from '../core/io.js'
import { canonicalBytes, type Draft } from '../core/message.js'
import { presenceBytes } from '../core/presence/signed-bytes.js'
import type { PresenceDraft } from '../core/presence/statement.js'
import { FrameDecoder } from './decoder.js'
import { FrameEncoder } from './encoder.js'
import type { Frame, OutgoingFrame } from './frame.js'
import { helloTranscript } from './hello.js'
import { speakHistory } from './history-frames.js'
import { FRAME_TAGS } from './tags.js'

speakHistory()

interface Case {
  name: string
  /** Sent on the link before, and the frames it made. */
  given: OutgoingFrame[]
  before: Written[]
  value: OutgoingFrame
  /** The last is the value's own; those ahead define what it uses. */
  frames: Written[]
}

interface Written {
  hex: string
  class: FrameClass
}

describe('golden vectors', () => {
  it('every message type has one', () => {
    const files = readdirSync(FOLDER).map(name => name.replace('.json', ''))
    expect(files.filter(name => !name.startsWith('bytes-')).sort()).toEqual(
      Object.keys(FRAME_TAGS).sort(),
    )
    for (const [type, tag] of Object.entries(FRAME_TAGS)) {
      const tags = cases(type).flatMap(({ frames }) => frames.map(tagOf))
      expect(tags, `${type}.json`).toContain(tag)
    }
  })

  for (const type of Object.keys(FRAME_TAGS)) {
    for (const each of cases(type)) {
      it(`${type}: ${each.name}`, () => {
        const encoder = new FrameEncoder()
        const before = each.given.flatMap(frame => written(encoder, frame))
        expect(before).toEqual(each.before)
        expect(written(encoder, each.value)).toEqual(each.frames)

        const decoder = new FrameDecoder()
        const heard = [...each.before, ...each.frames].map(({ hex }) => {
          const decoded = decoder.decode(bytesOf(hex))
          if (!decoded.ok) throw new Error(`${hex}: ${decoded.reason}`)
          return decoded.value
        })
        expect(withoutAlias(heard.at(-1)!)).toEqual(each.value)
      })
    }
  }

  it('a hello proof covers the bytes of the transcript', () => {
    for (const each of bytesCases<Transcript>('bytes-hello-transcript')) {
      const { from, to, fromNonce, toNonce, protocol, hex } = each
      expect(hexOf(helloTranscript(from, to, fromNonce, toNonce, protocol))).toBe(hex)
    }
  })

  it('a signature covers the canonical bytes of a message', () => {
    for (const { topic, draft, hex } of bytesCases<Canonical>('bytes-message')) {
      expect(hexOf(canonicalBytes(topic, draft))).toBe(hex)
    }
  })

  it('the extensions of an op name its parents', () => {
    for (const { parents, hex } of bytesCases<{ parents: Parents; hex: string }>('bytes-parents')) {
      expect(hexOf(withParents(parents))).toBe(hex)
      const draft = { author: '' as PeerId, seq: 1, time: 0, payload: bytesOf('') }
      expect(parentsOf({ ...draft, extensions: bytesOf(hex) })).toEqual(parents)
    }
  })

  it('a signature covers what a peer shows of itself, and where', () => {
    for (const { topic, peer, draft, hex } of bytesCases<Shown>('bytes-presence')) {
      expect(hexOf(presenceBytes(topic, peer, { ...draft, value: draft.value }))).toBe(hex)
    }
  })
})

interface Shown {
  topic: TopicId
  peer: PeerId
  draft: PresenceDraft
  hex: string
}

interface Transcript {
  from: PeerId
  to: PeerId
  fromNonce: Uint8Array
  toNonce: Uint8Array
  protocol: string
  hex: string
}

interface Canonical {
  topic: TopicId
  draft: Draft
  hex: string
}

function written(encoder: FrameEncoder, frame: OutgoingFrame): Written[] {
  return encoder.encode(frame).map(({ bytes, class: of }) => ({ hex: hexOf(bytes), class: of }))
}

function cases(type: string): Case[] {
  return (read(type) as { cases: Case[] }).cases
}

function bytesCases<T>(name: string): T[] {
  return (read(name) as { cases: T[] }).cases
}

function tagOf({ hex }: Written): number {
  return Number.parseInt(hex.slice(2, 4), 16)
}

/** The value as its sender gave it: the alias is the encoder's. */
function withoutAlias(frame: Frame): unknown {
  if (frame.type !== 'topic-hello') return frame
  const { alias: _, ...rest } = frame
  return rest
}

/** Every `{ hex }` alone in an object stands for bytes. */
function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'), (_, value) => {
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
    return keys.length === 1 && keys[0] === 'hex' ? bytesOf(value.hex) : value
  })
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

const FOLDER = new URL('./vectors/', import.meta.url)
