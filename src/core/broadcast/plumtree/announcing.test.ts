import { describe, expect, it } from 'vitest'
import { ALICE, BOB, CAROL, DAVE } from '../network.suite.js'
import type { Announcement } from './messages.js'
import { asked, Bench, blames, counted, runsTo, sent } from './plumtree.suite.js'

describe('announcing', () => {
  const withLazyBob = () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, BOB)
    return bench
  }

  it('gathers what comes within 5 ms into runs', () => {
    const bench = withLazyBob()
    for (const seq of [1, 2, 3, 7]) bench.publish(1, seq)
    bench.message(2, CAROL, DAVE, 9, 1)
    expect(runsTo(BOB, bench.wake(6))).toEqual<Announcement[]>([
      { author: ALICE, first: 1, count: 3, round: 0 },
      { author: ALICE, first: 7, count: 1, round: 0 },
      { author: DAVE, first: 9, count: 1, round: 2 },
    ])
  })

  it('never promises what the cache has lost meanwhile, nor a round that is not so', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], config: { cacheBytes: 1_200 } })
    bench.prune(0, BOB)
    for (const [seq, round] of [
      [1, 0],
      [2, 0],
      [3, 4],
    ] as const)
      bench.message(1, CAROL, DAVE, seq, round)
    expect(runsTo(BOB, bench.wake(6))).toEqual<Announcement[]>([
      { author: DAVE, first: 2, count: 1, round: 1 },
      { author: DAVE, first: 3, count: 1, round: 5 },
    ])
  })

  it('puts at most 256 runs in a message', () => {
    const bench = withLazyBob()
    for (let i = 0; i < 600; i++) bench.publish(1, 1 + 2 * i)
    const messages = sent(bench.wake(6)).map(({ message }) =>
      message.type === 'ihave' ? message.announcements.length : 0,
    )
    expect(messages).toEqual([256, 256, 88])
  })

  it('does not wait for a late timer when a full run has gathered', () => {
    const bench = withLazyBob()
    let outputs: ReturnType<Bench['publish']> = []
    for (let seq = 1; seq <= 4_096; seq++) outputs = bench.publish(1, seq)
    expect(runsTo(BOB, outputs)).toEqual([{ author: ALICE, first: 1, count: 4_096, round: 0 }])
    expect(bench.machine.nextDeadline?.reason).not.toBe('announce')
  })

  it('leaves out who gave it, who announced it and who sent it too', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    for (const peer of [BOB, CAROL, DAVE]) bench.prune(0, peer)
    bench.control(0, BOB, { type: 'graft', source: undefined, wanted: undefined })
    bench.ihave(1, CAROL, DAVE, 1)
    bench.message(2, BOB, DAVE, 1)
    bench.message(2, BOB, DAVE, 2)
    bench.ihave(3, CAROL, DAVE, 2)
    bench.duplicate(3, DAVE, DAVE, 1)
    const outputs = bench.wake(7)
    expect(runsTo(BOB, outputs)).toEqual([])
    expect(runsTo(CAROL, outputs)).toEqual([])
    expect(runsTo(DAVE, outputs)).toEqual([{ author: DAVE, first: 2, count: 1, round: 1 }])
  })

  it('says nothing to a peer that left meanwhile', () => {
    const bench = withLazyBob()
    bench.publish(1, 1)
    bench.at(2, { type: 'neighbor-down', peer: BOB })
    expect(sent(bench.wake(6))).toEqual([])
  })

  it('still tells a peer that turned eager meanwhile, since nothing was pushed to it', () => {
    const bench = withLazyBob()
    bench.publish(1, 1)
    bench.control(2, BOB, { type: 'graft', source: undefined, wanted: undefined })
    expect(runsTo(BOB, bench.wake(6))).toHaveLength(1)
  })

  it('tells a newcomer of all that can still be had, newest 4,096', () => {
    const bench = new Bench()
    for (let seq = 1; seq <= 5_000; seq++) bench.publish(seq < 10 ? 0 : 10_000, seq)
    const early = bench.at(10_001, { type: 'neighbor-up', peer: BOB })
    expect(runsTo(BOB, early)).toEqual([{ author: ALICE, first: 905, count: 4_096, round: 0 }])
    const late = bench.at(39_000, { type: 'neighbor-up', peer: CAROL })
    expect(runsTo(CAROL, late)).toEqual([])
  })

  it('tells the same peer again when its link is a new one', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.prune(0, BOB)
    bench.publish(1, 1)
    expect(runsTo(BOB, bench.at(2, { type: 'neighbor-up', peer: BOB }))).toHaveLength(1)
    expect(bench.lazy).toEqual([BOB])
  })
})

describe('an IHAVE flood', () => {
  it('fills no more than the limit for one peer, and is blamed', () => {
    const bench = new Bench({ neighbors: [BOB] })
    const outputs = [1, 4_097, 8_193].map(first => bench.ihave(0, BOB, DAVE, first, 4_096))
    expect(outputs.map(blames)).toEqual([[], [], [`${BOB.slice(0, 8)} limit-exceeded`]])
    expect(bench.machine.snapshot().missing).toBe(8_192)
  })

  it('of more than a full run in one message is refused whole', () => {
    const bench = new Bench({ neighbors: [BOB] })
    const run = { author: DAVE, first: 1, count: 4_096, round: 0 }
    const announcements = [run, { ...run, first: 10_000, count: 1 }]
    expect(blames(bench.control(0, BOB, { type: 'ihave', announcements }))).toHaveLength(1)
    expect(bench.machine.snapshot().missing).toBe(0)
  })

  it('by many peers stays within the capacity, and drops are counted', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], config: { missingCapacity: 100 } })
    bench.ihave(0, BOB, DAVE, 1, 80)
    const outputs = bench.ihave(0, CAROL, DAVE, 1_001, 80)
    expect(counted('announcements-dropped', outputs)).toBe(60)
    expect(bench.machine.snapshot().missing).toBe(100)
  })

  it('of what nobody has makes room for what somebody may have', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], config: { missingCapacity: 10 } })
    bench.ihave(0, BOB, DAVE, 1, 10)
    for (let now = 0; now < 2_000; now++) bench.wake(now)
    const outputs = bench.ihave(2_000, CAROL, DAVE, 100)
    expect(counted('missing-given-up', outputs)).toBe(1)
    expect(asked(bench.wake(2_080))).toEqual([[CAROL, 100]])
  })

  it('of impossible numbers is counted and ignored', () => {
    const bench = new Bench({ neighbors: [BOB] })
    const outputs = [
      ...bench.ihave(0, BOB, DAVE, 0, 5),
      ...bench.ihave(0, BOB, DAVE, 5, 0),
      ...bench.ihave(0, BOB, DAVE, Number.MAX_SAFE_INTEGER, 2),
    ]
    expect(counted('announcements-of-nothing', outputs)).toBe(3)
    expect(bench.machine.snapshot().missing).toBe(0)
  })
})
