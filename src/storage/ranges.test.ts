import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeRanges } from './ranges.js'

describe('ranges', () => {
  it('that touch or overlap become one', () => {
    expect(
      mergeRanges(
        [[1, 3]],
        [
          [4, 5],
          [9, 9],
          [2, 6],
        ],
        10,
      ),
    ).toEqual({
      ranges: [
        [1, 6],
        [9, 9],
      ],
      cut: 0,
    })
  })

  it('above the limit go, the lowest first', () => {
    expect(
      mergeRanges(
        [
          [1, 1],
          [3, 3],
        ],
        [[5, 5]],
        2,
      ),
    ).toEqual({
      ranges: [
        [3, 3],
        [5, 5],
      ],
      cut: 1,
    })
  })

  it('merge to the same list whichever side they come from, and given lists stay as they are', () => {
    const list = fc.array(
      fc.tuple(fc.nat(50), fc.nat(5)).map(([first, more]) => [first, first + more] as const),
    )
    fc.assert(
      fc.property(list, list, (a, b) => {
        const before = JSON.stringify([a, b])
        expect(mergeRanges(a, b, 100)).toEqual(mergeRanges(b, a, 100))
        expect(JSON.stringify([a, b])).toBe(before)
      }),
      { seed: 5 },
    )
  })
})
