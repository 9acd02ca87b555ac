import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InOrder } from './in-order.js'

describe('results of asynchronous work', () => {
  it('act in the order in which the work was begun, in whatever order it ends', async () => {
    const row = fc.array(fc.record({ isKnown: fc.boolean(), ends: fc.nat() }), { maxLength: 40 })
    const law = fc.asyncProperty(row, async steps => {
      const order = new InOrder()
      const acted: number[] = []
      const ends: { at: number; resolve: () => void }[] = []
      steps.forEach(({ isKnown, ends: at }, n) => {
        const act = () => void acted.push(n)
        if (isKnown) order.now(act)
        else order.later(new Promise<void>(resolve => ends.push({ at, resolve })), act)
      })
      for (const { resolve } of ends.sort((a, b) => a.at - b.at)) {
        resolve()
        await Promise.resolve()
      }
      await Promise.resolve()
      expect(acted).toEqual(steps.map((_, n) => n))
      expect(order.waiting).toBe(0)
    })
    await fc.assert(law, { seed: 20_260_101 })
  })

  it('what is known acts at once where nothing stands before it, and else waits', async () => {
    const order = new InOrder()
    const acted: string[] = []
    order.now(() => acted.push('first'))
    expect(acted).toEqual(['first'])
    const gate = gated()
    order.later(gate.work, said => acted.push(said))
    order.now(() => acted.push('behind'))
    expect([acted, order.waiting]).toEqual([['first'], 2])
    gate.open('checked')
    await gate.work
    expect(acted).toEqual(['first', 'checked', 'behind'])
    order.now(() => acted.push('last'))
    expect(acted.at(-1)).toBe('last')
  })

  it('what an act puts in comes after what waits already', async () => {
    const order = new InOrder()
    const acted: string[] = []
    const gate = gated()
    order.later(gate.work, () => {
      acted.push('outer')
      order.now(() => acted.push('inner'))
    })
    order.now(() => acted.push('behind'))
    gate.open('')
    await gate.work
    expect(acted).toEqual(['outer', 'behind', 'inner'])
  })

  it('thousands go through, each in its turn, while one of them is always waiting', async () => {
    const order = new InOrder()
    const acted: number[] = []
    let before = gated()
    order.later(before.work, () => acted.push(0))
    for (let n = 1; n <= 5_000; n++) {
      const next = gated()
      order.later(next.work, () => acted.push(n))
      before.open('')
      await before.work
      before = next
    }
    expect(acted).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
    expect(order.waiting).toBe(1)
  })
})

function gated(): { work: Promise<string>; open: (said: string) => void } {
  let open!: (said: string) => void
  const work = new Promise<string>(resolve => (open = resolve))
  return { work, open }
}
