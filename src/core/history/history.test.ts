import { describe, expect, it } from 'vitest'
import type { Message } from '../message.js'
import { Random } from '../random.js'
import { Author } from './author.suite.js'
import { areEqual, HistoryNetwork, type TestPeer } from './network.suite.js'
import type { DeliveryOrder } from './records.js'
import { Wavefront } from './wavefront/wavefront.js'

const network = (order: DeliveryOrder = 'arrival', seed = 1) =>
  new HistoryNetwork({ reconciler: options => new Wavefront(options), order, seed })

describe('one’s own message', () => {
  it('leaves when it is stored, and not before', () => {
    const net = network()
    const [a] = net.add(1) as [TestPeer]
    a.storeMs = 50
    net.say(a)
    net.run(49)
    expect(a.published).toEqual([])
    expect(a.shelf.size).toBe(1)
    net.run(1)
    expect(a.published).toHaveLength(1)
  })

  it('is not delivered to its author, and comes back from nobody', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    net.say(a)
    net.link(a, b)
    net.run(5_000)
    net.reload(a)
    net.link(a, b)
    net.run(5_000)
    expect(a.delivered).toEqual([])
    expect(b.delivered).toHaveLength(1)
  })

  it('goes on with the next number after a reload', () => {
    const net = network()
    const [a] = net.add(1) as [TestPeer]
    net.say(a)
    net.say(a)
    net.reload(a)
    expect(net.say(a).seq).toBe(3)
  })
})

it('after a reload all that is kept is known by name too', () => {
  const net = network()
  const [a, b] = net.add(2) as [TestPeer, TestPeer]
  net.link(a, b)
  for (let n = 0; n < 3; n++) net.say(a)
  net.say(b)
  net.run(5_000)
  net.reload(b)
  const seen = b.history.seen(7).map(({ author, since, ranges }) => ({ author, since, ranges }))
  expect(seen).toHaveLength(2)
  expect(seen).toContainEqual({ author: a.id, since: 7, ranges: [[1, 3]] })
  expect(seen).toContainEqual({ author: b.id, since: 7, ranges: [[1, 1]] })
})

it('after a reload so is what waits, and what retention gave up', () => {
  const { net, b, ops } = chain('arrival')
  for (const n of [0, 1, 3]) net.live(b, ops[n]!, b)
  net.act(b, history => history.leave())
  net.reload(b)
  const { author, seq } = ops[1]!
  net.act(b, history => history.trimmed([{ author, oldest: seq, oldestHash: new Uint8Array(32) }]))
  expect(b.history.seen(7)).toEqual([
    { author, since: 7, ranges: [[1, 2]] },
    { author, since: 7, ranges: [[4, 4]] },
  ])
})

describe('in order of arrival', () => {
  it('a message is delivered at once, its parents here or not, and once', () => {
    const { net, b, ops } = chain('arrival')
    net.live(b, ops[2]!, b)
    net.live(b, ops[0]!, b)
    net.live(b, ops[1]!, b)
    net.live(b, ops[2]!, b)
    expect(seqs(b)).toEqual([3, 1, 2])
    expect(b.history.snapshot()).toMatchObject({ ops: 3, waiting: 0 })
  })

  it('one that waited for its parents is known again after a reload', () => {
    const { net, b, ops } = chain('arrival')
    net.live(b, ops[2]!, b)
    net.act(b, history => history.leave())
    net.reload(b)
    net.live(b, ops[2]!, b)
    net.live(b, ops[0]!, b)
    net.live(b, ops[1]!, b)
    expect(seqs(b)).toEqual([3, 1, 2])
    expect(b.history.snapshot()).toMatchObject({ ops: 3, waiting: 0 })
  })

  it('one that waits is written down after a while, and one whose parents come sooner only once', () => {
    const { net, b, ops } = chain('arrival')
    const stored: number[] = []
    const { store } = b.shelf
    b.shelf.store = (...batch) => {
      stored.push(...batch[0].map(({ message }) => message.seq))
      store.apply(b.shelf, batch)
    }
    net.live(b, ops[1]!, b)
    net.live(b, ops[0]!, b)
    net.live(b, ops[3]!, b)
    expect(stored).toEqual([1, 2])
    net.run(5_000)
    expect(stored).toEqual([1, 2, 4])
    net.reload(b)
    expect(b.history.snapshot()).toMatchObject({ ops: 2, waiting: 1 })
  })
})

describe('in causal order', () => {
  it('a message is held until its parents have arrived', () => {
    const { net, b, ops } = chain('causal')
    for (const n of [3, 1, 0, 2]) net.live(b, ops[n]!, b)
    expect(seqs(b)).toEqual([1, 2, 3, 4])
    expect(b.events).toEqual([])
  })

  it('no longer than ten seconds: then an event says what is missing, and it is delivered', () => {
    const { net, b, ops } = chain('causal')
    net.live(b, ops[3]!, b)
    net.run(9_999)
    expect(seqs(b)).toEqual([])
    net.run(1)
    const { author } = ops[0]!
    expect(b.events).toEqual([
      { type: 'parentsMissing', id: `${author}:4`, missing: [`${author}:3`] },
    ])
    expect(seqs(b)).toEqual([4])
    for (const n of [0, 1, 2]) net.live(b, ops[n]!, b)
    expect(seqs(b)).toEqual([4, 1, 2, 3])
  })

  it('a child of one that is held waits with it, and comes after it', () => {
    const { net, b, ops } = chain('causal')
    const answer = new Author(new Random(4)).say([ops[3]!])
    net.live(b, answer, b)
    net.run(4_000)
    net.live(b, ops[3]!, b)
    for (const n of [2, 0, 1]) net.live(b, ops[n]!, b)
    expect(b.delivered.map(({ message }) => message)).toEqual([...ops, answer])
  })

  it('of a bundle the event names the first message, which follows, and what is before that', () => {
    const { net, b } = chain('causal')
    const author = new Author(new Random(4))
    const before = author.say()
    net.live(b, author.sayBundle(5), b)
    net.run(10_000)
    expect(b.events).toEqual([
      { type: 'parentsMissing', id: `${author.id}:2`, missing: [`${author.id}:1`] },
    ])
    expect(seqs(b)).toEqual([6])
    net.live(b, before, b)
    expect(seqs(b)).toEqual([6, 1])
  })

  it('what is missing is asked for, from whoever brought its child', () => {
    const { net, a, b, ops } = chain('causal')
    net.fill(a, ops)
    net.fill(b, ops.slice(0, 1))
    net.link(a, b)
    net.filter = (_from, _to, { type }) => type !== 'frontier'
    net.run(100)
    const later = new Author(new Random(4)).say([ops[3]!])
    net.fill(a, [later])
    net.link(a, b)
    net.live(b, later, a)
    net.filter = () => true
    net.run(8_000)
    expect(seqs(b)).toEqual([2, 3, 4, 1])
    expect(b.events.filter(({ type }) => type === 'parentsMissing')).toEqual([])
  })

  it('of random arrivals each is delivered once, after all it builds on', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const net = network('causal', seed)
      const peers = net.add(6)
      net.broadcastMs = () => net.random.below(400)
      for (let i = 0; i < 60; i++) {
        net.say(net.random.pick(peers)!)
        net.run(30)
      }
      net.run(2_000)
      for (const peer of peers) {
        const seen = new Set<string>()
        for (const { message } of peer.delivered) {
          for (const parent of peer.history.opOf(message)!.parents.others) {
            if (parent.author === peer.id) continue
            expect(seen, `seed ${seed}`).toContain(`${parent.author}:${parent.seq}`)
          }
          seen.add(`${message.author}:${message.seq}`)
        }
        expect(seen.size).toBe(peer.delivered.length)
        expect(peer.shelf.size).toBe(60)
      }
    }
  })
})

describe('what the application hears', () => {
  it('progress while there is more to come, and synced in the end', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    for (let i = 0; i < 600; i++) net.say(a)
    net.link(a, b)
    net.run(10_000)
    expect(b.events).toEqual([
      { type: 'historyProgress', have: 256, known: 600 },
      { type: 'historyProgress', have: 512, known: 600 },
      { type: 'historyProgress', have: 600, known: 600 },
      { type: 'synced', peer: a.id },
    ])
  })

  it('synced again each time after two differed', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    for (let i = 0; i < 3; i++) {
      net.say(a)
      net.link(a, b)
      net.run(10_000)
      net.cut(a, b)
    }
    expect(b.events.filter(({ type }) => type === 'synced')).toHaveLength(3)
  })

  it('which messages came from history and which as they were said', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    net.say(a)
    net.link(a, b)
    net.run(5_000)
    net.broadcastMs = () => 10
    net.say(a)
    net.run(1_000)
    expect(b.delivered.map(({ round }) => round)).toEqual([undefined, 1])
  })
})

describe('retention', () => {
  it('a newcomer gets what is left, from where each lane begins', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    for (let i = 0; i < 20; i++) net.say(a)
    const trimmed = [a.shelf.trim(a.id, 15)]
    net.act(a, history => history.trimmed(trimmed))
    net.link(a, b)
    net.run(10_000)
    expect(seqs(b)).toEqual([15, 16, 17, 18, 19, 20])
    expect(b.shelf.lanes.get(a.id)).toMatchObject({ oldest: 15, height: 20 })
    expect(areEqual(a, b) || b.history.snapshot().ops === 6).toBe(true)
    expect(b.history.nextDeadline).toBeUndefined()
    expect([...a.blames, ...b.blames]).toEqual([])
  })

  it('what builds on ops that nobody keeps any more is not held up', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    const random = new Random(3)
    const [x, y] = [new Author(random), new Author(random)]
    for (let i = 0; i < 6; i++) x.say()
    y.say([x.said[1]!])
    y.say()
    net.fill(a, [...x.said, ...y.said])
    a.shelf.trim(x.id, 6)
    net.reload(a)
    net.link(a, b)
    net.run(10_000)
    expect(b.shelf.lanes.get(y.id)).toMatchObject({ height: 2, oldest: 1 })
    expect(b.shelf.lanes.get(x.id)).toMatchObject({ height: 6, oldest: 6 })
    expect(b.blames).toEqual([])
  })
})

describe('exchanges are not begun without need', () => {
  it('one that changed nothing is tried again ever more rarely', () => {
    const net = network()
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    net.say(a)
    net.link(a, b)
    net.run(5_000)
    net.cut(a, b)
    net.say(a)
    net.say(b)
    for (const peer of [a, b]) peer.isBroken = true
    const before = a.said.length + b.said.length
    net.link(a, b)
    net.run(10 * 60_000)
    const said = [...a.said, ...b.said].length - before
    const opened = [...a.said, ...b.said].filter(({ message: { type } }) => type === 'tidal-wave')
    expect(said).toBeGreaterThan(0)
    // 2 + 4 + 8 + 16 + 32 s, then once a minute.
    expect(opened.length).toBeLessThan(30)
  })

  it('who is catching up page by page refuses the others meanwhile, and is given nothing twice', () => {
    const net = network()
    const [late, ...others] = net.add(5) as [TestPeer, ...TestPeer[]]
    const author = new Author(new Random(1))
    for (let i = 0; i < 1200; i++) author.say()
    for (const other of others) net.fill(other, author.said)
    for (const other of others) net.link(late, other)
    net.run(20_000)
    expect(late.delivered).toHaveLength(1200)
    const given = others.flatMap(({ said }) =>
      said.flatMap(({ message }) => ('ops' in message ? message.ops : [])),
    )
    expect(given.length).toBe(1200)
  })
})

it('a forgotten history comes back from others, and its author goes on where it was', () => {
  const net = network()
  const [a, b] = net.add(2) as [TestPeer, TestPeer]
  for (let i = 0; i < 5; i++) net.say(a)
  net.link(a, b)
  net.run(5_000)
  a.shelf.ops.clear()
  a.shelf.lanes.clear()
  net.reload(a)
  net.link(a, b)
  net.run(5_000)
  expect(net.say(a).seq).toBe(6)
  net.run(5_000)
  expect(areEqual(a, b)).toBe(true)
  expect([...a.events, ...b.events].filter(({ type }) => type === 'fork')).toEqual([])
})

function chain(order: DeliveryOrder): {
  net: HistoryNetwork
  a: TestPeer
  b: TestPeer
  ops: Message[]
} {
  const net = network(order)
  const [a, b] = net.add(2) as [TestPeer, TestPeer]
  const author = new Author(new Random(2))
  for (let i = 0; i < 4; i++) author.say()
  return { net, a, b, ops: author.said }
}

function seqs(peer: TestPeer): number[] {
  return peer.delivered.map(({ message }) => message.seq)
}
