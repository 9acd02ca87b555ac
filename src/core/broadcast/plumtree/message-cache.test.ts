import { describe, expect, it } from 'vitest'
import { ALICE, BOB, messageOf } from '../network.suite.js'
import { MessageCache } from './message-cache.js'

describe('the message cache', () => {
  it('keeps a message for its retention; expiry is inclusive', () => {
    const { cache } = make()
    cache.put(0, messageOf(ALICE, 1, 0), 0, undefined)
    cache.expire(999)
    expect(cache.get(ALICE, 1)).toBeDefined()
    cache.expire(1_000)
    expect(cache.get(ALICE, 1)).toBeUndefined()
    expect([cache.size, cache.bytes, cache.nextExpiry]).toEqual([0, 0, undefined])
  })

  it('put in again lives longer, and the stale expiry is ignored', () => {
    const { cache } = make()
    cache.put(0, messageOf(ALICE, 1, 0), 0, undefined)
    const { bytes } = cache
    cache.put(500, messageOf(ALICE, 1, 0), 3, BOB)
    expect(cache.bytes).toBe(bytes)
    cache.expire(1_000)
    expect(cache.get(ALICE, 1)).toMatchObject({ round: 3, giver: BOB })
    expect(cache.size).toBe(1)
    cache.expire(1_500)
    expect([cache.size, cache.bytes]).toEqual([0, 0])
  })

  it('loses the oldest where bytes run out, and counts them', () => {
    const { cache, dropped } = make(10_000)
    for (let seq = 1; seq <= 4; seq++) {
      cache.put(0, messageOf(ALICE, seq, 0, new Uint8Array(3_000)), 0, undefined)
    }
    expect([1, 2, 3, 4].map(seq => cache.get(ALICE, seq) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(dropped()).toBe(2)
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
  })

  it('bounds empty messages too', () => {
    const { cache } = make(100_000)
    for (let seq = 1; seq <= 10_000; seq++) {
      cache.put(0, messageOf(ALICE, seq, 0, new Uint8Array(0)), 0, undefined)
    }
    expect(cache.size).toBeLessThan(200)
  })

  it('gives the newest that live long enough, oldest first', () => {
    const { cache } = make()
    for (let seq = 1; seq <= 5; seq++) cache.put(seq * 100, messageOf(BOB, seq, 0), 0, undefined)
    const seqs = (max: number, until: number) =>
      [...cache.newestLiving(max, until)].map(({ message }) => message.seq)
    expect(seqs(3, 0)).toEqual([3, 4, 5])
    expect(seqs(10, 1_300)).toEqual([4, 5])
  })
})

function make(bytes = 1_000_000) {
  let overflowed = 0
  const count = () => {
    overflowed++
  }
  return {
    cache: new MessageCache({ retentionMs: 1_000, bytes, outbox: { count } }),
    dropped: () => overflowed,
  }
}
