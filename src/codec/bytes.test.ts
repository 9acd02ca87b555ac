import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromBase32, fromUtf8, sameBytes, toBase32, utf8 } from './bytes.js'

const octets = fc.uint8Array({ maxLength: 40 })

describe('base32', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(octets, value => {
        expect(fromBase32(toBase32(value))).toEqual(value)
      }),
      { seed: 1 },
    )
  })

  it('agrees with RFC 4648, in lowercase and without padding', () => {
    const written = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map(each =>
      toBase32(utf8(each)),
    )
    expect(written).toEqual(['', 'my', 'mzxq', 'mzxw6', 'mzxw6yq', 'mzxw6ytb', 'mzxw6ytboi'])
  })

  it('has one text for each row of bytes: what reads is what would be written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abz27A=1é'), maxLength: 12 }), text => {
        const read = fromBase32(text)
        if (read !== undefined) expect(toBase32(read)).toBe(text)
      }),
      { seed: 2, numRuns: 2000 },
    )
  })

  it('refuses other letters, impossible lengths and bits left over', () => {
    for (const wrong of ['MY', 'm', 'my=', 'mz', 'mzx', '1a', 'é2']) {
      expect(fromBase32(wrong)).toBeUndefined()
    }
  })
})

describe('bytes', () => {
  it('are the same where length and every byte are', () => {
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  })

  it('are joined in order', () => {
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    )
  })

  it('give text back with its byte order mark, and none where they are not UTF-8', () => {
    expect(fromUtf8(utf8('\ufeffgrüße'))).toBe('\ufeffgrüße')
    expect(fromUtf8(Uint8Array.of(0xc3))).toBeUndefined()
  })
})
