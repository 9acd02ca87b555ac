import { describe, expect, it } from 'vitest'
import { BOB, CAROL, DAVE, ERIN } from '../network.suite.js'
import { asked, Bench, blames, counted } from './plumtree.suite.js'

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

  /** Erin is eager too, and gave nothing yet. */
  const withErin = () => {
    const bench = lagging(40)
    bench.at(900, { type: 'neighbor-up', peer: ERIN })
    bench.control(900, ERIN, { type: 'graft', source: undefined, wanted: undefined })
    return bench
  }

  it('waits no detour where an eager neighbor was lost just before', () => {
    const bench = withErin()
    bench.at(1_000, { type: 'neighbor-down', peer: ERIN })
    bench.ihave(1_001, CAROL, DAVE, 9)
    expect(asked(bench.wake(1_081))).toEqual([[CAROL, 9]])
  })

  it('waits no detour any more where an eager neighbor is lost meanwhile', () => {
    const bench = withErin()
    bench.ihave(1_000, CAROL, DAVE, 9)
    bench.at(1_010, { type: 'neighbor-down', peer: ERIN })
    expect(asked(bench.wake(1_089))).toEqual([])
    expect(asked(bench.wake(1_090))).toEqual([[CAROL, 9]])
    // Who was asked for it has the time to answer.
    expect(asked(bench.at(1_091, { type: 'neighbor-down', peer: BOB }))).toEqual([])
  })

  it('and is put off by no later loss', () => {
    const bench = withErin()
    bench.ihave(1_000, CAROL, DAVE, 9)
    bench.at(1_010, { type: 'neighbor-down', peer: ERIN })
    bench.at(1_020, { type: 'neighbor-up', peer: ERIN })
    bench.control(1_020, ERIN, { type: 'graft', source: undefined, wanted: undefined })
    bench.at(1_030, { type: 'neighbor-down', peer: ERIN })
    expect(asked(bench.wake(1_090))).toEqual([[CAROL, 9]])
  })

  it('waits for nothing any more where the last eager neighbor is lost meanwhile', () => {
    const bench = new Bench({ neighbors: [BOB], strangers: [CAROL] })
    bench.ihave(10, CAROL, DAVE, 1)
    expect(asked(bench.at(20, { type: 'neighbor-down', peer: BOB }))).toEqual([[CAROL, 1]])
  })

  it('waits no detour for a while after a loss, whoever gives something else meanwhile', () => {
    const bench = withErin()
    bench.at(1_000, { type: 'neighbor-down', peer: BOB })
    bench.message(1_005, ERIN, DAVE, 9)
    bench.ihave(1_010, CAROL, DAVE, 10)
    expect(asked(bench.wake(1_089))).toEqual([])
    expect(asked(bench.wake(1_090))).toEqual([[CAROL, 10]])
  })

  it('waits as ever where who gave the last message goes, and was lazy since', () => {
    const bench = withErin()
    bench.prune(950, BOB)
    bench.at(1_000, { type: 'neighbor-down', peer: BOB })
    expect(asked(bench.ihave(1_010, CAROL, DAVE, 9))).toEqual([])
  })

  it('waits for nothing where the link is lost by which the last message came, until the next comes', () => {
    const bench = withErin()
    bench.ihave(1_000, CAROL, DAVE, 9)
    expect(asked(bench.at(1_010, { type: 'neighbor-down', peer: BOB }))).toEqual([[CAROL, 9]])
    // Which was on its way, and comes from nobody any more.
    bench.message(1_015, BOB, DAVE, 20)
    expect(asked(bench.ihave(1_020, ERIN, DAVE, 10))).toEqual([[ERIN, 10]])
    bench.at(1_030, { type: 'neighbor-up', peer: BOB })
    bench.at(1_040, { type: 'neighbor-down', peer: CAROL })
    expect(asked(bench.ihave(1_050, BOB, DAVE, 11))).toEqual([[BOB, 11]])
    bench.message(1_060, ERIN, DAVE, 10)
    expect(asked(bench.ihave(1_070, BOB, DAVE, 12))).toEqual([])
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
