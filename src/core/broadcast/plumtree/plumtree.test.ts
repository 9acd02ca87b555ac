import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes } from '../../ids.js'
import { describeBroadcast, expectOnceEach } from '../broadcast.suite.js'
import { ALICE, BOB, CAROL, DAVE, ERIN, messageOf } from '../network.suite.js'
import { PLUMTREE_DEFAULTS } from './config.js'
import { LARGEST_ROUND } from './messages.js'
import { Plumtree } from './plumtree.js'
import {
  asked,
  Bench,
  contentOf,
  counted,
  plumtreeNetwork,
  runsTo,
  sent,
  sentTo,
} from './plumtree.suite.js'

describeBroadcast('plumtree', {
  make: (self, random) => new Plumtree({ self, random, config: PLUMTREE_DEFAULTS }),
  contentOf,
})

describeBroadcast('plumtree with a tree for each source', {
  make: (self, random) =>
    new Plumtree({ self, random, config: PLUMTREE_DEFAULTS, sourceTrees: true }),
  contentOf,
})

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

describe('a duplicate', () => {
  it('prunes its sender', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    expect(sentTo(CAROL, bench.duplicate(2, CAROL, DAVE, 1))).toEqual(['prune'])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('that crossed ours on the way prunes too', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    expect(sentTo(CAROL, bench.message(1, BOB, DAVE, 1))).toEqual(['gossip'])
    expect(sentTo(CAROL, bench.duplicate(2, CAROL, DAVE, 1))).toEqual(['prune'])
  })

  it('of our own message never prunes', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.publish(1, 1)
    expect(sent(bench.duplicate(2, BOB, ALICE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB, CAROL])
  })

  it('from the giver of the first copy never prunes', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    expect(sent(bench.duplicate(2, BOB, DAVE, 1))).toEqual([])
  })

  it('never prunes the last eager neighbor', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, CAROL, DAVE, 1)
    bench.wake(30_001)
    // The cache has forgotten who gave it; the id is still known.
    expect(bench.machine.snapshot().cached).toBe(0)
    bench.prune(30_002, CAROL)
    expect(sent(bench.duplicate(30_003, BOB, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB])
  })

  it('does not prune when the giver of the first copy is no eager neighbor any more', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    bench.message(1, BOB, DAVE, 1)
    bench.at(2, { type: 'neighbor-down', peer: BOB })
    expect(sent(bench.duplicate(3, CAROL, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([CAROL, DAVE])
  })

  it('of many in flight prunes once, and the first copies among them do not undo it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    bench.message(1, BOB, DAVE, 2)
    const outputs = [
      ...bench.duplicate(2, CAROL, DAVE, 1),
      ...bench.duplicate(2, CAROL, DAVE, 2),
      ...bench.message(3, CAROL, DAVE, 3),
      ...bench.duplicate(4, BOB, DAVE, 3),
    ]
    expect(sent(outputs).map(({ to, message }) => [to, message.type])).toEqual([
      [CAROL, 'prune'],
      [BOB, 'gossip'],
    ])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('prunes again when the first prune did not help', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    bench.duplicate(2, CAROL, DAVE, 1)
    expect(sentTo(CAROL, bench.duplicate(500, CAROL, DAVE, 1))).toEqual(['prune'])
  })

  it('does not prune a peer grafted lately', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, CAROL)
    bench.ihave(1, CAROL, DAVE, 1)
    expect(sentTo(CAROL, bench.wake(81))).toEqual(['graft'])
    bench.message(90, BOB, DAVE, 1)
    expect(sent(bench.duplicate(95, CAROL, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB, CAROL])
    expect(sentTo(CAROL, bench.duplicate(161, CAROL, DAVE, 1))).toEqual(['prune'])
  })
})

describe('a lazy peer that gives the first copy', () => {
  it('becomes eager', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(1, CAROL)
    bench.message(2, CAROL, DAVE, 1)
    expect(bench.eager).toEqual([BOB, CAROL])
  })
})

describe('tree optimization', () => {
  const announcedAt2 = () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, CAROL)
    bench.ihave(1, CAROL, DAVE, 1, 1, 2)
    return bench
  }

  it('leaves a path that is not much longer', () => {
    expect(sent(announcedAt2().message(2, BOB, DAVE, 1, 6))).toEqual([])
  })

  it('measures from the received round: six hops longer is not seven', () => {
    const bench = announcedAt2()
    expect(sent(bench.message(2, BOB, DAVE, 1, 8))).toEqual([])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('grafts the announcer and prunes the giver when the path is seven hops longer', () => {
    const bench = announcedAt2()
    const outputs = bench.message(2, BOB, DAVE, 1, 9)
    expect(sent(outputs)).toEqual([
      { to: CAROL, message: { type: 'graft', source: undefined, wanted: undefined } },
      { to: BOB, message: { type: 'prune', source: undefined } },
    ])
    expect(outputs.at(-1)).toMatchObject({ type: 'deliver', round: 9 })
    expect([bench.eager, bench.lazy]).toEqual([[CAROL], [BOB]])
  })

  it('happens at most once in 200 ms', () => {
    const bench = announcedAt2()
    bench.message(2, BOB, DAVE, 1, 9)
    bench.ihave(10, BOB, DAVE, 2, 1, 2)
    expect(sent(bench.message(201, CAROL, DAVE, 2, 9))).toEqual([])
    bench.ihave(2_300, BOB, DAVE, 3, 1, 2)
    expect(
      sent(bench.message(2_301, CAROL, DAVE, 3, 9)).map(({ to, message }) => [to, message.type]),
    ).toEqual([
      [BOB, 'graft'],
      [CAROL, 'prune'],
    ])
  })
})

describe('a tree of one source', () => {
  /** Dave was heard often enough to have one; Bob gives, Carol and Erin announce. */
  const heardThrice = () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], strangers: [ERIN], sourceTrees: true })
    bench.prune(0, CAROL)
    for (const seq of [1, 2, 3]) bench.message(seq, BOB, DAVE, seq)
    return bench
  }
  const prune = { type: 'prune', source: DAVE } as const
  const graft = { type: 'graft', source: DAVE, wanted: undefined } as const

  it('grows from the shared one with the third message, and what is said of it changes no other', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    bench.control(4, BOB, prune)
    expect(bench.eager).toEqual([BOB])
    expect(sentTo(CAROL, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
    expect(sentTo(CAROL, bench.message(5, BOB, BOB, 1))).toEqual([])
  })

  it('begins with a word of a neighbor too', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], sourceTrees: true })
    bench.control(1, CAROL, prune)
    expect(bench.eager).toEqual([BOB, CAROL])
    expect(sentTo(CAROL, bench.message(2, BOB, DAVE, 1))).toEqual([])
    expect(sentTo(CAROL, bench.message(2, BOB, BOB, 1))).toEqual(['gossip'])
  })

  it('names its source in prunes and grafts', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    expect(sent(bench.duplicate(500, CAROL, DAVE, 3))).toEqual([{ to: CAROL, message: prune }])
    bench.ihave(600, ERIN, DAVE, 4)
    const [ask] = sent(bench.wake(680))
    expect(ask).toMatchObject({
      to: ERIN,
      message: { type: 'graft', source: DAVE, wanted: { seq: 4 } },
    })
  })

  it('changes to who announced earlier', () => {
    const bench = heardThrice()
    bench.ihave(500, CAROL, DAVE, 4, 1, 0)
    expect(sent(bench.message(505, BOB, DAVE, 4, 0))).toEqual([])
    bench.ihave(700, CAROL, DAVE, 5, 1, 0)
    expect(sent(bench.message(706, BOB, DAVE, 5, 0))).toMatchObject([
      { to: CAROL, message: graft },
      { to: BOB, message: prune },
    ])
    expect(bench.eager).toEqual([BOB])
  })

  it('changes to who announces later, but fewer hops from the source', () => {
    const bench = heardThrice()
    bench.message(500, BOB, DAVE, 4, 3)
    expect(sent(bench.ihave(520, CAROL, DAVE, 4, 1, 2))).toEqual([])
    bench.message(700, BOB, DAVE, 5, 3)
    expect(sent(bench.ihave(720, CAROL, DAVE, 5, 1, 1)).map(({ to }) => to)).toEqual([CAROL, BOB])
  })

  it('ends when its source is unheard for a minute', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    expect(sentTo(CAROL, bench.message(60_100, BOB, DAVE, 4))).toEqual([])
  })

  it('is not grown where more than 32 sources are active', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], sourceTrees: true })
    const sources = Array.from({ length: 33 }, (_, i) =>
      peerIdFromBytes(new Uint8Array(32).fill(10 + i)),
    )
    for (const seq of [1, 2, 3]) for (const one of sources) bench.message(seq, BOB, one, seq)
    for (const source of sources) bench.control(4, CAROL, { type: 'prune', source })
    expect(sentTo(CAROL, bench.message(5, BOB, sources[0]!, 4))).toEqual(['gossip'])
  })

  it('is not kept where messages are unsigned', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    for (const seq of [1, 2, 3]) bench.message(seq, BOB, DAVE, seq)
    expect(counted('prunes-of-unknown-trees', bench.control(4, CAROL, prune))).toBe(1)
    expect(sentTo(CAROL, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
  })

  it('takes in who asks by the shared tree, knowing of no other', () => {
    const bench = heardThrice()
    bench.graft(4, ERIN, DAVE, 3)
    expect(sentTo(ERIN, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
    expect(bench.eager).toEqual([BOB, ERIN])
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

describe('our own message', () => {
  it('is no news to us, even where a reload forgot that we said it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    expect(bench.machine.knows({ author: ALICE, seq: 7 })).toBe(true)
    expect(bench.message(1, BOB, ALICE, 7).some(({ type }) => type === 'deliver')).toBe(false)
    bench.ihave(2, BOB, ALICE, 8)
    expect(bench.at(10_000, { type: 'wake' }).filter(({ type }) => type === 'send')).toEqual([])
  })
})
