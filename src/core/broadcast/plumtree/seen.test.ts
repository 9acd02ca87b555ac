import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { peerIdFromBytes } from '../../ids.js'
import { ALICE, BOB, CAROL } from '../network.suite.js'
import { RANGES_IN_ALL, RANGES_PER_BUCKET, Seen } from './seen.js'

describe('seen ids', () => {
  it('are new once', () => {
    const { seen } = make()
    expect([1, 1, 3, 2, 3].map(seq => seen.add(0, ALICE, seq))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
    expect(seen.has(BOB, 1)).toBe(false)
  })

  it('of a bundle are new once, all of them; where one was known they all are from then on', () => {
    const { seen } = make()
    expect(seen.add(0, ALICE, 22, 7)).toBe(true)
    expect([7, 15, 22].map(seq => seen.has(ALICE, seq))).toEqual([true, true, true])
    expect([6, 23].map(seq => seen.has(ALICE, seq))).toEqual([false, false])
    expect(seen.add(0, ALICE, 22, 20)).toBe(false)
    expect(seen.add(0, ALICE, 30, 22)).toBeUndefined()
    expect(seen.add(10_000, ALICE, 9, 2)).toBe(false)
    expect(seen.add(10_000, ALICE, 6, 2)).toBe(true)
    expect(seen.add(10_000, ALICE, 40, 30)).toBeUndefined()
    expect(seen.takeFresh().map(({ ranges }) => ranges)).toEqual([
      [[7, 30]],
      [
        [2, 6],
        [30, 40],
      ],
    ])
  })

  it('merge into ranges whatever their order', () => {
    const { seen } = make()
    for (const seq of [5, 1, 3, 2, 9, 4, 8]) seen.add(0, ALICE, seq)
    expect(seen.takeFresh()).toEqual([
      {
        author: ALICE,
        since: 0,
        ranges: [
          [1, 5],
          [8, 9],
        ],
      },
    ])
    expect(seen.size.ranges).toBe(2)
  })

  it('last at least the retention and at most a bucket longer; expiry is inclusive', () => {
    const { seen } = make()
    seen.add(19_999, ALICE, 1)
    expect(seen.nextExpiry).toBe(110_000)
    seen.expire(109_999)
    expect(seen.has(ALICE, 1)).toBe(true)
    seen.expire(110_000)
    expect(seen.has(ALICE, 1)).toBe(false)
    expect(seen.size).toEqual({ authors: 0, ranges: 0, fresh: 0 })
    expect(seen.nextExpiry).toBeUndefined()
  })

  it('are new again after the retention without floors, never with them', () => {
    const plain = make()
    const floored = make({ floors: true })
    for (const { seen } of [plain, floored]) {
      seen.add(0, ALICE, 7)
      seen.expire(1_000_000)
    }
    expect(plain.seen.add(1_000_000, ALICE, 7)).toBe(true)
    expect([3, 7, 8].map(seq => floored.seen.add(1_000_000, ALICE, seq))).toEqual([
      false,
      false,
      true,
    ])
    expect(floored.seen.nextUnknown(ALICE, 1)).toBe(9)
  })

  it('a floor never hides what is newer than what was forgotten', () => {
    const { seen } = make({ floors: true })
    seen.add(0, ALICE, 7)
    seen.add(50_000, ALICE, 20)
    seen.expire(100_000)
    expect([7, 8, 19, 20].map(seq => seen.has(ALICE, seq))).toEqual([true, false, false, true])
  })

  it('the next unknown number skips ranges of all buckets', () => {
    const { seen } = make()
    for (const seq of [1, 2, 5]) seen.add(0, ALICE, seq)
    for (const seq of [3, 4, 8]) seen.add(10_000, ALICE, seq)
    expect([1, 3, 6, 7, 8, 9].map(seq => seen.nextUnknown(ALICE, seq))).toEqual([6, 6, 6, 7, 9, 9])
    expect(seen.nextUnknown(BOB, 4)).toBe(4)
  })

  it('the author silent longest goes when there are too many', () => {
    const { seen, counters } = make({ authors: 3 })
    const [a, b, c, d] = [1, 2, 3, 4].map(peer) as [PeerId, PeerId, PeerId, PeerId]
    for (const author of [a, b, c]) seen.add(0, author, 1)
    seen.add(10_000, a, 2)
    seen.add(10_000, d, 1)
    expect([a, b, c, d].map(author => seen.has(author, 1))).toEqual([true, false, true, true])
    expect(counters['seen-authors-dropped']).toBe(1)
  })

  it('an author full of holes stays bounded and forgets nothing it said', () => {
    const { seen, counters } = make()
    for (let i = 0; i < 5_000; i++) seen.add(0, ALICE, 1 + 2 * i)
    expect(seen.size.ranges).toBe(RANGES_PER_BUCKET)
    expect(counters['seen-gaps-closed']).toBe(5_000 - RANGES_PER_BUCKET)
    const said = Array.from({ length: 5_000 }, (_, i) => 1 + 2 * i)
    expect(said.every(seq => seen.has(ALICE, seq))).toBe(true)
    expect(seen.has(ALICE, 9_998)).toBe(false)
  })

  it('many authors full of holes stay bounded together, and a newcomer is still noted', () => {
    const { seen } = make({ authors: 2_000 })
    const authors = Array.from({ length: 1_100 }, (_, n) => `author ${n}` as PeerId)
    for (const author of authors) {
      for (let i = 0; i < RANGES_PER_BUCKET; i++) seen.add(0, author, 1 + 2 * i)
    }
    expect(seen.size.ranges).toBeLessThanOrEqual(RANGES_IN_ALL + authors.length)
    expect(seen.add(0, BOB, 5)).toBe(true)
    expect([4, 5, 6].map(seq => seen.has(BOB, seq))).toEqual([false, true, false])
  })

  it('what nobody fetches for the store is bounded and goes with the retention', () => {
    const { seen, counters } = make({ authors: 2, floors: true })
    seen.add(0, ALICE, 1)
    seen.add(10_000, ALICE, 2)
    seen.add(20_000, ALICE, 3)
    expect(counters['seen-unsaved']).toBe(1)
    seen.expire(105_000)
    expect(seen.takeFresh().map(({ since }) => since)).toEqual([10_000])
  })

  it('what nobody is to fetch is not kept for it, nor counted as unsaved', () => {
    const { seen, counters } = make({ authors: 2, saves: false })
    for (const author of [ALICE, BOB, CAROL]) seen.add(0, author, 1)
    expect(seen.size.fresh).toBe(0)
    expect(counters['seen-unsaved']).toBeUndefined()
    expect(seen.has(CAROL, 1)).toBe(true)
  })

  it('recalled ids are known for the rest of their retention, older ones below the floor only', () => {
    const old = { author: ALICE, since: 0, ranges: [[1, 4]] as const }
    const young = { author: ALICE, since: 60_000, ranges: [[6, 9]] as const }
    const plain = make().seen
    plain.recall(110_000, [young, old])
    expect([4, 5, 6, 9].map(seq => plain.has(ALICE, seq))).toEqual([false, false, true, true])
    const floored = make({ floors: true }).seen
    floored.recall(110_000, [young, old])
    expect([4, 5, 6, 9].map(seq => floored.has(ALICE, seq))).toEqual([true, false, true, true])
    expect(floored.nextExpiry).toBe(160_000)
    floored.expire(160_000)
    expect(floored.nextUnknown(ALICE, 1)).toBe(10)
  })

  it('a bucket from the future of a clock set back is no older than now', () => {
    const { seen } = make()
    seen.recall(20_000, [{ author: CAROL, since: 9_000_000, ranges: [[1, 1]] }])
    expect(seen.nextExpiry).toBe(120_000)
  })

  it('nonsense from a store is not taken in', () => {
    const { seen } = make()
    seen.recall(0, [
      { author: ALICE, since: 0, ranges: [[5, 2]] },
      { author: BOB, since: 0, ranges: [[0, 3]] },
      { author: CAROL, since: 0, ranges: [] },
    ])
    expect(seen.size).toEqual({ authors: 0, ranges: 0, fresh: 0 })
  })
})

function make({ authors = 100, floors = false, saves = true } = {}) {
  const counters: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    counters[name] = (counters[name] ?? 0) + by
  }
  const options = { retentionMs: 90_000, authors, floors, saves, outbox: { count } }
  return { seen: new Seen(options), counters }
}

function peer(n: number): PeerId {
  return peerIdFromBytes(new Uint8Array(32).fill(n))
}
