import { describe, expect, it } from 'vitest'
import { encode } from '../codec/schema.js'
import { Author, hashOf, TOPIC } from '../core/history/author.suite.js'
import { areEqual, HistoryNetwork, type TestPeer } from '../core/history/network.suite.js'
import { Wavefront } from '../core/history/wavefront/wavefront.js'
import type { HistoryMessage } from '../core/io.js'
import { type Message, message } from '../core/message.js'
import { Random } from '../core/random.js'
import { headLength } from '../link/records.js'
import { FrameEncoder } from './encoder.js'
import { speakHistory } from './history-frames.js'

speakHistory()

const AUTHORS = 100
const TERMS = {
  signed: true,
  membership: 'hyparview',
  history: 'wavefront',
  maxMessageSize: 4096,
} as const

describe(`what the wavefront costs with ${AUTHORS} authors, bytes on the link`, () => {
  it('in sync: no exchange, and at most 40 on the heartbeat', () => {
    const { net, a, b } = room()
    const from = link(net, a, b)
    net.run(60_000)
    expect(exchanged(a, b)).toEqual([])
    expect(from(a)).toBeLessThanOrEqual(40)
    expect(from(b)).toBeLessThanOrEqual(40)
    expect(from(a)).toBeGreaterThan(0)
  })

  it('the first exchange on a link takes at most 48 an author', () => {
    const { net, a, b, authors } = room()
    const said = [authors[0]!.say()]
    for (const each of said) net.live(a, each, a)
    const from = link(net, a, b)
    net.run(60_000)
    expect(areEqual(a, b)).toBe(true)
    expect(exchanged(a, b)).toHaveLength(3)
    expect(from(a) + from(b) - whole(said)).toBeLessThanOrEqual(48 * AUTHORS)
  })

  it('one that is new gets where each lane begins for at most 48 an author', () => {
    const { net, a } = room()
    const b = net.add()[0]!
    const from = link(net, a, b)
    net.runUntil(() => exchanged(a, b).length === 2, 60_000)
    expect(exchanged(a, b)).toEqual(['sharp', 'coherent'])
    expect(from(a) + from(b)).toBeLessThanOrEqual(48 * AUTHORS)
  })

  it('a later one takes at most 8 an author and 24 for each that changed', () => {
    const { net, a, b, authors } = room()
    for (const each of [authors[0]!.say()]) net.live(a, each, a)
    const from = link(net, a, b)
    net.run(60_000)
    for (const changed of [1, 10, 50, 100]) {
      const before = from(a) + from(b)
      const exchanges = exchanged(a, b).length
      const said = authors.slice(0, changed).map(author => author.say())
      for (const each of said) net.live(changed % 20 === 0 ? a : b, each, a)
      net.run(60_000)
      expect(areEqual(a, b)).toBe(true)
      expect(exchanged(a, b).length - exchanges).toBe(3)
      const bytes = from(a) + from(b) - before - whole(said)
      expect(bytes, `${changed} changed`).toBeLessThanOrEqual(8 * AUTHORS + 24 * changed)
    }
  })
})

/** Two that keep the same: heights of two bytes, as after some hundred messages each. */
function room() {
  const net = new HistoryNetwork({ reconciler: options => new Wavefront(options) })
  const [a, b] = net.add(2) as [TestPeer, TestPeer]
  for (const peer of [a, b]) {
    peer.shelf.store(...PAST)
    net.reload(peer)
  }
  return { net, a, b, authors: AUTHORS_SAID.map(author => author.copy()) }
}

/** Gives what each side has sent on this link: frames, with the names they define, and their heads in packets. */
function link(net: HistoryNetwork, a: TestPeer, b: TestPeer): (peer: TestPeer) => number {
  const sent = new Map<TestPeer, number>([
    [a, 0],
    [b, 0],
  ])
  const encoders = new Map([a, b].map(peer => [peer, new FrameEncoder()]))
  for (const encoder of encoders.values()) {
    encoder.encode({ type: 'topic-hello', topic: TOPIC, terms: TERMS })
  }
  net.filter = (from, _to, said) => {
    const frames = encoders.get(from)!.encode({ type: 'topic', topic: TOPIC, message: said })
    const bytes = frames.map(frame => frame.bytes.length + headLength(frame.bytes.length))
    sent.set(
      from,
      bytes.reduce((sum, each) => sum + each, sent.get(from)!),
    )
    return true
  }
  net.link(a, b)
  return peer => sent.get(peer)!
}

function exchanged(...peers: TestPeer[]): HistoryMessage['type'][] {
  const types = peers.flatMap(({ said }) => said.map(({ message: { type } }) => type))
  return types
    .filter(type => type !== 'frontier')
    .sort((x, y) => Number(y === 'sharp') - Number(x === 'sharp'))
}

/** The ops themselves with their authors, as `payloadBytes` of the simulator counts them. */
function whole(ops: readonly Message[]): number {
  return ops.reduce((sum, op) => sum + encode(message, op).length, 0)
}

const AUTHORS_SAID = Array.from({ length: AUTHORS }, (_, i) => new Author(new Random(i)))
const PAST = past()

function past(): Parameters<TestPeer['shelf']['store']> {
  const lanes = AUTHORS_SAID.map(author => {
    for (let i = 0; i < 130; i++) author.say()
    const [oldest, tip] = [hashOf(author.said[0]!), hashOf(author.said[129]!)]
    return { author: author.id, height: 130, tip, oldest: 1, oldestHash: oldest, frozen: false }
  })
  const ops = AUTHORS_SAID.flatMap(({ said }) => said)
  const records = ops.map((message, i) => ({ message, hash: hashOf(message), position: i + 1 }))
  return [records, lanes, AUTHORS_SAID.map(({ id: author }) => ({ author, seq: 130 }))]
}
