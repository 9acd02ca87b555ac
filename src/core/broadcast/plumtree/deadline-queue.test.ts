import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeadlineQueue, type Timed } from './deadline-queue.js'
import { Ranges } from './ranges.js'

describe('the deadline queue', () => {
  it('gives items by time, in order of setting on ties, whatever was moved or removed', () => {
    const change = fc.record({ item: fc.nat(19), at: fc.nat(9), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), changes => {
        const queue = new DeadlineQueue<Timed & { name: number }>()
        const items = Array.from({ length: 20 }, (_, name) => ({
          name,
          at: 0,
          order: 0,
          place: -1,
        }))
        const expected = new Map<number, { at: number; order: number }>()
        changes.forEach(({ item, at, remove }, order) => {
          if (remove) queue.remove(items[item]!)
          else queue.set(items[item]!, at)
          if (remove) expected.delete(item)
          else expected.set(item, { at, order })
        })
        const drained: number[] = []
        for (let first = queue.first; first !== undefined; first = queue.first) {
          drained.push(first.name)
          queue.remove(first)
        }
        const sorted = [...expected].sort(([, x], [, y]) => x.at - y.at || x.order - y.order)
        expect(drained).toEqual(sorted.map(([name]) => name))
        expect(items.every(({ place }) => place === -1)).toBe(true)
      }),
      { seed: 11, numRuns: 200 },
    )
  })
})

describe('ranges', () => {
  it('hold what a set of numbers holds, merged and sorted', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 6 }))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 60 }), added => {
        const ranges = new Ranges()
        const model = new Set<number>()
        for (const [first, more] of added) {
          const before = ranges.count
          expect(ranges.add(first, first + more)).toBe(ranges.count - before)
          for (let seq = first; seq <= first + more; seq++) model.add(seq)
        }
        const pairs = ranges.toPairs()
        const gaps = pairs.slice(1).map(([first], i) => first - pairs[i]![1])
        expect(gaps.every(gap => gap > 1)).toBe(true)
        const numbers = Array.from({ length: 70 }, (_, i) => i + 1)
        expect(numbers.filter(seq => ranges.endOf(seq) > 0)).toEqual(
          numbers.filter(seq => model.has(seq)),
        )
        expect(ranges.highest).toBe(model.size === 0 ? 0 : Math.max(...model))
      }),
      { seed: 12, numRuns: 200 },
    )
  })
})
