import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from './ids.js'
import { canonicalBytes } from './message.js'
import { messageHash } from './message-hash.js'

describe("a message's hash", () => {
  const topic = topicIdFromBytes(new Uint8Array(32).fill(2))
  const draft = {
    author: peerIdFromBytes(new Uint8Array(32).fill(1)),
    seq: 7,
    time: 1_700_000_000_000,
    payload: new Uint8Array([1, 2, 3]),
    extensions: new Uint8Array(0),
  }

  it('is the SHA-256 of its canonical bytes', () => {
    const expected = createHash('sha256').update(canonicalBytes(topic, draft)).digest('hex')
    expect(Buffer.from(messageHash(topic, draft)).toString('hex')).toBe(expected)
  })

  it('differs for another topic, count, time, payload or extension, and for a bundle of the same bytes', () => {
    const others = [
      canonicalBytes(topicIdFromBytes(new Uint8Array(32).fill(3)), draft),
      canonicalBytes(topic, { ...draft, seq: 8 }),
      canonicalBytes(topic, { ...draft, time: draft.time + 1 }),
      canonicalBytes(topic, {
        ...draft,
        payload: new Uint8Array([1, 2]),
        extensions: new Uint8Array([3]),
      }),
      canonicalBytes(topic, { ...draft, count: 2 }),
      canonicalBytes(topic, draft),
    ]
    expect(new Set(others.map(bytes => Buffer.from(bytes).toString('hex'))).size).toBe(6)
  })
})
