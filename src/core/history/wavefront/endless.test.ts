import { describe, expect, it } from 'vitest'
import type { HistoryMessage } from '../../io.js'
import type { Message } from '../../message.js'
import { Random } from '../../random.js'
import { Author } from '../author.suite.js'
import { NO_HASH } from '../lane.js'
import { HistoryNetwork, type TestPeer } from '../network.suite.js'
import { MOST_LANES } from '../records.js'
import type { Mark } from './messages.js'
import { Wavefront } from './wavefront.js'

describe('who gives without end', () => {
  it('and nothing, saying that there is more, does not keep others from giving', () => {
    const { alpha, answer, gets } = between()
    answer(exchange => first(exchange, { left: 1 }))
    expect(gets()).toBe(true)
    // No word follows at once upon the other, either.
    expect(alpha.said.filter(({ message }) => message.type === 'tidal-wave').length).toBeLessThan(
      60,
    )
  })

  it('one op an exchange, does not keep others from giving', () => {
    const { answer, gets, own } = between()
    answer(exchange => first(exchange, { ops: [own.say()], left: 1 }))
    expect(gets()).toBe(true)
  })

  it('one op a second, part by part, does not keep others from giving', () => {
    const { answer, gets, own } = between()
    answer((exchange, part) => piece(exchange, part, { ops: [own.say()], left: 2 ** 40 - part }))
    expect(gets()).toBe(true)
  })

  it('more than it said at first has violated the rules', () => {
    const { alpha, own, open, hear } = between()
    const exchange = open()
    hear(piece(exchange, 1, { ops: [own.say()], left: 3 }))
    hear(piece(exchange, 2, { ops: [own.say()], left: 3 }))
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
    expect(alpha.shelf.ops.get(own.id)!.size).toBe(1)
  })

  it('bundles are as much less as they hold messages', () => {
    for (const [left, blamed] of [
      [6, 0],
      [7, 1],
    ] as const) {
      const { alpha, own, open, hear } = between()
      const exchange = open()
      hear(piece(exchange, 1, { ops: [own.say()], left: 11 }))
      hear(piece(exchange, 2, { ops: [own.sayBundle(5)], left }))
      expect(alpha.blames).toHaveLength(blamed)
    }
  })

  it('the same op twice in a wave has violated the rules', () => {
    const { alpha, own, open, hear } = between()
    const exchange = open()
    const op = own.say()
    hear(piece(exchange, 1, { ops: [op], left: 3 }))
    hear(piece(exchange, 2, { ops: [op], left: 2 }))
    expect(alpha.said.map(({ message }) => message)).toContainEqual({
      type: 'exchange-error',
      exchange,
      code: 'bad-ops',
    })
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })

  it('names of lanes has violated the rules', () => {
    const { alpha, own, open, hear } = between()
    const random = new Random(9)
    const roots = (): Mark[] =>
      Array.from({ length: MOST_LANES / 2 + 1 }, () => ({
        author: new Author(random).id,
        seq: 5,
        hash: NO_HASH,
      }))
    const exchange = open()
    for (let part = 1; part < 3; part++) {
      hear(piece(exchange, part, { ops: [own.say()], roots: roots(), left: 9 - part }))
    }
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
  })
})

describe('a second wave', () => {
  it.each<[string, (a: Author, b: Author) => Message]>([
    ['of a lane we did not name', (_a, b) => b.say()],
    ['above the height it named', a => a.say()],
  ])('with an op %s has violated the rules', (_about, opOf) => {
    const { alpha, own: a, hear } = between()
    const b = new Author(new Random(13))
    a.say()
    hear({ type: 'tidal-wave', exchange: 7, tides: [{ author: a.id, seq: 1, hash: NO_HASH }] })
    const ops = [a.said[0]!, opOf(a, b)]
    hear({ type: 'second-wave', exchange: 7, roots: [], ops, left: 0 })
    expect(alpha.blames).toMatchObject([{ reason: 'bad-exchange' }])
    expect([...alpha.shelf.ops.get(a.id)!.keys()]).toEqual([1])
    expect(alpha.shelf.ops.get(b.id)).toBeUndefined()
  })
})

describe('who asks without end', () => {
  it('for roots is refused in the end', () => {
    const { alpha, hear } = between(3)
    for (let exchange = 7; exchange < 40; exchange++) hear({ type: 'sharp', exchange, tides: [] })
    const given = alpha.said.filter(({ message }) => message.type === 'coherent').length
    expect(given).toBeLessThan(12)
    expect(alpha.blames.length).toBeGreaterThan(0)
  })

  it('for the same ops, while heights rise that nobody knows, is refused in the end', () => {
    const { alpha, hear, own } = between(3)
    for (let exchange = 7; exchange < 40; exchange++) {
      const tides = [{ author: own.id, seq: exchange, hash: NO_HASH }]
      hear({ type: 'tidal-wave', exchange, tides })
      hear({ type: 'exchange-error', exchange, code: 'failed' })
    }
    const given = alpha.said.filter(({ message }) => message.type === 'first-wave').length
    expect(given).toBeLessThan(12)
  })
})

/** Alpha, who has something of its own, with Beta, who is hostile, and Gamma, who keeps what Alpha lacks. */
function between(kept = 1) {
  const net = new HistoryNetwork({ reconciler: options => new Wavefront(options) })
  const peers = net.add(3).sort((a, b) => (a.id < b.id ? -1 : 1))
  const [alpha, beta, gamma] = peers as [TestPeer, TestPeer, TestPeer]
  const random = new Random(3)
  const [a, c, own] = [new Author(random), new Author(random), new Author(random)]
  for (let i = 0; i < kept; i++) a.say()
  for (let i = 0; i < 300; i++) c.say()
  net.fill(alpha, a.said)
  net.fill(gamma, [...a.said, ...c.said])
  const hear = (message: HistoryMessage) => net.inject(beta, alpha, message)
  let digest = 0
  const differ = () =>
    hear({ type: 'frontier', digest: new Uint8Array(8).fill(++digest), ready: true })
  let asked: number | undefined
  net.filter = (from, to, message) => {
    if (to === beta && message.type === 'tidal-wave') asked = message.exchange
    return from !== beta && to !== beta
  }
  net.link(alpha, beta)
  const open = () => {
    differ()
    return asked!
  }
  return {
    ...{ net, alpha, own, hear, open },
    /** Beta answers so whatever it is asked, and a second later says the next. */
    answer: (wordOf: (exchange: number, part: number) => HistoryMessage) => {
      let [exchange, part] = [0, 0]
      const next = (id: number) => {
        if (id !== exchange) part = 0
        exchange = id
        hear(wordOf(id, ++part))
        if (part < 1000) net.later(1_000, () => id === exchange && next(id))
      }
      net.filter = (from, to, message) => {
        if (to === beta && message.type === 'tidal-wave') {
          net.later(5, () => next(message.exchange))
        }
        return from !== beta && to !== beta
      }
      const beat = () => {
        differ()
        net.later(900, beat)
      }
      beat()
    },
    gets: () => {
      net.link(alpha, gamma)
      return net.runUntil(() => alpha.history.has({ author: c.id, seq: 300 }), 60_000)
    },
  }
}

function first(exchange: number, more: object): HistoryMessage {
  return { type: 'first-wave', exchange, tides: [], roots: [], ops: [], left: 0, ...more }
}

function piece(exchange: number, part: number, more: object): HistoryMessage {
  return { type: 'wave-part', exchange, part, roots: [], ops: [], left: 0, ...more }
}
