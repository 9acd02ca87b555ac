// Long, and one file: the laws of one machine.

import { describe, expect, it } from 'vitest'
import type { Millis, PeerId } from '../../ids.js'
import { BOB, CAROL, DAVE } from '../network.suite.js'
import type { Output } from './outbox.js'
import { Bench, sent, sentTo } from './plumtree.suite.js'
import type { Path } from './root-path.js'

describe('the way to the root', () => {
  it('ends at a peer that heard of none for a while, and it says so', () => {
    const bench = rooted()
    const { at, reason } = bench.machine.nextDeadline!
    expect(reason).toBe('root-path')
    expect(at).toBeLessThanOrEqual(1_000)
    expect(paths(bench.wake(at))).toEqual([])
    const told = paths(bench.wake(at + 5))
    expect(told.map(({ to }) => to)).toEqual([BOB, CAROL, DAVE])
    expect(told[0]!.path).toMatchObject({ term: 1, costMs: 0 })
    expect(bench.machine.nextDeadline).toBeUndefined()
  })

  it('leads by the neighbor that is nearest to it, and by no other', () => {
    const bench = rooted()
    expect(sentTo(BOB, hear(bench, 1, BOB, { costMs: 100 }))).toEqual(['graft'])
    const outputs = hear(bench, 2, CAROL, { costMs: 70 })
    expect(sentTo(CAROL, outputs)).toEqual(['graft'])
    expect(sentTo(BOB, outputs)).toEqual(['prune'])
    expect(bench.eager).toEqual([CAROL])
    expect(sent(hear(bench, 3, DAVE, { costMs: 70 }))).toEqual([])
    expect(paths(bench.wake(10)).map(({ path }) => path.costMs)).toEqual([110, 110, 110])
  })

  it('leads to the later term, then to the lower rank, whatever it costs', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 0 })
    hear(bench, 2, CAROL, { rank: 4, costMs: 5_000 })
    expect(bench.eager).toContain(CAROL)
    hear(bench, 3, DAVE, { term: 2, rank: 9, costMs: 9_000 })
    expect(bench.eager).toContain(DAVE)
    expect(paths(bench.wake(10))[0]!.path).toEqual({ term: 2, rank: 9, costMs: 9_040 })
  })

  it('leads on by another neighbor that is nearer than we are, when the parent is gone', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 2, CAROL, { costMs: 130 })
    hear(bench, 3, DAVE, { costMs: 140 })
    const outputs = bench.at(4, { type: 'neighbor-down', peer: BOB })
    expect(sentTo(CAROL, outputs)).toEqual(['graft'])
    expect(sentTo(DAVE, outputs)).toEqual([])
    // What rises by a hop is not worth a word.
    expect(paths(bench.wake(10))[0]!.path.costMs).toBe(140)
  })

  it('is no way any more where nobody nearer is left, and that is said', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 140 })
    bench.wake(10)
    expect(sentTo(CAROL, bench.at(20, { type: 'neighbor-down', peer: BOB }))).toEqual([])
    expect(paths(bench.wake(25)).map(({ path }) => path.costMs)).toEqual([NO_WAY, NO_WAY])
    // Nobody is nearer than we were, who was not before.
    expect(sentTo(DAVE, hear(bench, 30, DAVE, { costMs: 139 }))).toEqual(['graft'])
    expect(paths(bench.wake(35))[0]!.path.costMs).toBe(179)
  })

  it('leads on by one that is farther than we were, once those behind us know', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 140 })
    hear(bench, 1, DAVE, { costMs: 500 })
    bench.wake(10)
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    bench.wake(25)
    // Carol was behind us.
    hear(bench, 100, CAROL, { costMs: NO_WAY })
    expect(bench.machine.nextDeadline).toEqual({ at: 1_025, reason: 'root-path' })
    expect(sentTo(DAVE, bench.wake(1_025))).toEqual(['graft'])
    expect(bench.eager).toContain(DAVE)
    expect(paths(bench.wake(1_030))[0]!.path).toMatchObject({ term: 1, costMs: 540 })
    // And behind us is Carol again.
    expect(sentTo(CAROL, hear(bench, 1_100, CAROL, { costMs: 580 }))).toEqual([])
    expect(bench.machine.nextDeadline).toBeUndefined()
  })

  it('takes nobody who may be behind it before its word is out, however late it wakes', () => {
    const bench = rooted([BOB, CAROL, DAVE], 60_000)
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 500 })
    bench.wake(10)
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    const outputs = bench.wake(9_000)
    expect(paths(outputs)[0]).toMatchObject({ to: CAROL, path: { costMs: NO_WAY } })
    expect(sentTo(CAROL, outputs)).not.toContain('graft')
    expect(bench.machine.nextDeadline).toEqual({ at: 10_000, reason: 'root-path' })
    expect(sentTo(CAROL, bench.wake(10_000))).toEqual(['graft'])
  })

  it('takes nobody who may be behind it before its word is out, however much it said before', () => {
    const bench = rooted()
    hear(bench, 1, CAROL, { costMs: 90_000 })
    let now = 10
    for (let costMs = 80_000; paths(bench.wake(now)).length > 0; costMs -= 100, now += 10)
      hear(bench, now, BOB, { costMs })
    bench.at(now, { type: 'neighbor-down', peer: BOB })
    const { at } = bench.machine.nextDeadline!
    expect(at).toBeGreaterThan(now + 500)
    const outputs = bench.wake(at)
    expect(paths(outputs)[0]).toMatchObject({ to: CAROL, path: { costMs: NO_WAY } })
    expect(sentTo(CAROL, outputs)).not.toContain('graft')
    expect(bench.machine.nextDeadline!.at).toBeGreaterThanOrEqual(at + 1_000)
  })

  it('is looked for again after twice as long as it was, and a second at least', () => {
    for (const [costMs, waitMs] of [
      [400, 1_000],
      [1_000, 2_080],
      [20_000, 40_080],
    ] as const) {
      const bench = rooted([BOB, CAROL], 60_000)
      hear(bench, 1, BOB, { costMs })
      hear(bench, 1, CAROL, { costMs: 30_000 })
      bench.wake(10)
      bench.at(20, { type: 'neighbor-down', peer: BOB })
      bench.wake(25)
      expect(bench.machine.nextDeadline).toEqual({ at: 25 + waitMs, reason: 'root-path' })
      expect(sentTo(CAROL, bench.wake(25 + waitMs))).toEqual(['graft'])
    }
  })

  it('takes nobody who may be behind it, though it lost its way a moment before already', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 500 })
    bench.wake(10)
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    bench.wake(25)
    hear(bench, 950, DAVE, { costMs: 100 })
    bench.wake(955)
    bench.at(1_020, { type: 'neighbor-down', peer: DAVE })
    expect(sentTo(CAROL, bench.wake(1_025))).toEqual(['root-path'])
    expect(sentTo(CAROL, bench.wake(2_024))).toEqual([])
    expect(sentTo(CAROL, bench.wake(2_025))).toEqual(['graft'])
  })

  it('is no matter of who is alone', () => {
    const bench = rooted([BOB])
    hear(bench, 1, BOB, { costMs: 100 })
    bench.wake(10)
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    while (bench.machine.nextDeadline !== undefined) bench.wake(bench.machine.nextDeadline.at)
    const outputs = bench.at(60_000, { type: 'neighbor-up', peer: CAROL })
    expect(paths(outputs)).toMatchObject([{ to: CAROL, path: { term: 1, costMs: NO_WAY } }])
    expect(sentTo(CAROL, hear(bench, 60_001, CAROL, { costMs: 900 }))).toEqual(['graft'])
  })

  it('leads elsewhere when a link gets slow', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 2, CAROL, { costMs: 105 })
    const outputs = bench.at(3, { type: 'rtt', peer: BOB, rttMs: 60 })
    expect(sentTo(CAROL, outputs)).toEqual(['graft'])
    expect(sentTo(BOB, outputs)).toEqual(['prune'])
  })

  it('leads on by another one, when the parent says that it is left behind', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 120 })
    bench.wake(10)
    expect(sentTo(CAROL, hear(bench, 20, BOB, { costMs: 140 }))).toEqual(['graft'])
    expect(paths(bench.wake(25))).toEqual([])
    hear(bench, 30, CAROL, { costMs: NO_WAY })
    expect(paths(bench.wake(35)).map(({ path }) => path.costMs)).toEqual([NO_WAY, NO_WAY, NO_WAY])
  })

  it('never leads by who has none', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { term: 9, costMs: NO_WAY })
    hear(bench, 2, CAROL, { costMs: 100 })
    expect(bench.eager).toContain(CAROL)
    expect(paths(bench.wake(10))[0]!.path).toMatchObject({ term: 1, costMs: 140 })
  })

  it('begins at us, a term later, where nobody is found in time', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { term: 6, costMs: 100 })
    hear(bench, 1, CAROL, { term: 6, costMs: NO_WAY })
    bench.wake(10)
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    bench.wake(25)
    bench.wake(1_025)
    const { at } = bench.machine.nextDeadline!
    expect(at).toBeGreaterThanOrEqual(2_020)
    expect(at).toBeLessThanOrEqual(4_020)
    bench.wake(at)
    expect(paths(bench.wake(at + 5))[0]!.path).toMatchObject({ term: 7, costMs: 0 })
  })

  it('is told to a newcomer at once', () => {
    const bench = rooted([BOB])
    hear(bench, 1, BOB, { costMs: 100 })
    const outputs = bench.at(2, { type: 'neighbor-up', peer: CAROL })
    expect(paths(outputs)).toMatchObject([{ to: CAROL, path: { costMs: 140 } }])
  })

  it('is told no more often than it has to be, however often a peer finds a shorter one', () => {
    const bench = rooted()
    let told = 0
    for (let i = 0; i < 3_000; i++) {
      told += paths(hear(bench, i, BOB, { costMs: 100_000 - i })).length
      told += paths(bench.wake(i)).length
    }
    expect(told / 3).toBeLessThanOrEqual(8 + 3)
    expect(told / 3).toBeGreaterThan(3)
  })

  it('no peer can bring past its last term, nor beyond its longest way', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { term: 0xffff_ffff, costMs: 0xffff_ffff })
    hear(bench, 2, CAROL, { term: 0xffff_ffff, costMs: 0xffff_fffe })
    expect(paths(bench.wake(60_000))).toEqual([])
    hear(bench, 60_001, DAVE, { term: 0xffff_ffff, costMs: 10 })
    expect(bench.eager).toContain(DAVE)
    expect(paths(bench.wake(60_010))[0]!.path.costMs).toBe(50)
    for (const peer of [CAROL, DAVE]) bench.at(60_020, { type: 'neighbor-down', peer })
    for (let now = 60_020; now < 90_000; ) {
      const { at } = bench.machine.nextDeadline!
      expect(at).toBeGreaterThan(now)
      for (const { path } of paths(bench.wake((now = at)))) expect(path.costMs).toBe(NO_WAY)
    }
  })

  it('does not lead by who will not have us', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 110 })
    const outputs = bench.prune(2, BOB)
    expect(sentTo(CAROL, outputs)).toEqual(['graft'])
    expect(bench.eager).toEqual([CAROL])
    // Who tells another path is asked again.
    expect(sentTo(BOB, hear(bench, 3, BOB, { costMs: 101 }))).toEqual(['graft'])
  })
})

describe('in a rooted tree', () => {
  it('a second copy prunes neither the parent nor a child', () => {
    const bench = family()
    bench.message(10, CAROL, DAVE, 1)
    expect(sentTo(BOB, bench.duplicate(500, BOB, DAVE, 1))).toEqual([])
    bench.message(1_000, BOB, DAVE, 2)
    expect(sentTo(CAROL, bench.duplicate(1_500, CAROL, DAVE, 2))).toEqual([])
    expect(bench.eager).toEqual([BOB, CAROL])
  })

  it('a link that was mended too early is let go when the slow copy comes', () => {
    const bench = family()
    bench.ihave(10, DAVE, CAROL, 1)
    const { at } = bench.machine.nextDeadline!
    expect(sentTo(DAVE, bench.wake(at))).toEqual(['graft'])
    bench.message(at + 40, DAVE, CAROL, 1)
    expect(bench.eager).toEqual([BOB, CAROL, DAVE])
    expect(sentTo(DAVE, bench.duplicate(at + 50, BOB, CAROL, 1))).toEqual(['prune'])
    expect(bench.eager).toEqual([BOB, CAROL])
  })

  it('a link that was mended for the other end is let go when a second copy comes by it', () => {
    const bench = family()
    bench.message(10, BOB, CAROL, 1)
    expect(sentTo(DAVE, bench.graft(500, DAVE, CAROL, 1))).toEqual(['gossip'])
    bench.message(600, BOB, CAROL, 2)
    expect(sentTo(DAVE, bench.duplicate(700, DAVE, CAROL, 2))).toEqual(['prune'])
  })

  it('a child stays one though it is asked, and a mended link becomes one that is grafted', () => {
    const bench = family()
    for (const [peer, seq, at] of [
      [CAROL, 1, 10],
      [DAVE, 2, 3_000],
    ] as const) {
      bench.ihave(at, peer, DAVE, seq)
      expect(sentTo(peer, bench.wake(at + 700))).toContain('graft')
      bench.message(at + 740, peer, DAVE, seq)
      bench.control(at + 745, peer, { type: 'graft', source: undefined, wanted: undefined })
      expect(sentTo(peer, bench.duplicate(at + 1_500, BOB, DAVE, seq))).not.toContain('prune')
    }
    // Nor is it a mend to be asked by a child for what it missed.
    bench.graft(5_000, CAROL, DAVE, 2)
    bench.message(5_001, BOB, DAVE, 7)
    expect(sentTo(CAROL, bench.duplicate(5_100, CAROL, DAVE, 7))).not.toContain('prune')
    bench.ihave(6_000, CAROL, DAVE, 3)
    bench.wake(6_700)
    bench.message(6_740, CAROL, DAVE, 3)
    expect(sentTo(CAROL, bench.duplicate(6_750, BOB, DAVE, 3))).not.toContain('prune')
  })

  it('who has no way prunes no copy of who may be behind it, and waits no detour', () => {
    const bench = family()
    bench.control(10, DAVE, { type: 'graft', source: undefined, wanted: undefined })
    bench.at(20, { type: 'neighbor-down', peer: BOB })
    bench.wake(25)
    bench.message(30, DAVE, BOB, 1)
    expect(sentTo(CAROL, bench.duplicate(500, CAROL, BOB, 1))).toEqual([])
    expect(bench.eager).toEqual([CAROL, DAVE])
    // That of the way that is gone is over.
    bench.ihave(710, DAVE, BOB, 2)
    expect(bench.machine.nextDeadline).toEqual({ at: 710 + 80, reason: 'ask-for-missing' })
  })

  it('who is farther than before prunes nobody who may not know it yet', () => {
    const bench = family()
    bench.wake(10)
    expect(sentTo(CAROL, hear(bench, 20, CAROL, { costMs: 375 }))).toEqual([])
    // Carol does not know it yet.
    expect(sentTo(CAROL, hear(bench, 30, BOB, { costMs: 338 }))).toEqual([])
    expect(paths(bench.wake(35))[0]!.path.costMs).toBe(378)
    const outputs = hear(bench, 40, CAROL, { costMs: 376 })
    expect(sentTo(CAROL, outputs)).toEqual([])
    expect(sentTo(CAROL, bench.wake(1_035))).toEqual(['prune'])
  })

  it('a pushed copy is waited for as long as it may take by the root', () => {
    const bench = family()
    // Not just after a change of parents.
    bench.ihave(1_000, DAVE, CAROL, 1)
    // Bob's 300, and 10 and 30 of the link to him; there and back.
    expect(bench.machine.nextDeadline).toEqual({ at: 1_000 + 680, reason: 'ask-for-missing' })
  })

  it('and for no detour where the way changes meanwhile', () => {
    const bench = family()
    bench.ihave(1_000, DAVE, CAROL, 1)
    expect(sentTo(CAROL, hear(bench, 1_010, CAROL, { costMs: 0 }))).toContain('graft')
    expect(bench.machine.nextDeadline).toEqual({ at: 1_015, reason: 'root-path' })
    bench.wake(1_015)
    expect(bench.machine.nextDeadline).toEqual({ at: 1_090, reason: 'ask-for-missing' })
    bench.ihave(1_020, DAVE, CAROL, 2)
    expect(sentTo(DAVE, bench.wake(1_100)).filter(type => type === 'graft')).toHaveLength(2)
  })

  it('and for none a whole detour long, where the way is lost and another is taken at once', () => {
    const bench = family()
    hear(bench, 500, CAROL, { costMs: 298 })
    bench.message(2_900, DAVE, CAROL, 1)
    bench.at(3_000, { type: 'neighbor-down', peer: BOB })
    bench.ihave(3_200, DAVE, CAROL, 2)
    expect(sentTo(DAVE, bench.wake(3_279))).not.toContain('graft')
    expect(sentTo(DAVE, bench.wake(3_280))).toContain('graft')
  })

  it('nor where another is found late', () => {
    const bench = family()
    bench.message(2_900, BOB, CAROL, 1)
    bench.at(3_000, { type: 'neighbor-down', peer: BOB })
    bench.wake(3_005)
    hear(bench, 6_000, CAROL, { costMs: 100 })
    bench.ihave(6_001, DAVE, CAROL, 2)
    expect(sentTo(DAVE, bench.wake(6_080))).not.toContain('graft')
    expect(sentTo(DAVE, bench.wake(6_081))).toContain('graft')
  })

  it('and half as long at least, however short the lags that were seen', () => {
    const bench = family()
    for (let seq = 1; seq <= 8; seq++) {
      bench.ihave(10 * seq, DAVE, CAROL, seq)
      bench.message(10 * seq + 1, BOB, CAROL, seq)
    }
    bench.ihave(200, DAVE, CAROL, 9)
    expect(sentTo(DAVE, bench.wake(200 + 339))).not.toContain('graft')
    expect(sentTo(DAVE, bench.wake(200 + 340))).toContain('graft')
  })
})

/** What a peer tells that has no way to the root. */
const NO_WAY = 0xffff_ffff

/** Ten milliseconds to each, one way. */
function rooted(
  strangers: readonly PeerId[] = [BOB, CAROL, DAVE],
  rootAfterMs: Millis = 2_000,
): Bench {
  const bench = new Bench({ strangers, config: { rootAfterMs } })
  for (const peer of strangers) bench.at(0, { type: 'rtt', peer, rttMs: 20 })
  return bench
}

/** Bob is the parent, Carol a child, Dave nothing to us. */
function family(): Bench {
  const bench = rooted()
  hear(bench, 1, BOB, { costMs: 300 })
  hear(bench, 1, CAROL, { costMs: 380 })
  bench.control(1, CAROL, { type: 'graft', source: undefined, wanted: undefined })
  hear(bench, 1, DAVE, { costMs: 345 })
  bench.wake(9)
  return bench
}

function hear(bench: Bench, now: Millis, from: PeerId, path: Partial<Path>): Output[] {
  return bench.control(now, from, { type: 'root-path', term: 1, rank: 5, costMs: 0, ...path })
}

function paths(outputs: readonly Output[]): { to: PeerId; path: Omit<Path, 'type'> }[] {
  return sent(outputs).flatMap(({ to, message }) => {
    if (message.type !== 'root-path') return []
    const { type: _, ...path } = message
    return [{ to, path }]
  })
}
