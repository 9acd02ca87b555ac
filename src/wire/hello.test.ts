import { describe, expect, it } from 'vitest'
import { decode, encode } from '../codec/schema.js'
import { peerIdFromBytes } from '../core/ids.js'
import { agree, type Hello, hello, helloTranscript } from './hello.js'

const [a, b] = [1, 2].map(n => peerIdFromBytes(new Uint8Array(32).fill(n))) as [never, never]
const nonce = (n: number) => new Uint8Array(32).fill(n)
const ours: Hello = {
  versions: [1, 2, 3],
  features: ['history', 'extensions'],
  protocol: 'chat',
  peer: a,
  nonce: nonce(1),
  limits: { largestFrameBytes: 5000 },
}

describe('two hellos', () => {
  it('agree on the features that both have', () => {
    const theirs: Hello = { ...ours, versions: [9, 2], features: ['extensions', 'unheard-of'] }
    expect(agree(ours, theirs)).toEqual(['extensions'])
  })

  it('without a common version disagree', () => {
    expect(agree(ours, { ...ours, versions: [7] })).toBeUndefined()
    expect(agree(ours, { ...ours, versions: [] })).toBeUndefined()
  })

  it('of different protocols disagree', () => {
    expect(agree(ours, { ...ours, protocol: 'game' })).toBeUndefined()
  })
})

describe('a hello transcript', () => {
  it('differs where any part of it differs, so a proof is good for one link and one direction', () => {
    const transcripts = [
      helloTranscript(a, b, nonce(1), nonce(2), 'chat'),
      helloTranscript(b, a, nonce(1), nonce(2), 'chat'),
      helloTranscript(a, b, nonce(2), nonce(1), 'chat'),
      helloTranscript(a, b, nonce(1), nonce(3), 'chat'),
      helloTranscript(a, b, nonce(1), nonce(2), 'chat2'),
    ].map(String)
    expect(new Set(transcripts).size).toBe(transcripts.length)
  })
})

it('a hello with too many features is refused', () => {
  const many = { ...ours, features: Array.from({ length: 33 }, (_, n) => `f${n}`) }
  expect(() => encode(hello, many)).toThrow(RangeError)
  expect(decode(hello, encode(hello, ours))).toEqual({ ok: true, value: ours })
})
