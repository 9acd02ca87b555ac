import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '../codec/schema.js'
import { countOf, LARGEST_BUNDLE_BYTES, MOST_BUNDLED, openBundle } from './bundle.js'
import { bundleOf, someBundle } from './bundle.suite.js'
import { peerIdFromBytes } from './ids.js'
import { fits, type Message, message } from './message.js'

describe('a bundle', () => {
  it('gives back what was put in, in its order', () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 2, maxLength: 256 })
    fc.assert(
      fc.property(contents, given => {
        const bundle = bundleOf(...given)
        expect(countOf(bundle)).toBe(given.length)
        expect(opened(bundle)).toEqual(given)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('is none where a byte is missing or left over, for one message, or above its bounds', () => {
    const bundle = someBundle(5)
    const more = new Uint8Array(bundle.length + 1)
    more.set(bundle)
    for (let length = 0; length < bundle.length; length++)
      expect(countOf(bundle.subarray(0, length))).toBe(0)
    expect(countOf(more)).toBe(0)
    expect(countOf(bundleOf(new Uint8Array(3)))).toBe(0)
    const pieces = (bytes: number) => [0, 1, 2, 3].map(() => new Uint8Array(bytes / 4))
    const most = LARGEST_BUNDLE_BYTES - 9 - 3
    expect(countOf(bundleOf(...pieces(most), new Uint8Array(1)))).toBe(5)
    expect(countOf(bundleOf(...pieces(most), new Uint8Array(2)))).toBe(0)
    expect(countOf(bundleOf(new Uint8Array(4096), new Uint8Array(0)))).toBe(2)
    expect(countOf(bundleOf(new Uint8Array(4097), new Uint8Array(0)))).toBe(0)
    expect(countOf(someBundle(MOST_BUNDLED))).toBe(256)
  })

  it('is within what a topic allows where each of its messages is', () => {
    const payload = bundleOf(new Uint8Array(10), new Uint8Array(30))
    expect([29, 30].map(most => fits({ payload, count: 2 }, most))).toEqual([false, true])
    expect(fits({ payload }, 30)).toBe(false)
  })
})

describe('a message that holds a bundle', () => {
  it('is read as it was written, signed or not, and costs one that holds none no byte', () => {
    for (const signature of [undefined, new Uint8Array(64)]) {
      const bundle = { ...SAID, signature, payload: someBundle(3), count: 3 }
      expect(decode(message, encode(message, bundle))).toEqual({ ok: true, value: bundle })
      const single = { ...bundle, count: undefined }
      expect(encode(message, single).length).toBe(encode(message, bundle).length)
      const read = decode(message, encode(message, single))
      expect(read.ok && 'count' in read.value).toBe(false)
    }
  })

  it('is malformed where it is no bundle, or holds more than there are numbers up to its own', () => {
    const read = (value: Message) => decode(message, encode(message, value))
    const bundle = { ...SAID, payload: someBundle(3), count: 3 }
    expect(read({ ...bundle, payload: new Uint8Array(3) })).toMatchObject({ reason: 'no bundle' })
    expect(read({ ...bundle, seq: 3 }).ok).toBe(true)
    expect(read({ ...bundle, seq: 2 })).toMatchObject({ reason: 'more messages than numbers' })
    const bytes = encode(message, bundle)
    bytes[bytes.length - 1] = 4
    expect(decode(message, bytes)).toMatchObject({ reason: 'flags above 3' })
  })
})

function opened(bundle: Uint8Array): Uint8Array[] {
  const contents: Uint8Array[] = []
  openBundle(bundle, content => contents.push(content.slice()))
  return contents
}

const SAID: Message = {
  author: peerIdFromBytes(new Uint8Array(32).fill(1)),
  seq: 7,
  time: 5,
  payload: new Uint8Array(0),
  extensions: new Uint8Array(0),
  signature: undefined,
}
