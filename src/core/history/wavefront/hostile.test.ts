import { describe, expect, it } from 'vitest'
import type { HistoryMessage } from '../../io.js'
import type { Message } from '../../message.js'
import { Random } from '../../random.js'
import { Author, hashOf, signed } from '../author.suite.js'
import { NO_HASH } from '../lane.js'
import { areEqual, HistoryNetwork, type TestPeer } from '../network.suite.js'
import { shortHash } from '../op.js'
import { LARGEST_WAVE_BYTES, type Mark } from './messages.js'
import { Wavefront } from './wavefront.js'

describe('bad input leaves the store as it was', () => {
  it.each<[string, (authors: Author[]) => Message[]]>([
    ['an op whose mother nobody has', ([, b]) => [b!.craft({ seq: 9, mother: HASH })]],
    [
      'an op whose father nobody has',
      ([a, b]) => [b!.craft({ seq: 1, others: [a!.craft({ seq: 99, mother: HASH })] })],
    ],
    ['a child before its mother', ([, b]) => [b!.say(), b!.say()].reverse()],
    [
      'an op that is its own father',
      ([, b]) => [b!.craft({ seq: 1, others: [b!.craft({ seq: 1 })] })],
    ],
    [
      'the same father twice',
      ([a, b]) => [b!.craft({ seq: 1, others: [a!.said[0]!, a!.said[1]!] })],
    ],
    ['seq 0', ([, b]) => [b!.craft({ seq: 0 })]],
    ['no parents at all', ([, b]) => [{ ...b!.say(), extensions: new Uint8Array(0) }]],
    ['extensions that are noise', ([, b]) => [{ ...b!.say(), extensions: new Uint8Array([9, 9]) }]],
    ['no signature', ([, b]) => [{ ...b!.say(), signature: undefined }]],
    ['a payload over the limit', ([, b]) => [b!.say([], new Uint8Array(4097))]],
    ['a height already passed', ([a]) => [a!.said[0]!]],
  ])('%s', (_about, opsOf) => {
    const { net, alpha, beta, authors } = open()
    const before = [...alpha.shelf.ops.values()].map(ops => [...ops.keys()])
    const { exchange } = word(alpha)
    net.inject(beta, alpha, first(exchange, { ops: opsOf(authors) }))
    expect([...alpha.shelf.ops.values()].map(ops => [...ops.keys()])).toEqual(before)
    expect(alpha.delivered).toEqual([])
    expect(alpha.history.snapshot()).toMatchObject({ exchanges: [], waiting: 0 })
    expect(alpha.said.at(-1)!.message).toEqual({
      type: 'exchange-error',
      exchange,
      code: 'bad-ops',
    })
    expect(alpha.blames).toMatchObject([{ peer: beta.id, reason: 'bad-exchange' }])
  })

  it('what is right before the op that is wrong stays', () => {
    const { net, alpha, beta, authors } = open()
    const [, b] = authors as [Author, Author]
    const good = [b.say(), b.say()]
    const { exchange } = word(alpha)
    net.inject(beta, alpha, first(exchange, { ops: [...good, b.craft({ seq: 9, mother: HASH })] }))
    expect([...alpha.shelf.ops.get(b.id)!.keys()]).toEqual([1, 2])
    expect(alpha.delivered.map(({ message }) => message)).toEqual(good)
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })

  it('an oversized wave', () => {
    const { net, alpha, beta, authors } = open()
    const [, b] = authors as [Author, Author]
    const ops = Array.from({ length: 65 }, () => b.say([], new Uint8Array(4096)))
    expect(65 * 4096).toBeGreaterThan(LARGEST_WAVE_BYTES)
    net.inject(beta, alpha, first(word(alpha).exchange, { ops }))
    expect(alpha.shelf.ops.get(b.id)).toBeUndefined()
    expect(alpha.blames).toMatchObject([{ reason: 'limit-exceeded' }])
    expect(alpha.history.snapshot().exchanges).toEqual([])
  })

  it.each<[string, (authors: Author[]) => Partial<First>]>([
    ['a lane we did not name', ([, b]) => ({ tides: [{ author: b!.id, seq: 1, hash: NO_HASH }] })],
    ['a height above ours', ([a]) => ({ tides: [{ author: a!.id, seq: 9, hash: NO_HASH }] })],
    ['a lane named twice', ([a]) => ({ tides: [at(a!.said[0]!), at(a!.said[0]!)] })],
    ['a root named twice', ([a]) => ({ roots: [at(a!.said[0]!), at(a!.said[0]!)] })],
  ])('a first wave that says it is behind in %s', (_about, more) => {
    const { net, alpha, beta, authors } = open()
    const { exchange } = word(alpha)
    net.inject(beta, alpha, first(exchange, more(authors)))
    expect(alpha.said.at(-1)!.message).toMatchObject({ type: 'exchange-error', code: 'violation' })
    expect(alpha.blames).toHaveLength(1)
  })
})

describe('heights that lie', () => {
  it('who claims more than it gives is blamed', () => {
    const { net, alpha, beta, authors } = open()
    const [a] = authors as [Author]
    const tides = [{ author: a.id, seq: 1000, hash: NO_HASH }]
    net.inject(beta, alpha, { type: 'tidal-wave', exchange: 7, tides })
    net.inject(beta, alpha, { type: 'second-wave', exchange: 7, roots: [], ops: [], left: 0 })
    expect(alpha.blames).toMatchObject([{ reason: 'broken-promise' }])
    expect(alpha.history.snapshot().lanes).toBe(1)
  })

  it('a lane that nobody knows is not believed without an op of it', () => {
    const { net, alpha, beta } = open()
    const roots = [{ author: new Author(new Random(8)).id, seq: 2 ** 50, hash: NO_HASH }]
    net.inject(beta, alpha, first(word(alpha).exchange, { roots }))
    expect(alpha.history.snapshot().lanes).toBe(1)
  })

  it('heights only rise: who names lower ones is blamed and given nothing', () => {
    const { net, alpha, beta, authors } = open()
    const [a] = authors as [Author]
    net.inject(beta, alpha, { type: 'tidal-wave', exchange: 7, tides: [at(a.said[2]!)] })
    net.inject(beta, alpha, { type: 'second-wave', exchange: 7, roots: [], ops: [], left: 0 })
    net.inject(beta, alpha, { type: 'tidal-wave', exchange: 8, tides: [] })
    expect(alpha.said.at(-1)!.message).toMatchObject({ exchange: 8, code: 'violation' })
    expect(alpha.blames).toHaveLength(1)
  })

  it('who asks for the same again and again is blamed in the end', () => {
    const { net, alpha, beta } = open()
    for (let exchange = 7; exchange < 20; exchange++) {
      net.inject(beta, alpha, { type: 'tidal-wave', exchange, tides: [] })
      net.inject(beta, alpha, { type: 'second-wave', exchange, roots: [], ops: [], left: 0 })
    }
    const given = alpha.said.filter(({ message }) => message.type === 'first-wave').length
    expect(given).toBe(9)
    expect(alpha.blames.length).toBeGreaterThan(0)
  })

  it('a gap that one of several peers claims is not passed over; two may', () => {
    const net = network()
    const [alpha, beta, gamma] = net.add(3) as [TestPeer, TestPeer, TestPeer]
    const a = new Author(new Random(3))
    for (let i = 0; i < 9; i++) a.say()
    net.fill(alpha, a.said.slice(0, 2))
    for (const peer of [beta, gamma]) {
      net.fill(peer, a.said)
      peer.shelf.trim(a.id, 6)
      net.reload(peer)
    }
    net.link(alpha, beta)
    const lone = net.add()[0]!
    net.link(alpha, lone)
    net.run(10_000)
    expect(alpha.shelf.lanes.get(a.id)!.height).toBe(2)
    net.link(alpha, gamma)
    net.run(60_000)
    expect(alpha.shelf.lanes.get(a.id)).toMatchObject({ height: 9, oldest: 6 })
    expect(alpha.events.filter(({ type }) => type === 'historyGap')).toEqual([
      { type: 'historyGap', author: a.id, first: 3, last: 5 },
    ])
    expect([...alpha.blames, ...beta.blames, ...gamma.blames]).toEqual([])
  })
})

describe('exchanges that are no exchanges', () => {
  it('a replayed exchange is refused and gives nothing', () => {
    const { net, alpha, beta } = open()
    const opening: HistoryMessage = { type: 'tidal-wave', exchange: 7, tides: [] }
    net.inject(beta, alpha, opening)
    net.inject(beta, alpha, { type: 'second-wave', exchange: 7, roots: [], ops: [], left: 0 })
    net.inject(beta, alpha, opening)
    expect(alpha.said.at(-1)!.message).toMatchObject({ code: 'unknown-exchange', exchange: 7 })
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })

  it('ops for an exchange nobody opened are not kept', () => {
    const { net, alpha, beta, authors } = open()
    const [, b] = authors as [Author, Author]
    const ops = [b.say()]
    net.inject(beta, alpha, first(0xdead, { ops }))
    net.inject(beta, alpha, { type: 'second-wave', exchange: 0xdead, roots: [], ops, left: 0 })
    net.inject(beta, alpha, { type: 'ripple', exchange: 0xdead, ops, left: 0 })
    expect(alpha.shelf.ops.get(b.id)).toBeUndefined()
    expect(alpha.blames).toHaveLength(3)
    expect(alpha.history.expects(beta.id, 0xdead)).toBe(false)
    expect(alpha.history.expects(beta.id, word(alpha).exchange)).toBe(true)
  })

  it('a thousand openings leave one exchange open', () => {
    const { net, alpha, beta } = open()
    for (let exchange = 1; exchange <= 1000; exchange++) {
      net.inject(beta, alpha, { type: 'tidal-wave', exchange, tides: [] })
    }
    const { exchanges } = alpha.history.snapshot()
    expect(exchanges.filter(({ opened }) => !opened).length).toBeLessThanOrEqual(1)
  })
})

describe('forks', () => {
  it('are proven by the ops themselves: the lane freezes, the event says so, and all else goes on', () => {
    const { net, alpha, beta, a, b } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    for (const peer of [alpha, beta]) {
      expect(peer.events.filter(({ type }) => type === 'fork')).toEqual([
        { type: 'fork', author: a.id, seq: 3 },
      ])
      expect(peer.shelf.lanes.get(a.id)).toMatchObject({ height: 3, frozen: true })
      expect(peer.shelf.lanes.get(b.id)).toMatchObject({ height: 2 })
    }
    expect([...alpha.blames, ...beta.blames]).toEqual([])
  })

  it('two that froze a lane call themselves equal again, and sleep', () => {
    const { net, alpha, beta } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    expect(String(alpha.history.snapshot().digest)).toBe(String(beta.history.snapshot().digest))
    expect(alpha.history.nextDeadline).toBeUndefined()
  })

  it('what its author says after that is refused, also live and after a reload', () => {
    const { net, alpha, beta, a } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    net.reload(alpha)
    const before = alpha.delivered.length
    net.live(alpha, a.say(), beta)
    expect(alpha.shelf.lanes.get(a.id)).toMatchObject({ height: 3, frozen: true })
    expect(alpha.delivered).toHaveLength(before)
  })

  it('an op on a mother that is not ours is one', () => {
    const { net, alpha, beta, authors } = open()
    const [a] = authors as [Author]
    const other = a.craft({ seq: 4, mother: HASH })
    net.inject(beta, alpha, first(word(alpha).exchange, { ops: [other] }))
    expect(alpha.events).toContainEqual({ type: 'fork', author: a.id, seq: 3 })
    expect(alpha.shelf.lanes.get(a.id)).toMatchObject({ height: 3, frozen: true })
  })

  it('a hash beside a height, that no op proves, freezes nothing', () => {
    const { net, alpha, beta, authors } = open()
    const [a] = authors as [Author]
    const tides = [{ author: a.id, seq: 3, hash: new Uint8Array(4).fill(1) }]
    net.inject(beta, alpha, { type: 'tidal-wave', exchange: 7, tides })
    expect(alpha.said.at(-1)!.message).toMatchObject({ type: 'first-wave', ops: [a.said[2]] })
    net.inject(beta, alpha, { type: 'second-wave', exchange: 7, roots: [], ops: [], left: 0 })
    expect(alpha.events.filter(({ type }) => type === 'fork')).toEqual([])
    expect(alpha.shelf.lanes.get(a.id)!.frozen).toBe(false)
  })

  it('who builds on a frozen lane is not held up by it', () => {
    const { net, alpha, beta, a } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    const c = new Author(new Random(12))
    net.live(beta, c.say([a.craft({ seq: 7, mother: HASH })]), beta)
    net.run(30_000)
    expect(areEqual(alpha, beta)).toBe(true)
    expect(alpha.shelf.lanes.get(c.id)!.height).toBe(1)
  })
})

describe('a frozen lane', () => {
  it('is not asked for', () => {
    const { net, alpha, beta, a } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    const tides = [{ author: a.id, seq: 9, hash: HASH.slice(0, 4) }]
    net.inject(beta, alpha, { type: 'tidal-wave', exchange: 7, tides })
    expect(alpha.said.at(-1)!.message).toMatchObject({ type: 'first-wave', tides: [] })
  })

  it('holds up nobody who never heard of the fork, and gets no honest peer blamed', () => {
    const { net, alpha, beta, a } = forked()
    net.link(alpha, beta)
    net.run(30_000)
    const c = new Author(new Random(12))
    net.live(beta, c.say([a.craft({ seq: 7, mother: HASH })]), beta)
    const gamma = net.add()[0]!
    net.link(beta, gamma)
    net.run(30_000)
    expect(gamma.shelf.lanes.get(c.id)!.height).toBe(1)
    expect(gamma.blames).toEqual([])
  })
})

type First = Extract<HistoryMessage, { type: 'first-wave' }>

function network() {
  return new HistoryNetwork({ reconciler: options => new Wavefront(options) })
}

/** Alpha keeps three ops of one author, has asked Beta, and waits for its first wave. */
function open() {
  const net = network()
  const [one, other] = net.add(2) as [TestPeer, TestPeer]
  const [alpha, beta] = one.id < other.id ? [one, other] : [other, one]
  const random = new Random(3)
  const authors = [new Author(random), new Author(random)]
  for (let i = 0; i < 3; i++) authors[0]!.say()
  net.fill(alpha, authors[0]!.said)
  net.filter = () => false
  net.link(alpha, beta)
  net.inject(beta, alpha, { type: 'frontier', digest: new Uint8Array(8).fill(9), ready: true })
  expect(alpha.history.snapshot().exchanges).toHaveLength(1)
  return { net, alpha, beta, authors }
}

/** Two peers, and an author who told them different things in third place. */
function forked() {
  const net = network()
  const [alpha, beta] = net.add(2) as [TestPeer, TestPeer]
  const random = new Random(5)
  const [a, b] = [new Author(random), new Author(random)]
  a.say()
  a.say()
  b.say([a.said[1]!])
  b.say()
  const mother = hashOf(a.said[1]!)
  const left = a.craft({ seq: 3, mother, payload: new Uint8Array([1]) })
  const right = a.craft({ seq: 3, mother, payload: new Uint8Array([2]) })
  net.fill(alpha, [...a.said, left])
  net.fill(beta, [...a.said, ...b.said, right])
  a.said.push(signed(left))
  return { net, alpha, beta, a, b }
}

function word(peer: TestPeer) {
  const said = peer.said.map(({ message }) => message).find(({ type }) => type === 'tidal-wave')
  return said as Extract<HistoryMessage, { type: 'tidal-wave' }>
}

function first(exchange: number, more: Partial<First> = {}): HistoryMessage {
  return { type: 'first-wave', exchange, tides: [], roots: [], ops: [], left: 0, ...more }
}

function at(message: Message): Mark {
  return { author: message.author, seq: message.seq, hash: shortHash(hashOf(message)) }
}

const HASH = new Uint8Array(32).fill(1)
