import { describe, expect, it } from 'vitest'
import type { HistoryMessage } from '../../io.js'
import type { Message } from '../../message.js'
import { Random } from '../../random.js'
import { Author, hashOf } from '../author.suite.js'
import { areEqual, HistoryNetwork, type TestPeer } from '../network.suite.js'
import { shortHash } from '../op.js'
import type { Mark } from './messages.js'
import { Wavefront } from './wavefront.js'

type Word<T extends HistoryMessage['type']> = Extract<HistoryMessage, { type: T }>

// What the seed says of it, in the seed's order: "A prior rule takes precedency over a later rule."

describe('communication rules between a pair of nodes', () => {
  describe('1. if a communication error or rule violation occurs the connection must be closed', () => {
    it.each<[string, (id: number) => HistoryMessage]>([
      ['a second TIDAL WAVE in it', id => tidal(id)],
      ['a SHARP in it', id => ({ type: 'sharp', exchange: id, tides: [] })],
      ['a lane named twice', id => second(id, { roots: [mark(), mark()] })],
    ])('%s ends the exchange that waits for a SECOND WAVE', (_about, word) => {
      const { net, beta, alpha } = pair()
      net.inject(alpha, beta, tidal(5))
      expect(exchanges(beta)).toHaveLength(1)
      net.inject(alpha, beta, word(5))
      expect(exchanges(beta)).toEqual([])
      expect(beta.blames.map(({ reason }) => reason)).toContain('bad-exchange')
    })

    it('silence ends it', () => {
      const { net, beta, alpha } = pair()
      net.filter = () => false
      net.inject(alpha, beta, tidal(5))
      net.run(9_999)
      expect(exchanges(beta)).toHaveLength(1)
      net.run(2)
      expect(exchanges(beta)).toEqual([])
    })

    it('a word of an exchange that is closed opens nothing', () => {
      const { net, beta, alpha } = pair()
      net.inject(alpha, beta, tidal(5))
      net.inject(alpha, beta, second(5))
      net.inject(alpha, beta, second(5))
      net.inject(alpha, beta, tidal(5))
      expect(exchanges(beta)).toEqual([])
      expect(words(beta).at(-1)).toMatchObject({ type: 'exchange-error', code: 'unknown-exchange' })
    })
  })

  describe('2. it should stay open until a result or an error is exchanged, then it must be closed', () => {
    it('a result ends it on both sides', () => {
      const { net, alpha, beta } = pair()
      const open: number[] = []
      net.filter = (_from, to, { type }) => {
        if (type === 'first-wave') open.push(exchanges(to).length)
        return true
      }
      begin(net, alpha, beta)
      net.run(1_000)
      expect(open).toEqual([1])
      expect([...exchanges(alpha), ...exchanges(beta)]).toEqual([])
      expect(words(alpha).map(({ type }) => type)).toEqual(['tidal-wave', 'second-wave'])
    })

    it('an error ends it, and is not answered', () => {
      const { net, alpha, beta } = pair()
      net.inject(alpha, beta, tidal(5))
      const before = words(beta).length
      net.inject(alpha, beta, { type: 'exchange-error', exchange: 5, code: 'failed' })
      expect(exchanges(beta)).toEqual([])
      expect(words(beta)).toHaveLength(before)
    })
  })

  it('3. a node may initiate a connection with any node', () => {
    const net = new HistoryNetwork({ reconciler: options => new Wavefront(options) })
    const peers = net.add(5)
    for (const peer of peers) net.say(peer)
    for (const a of peers) for (const b of peers) if (a.id < b.id) net.link(a, b)
    net.run(60_000)
    for (const peer of peers) expect(areEqual(peer, peers[0]!)).toBe(true)
  })

  it('4. a node which initiates must send a message, and must send the first', () => {
    const { net, alpha, beta } = pair()
    begin(net, alpha, beta)
    expect(words(alpha)).toHaveLength(1)
    expect(words(beta)).toHaveLength(0)
  })

  describe('5. the first message must be a method', () => {
    it.each<HistoryMessage>([
      { type: 'coherent', exchange: 5, roots: [] },
      { type: 'ripple', exchange: 5, ops: [], left: 0 },
      { type: 'second-wave', exchange: 5, roots: [], ops: [], left: 0 },
    ])('a $type is a result: it opens nothing, is not answered, and is blamed', word => {
      const { net, alpha, beta } = pair()
      net.inject(alpha, beta, word)
      expect(exchanges(beta)).toEqual([])
      expect(words(beta)).toEqual([])
      expect(beta.blames).toHaveLength(1)
    })

    it('a first wave answers a tidal wave, and opens nothing', () => {
      const { net, alpha, beta } = pair()
      net.inject(alpha, beta, first(5))
      expect(exchanges(beta)).toEqual([])
      expect(words(beta)).toMatchObject([{ type: 'exchange-error', code: 'unknown-exchange' }])
    })
  })

  describe('6. any method must be answered with another method or a result or an error', () => {
    it.each<[string, HistoryMessage]>([
      ['sharp', { type: 'sharp', exchange: 5, tides: [] }],
      ['tidal wave', tidal(5)],
      ['first wave', first(5)],
      ['tidal wave with a lane named twice', tidal(5, [mark(), mark()])],
    ])('%s', (_about, word) => {
      for (const isNew of [false, true]) {
        const { net, alpha, beta } = pair({ isNew })
        net.inject(alpha, beta, word)
        expect(words(beta)).toHaveLength(1)
        expect(words(beta)[0]).toMatchObject({ exchange: 5 })
      }
    })

    it('also where the store fails', () => {
      const { net, alpha, beta } = pair()
      beta.isBroken = true
      net.inject(alpha, beta, tidal(5, []))
      expect(words(beta)).toMatchObject([{ type: 'exchange-error', code: 'failed' }])
      expect(exchanges(beta)).toEqual([])
    })
  })

  describe('half-duplex', () => {
    it('who speaks out of turn has violated the rules', () => {
      const { net, alpha, beta } = pair()
      beta.storeMs = 100
      net.inject(alpha, beta, tidal(5, []))
      // Beta is reading what it will say.
      net.inject(alpha, beta, second(5))
      expect(exchanges(beta)).toEqual([])
      expect(beta.blames).toMatchObject([{ reason: 'bad-exchange' }])
      net.run(1_000)
      expect(words(beta).filter(({ type }) => type === 'first-wave')).toEqual([])
    })

    it('a second exchange while it is our turn in the first is refused', () => {
      const { net, alpha, beta } = pair()
      beta.storeMs = 100
      net.inject(alpha, beta, tidal(5, []))
      net.inject(alpha, beta, tidal(6, []))
      expect(words(beta)).toMatchObject([{ type: 'exchange-error', exchange: 6, code: 'busy' }])
      net.run(1_000)
      expect(words(beta).at(-1)).toMatchObject({ type: 'first-wave', exchange: 5 })
    })

    it('two that begin at once both come to an end: there is no breaking wave', () => {
      const { net, alpha, beta } = pair()
      begin(net, alpha, beta)
      begin(net, beta, alpha)
      net.run(1_000)
      expect(areEqual(alpha, beta)).toBe(true)
      expect([...exchanges(alpha), ...exchanges(beta)]).toEqual([])
      expect([...alpha.blames, ...beta.blames]).toEqual([])
    })
  })
})

describe('wavefront response patterns', () => {
  it('method SHARP → result COHERENT: where each lane begins', () => {
    const { net, alpha, beta, authors } = pair()
    const [a, , c] = authors
    const trimmed = [beta.shelf.trim(c.id, 3)]
    net.act(beta, history => history.trimmed(trimmed))
    net.inject(alpha, beta, { type: 'sharp', exchange: 5, tides: [] })
    const { roots } = words(beta)[0] as Word<'coherent'>
    expect(words(beta)[0]!.type).toBe('coherent')
    expect(roots.find(({ author }) => author === a.id)).toEqual(at(a.said[0]!))
    expect(roots.find(({ author }) => author === c.id)).toEqual(at(c.said[2]!))
    expect(exchanges(beta)).toEqual([])
  })

  it('method SHARP → result RIPPLE from one that is new too: all it holds that was not listed', () => {
    const { net, alpha, beta, authors } = pair({ isNew: true })
    const [a, b] = authors
    for (const message of [...a.said.slice(0, 2), ...b.said.slice(0, 2)]) {
      net.live(beta, message, alpha)
    }
    net.inject(alpha, beta, { type: 'sharp', exchange: 5, tides: [at(a.said[1]!)] })
    const { ops, left } = words(beta)[0] as Word<'ripple'>
    expect(ops).toEqual(b.said.slice(0, 2))
    expect(left).toBe(0)
    expect(exchanges(beta)).toEqual([])
  })

  it('after COHERENT a TIDAL WAVE follows', () => {
    const { net, alpha, beta } = pair({ isNew: true, holder: 'alpha' })
    net.link(alpha, beta)
    net.run(5_000)
    expect(words(beta).map(({ type }) => type)).toEqual(['sharp', 'tidal-wave', 'second-wave'])
    expect(words(alpha).map(({ type }) => type)).toEqual(['coherent', 'first-wave'])
    expect(areEqual(alpha, beta)).toBe(true)
  })

  it('COHERENT to one that is in contact changes nothing', () => {
    const { net, alpha, beta } = pair({ isNew: true })
    net.inject(alpha, beta, { type: 'frontier', digest: new Uint8Array(8).fill(1), ready: true })
    const { exchange } = words(beta)[0] as Word<'sharp'>
    net.act(beta, history => history.neighborUp(net.now, alpha.id))
    net.inject(alpha, beta, { type: 'coherent', exchange, roots: [mark()] })
    expect(beta.history.snapshot().lanes).toBe(0)
  })

  it('method TIDAL WAVE → error from one that is new', () => {
    const { net, alpha, beta } = pair({ isNew: true })
    net.inject(alpha, beta, tidal(5))
    expect(words(beta)).toEqual([{ type: 'exchange-error', exchange: 5, code: 'not-ready' }])
  })

  it('method TIDAL WAVE → method FIRST WAVE', () => {
    const { net, alpha, beta } = pair()
    net.inject(alpha, beta, tidal(5))
    expect(words(beta)).toMatchObject([{ type: 'first-wave', exchange: 5 }])
  })

  it('method FIRST WAVE → error', () => {
    const { net, alpha, beta, authors } = pair()
    begin(net, alpha, beta)
    const { exchange } = words(alpha)[0] as Word<'tidal-wave'>
    const stranger = new Author(new Random(9))
    const orphan = stranger.craft({ seq: 5, mother: hashOf(authors[0].said[0]!) })
    net.inject(beta, alpha, first(exchange, { ops: [orphan] }))
    expect(words(alpha).at(-1)).toEqual({ type: 'exchange-error', exchange, code: 'bad-ops' })
  })

  it('method FIRST WAVE → result SECOND WAVE', () => {
    const { net, alpha, beta } = pair()
    begin(net, alpha, beta)
    const { exchange } = words(alpha)[0] as Word<'tidal-wave'>
    net.inject(beta, alpha, first(exchange))
    expect(words(alpha).at(-1)).toMatchObject({ type: 'second-wave', exchange })
  })

  it('* → error: a first wave where a sharp waits for its answer', () => {
    const { net, alpha, beta } = pair({ isNew: true })
    net.inject(alpha, beta, { type: 'frontier', digest: new Uint8Array(8).fill(1), ready: true })
    const { exchange } = words(beta)[0] as Word<'sharp'>
    net.inject(alpha, beta, first(exchange))
    expect(words(beta).at(-1)).toEqual({ type: 'exchange-error', exchange, code: 'violation' })
  })
})

describe('the worked example of the reference', () => {
  it('message for message', () => {
    const { net, alpha, beta, authors } = pair()
    const [a, b, c, d] = authors
    net.filter = (_from, _to, { type }) => type !== 'frontier'
    begin(net, alpha, beta)
    net.run(1_000)
    const [tidalWave, secondWave] = words(alpha) as [Word<'tidal-wave'>, Word<'second-wave'>]
    const [firstWave] = words(beta) as [Word<'first-wave'>]
    const { exchange } = tidalWave
    // Alpha {a:5, b:2, c:7}
    expect(tidalWave.tides).toEqual([at(a.said[4]!), at(b.said[1]!), at(c.said[6]!)])
    // Beta {a:3, b:4, c:7, d:1}: b3 b4, and d, which Alpha did not mention. Where it is behind: a.
    expect(sorted(firstWave.ops)).toEqual(sorted([b.said[2]!, b.said[3]!, d.said[0]!]))
    expect({ ...firstWave, ops: [] }).toEqual({
      ...{ type: 'first-wave', exchange, tides: [at(a.said[2]!)], roots: [], ops: [], left: 0 },
    })
    // Above what Beta calculates to: a4 a5.
    expect(secondWave).toEqual({
      ...{ type: 'second-wave', exchange, roots: [], ops: [a.said[3]!, a.said[4]!], left: 0 },
    })
    expect([...words(alpha), ...words(beta)]).toHaveLength(3)
    expect(areEqual(alpha, beta)).toBe(true)
    expect(heights(alpha)).toEqual([5, 4, 7, 1])

    function heights(peer: TestPeer): number[] {
      return authors.map(({ id }) => peer.shelf.lanes.get(id)!.height)
    }
  })

  it('heights go also in a first wave without ops, else what is missing would never be sent', () => {
    const { net, alpha, beta, authors } = pair()
    const [a, b, c, d] = authors
    net.fill(alpha, [...b.said.slice(2), ...d.said])
    link(net, alpha, beta)
    begin(net, alpha, beta)
    net.run(100)
    expect(words(beta)[0]).toMatchObject({ type: 'first-wave', ops: [], tides: [at(a.said[2]!)] })
    expect(areEqual(alpha, beta)).toBe(true)
    expect(c.said).toHaveLength(7)
  })
})

it('a second wave goes up to the heights of the tidal wave: what came since may build on what Beta lacks', () => {
  const { net, alpha, beta, authors } = pair()
  const [a] = authors
  begin(net, alpha, beta)
  const { exchange } = words(alpha)[0] as Word<'tidal-wave'>
  const stranger = new Author(new Random(9))
  net.live(alpha, stranger.say(), alpha)
  net.live(alpha, a.say([stranger.said[0]!]), alpha)
  net.inject(beta, alpha, first(exchange, { tides: [at(a.said[2]!)] }))
  const { ops } = words(alpha).at(-1) as Word<'second-wave'>
  expect(ops).toEqual(a.said.slice(3, 5))
})

/** Alpha {a:5, b:2, c:7} and Beta {a:3, b:4, c:7, d:1}, linked, in contact, and silent. */
function pair({ isNew = false, holder = 'both' }: { isNew?: boolean; holder?: string } = {}) {
  const net = new HistoryNetwork({ reconciler: options => new Wavefront(options) })
  const [one, other] = net.add(2) as [TestPeer, TestPeer]
  const [alpha, beta] = one.id < other.id ? [one, other] : [other, one]
  const random = new Random(3)
  const authors = Array.from({ length: 4 }, () => new Author(random)) as [
    ...[Author, Author, Author, Author],
  ]
  const [a, b, c, d] = authors
  for (let i = 0; i < 5; i++) a.say()
  for (let i = 0; i < 4; i++) b.say(i === 2 ? [a.said[1]!] : [])
  for (let i = 0; i < 7; i++) c.say(i === 3 ? [b.said[0]!] : [])
  d.say([b.said[3]!])
  net.fill(alpha, [...a.said, ...b.said.slice(0, 2), ...c.said])
  if (!isNew) net.fill(beta, [...a.said.slice(0, 3), ...b.said, ...c.said, ...d.said])
  if (holder !== 'alpha') link(net, alpha, beta)
  return { net, alpha, beta, authors }
}

/** Neighbors, of whom neither has heard of the other's frontier. */
function link(net: HistoryNetwork, alpha: TestPeer, beta: TestPeer): void {
  const { filter } = net
  net.filter = () => false
  net.link(alpha, beta)
  net.filter = filter
  alpha.said.length = 0
  beta.said.length = 0
}

function begin(net: HistoryNetwork, from: TestPeer, to: TestPeer): void {
  const other = { type: 'frontier', digest: new Uint8Array(8).fill(9), ready: true } as const
  for (let i = 0; i < 4 && exchanges(from).length === 0; i++) net.inject(to, from, other)
}

/** What was said in exchanges. */
function words(peer: TestPeer): HistoryMessage[] {
  return peer.said.map(({ message }) => message).filter(({ type }) => type !== 'frontier')
}

function exchanges(peer: TestPeer) {
  return peer.history.snapshot().exchanges
}

function tidal(exchange: number, tides?: Mark[]): HistoryMessage {
  return { type: 'tidal-wave', exchange, tides: tides ?? [] }
}

function first(exchange: number, more: Partial<Word<'first-wave'>> = {}): HistoryMessage {
  return { type: 'first-wave', exchange, tides: [], roots: [], ops: [], left: 0, ...more }
}

function second(exchange: number, more: Partial<Word<'second-wave'>> = {}): HistoryMessage {
  return { type: 'second-wave', exchange, roots: [], ops: [], left: 0, ...more }
}

function mark(): Mark {
  return { author: new Author(new Random(77)).id, seq: 1, hash: new Uint8Array(4) }
}

function at(message: Message): Mark {
  return { author: message.author, seq: message.seq, hash: shortHash(hashOf(message)) }
}

function sorted(messages: readonly Message[]): string[] {
  return messages.map(({ author, seq }) => `${author}:${seq}`).sort()
}
