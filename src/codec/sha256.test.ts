import { sha256 as reference } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { utf8 } from './bytes.js'
import { sha256 } from './sha256.js'

it('is SHA-256 by the examples of FIPS 180-4', () => {
  expect(hex(sha256(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(hex(sha256(utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe(
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  )
})

it('says what @noble/hashes says, of every length up to three blocks and of any bytes', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = new Uint8Array(length).fill(length)
    expect(hex(sha256(bytes)), `length ${length}`).toBe(hex(reference(bytes)))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), bytes => {
      expect(hex(sha256(bytes))).toBe(hex(reference(bytes)))
    }),
    { numRuns: 50, seed: 1 },
  )
})

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
