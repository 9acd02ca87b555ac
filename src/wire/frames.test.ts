import { describe, expect, it } from 'vitest'
import { toBase32 } from '../codec/bytes.js'
import type { PlumtreeMessage } from '../core/broadcast/plumtree/messages.js'
import { type PeerId, peerIdFromBytes, type TopicId, topicIdFromBytes } from '../core/ids.js'
import type { Message } from '../core/message.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { FrameDecoder } from './decoder.js'
import { type EncodedFrame, FrameEncoder } from './encoder.js'
import { LARGEST_AUTHORS_PER_LINK, LARGEST_RELAY_PATH, LARGEST_TOPICS_PER_LINK } from './limits.js'
import { FRAME_TAGS } from './tags.js'

describe('names on a link', () => {
  it('a topic-hello goes before the first frame of its topic, or nothing goes', () => {
    const encoder = new FrameEncoder()
    expect(() => encoder.encode(prune())).toThrow('has no topic-hello')
    encoder.encode(topicHello(topic(1)))
    expect(encoder.encode(prune())).toHaveLength(1)
  })

  it('an author is defined once, in the control queue, ahead of the frame that uses it', () => {
    const { encoder } = met()
    expect(shape(encoder.encode(gossip(author(1))))).toEqual([
      'author-alias control',
      'gossip live',
    ])
    expect(shape(encoder.encode(gossip(author(1))))).toEqual(['gossip live'])
    expect(shape(encoder.encode(gossip(author(2))))).toEqual([
      'author-alias control',
      'gossip live',
    ])
  })

  it('messages that speak of an author once spend no name on it', () => {
    const { encoder } = met()
    const once: PlumtreeMessage[] = [
      { type: 'prune', source: author(1) },
      { type: 'graft', source: undefined, wanted: { author: author(1), seq: 1, round: 0 } },
      { type: 'graft-refused', author: author(1), seq: 1 },
    ]
    for (const message of once) {
      expect(encoder.encode({ type: 'topic', topic: topic(1), message })).toHaveLength(1)
    }
  })

  it('when the names are used up, authors are written out in full', () => {
    const { encoder, decoder } = met()
    for (let n = 0; n <= LARGEST_AUTHORS_PER_LINK + 1; n++) {
      const frames = encoder.encode(gossip(author(n)))
      expect(frames).toHaveLength(n < LARGEST_AUTHORS_PER_LINK ? 2 : 1)
      expect(hear(decoder, frames)).toMatchObject({
        message: { message: { author: author(n) } },
      })
    }
  })

  it('topics beyond the limit find no room, and those that have a name keep it', () => {
    const encoder = new FrameEncoder()
    for (let n = 0; n < LARGEST_TOPICS_PER_LINK; n++) encoder.encode(topicHello(topic(n)))
    const more = topic(LARGEST_TOPICS_PER_LINK)
    expect(encoder.hasRoomFor(more)).toBe(false)
    expect(() => encoder.encode(topicHello(more))).toThrow(RangeError)
    expect(encoder.hasRoomFor(topic(1))).toBe(true)
    expect(encoder.encode(topicHello(topic(1)))).toHaveLength(1)
  })

  it('a frame that can’t be written leaves no name behind that was never sent', () => {
    const { encoder, decoder } = met()
    const broken = { ...message(author(1)), time: -1 }
    expect(() => encoder.encode(gossip(author(1), broken))).toThrow(RangeError)
    const terms = { ...TERMS, maxMessageSize: -1 }
    expect(() => encoder.encode({ ...topicHello(topic(2)), terms })).toThrow(RangeError)

    expect(hear(decoder, encoder.encode(gossip(author(2))))).toMatchObject({ topic: topic(1) })
    expect(hear(decoder, encoder.encode(topicHello(topic(3))))).toMatchObject({ alias: 1 })
    expect(hear(decoder, encoder.encode(gossip(author(1))))).toMatchObject({ topic: topic(1) })
  })
})

describe('a decoder', () => {
  it('refuses a name that was never defined', () => {
    const { encoder } = met()
    const [alias, frame] = encoder.encode(gossip(author(1)))
    expect(new FrameDecoder().decode(frame!.bytes)).toMatchObject({
      reason: 'unknown topic alias',
    })
    const deaf = met().decoder
    expect(deaf.decode(frame!.bytes)).toMatchObject({ reason: 'unknown author alias' })
    expect(deaf.decode(alias!.bytes).ok).toBe(true)
    expect(deaf.decode(frame!.bytes).ok).toBe(true)
  })

  it('refuses a name that is given to another, or out of turn; said again it is harmless', () => {
    const { decoder } = met()
    const alias = (n: number, id: PeerId) => {
      const { encoder } = met()
      for (let i = 0; i < n; i++) encoder.encode(gossip(author(100 + i)))
      return encoder.encode(gossip(id))[0]!.bytes
    }
    expect(decoder.decode(alias(1, author(1)))).toMatchObject({ reason: 'alias out of turn' })
    expect(decoder.decode(alias(0, author(1))).ok).toBe(true)
    expect(decoder.decode(alias(0, author(1))).ok).toBe(true)
    expect(decoder.decode(alias(0, author(2)))).toMatchObject({ reason: 'alias redefined' })
  })

  it('learns nothing from a definition with trailing bytes', () => {
    const { encoder, decoder } = met()
    const [alias, frame] = encoder.encode(gossip(author(1)))
    expect(decoder.decode(Uint8Array.of(...alias!.bytes, 0)).ok).toBe(false)
    expect(decoder.decode(frame!.bytes)).toMatchObject({ reason: 'unknown author alias' })
  })

  it('refuses other versions and unknown tags', () => {
    const { decoder } = met()
    expect(decoder.decode(Uint8Array.of(2, 0))).toMatchObject({ reason: 'unknown version' })
    for (const tag of [6, 15, 30, 31, 39, 47, 58, 255]) {
      expect(decoder.decode(Uint8Array.of(1, tag, 0))).toMatchObject({ reason: 'unknown tag' })
    }
  })

  it('refuses a relayed signal whose path has no room for the hops it has left', () => {
    const path = Array.from({ length: LARGEST_RELAY_PATH }, (_, n) => author(n))
    const relay = (hopsLeft: number) => {
      const frames = new FrameEncoder().encode({
        type: 'relay',
        relay: { id: new Uint8Array(16), to: author(1), hopsLeft, path, body: new Uint8Array(1) },
      })
      return new FrameDecoder().decode(frames[0]!.bytes)
    }
    expect(relay(0).ok).toBe(true)
    expect(relay(1)).toMatchObject({ reason: 'no room on the path' })
  })

  it('keeps of packets little more than the messages it keeps', () => {
    const { encoder, decoder } = met()
    const [alias, frame] = encoder.encode(gossip(author(1)))
    decoder.decode(alias!.bytes)
    const buffers = new Set<ArrayBufferLike>()
    for (let i = 0; i < 1_000; i++) {
      const packet = new Uint8Array(16_384)
      packet.set(frame!.bytes)
      const decoded = decoder.decode(packet.subarray(0, frame!.bytes.length))
      if (!decoded.ok || decoded.value.type !== 'topic') throw new Error('not decoded')
      if (decoded.value.message.type !== 'gossip') throw new Error('not gossip')
      buffers.add(decoded.value.message.message.payload.buffer)
    }
    let held = 0
    for (const buffer of buffers) held += buffer.byteLength
    expect(held).toBeLessThanOrEqual(1_000 * frame!.bytes.length + 3 * 32_768)
  })
})

/** An encoder and a decoder that know topic 1. */
function met() {
  const encoder = new FrameEncoder()
  const decoder = new FrameDecoder()
  hear(decoder, encoder.encode(topicHello(topic(1))))
  return { encoder, decoder }
}

function hear(decoder: FrameDecoder, frames: EncodedFrame[]): unknown {
  const heard = frames.map(({ bytes }) => decoder.decode(bytes))
  for (const each of heard) if (!each.ok) throw new Error(each.reason)
  return (heard.at(-1) as { value: unknown }).value
}

function shape(frames: EncodedFrame[]): string[] {
  const named = Object.entries(FRAME_TAGS)
  return frames.map(({ bytes, class: of }) => {
    return `${named.find(([, tag]) => tag === bytes[1])![0]} ${of}`
  })
}

function topicHello(id: TopicId) {
  return { type: 'topic-hello' as const, topic: id, terms: TERMS }
}

function gossip(by: PeerId, content = message(by)) {
  const each = { type: 'gossip' as const, round: 1, message: content }
  return { type: 'topic' as const, topic: topic(1), message: each }
}

function prune() {
  const each = { type: 'prune' as const, source: undefined }
  return { type: 'topic' as const, topic: topic(1), message: each }
}

function message(by: PeerId): Message {
  const none = new Uint8Array(0)
  const payload = new TextEncoder().encode(toBase32(new Uint8Array(60)))
  return { author: by, seq: 1, time: 2, payload, extensions: none, signature: undefined }
}

function author(n: number): PeerId {
  return peerIdFromBytes(idOf(n))
}

function topic(n: number): TopicId {
  return topicIdFromBytes(idOf(n))
}

function idOf(n: number): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}
