import { describe, expect, it } from 'vitest'
import { describeBroadcast } from '../broadcast.suite.js'
import { ALICE, BOB, CAROL, DAVE, messageOf } from '../network.suite.js'
import { PLUMTREE_DEFAULTS } from './config.js'
import { Plumtree } from './plumtree.js'
import { asked, Bench, contentOf, counted, runsTo, sent } from './plumtree.suite.js'

describeBroadcast('plumtree', {
  make: (self, random) => new Plumtree({ self, random, config: PLUMTREE_DEFAULTS }),
  contentOf,
})

describeBroadcast('plumtree with a tree for each source', {
  make: (self, random) =>
    new Plumtree({ self, random, config: PLUMTREE_DEFAULTS, sourceTrees: true }),
  contentOf,
})

describe('a bundle', () => {
  it('goes on, is announced and is given under its last number, and all its numbers are known', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], strangers: [DAVE] })
    const message = { ...messageOf(BOB, 9, 0), count: 4 }
    const outputs = bench.at(1, { type: 'message', from: BOB, message, round: 0 })
    expect(sent(outputs)).toMatchObject([{ to: CAROL, message: { message: { seq: 9, count: 4 } } }])
    expect([5, 6, 9].map(seq => bench.machine.knows({ author: BOB, seq }))).toEqual([
      false,
      true,
      true,
    ])
    expect(runsTo(DAVE, bench.wake(1_000))).toMatchObject([{ first: 9, count: 1 }])
    expect(sent(bench.graft(1_001, DAVE, BOB, 9))).toMatchObject([{ to: DAVE }])
  })

  it('that came in an exchange is known by all its numbers', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.at(1, { type: 'held', from: BOB, ids: [{ author: BOB, seq: 9, count: 4 }] })
    bench.ihave(2, CAROL, BOB, 7)
    expect(asked(bench.wake(10_000))).toEqual([])
    expect([5, 6, 9, 10].map(seq => bench.machine.knows({ author: BOB, seq }))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('with a number that was said before is heard no more, counted, and asked of nobody', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, BOB, 7)
    bench.ihave(2, CAROL, BOB, 9)
    const message = { ...messageOf(BOB, 9, 0), count: 4 }
    const outputs = bench.at(3, { type: 'message', from: CAROL, message, round: 0 })
    expect(counted('bundles-overlapping', outputs)).toBe(1)
    expect(outputs.some(({ type }) => type === 'deliver' || type === 'send')).toBe(false)
    expect(asked(bench.wake(10_000))).toEqual([])
    expect(bench.machine.knows({ author: BOB, seq: 9 })).toBe(true)
  })
})

describe('our own message', () => {
  it('is no news to us, even where a reload forgot that we said it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    expect(bench.machine.knows({ author: ALICE, seq: 7 })).toBe(true)
    expect(bench.message(1, BOB, ALICE, 7).some(({ type }) => type === 'deliver')).toBe(false)
    bench.ihave(2, BOB, ALICE, 8)
    expect(bench.at(10_000, { type: 'wake' }).filter(({ type }) => type === 'send')).toEqual([])
  })
})
