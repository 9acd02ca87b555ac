import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda } from './agenda.js'

describe('agenda', () => {
  it('lets things happen by their time, and in the order of adding where times are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), times => {
        const agenda = new Agenda(0)
        const happened: [at: number, order: number][] = []
        times.forEach((at, order) => {
          agenda.add(at, { happen: () => happened.push([agenda.now, order]) })
        })
        agenda.run(20)
        const expected = times
          .map((at, order): [number, number] => [at, order])
          .sort(([a, x], [b, y]) => a - b || x - y)
        expect(happened).toEqual(expected)
      }),
      { seed: 1 },
    )
  })

  it('takes what is added while it runs, and what is late at once', () => {
    const agenda = new Agenda(100)
    const happened: number[] = []
    agenda.add(110, {
      happen: () => {
        agenda.add(50, { happen: () => happened.push(agenda.now) })
        agenda.add(115, { happen: () => happened.push(agenda.now) })
        agenda.add(121, { happen: () => happened.push(agenda.now) })
      },
    })
    agenda.run(120)
    expect(happened).toEqual([110, 115])
    expect(agenda.now).toBe(120)
    expect(agenda.size).toBe(1)
  })

  it('takes nothing that is to happen at no time', () => {
    const agenda = new Agenda(0)
    expect(() => agenda.add(Number.NaN, { happen: () => {} })).toThrow(RangeError)
    expect(agenda.size).toBe(0)
  })
})
