import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peerIdFromBytes } from '../ids.js'
import { digest } from '../message-hash.js'
import { Random } from '../random.js'
import { Author, TOPIC } from './author.suite.js'
import { MOST_PARENTS, opHash, opOf, parentsOf, withParents } from './op.js'

const random = new Random(1)
const peers = Array.from({ length: 10 }, () => peerIdFromBytes(random.bytes(32)))
const other = (n: number) => ({ author: peers[n]!, seq: n + 1, hash: random.bytes(4) })

describe('parents', () => {
  it('come back as they were written', () => {
    for (let count = 0; count < MOST_PARENTS; count++) {
      const parents = {
        mother: random.bytes(32),
        others: peers.slice(0, count).map((_, n) => other(n)),
      }
      expect(parentsOf(draft(withParents(parents)))).toEqual(parents)
    }
  })

  it('of whatever bytes are parents or none, and never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        const parents = parentsOf(draft(bytes))
        if (parents !== undefined)
          expect(withParents(parents).length).toBeLessThanOrEqual(bytes.length)
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })

  it('are found behind extensions that nobody here knows, and not where these are out of order', () => {
    const known = withParents({ mother: undefined, others: [] })
    expect(parentsOf(draft(new Uint8Array([...known, 9, 2, 1, 1])))).toBeDefined()
    expect(parentsOf(draft(new Uint8Array([9, 2, 1, 1, ...known])))).toBeUndefined()
    expect(parentsOf(draft(new Uint8Array([...known, ...known])))).toBeUndefined()
  })

  it('are at most eight, the mother among them', () => {
    const others = peers.slice(0, MOST_PARENTS).map((_, n) => other(n))
    const extensions = withParents({ mother: undefined, others })
    expect(opOf(TOPIC, message(extensions))).toBeDefined()
    const more = withParents({ mother: random.bytes(32), others })
    expect(opOf(TOPIC, message(more))).toBeUndefined()
  })
})

it('the hash of an op is that of its canonical bytes, without the signature', () => {
  const author = new Author(random)
  const one = author.say()
  const { signature: _, ...unsigned } = one
  expect(opHash(TOPIC, unsigned)).toEqual(opHash(TOPIC, one))
  expect(opHash(TOPIC, { ...one, seq: 2 })).not.toEqual(opHash(TOPIC, one))
})

it('hashes are those of the platform, whatever was hashed before', async () => {
  for (let n = 0; n < 200; n++) {
    const bytes = random.bytes(n < 130 ? n : random.below(2_000)).slice()
    expect(digest(bytes)).toEqual(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  }
})

function draft(extensions: Uint8Array) {
  return {
    author: peerIdFromBytes(new Uint8Array(32)),
    seq: 1,
    time: 0,
    payload: extensions,
    extensions,
  }
}

function message(extensions: Uint8Array) {
  return { ...draft(extensions), signature: new Uint8Array(64) }
}
