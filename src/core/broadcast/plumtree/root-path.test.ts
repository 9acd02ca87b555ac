import { describe, expect, it } from 'vitest'
import type { Millis, PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import { BOB, CAROL, DAVE } from '../network.suite.js'
import type { Output } from './outbox.js'
import { Bench, plumtreeNetwork, sent, sentTo } from './plumtree.suite.js'
import type { Path } from './root-path.js'

describe('the shared tree', () => {
  it('has links enough and hardly one too many, whatever links come and go', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const net = plumtreeNetwork(40, seed)
      net.linkRegular(4)
      const random = new Random(seed)
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 10; i++) {
          const [a, b] = random.sample(net.peers, 2) as [PeerId, PeerId]
          if (net.isLinked(a, b)) net.cut(a, b, random.below(3_000))
          else net.link(a, b)
          if (random.below(2) === 0) net.publish(a)
          net.run(random.below(700))
        }
        net.run(30_000)
        const before = net.payloads
        for (let i = 0; i < 8; i++) {
          net.publish(random.pick(net.peers)!)
          net.run(5_000)
        }
        const needed = 8 * (net.peers.length - 1)
        expect(net.payloads - before, `seed ${seed}`).toBeLessThanOrEqual(1.02 * needed)
        const eager = new Map(net.peers.map(p => [p, net.machines.get(p)!.snapshot().eager]))
        for (const [peer, others] of eager) {
          for (const other of others) expect(eager.get(other), `seed ${seed}`).toContain(peer)
        }
      }
    }
  })

  it('is mended where a link breaks, and not rooted anew', () => {
    const net = plumtreeNetwork(100, 11)
    net.linkRegular(4)
    net.run(10_000)
    const roots = net.counters.get('roots')
    const random = new Random(11)
    for (let i = 0; i < 60; i++) {
      const [a, b] = drawLinked(net, random)
      const [c, d] = drawLinked(net, random)
      // Everyone keeps as many links as before.
      net.cut(a, b, 0)
      net.cut(c, d, 0)
      if (a !== c && !net.isLinked(a, c)) net.link(a, c)
      if (b !== d && !net.isLinked(b, d)) net.link(b, d)
      net.run(1_500)
    }
    expect(net.counters.get('retreats')).toBeGreaterThan(10)
    expect(net.counters.get('roots')! - roots!).toBeLessThanOrEqual(2)
    net.run(10_000)
    const before = net.payloads
    net.publish(net.peers[0]!)
    net.run(5_000)
    expect(net.payloads - before).toBe(99)
  })

  it('is nearly as flat as the overlay lets it be, though nothing was said', () => {
    const net = plumtreeNetwork(100, 7)
    net.linkRegular(5)
    net.run(10_000)
    const before = net.payloads
    net.publish(net.peers[0]!)
    net.run(5_000)
    expect(net.payloads - before).toBe(99)
    const rounds = net.peers.flatMap(peer => net.deliveries.get(peer)!.map(({ round }) => round))
    expect(Math.max(...rounds)).toBeLessThanOrEqual(9)
  })
})

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
  })

  it('does not lead by who will not have us', () => {
    const bench = rooted()
    hear(bench, 1, BOB, { costMs: 100 })
    hear(bench, 1, CAROL, { costMs: 110 })
    const outputs = bench.prune(2, BOB)
    expect(sentTo(CAROL, outputs)).toEqual(['graft'])
    expect(bench.eager).toEqual([CAROL])
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

  it('a pushed copy is waited for as long as it may take by the root', () => {
    const bench = family()
    bench.ihave(10, DAVE, CAROL, 1)
    // Bob's 300, and 10 and 30 of the link to him; there and back.
    expect(bench.machine.nextDeadline).toEqual({ at: 10 + 680, reason: 'ask-for-missing' })
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

function drawLinked(net: ReturnType<typeof plumtreeNetwork>, random: Random): [PeerId, PeerId] {
  for (;;) {
    const [a, b] = random.sample(net.peers, 2) as [PeerId, PeerId]
    if (net.isLinked(a, b)) return [a, b]
  }
}

/** What a peer tells that has no way to the root. */
const NO_WAY = 0xffff_ffff

/** Ten milliseconds to each, one way. */
function rooted(strangers: readonly PeerId[] = [BOB, CAROL, DAVE]): Bench {
  const bench = new Bench({ strangers, config: { rootAfterMs: 2_000 } })
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
