import { describe, expect, it } from 'vitest'
import { ALICE, BOB, CAROL } from '../network.suite.js'
import { Bench, counted, sent, sentTo } from './plumtree.suite.js'

describe('giving', () => {
  it('sends what is asked for, in the round it travels on', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.message(1, CAROL, CAROL, 1, 3)
    expect(sent(bench.graft(2, BOB, CAROL, 1))).toMatchObject([
      { to: BOB, message: { type: 'gossip', round: 4 } },
    ])
  })

  it('works within the retention and is refused after it', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.publish(0, 1)
    bench.wake(1_000)
    expect(sentTo(BOB, bench.graft(1_000, BOB, ALICE, 1))).toEqual(['gossip'])
    bench.wake(bench.machine.nextDeadline!.at)
    expect(bench.machine.snapshot().cached).toBe(0)
    expect(sent(bench.graft(30_001, BOB, ALICE, 1))).toEqual([
      { to: BOB, message: { type: 'graft-refused', author: ALICE, seq: 1 } },
    ])
  })

  it('happens at most three times for one message and one peer', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.publish(0, 1)
    const given = [1, 2, 3, 4].map(now => sentTo(BOB, bench.graft(now, BOB, ALICE, 1)).length)
    expect(given).toEqual([1, 1, 1, 0])
    expect(sentTo(CAROL, bench.graft(5, CAROL, ALICE, 1))).toEqual(['gossip'])
  })

  it('also serves a graft of a tree that is not kept, and means the shared one', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, BOB)
    bench.publish(0, 1)
    const wanted = { author: ALICE, seq: 1, round: 0 }
    const outputs = bench.control(1, BOB, { type: 'graft', source: CAROL, wanted })
    expect(sentTo(BOB, outputs)).toEqual(['gossip'])
    expect(bench.eager).toContain(BOB)
  })

  it('ends where the cache has no room, oldest first', () => {
    const bench = new Bench({ neighbors: [BOB], config: { cacheBytes: 2_000 } })
    const outputs = [1, 2, 3, 4, 5].flatMap(seq => bench.publish(0, seq))
    expect(counted('cache-overflowed', outputs)).toBe(2)
    expect(sentTo(BOB, bench.graft(1, BOB, ALICE, 2))).toEqual(['graft-refused'])
    expect(sentTo(BOB, bench.graft(1, BOB, ALICE, 3))).toEqual(['gossip'])
  })
})
