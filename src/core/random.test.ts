import { describe, expect, it } from 'vitest'
import { Random } from './random.js'

describe('the dice', () => {
  it('of one seed always fall alike; the figures are pinned, since runs are replayed by their seed', () => {
    const random = new Random(7)
    expect([random.u32(), random.u32(), random.u32()]).toEqual(PINNED_NUMBERS)
    expect(random.sample(['a', 'b', 'c', 'd', 'e', 'f'], 4)).toEqual(PINNED_SAMPLE)
    expect([...random.bytes(4)]).toEqual(PINNED_BYTES)
  })

  it('of different seeds fall differently', () => {
    const first = Array.from({ length: 100 }, (_, seed) => new Random(seed).u32())
    expect(new Set(first).size).toBe(100)
  })

  it('are fair: each of ten faces comes about as often, seed 1', () => {
    const random = new Random(1)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  it('stay between the bounds, the lower one included', () => {
    const random = new Random(2)
    for (let i = 0; i < 1_000; i++) {
      const value = random.between(-3, 5)
      expect(value).toBeGreaterThanOrEqual(-3)
      expect(value).toBeLessThan(5)
    }
  })

  it('pick nothing of nothing', () => {
    const random = new Random(3)
    expect(random.pick([])).toBeUndefined()
    expect(random.sample([], 3)).toEqual([])
    expect(random.pick(['only'])).toBe('only')
  })

  it('sample each item at most once, of all there are at most, and leave the argument alone', () => {
    const random = new Random(4)
    const items = Object.freeze([1, 2, 3, 4, 5])
    for (let i = 0; i < 100; i++) {
      const sample = random.sample(items, 3)
      expect(new Set(sample).size).toBe(3)
      expect(items).toEqual(expect.arrayContaining(sample))
    }
    expect(random.sample(items, 9).sort()).toEqual([1, 2, 3, 4, 5])
  })
})

/** By another program from the generator's description. */
const PINNED_NUMBERS = [3_644_188_337, 1_327_743_077, 1_350_888_573]
const PINNED_SAMPLE = ['b', 'f', 'c', 'd']
const PINNED_BYTES = [228, 31, 139, 95]
