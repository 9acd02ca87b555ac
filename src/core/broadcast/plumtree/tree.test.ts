import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { expectOnceEach } from '../broadcast.suite.js'
import { ALICE, BOB, CAROL, DAVE } from '../network.suite.js'
import { LARGEST_ROUND } from './messages.js'
import { Bench, counted, plumtreeNetwork, sent, sentTo } from './plumtree.suite.js'

describe('the tree', () => {
  it('two triples talk apart, and together when a link joins them', () => {
    const net = plumtreeNetwork(6, 5)
    const [a, b, c, d, e, f] = net.peers as [PeerId, PeerId, PeerId, PeerId, PeerId, PeerId]
    for (const [x, y] of [
      [a, b],
      [b, c],
      [a, c],
      [d, e],
      [e, f],
      [d, f],
    ] as const)
      net.link(x, y)
    const apart = net.publish(a)
    net.run(1_000)
    expect([...net.deliveriesOf(apart)].filter(([, times]) => times === 1).map(([p]) => p)).toEqual(
      [b, c],
    )
    net.link(c, d)
    net.run(1_000)
    const together = net.publish(a)
    net.run(2_000)
    expectOnceEach(net, together)
    expectOnceEach(net, apart)
    for (const peer of net.peers) {
      for (const other of net.machines.get(peer)!.snapshot().eager) {
        expect(net.machines.get(other)!.snapshot().eager).toContain(peer)
      }
    }
  })

  it('of a single sender costs one copy per peer, from the first message on', () => {
    for (const seed of [0, 1, 123]) {
      const net = plumtreeNetwork(60, seed)
      net.linkRegular(5)
      for (let i = 0; i < 20; i++) {
        const before = net.payloads
        expectAfter(net, () => net.publish(net.peers[0]!), `seed ${seed}`)
        const redundancy = (net.payloads - before) / (net.peers.length - 1) - 1
        expect(redundancy, `seed ${seed}, message ${i}`).toBeLessThanOrEqual(0.05)
      }
    }
  })

  it('a tree link lost in mid-flight is mended by a graft, and the tree carries again', () => {
    for (const seed of [3, 4, 5]) {
      const net = plumtreeNetwork(30, seed)
      net.linkRegular(5)
      const author = net.peers[0]!
      for (let i = 0; i < 12; i++) expectAfter(net, () => net.publish(author), `seed ${seed}`)
      const parents = net.peers.filter(peer =>
        net.machines.get(author)!.snapshot().eager.includes(peer),
      )
      const grafts = net.counters.get('grafts-sent') ?? 0
      const id = net.publish(author)
      net.run(3)
      // Its copy is lost on the way, and nobody notices until much later.
      net.cut(author, parents[0]!, 20_000)
      net.run(3_000)
      expectOnceEach(net, id, `seed ${seed}`)
      expect(net.counters.get('grafts-sent')! - grafts, `seed ${seed}`).toBeGreaterThan(0)
      net.run(20_000)
      const copies = net.payloads
      for (let i = 0; i < 5; i++) expectAfter(net, () => net.publish(author), `seed ${seed}`)
      expect((net.payloads - copies) / (5 * 29) - 1, `seed ${seed}`).toBeLessThanOrEqual(0.2)
    }
  })

  it('a newcomer is lazy, a grafter eager, a pruner lazy again', () => {
    const bench = new Bench({ strangers: [BOB, CAROL] })
    expect([bench.eager, bench.lazy]).toEqual([[], [BOB, CAROL]])
    for (const peer of [BOB, CAROL]) {
      bench.control(1, peer, { type: 'graft', source: undefined, wanted: undefined })
    }
    bench.prune(1, BOB)
    expect([bench.eager, bench.lazy]).toEqual([[CAROL], [BOB]])
    bench.control(2, BOB, { type: 'graft', source: undefined, wanted: undefined })
    expect(bench.eager).toEqual([BOB, CAROL])
  })

  it('publish pushes round 0 to the eager and announces to the lazy', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(1, CAROL)
    const pushed = bench.publish(2, 1)
    expect(sent(pushed)).toMatchObject([{ to: BOB, message: { type: 'gossip', round: 0 } }])
    expect(bench.machine.nextDeadline).toEqual({ at: 7, reason: 'announce' })
    expect(sentTo(CAROL, bench.wake(7))).toEqual(['ihave'])
  })

  it('announcements of a busy topic wait longer for company', () => {
    const bench = new Bench({ neighbors: [BOB], strangers: [CAROL] })
    const waits = [10, 30, 60, 110].map((at, i) => {
      bench.publish(at, i + 1)
      const deadline = bench.machine.nextDeadline!
      bench.wake(deadline.at)
      return deadline.at - at
    })
    expect(waits).toEqual([5, 20, 20, 20])
    bench.publish(500, 5)
    expect(bench.machine.nextDeadline).toEqual({ at: 505, reason: 'announce' })
  })

  it('a message goes on one round later, to all eager but its giver, and is then delivered', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    const outputs = bench.message(1, BOB, DAVE, 1, 4)
    expect(sent(outputs)).toMatchObject([
      { to: CAROL, message: { type: 'gossip', round: 5 } },
      { to: DAVE, message: { type: 'gossip', round: 5 } },
    ])
    expect(outputs.at(-1)).toMatchObject({ type: 'deliver', from: BOB, round: 4 })
  })

  it('rounds saturate', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    const outputs = bench.message(1, BOB, DAVE, 1, LARGEST_ROUND)
    expect(sent(outputs)).toMatchObject([{ to: CAROL, message: { round: LARGEST_ROUND } }])
  })

  it('who announced a message is not sent it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.ihave(1, CAROL, DAVE, 1)
    expect(sent(bench.message(2, BOB, DAVE, 1))).toEqual([])
  })

  it('control from strangers moves nobody into the tree', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.at(1, { type: 'neighbor-down', peer: BOB })
    const late = [
      ...bench.prune(2, BOB),
      ...bench.graft(2, BOB, ALICE, 1),
      ...bench.ihave(2, BOB, CAROL, 1, 10),
      ...bench.duplicate(2, BOB, ALICE, 1),
    ]
    bench.message(3, BOB, CAROL, 1)
    expect(sent(late)).toEqual([])
    expect(counted('control-from-strangers', late)).toBe(3)
    expect(bench.machine.snapshot()).toMatchObject({ eager: [], lazy: [], missing: 0 })
  })

  it('a new link to the same neighbor begins anew: lazy, and nothing is expected of the old one', () => {
    const bench = new Bench({ neighbors: [BOB] })
    bench.ihave(2, BOB, DAVE, 1)
    bench.at(3, { type: 'neighbor-up', peer: BOB })
    expect(bench.machine.snapshot()).toMatchObject({ eager: [], lazy: [BOB], missing: 0 })
  })

  it('sweeps come no closer than the interval, and recalled ids get theirs', () => {
    const bench = new Bench()
    bench.publish(0, 1)
    bench.publish(10, 2)
    expect(bench.machine.nextDeadline).toEqual({ at: 30_000, reason: 'forget-old-messages' })
    bench.wake(30_000)
    expect(bench.machine.nextDeadline?.at).toBe(31_000)
    const recalling = new Bench()
    recalling.at(5_000, { type: 'recall', seen: [{ author: BOB, since: 0, ranges: [[1, 1]] }] })
    expect(recalling.machine.nextDeadline?.at).toBe(100_000)
  })

  it('a prune of a tree that is not kept changes nothing', () => {
    const bench = new Bench({ neighbors: [BOB] })
    const outputs = bench.control(1, BOB, { type: 'prune', source: CAROL })
    expect(counted('prunes-of-unknown-trees', outputs)).toBe(1)
    expect(bench.eager).toEqual([BOB])
  })

  it('who has no eager neighbor grafts one when it speaks, and pushes to it', () => {
    const bench = new Bench({ strangers: [BOB, CAROL] })
    const outputs = bench.publish(1, 1)
    const [chosen] = bench.eager
    expect(bench.eager).toHaveLength(1)
    expect(sentTo(chosen!, outputs)).toEqual(['graft', 'gossip'])
    expect(sent(outputs)).toHaveLength(2)
    expect(sent(bench.wake(6)).map(({ to, message }) => [to, message.type])).toEqual([
      [bench.lazy[0], 'ihave'],
    ])
  })
})

/** Publishes, lets it spread and checks that it did. */
function expectAfter(
  net: ReturnType<typeof plumtreeNetwork>,
  publish: () => ReturnType<typeof net.publish>,
  about: string,
): void {
  const id = publish()
  net.run(2_000)
  expectOnceEach(net, id, about)
}
