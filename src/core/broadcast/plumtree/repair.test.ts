import { describe, expect, it } from 'vitest'
import { ALICE, BOB, CAROL, DAVE, ERIN } from '../network.suite.js'
import type { Announcement } from './messages.js'
import { asked, Bench, blames, counted, runsTo, sent, sentTo } from './plumtree.suite.js'

describe('asking', () => {
  it('waits T1 for the pushed copy, then asks the first announcer', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    bench.ihave(5, CAROL, DAVE, 1)
    expect(bench.machine.nextDeadline).toEqual({ at: 81, reason: 'ask-for-missing' })
    expect(asked(bench.wake(80))).toEqual([])
    expect(asked(bench.wake(81))).toEqual([[BOB, 1]])
  })

  it('does not happen for what came in time, or is known', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    bench.message(50, CAROL, DAVE, 1)
    bench.ihave(60, BOB, DAVE, 1)
    expect(asked(bench.wake(10_000))).toEqual([])
    expect(bench.machine.snapshot().missing).toBe(0)
  })

  it('does not happen twice for what turns out to be known by other ways, as a history does', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    bench.ihave(2, CAROL, DAVE, 1)
    expect(asked(bench.wake(81))).toEqual([[BOB, 1]])
    bench.duplicate(100, BOB, DAVE, 1)
    expect(asked(bench.wake(10_000))).toEqual([])
    expect(bench.machine.snapshot().missing).toBe(0)
  })

  it('turns the link eager', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.prune(0, BOB)
    bench.ihave(1, BOB, DAVE, 1)
    bench.wake(81)
    expect(bench.eager).toEqual([BOB])
  })

  it('goes to one announcer at a time, each in turn', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    bench.ihave(2, CAROL, DAVE, 1)
    const asks = [81, 120, 121, 160, 161].map(now => asked(bench.wake(now)))
    expect(asks).toEqual([[[BOB, 1]], [], [[CAROL, 1]], [], [[BOB, 1]]])
  })

  it('makes three laps, then keeps the id until somebody announces it anew', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    const laps: number[] = []
    for (let now = 1; now < 5_000; now++) if (asked(bench.wake(now)).length > 0) laps.push(now)
    // T1, then T2 and four times T2.
    expect(laps).toEqual([81, 121, 281])
    expect(bench.machine.snapshot().missing).toBe(1)
    expect(asked(bench.ihave(5_000, CAROL, DAVE, 1))).toEqual([[CAROL, 1]])
  })

  it('ends when nobody who announced can still have it', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.ihave(1, BOB, DAVE, 1)
    for (let now = 1; now < 1_000; now++) bench.wake(now)
    const outputs = bench.wake(30_001)
    expect(counted('missing-expired', outputs)).toBe(1)
    expect(bench.machine.snapshot().missing).toBe(0)
    expect(bench.machine.nextDeadline).toBeUndefined()
  })

  it('goes on for as long as somebody announces', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    for (let now = 1; now < 2_000; now++) bench.wake(now)
    bench.ihave(20_000, CAROL, DAVE, 1)
    bench.wake(30_001)
    expect(bench.machine.snapshot().missing).toBe(1)
    // Bob's promise is older than any cache keeps; a refusal now is no breach.
    expect(blames(bench.refuse(31_000, BOB, DAVE, 1))).toEqual([])
    expect(blames(bench.refuse(31_000, CAROL, DAVE, 1))).toHaveLength(1)
  })

  it('is answered late as well as in time', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.ihave(1, BOB, DAVE, 1)
    for (let now = 1; now < 5_000; now++) bench.wake(now)
    expect(bench.message(6_000, BOB, DAVE, 1).at(-1)).toMatchObject({ type: 'deliver' })
    expect(bench.machine.snapshot().missing).toBe(0)
  })

  it('waits three of the longest round trips while nothing is known of detours', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    bench.at(0, { type: 'rtt', peer: BOB, rttMs: 200 })
    bench.at(0, { type: 'rtt', peer: CAROL, rttMs: 100 })
    bench.at(0, { type: 'rtt', peer: DAVE, rttMs: 600 })
    bench.ihave(0, BOB, DAVE, 1)
    bench.ihave(0, CAROL, DAVE, 1)
    // T1 is three times the longest of 600 ms; T2 one and a half of the asked peer's own.
    expect(bench.machine.nextDeadline?.at).toBe(1_800)
    expect(asked(bench.wake(1_800))).toEqual([[BOB, 1]])
    expect(bench.machine.nextDeadline?.at).toBe(2_100)
  })

  /** Eight copies that came 200 ms behind their announcements. */
  const lagging = (rttMs = 150) => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, CAROL)
    bench.at(0, { type: 'rtt', peer: BOB, rttMs })
    for (let seq = 1; seq <= 8; seq++) {
      bench.ihave(1, CAROL, DAVE, seq)
      bench.message(seq === 8 ? 201 : 41, BOB, DAVE, seq)
    }
    return bench
  }

  it('then waits one and a half times the longest lag of a pushed copy', () => {
    const bench = lagging()
    bench.ihave(1_000, CAROL, DAVE, 9)
    expect(asked(bench.wake(1_299))).toEqual([])
    expect(asked(bench.wake(1_300))).toEqual([[CAROL, 9]])
  })

  it('never waits longer than four of the longest round trips, whatever came late', () => {
    const bench = lagging(60)
    bench.ihave(1_000, CAROL, DAVE, 9)
    expect(asked(bench.wake(1_239))).toEqual([])
    expect(asked(bench.wake(1_240))).toEqual([[CAROL, 9]])
  })

  it('learns from a copy that should have been waited for', () => {
    const bench = lagging()
    bench.ihave(1_000, CAROL, DAVE, 9)
    bench.wake(1_300)
    bench.message(1_310, CAROL, DAVE, 9)
    bench.duplicate(1_400, BOB, DAVE, 9)
    bench.ihave(4_000, CAROL, DAVE, 10)
    expect(asked(bench.wake(4_599))).toEqual([])
    expect(asked(bench.wake(4_600))).toEqual([[CAROL, 10]])
  })

  it('waits no detour where an eager neighbor was lost just before', () => {
    const bench = lagging(40)
    bench.control(900, ERIN, { type: 'prune', source: undefined })
    bench.at(900, { type: 'neighbor-up', peer: ERIN })
    bench.control(900, ERIN, { type: 'graft', source: undefined, wanted: undefined })
    bench.at(1_000, { type: 'neighbor-down', peer: ERIN })
    bench.ihave(1_001, CAROL, DAVE, 9)
    expect(asked(bench.wake(1_081))).toEqual([[CAROL, 9]])
  })

  it('waits for nothing where nobody is eager, and so begins the tree', () => {
    const bench = new Bench({ strangers: [BOB, CAROL] })
    expect(asked(bench.ihave(1, BOB, DAVE, 1))).toEqual([[BOB, 1]])
    expect(bench.eager).toEqual([BOB])
    expect(asked(bench.ihave(2, CAROL, DAVE, 2))).toEqual([])
  })

  it('is not put off for ever by a peer that answers pings late', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.at(0, { type: 'rtt', peer: BOB, rttMs: 1e9 })
    bench.ihave(0, BOB, DAVE, 1)
    expect(bench.machine.nextDeadline?.at).toBe(3_000)
  })

  it('goes on at once when the asked peer refuses, and blames a broken promise once a second', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1, 2)
    bench.ihave(2, CAROL, DAVE, 1, 2)
    bench.wake(81)
    const first = bench.refuse(90, BOB, DAVE, 1)
    expect(asked(first)).toEqual([[CAROL, 1]])
    expect(blames(first)).toEqual([`${BOB.slice(0, 8)} broken-promise`])
    const second = bench.refuse(90, BOB, DAVE, 2)
    expect(asked(second)).toEqual([[CAROL, 2]])
    expect(blames(second)).toEqual([])
  })

  it('does not blame for a refusal of what was never announced', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    const outputs = bench.refuse(2, CAROL, DAVE, 1)
    expect(blames(outputs)).toEqual([])
    expect(counted('refusals-of-nothing', outputs)).toBe(1)
  })

  it('goes on at once when the asked peer leaves, and ends when the last announcer left', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, BOB, DAVE, 1)
    bench.ihave(2, CAROL, DAVE, 1)
    bench.wake(81)
    expect(asked(bench.at(82, { type: 'neighbor-down', peer: BOB }))).toEqual([[CAROL, 1]])
    bench.at(83, { type: 'neighbor-down', peer: CAROL })
    expect(bench.machine.snapshot().missing).toBe(0)
    expect(bench.machine.nextDeadline).toBeUndefined()
  })

  it('is paced: at most 256 unanswered at one peer, each answer makes room for the next', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.ihave(0, BOB, DAVE, 1, 1_000)
    expect(asked(bench.wake(80))).toHaveLength(256)
    expect(asked(bench.message(81, BOB, DAVE, 1))).toEqual([[BOB, 257]])
  })

  it('goes to another announcer where the first has its 256', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(0, BOB, DAVE, 1, 300)
    bench.ihave(0, CAROL, DAVE, 1, 300)
    const asks = asked(bench.wake(80)).map(([peer]) => peer)
    expect([BOB, CAROL].map(peer => asks.filter(one => one === peer).length)).toEqual([256, 44])
  })

  it('passes nobody over when the one before is gone from the row', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    for (const peer of [BOB, CAROL, DAVE]) bench.ihave(1, peer, DAVE, 1)
    bench.wake(81)
    expect(asked(bench.refuse(82, BOB, DAVE, 1))).toEqual([[CAROL, 1]])
  })

  it('leaves a peer that is still answering to answer', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.ihave(0, BOB, DAVE, 1, 100)
    bench.wake(80)
    // One answer every 30 ms: the hundredth takes three seconds, far beyond T2.
    let again = 0
    for (let seq = 1; seq <= 100; seq++) {
      for (let now = 50 + seq * 30; now < 80 + seq * 30; now++)
        again += asked(bench.wake(now)).length
      bench.message(80 + seq * 30, BOB, DAVE, seq)
    }
    expect(again).toBe(0)
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
