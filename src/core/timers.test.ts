import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Timers } from './timers.js'

describe('timers', () => {
  it('come earliest first, ties in order of setting, and the moment itself counts', () => {
    const timers = new Timers<'a' | 'b' | 'c' | 'd'>()
    timers.set('b', 20)
    timers.set('a', 20)
    timers.set('c', 10)
    timers.set('d', 21)
    expect(timers.next).toEqual({ at: 10, reason: 'c' })
    expect(timers.due(20)).toEqual(['c', 'b', 'a'])
    expect(timers.due(20)).toEqual([])
    expect(timers.next).toEqual({ at: 21, reason: 'd' })
  })

  it('are moved by setting them again, not by ensuring them', () => {
    const timers = new Timers<'a' | 'b'>()
    timers.set('a', 10)
    timers.ensure('a', 5)
    timers.ensure('b', 15)
    expect(timers.next).toEqual({ at: 10, reason: 'a' })
    timers.set('a', 20)
    expect(timers.next).toEqual({ at: 15, reason: 'b' })
    expect(timers.due(14)).toEqual([])
  })

  it('that were cleared never come', () => {
    const timers = new Timers<'a' | 'b'>()
    timers.set('a', 1)
    timers.set('b', 2)
    timers.clear('a')
    expect(timers.has('a')).toBe(false)
    expect(timers.due(5)).toEqual(['b'])
    timers.set('a', 1)
    timers.clearAll()
    expect(timers.next).toBeUndefined()
  })

  it('come as from a list that is sorted by time and order of setting, whatever is done', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), name, at: fc.nat(30) }),
      fc.record({ do: fc.constant('clear' as const), name, at: fc.constant(0) }),
      fc.record({ do: fc.constant('due' as const), name, at: fc.nat(30) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const timers = new Timers()
        let list: { name: string; at: number }[] = []
        for (const { do: what, name, at } of steps) {
          if (what === 'due') {
            const due = list.filter(one => one.at <= at).sort((x, y) => x.at - y.at)
            expect(timers.due(at)).toEqual(due.map(one => one.name))
            list = list.filter(one => one.at > at)
            continue
          }
          list = list.filter(one => one.name !== name)
          if (what === 'set') {
            timers.set(name, at)
            list.push({ name, at })
          } else timers.clear(name)
          const earliest = Math.min(...list.map(one => one.at))
          expect(timers.next?.at).toBe(list.length === 0 ? undefined : earliest)
        }
      }),
      { seed: 20_261_121 },
    )
  })
})
