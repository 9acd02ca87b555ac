import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromBase64, toBase64 } from './base64.js'

it('base64 is that of everyone else, there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      const text = toBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(text)).toEqual(bytes)
    }),
    { seed: 11 },
  )
})

it('base64 has one way to write each byte string and refuses every other', () => {
  for (const text of [
    'A',
    'AA',
    'AAA',
    'AB==',
    'AAB=',
    'A===',
    '====',
    'AA=A',
    'A-==',
    'AA é',
    ' AA=',
  ]) {
    expect(fromBase64(text), text).toBeUndefined()
  }
})
