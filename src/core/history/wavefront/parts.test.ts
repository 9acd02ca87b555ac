import { describe, expect, it } from 'vitest'
import type { HistoryMessage } from '../../io.js'
import { Random } from '../../random.js'
import { Author } from '../author.suite.js'
import { areEqual, deliveredOnce, HistoryNetwork, type TestPeer } from '../network.suite.js'
import { PARTS_UNDER_WAY } from './messages.js'
import { Wavefront } from './wavefront.js'

type Word<T extends HistoryMessage['type']> = Extract<HistoryMessage, { type: T }>

describe('a wave larger than a message', () => {
  it('goes in parts, in one exchange, and its end follows when all were taken in', () => {
    const { net, giver, taker } = pair(1500)
    net.link(giver, taker)
    net.run(5_000)
    const types = words(giver).map(({ type }) => type)
    expect(types).toEqual(['coherent', ...Array(5).fill('wave-part'), 'first-wave'])
    expect(parts(giver).map(({ part }) => part)).toEqual([1, 2, 3, 4, 5])
    expect(parts(giver).map(({ left }) => left)).toEqual([1244, 988, 732, 476, 220])
    expect(words(taker).map(({ type }) => type)).toEqual([
      ...['sharp', 'tidal-wave'],
      ...[...Array(5).fill('wave-taken'), 'second-wave'],
    ])
    expect(areEqual(giver, taker) && deliveredOnce(taker)).toBe(true)
    expect([...giver.blames, ...taker.blames]).toEqual([])
  })

  it('of bundles says how many messages are left, and is taken in', () => {
    const { net, giver, taker } = pair(0)
    const author = new Author(new Random(2))
    net.fill(
      giver,
      Array.from({ length: 600 }, () => author.sayBundle(3)),
    )
    net.link(giver, taker)
    net.run(5_000)
    expect(parts(giver).map(({ left }) => left)).toEqual([1032, 264])
    expect(areEqual(giver, taker)).toBe(true)
    expect([...giver.blames, ...taker.blames]).toEqual([])
  })

  it('goes in parts also as SECOND WAVE', () => {
    const { net, giver, taker } = pair(1500)
    net.fill(taker, [new Author(new Random(2)).say()])
    net.filter = () => false
    net.link(giver, taker)
    net.filter = () => true
    const differs = { type: 'frontier', digest: new Uint8Array(8).fill(1), ready: true } as const
    for (let i = 0; i < 4 && words(giver).length === 0; i++) net.inject(taker, giver, differs)
    net.run(1_000)
    const types = words(giver).map(({ type }) => type)
    expect(types).toEqual(['tidal-wave', ...Array(5).fill('wave-part'), 'second-wave'])
    expect(areEqual(giver, taker)).toBe(true)
  })

  it('goes in parts also as RIPPLE', () => {
    const { net, giver, taker, ops } = pair(0)
    const author = new Author(new Random(2))
    for (let i = 0; i < 600; i++) ops.push(author.say())
    net.filter = (_from, _to, { type }) => type !== 'frontier'
    net.link(giver, taker)
    for (const op of ops) net.live(giver, op, taker)
    giver.said.length = 0
    net.inject(taker, giver, { type: 'sharp', exchange: 5, tides: [] })
    expect(parts(giver)).toHaveLength(2)
    net.inject(taker, giver, { type: 'wave-taken', exchange: 5, parts: 2 })
    expect(words(giver).at(-1)).toMatchObject({ type: 'ripple', left: 0 })
  })

  it('has no more than four of them under way', () => {
    const { net, giver, taker } = pair(4000, 300)
    let most = 0
    let [said, taken] = [0, 0]
    net.filter = (_from, _to, message) => {
      if (message.type === 'wave-part') said = message.part
      most = Math.max(most, said - taken)
      return true
    }
    const { inject } = net
    net.inject = (from, to, message) => {
      if (message.type === 'wave-taken') taken = message.parts
      inject.call(net, from, to, message)
    }
    net.link(giver, taker)
    net.run(20_000)
    expect(areEqual(giver, taker)).toBe(true)
    expect(most).toBe(PARTS_UNDER_WAY)
  })

  it('takes as long as it takes: silence counts from the last part', () => {
    const { net, giver, taker } = pair(6000, 1_000)
    net.link(giver, taker)
    net.run(120_000)
    expect(areEqual(giver, taker)).toBe(true)
    expect(words(giver).filter(({ type }) => type === 'first-wave')).toHaveLength(1)
    expect(giver.count('exchange-timeouts') + taker.count('exchange-timeouts')).toBe(0)
  })

  it('is asked for of one neighbor only, however long it takes', () => {
    const { net, giver, taker, ops } = pair(3000, 900)
    const other = net.add()[0]!
    net.fill(other, ops)
    net.link(giver, taker)
    net.link(other, taker)
    net.run(60_000)
    expect(areEqual(giver, taker) && areEqual(other, taker)).toBe(true)
    const given = [...words(giver), ...words(other)].flatMap(word =>
      'ops' in word ? word.ops : [],
    )
    expect(given).toHaveLength(3000)
  })

  it('that is coming in is not asked for again: who takes it in refuses a TIDAL WAVE, of the same peer too', () => {
    const { net, giver, taker } = midway()
    net.inject(giver, taker, { type: 'tidal-wave', exchange: 9, tides: [] })
    expect(words(taker).at(-1)).toEqual({ type: 'exchange-error', exchange: 9, code: 'busy' })
    expect(taker.blames).toEqual([])
  })

  it('that is being said is not offered again: who says it begins no exchange', () => {
    const { net, giver, taker } = midway()
    const differs = { type: 'frontier', digest: new Uint8Array(8).fill(1), ready: true } as const
    const before = words(giver).length
    for (let i = 0; i < 8; i++) net.inject(taker, giver, differs)
    expect(words(giver)).toHaveLength(before)
  })

  it('that is not taken in gives way to the next exchange: the end of this one was lost', () => {
    const { net, giver, taker } = midway()
    net.filter = () => true
    const { tides } = words(taker).find(({ type }) => type === 'tidal-wave') as Word<'tidal-wave'>
    net.inject(taker, giver, { type: 'tidal-wave', exchange: 9, tides })
    expect(giver.blames).toEqual([])
    expect(parts(giver).at(-1)).toMatchObject({ exchange: 9, part: PARTS_UNDER_WAY })
  })

  it('whose next part the store can not give ends with an error, and what came stays', () => {
    const { net, giver, taker } = pair(1500)
    net.filter = (_from, _to, { type }) => {
      if (type === 'wave-taken') giver.isBroken = true
      return true
    }
    net.link(giver, taker)
    net.run(1_000)
    expect(words(giver)).toContainEqual(expect.objectContaining({ code: 'failed' }))
    expect(taker.shelf.size).toBeGreaterThanOrEqual(256)
    expect(taker.history.snapshot().exchanges).toEqual([])
    expect([...giver.blames, ...taker.blames]).toEqual([])
  })
})

describe('a part', () => {
  it('that was lost ends the exchange, and nobody is blamed', () => {
    const { net, giver, taker } = pair(1500)
    net.filter = (_from, _to, message) => message.type !== 'wave-part' || message.part !== 2
    net.link(giver, taker)
    net.run(1_000)
    expect(words(taker).at(-1)).toMatchObject({ type: 'exchange-error', code: 'lost' })
    expect([...giver.blames, ...taker.blames]).toEqual([])
    net.filter = () => true
    net.run(30_000)
    expect(areEqual(giver, taker) && deliveredOnce(taker)).toBe(true)
  })

  it.each<[string, (part: Word<'wave-part'>) => Word<'wave-part'>, string, string]>([
    ['comes twice', part => part, 'violation', 'bad-exchange'],
    [
      'is far ahead of what was taken in',
      part => ({ ...part, part: part.part + 1 + PARTS_UNDER_WAY }),
      ...(['violation', 'bad-exchange'] as const),
    ],
    ['brings nothing', part => next({ ...part, ops: [] }), 'violation', 'bad-exchange'],
    [
      'names a root twice',
      part => next({ ...part, roots: [mark(), mark()] }),
      ...(['violation', 'bad-exchange'] as const),
    ],
    [
      'brings an op without its mother',
      part => next({ ...part, left: 1, ops: [part.ops[5]!, ...far()] }),
      ...(['bad-ops', 'bad-exchange'] as const),
    ],
    [
      'is too large',
      part => next({ ...part, ops: [...large()] }),
      ...(['violation', 'limit-exceeded'] as const),
    ],
  ])('that %s ends the exchange and is blamed', (_about, change, code, reason) => {
    const { net, giver, taker } = midway()
    const [last] = parts(giver).slice(-1)
    net.inject(giver, taker, change(last!))
    expect(taker.history.snapshot().exchanges).toEqual([])
    expect(words(taker).at(-1)).toMatchObject({ type: 'exchange-error', code })
    expect(taker.blames.map(blame => blame.reason)).toEqual([reason])
  })

  it('while it is our turn ends the exchange', () => {
    const { net, giver, taker, ops } = pair(10)
    net.link(giver, taker)
    net.run(5_000)
    const part: HistoryMessage = {
      ...{ type: 'wave-part', exchange: 9, part: 1, roots: [], ops, left: 0 },
    }
    giver.storeMs = 100
    net.inject(taker, giver, { type: 'tidal-wave', exchange: 9, tides: [] })
    net.inject(taker, giver, part)
    expect(giver.history.snapshot().exchanges).toEqual([])
    expect(giver.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })

  it('of an exchange nobody opened is blamed, and nothing of it is kept', () => {
    const { net, giver, taker } = pair(10)
    net.filter = () => false
    net.link(giver, taker)
    const ops = [new Author(new Random(5)).say()]
    net.inject(giver, taker, { type: 'wave-part', exchange: 9, part: 1, roots: [], ops, left: 0 })
    expect(taker.blames).toMatchObject([{ reason: 'unasked-reply' }])
    expect(taker.shelf.size).toBe(0)
  })

  it('that was on its way when its exchange ended is no lie; more than could be are', () => {
    const { net, giver, taker } = midway()
    const [last] = parts(giver).slice(-1)
    const { exchange } = last!
    net.inject(giver, taker, { type: 'exchange-error', exchange, code: 'failed' })
    for (let i = 0; i < PARTS_UNDER_WAY; i++) net.inject(giver, taker, last!)
    expect(taker.blames).toEqual([])
    net.inject(giver, taker, last!)
    expect(taker.blames).toMatchObject([{ reason: 'unasked-reply' }])
  })
})

describe('who took in a part', () => {
  it.each([
    ['that was not said', 9],
    ['that it took in before', 1],
  ])('%s has violated the rules', (_about, count) => {
    const { net, giver, taker } = pair(4000)
    let taken = 0
    net.filter = (_from, _to, { type }) => type !== 'wave-taken' || taken++ === 0
    net.link(giver, taker)
    net.run(1_000)
    const { exchange } = parts(giver)[0]!
    net.inject(taker, giver, { type: 'wave-taken', exchange, parts: count })
    expect(giver.history.snapshot().exchanges.filter(({ opened }) => !opened)).toEqual([])
    expect(giver.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })

  it('of a wave nobody says is blamed', () => {
    const { net, giver, taker } = pair(10)
    net.link(giver, taker)
    net.run(5_000)
    net.inject(taker, giver, { type: 'wave-taken', exchange: 9, parts: 1 })
    expect(giver.blames).toMatchObject([{ reason: 'unasked-reply' }])
  })

  it('says so only while there is room for more', () => {
    const { net, giver, taker } = pair(4000)
    taker.storeMs = 5_000
    net.link(giver, taker)
    net.run(4_000)
    // 512 may wait for the store, and what was on its way came too.
    const said = words(taker).filter(({ type }) => type === 'wave-taken')
    expect(said.map(word => (word as Word<'wave-taken'>).parts)).toEqual([1, 2, 3])
    expect(taker.delivered).toHaveLength((3 + PARTS_UNDER_WAY) * 256)
    taker.storeMs = 5
    net.run(20_000)
    expect(areEqual(giver, taker)).toBe(true)
  })
})

/** One that keeps so many ops of one author, and one that is new. */
function pair(count: number, latencyMs = 20) {
  const net = new HistoryNetwork({ reconciler: options => new Wavefront(options), latencyMs })
  const [giver, taker] = net.add(2) as [TestPeer, TestPeer]
  const author = new Author(new Random(1))
  for (let i = 0; i < count; i++) author.say()
  net.fill(giver, author.said)
  return { net, giver, taker, ops: author.said }
}

/** The first part has been taken in, and the rest does not come. */
function midway() {
  const given = pair(1500)
  const { net } = given
  net.filter = (_from, _to, message) => message.type !== 'wave-part' || message.part === 1
  net.link(given.giver, given.taker)
  net.run(1_000)
  given.giver.said.length = given.giver.said.findIndex(({ message }) => isSecond(message))
  expect(given.taker.history.snapshot().exchanges).toHaveLength(1)
  return given
}

function isSecond(message: HistoryMessage): boolean {
  return message.type === 'wave-part' && message.part === 2
}

function next(part: Word<'wave-part'>): Word<'wave-part'> {
  return { ...part, part: part.part + 1 }
}

function words(peer: TestPeer): HistoryMessage[] {
  return peer.said.map(({ message }) => message).filter(({ type }) => type !== 'frontier')
}

function parts(peer: TestPeer): Word<'wave-part'>[] {
  return words(peer).filter(word => word.type === 'wave-part')
}

function mark() {
  return { author: new Author(new Random(77)).id, seq: 1, hash: new Uint8Array(4) }
}

function far() {
  return [new Author(new Random(6)).craft({ seq: 5, mother: new Uint8Array(32) })]
}

function large() {
  const author = new Author(new Random(6))
  return Array.from({ length: 65 }, () => author.say([], new Uint8Array(4096)))
}
