import { afterEach, describe, expect, it, vi } from 'vitest'
import { FrameEncoder } from '../wire/encoder.js'
import { isBetterHigh } from './figures.js'
import { graphOf } from './graph.js'
import { Observer } from './observer.js'
import { Peer } from './peer.js'
import { SETTINGS, type Settings } from './scenario.js'
import { SCENARIOS } from './scenarios.js'
import { crashSome, emptyTown, gather, round, speak, type Town } from './town.js'
import { WiredEnd } from './wired-end.js'

// The figures against what a few lines make of everything that passed, seen at other places than those that count it.

afterEach(() => void vi.restoreAllMocks())

describe('figures', () => {
  it('are what a few lines make of all that passed: as the papers count', () => {
    const town = settled({ nodes: 15, latency: '10-50' })
    const { world, topic, observer } = town
    observer.begin()
    const seen = watch(town)
    speak(town, 6, 4, number => world.peers[(4 * number) % 15]!)
    const minutes = (world.now - seen.begunAt) / 60_000
    const figures = observer.figures('papers')

    const heard = seen.heard.length
    const messages = [...new Set(seen.heard.map(({ message }) => message))]
    const of = (message: number) => seen.heard.filter(one => one.message === message)
    const delays = seen.heard.map(({ ms }) => ms).sort((a, b) => a - b)
    expect([heard, messages.length]).toEqual([6 * 14, 6])
    expect(figures.rmr).toBeCloseTo((seen.pushed - heard) / heard, 12)
    expect(seen.pushed).toBeGreaterThanOrEqual(heard)
    expect(figures.ldh).toBeCloseTo(
      average(messages.map(message => 1 + Math.max(...of(message).map(one => one.round)))),
      12,
    )
    expect(figures.durationMs).toBeCloseTo(
      average(messages.map(message => Math.max(...of(message).map(({ ms }) => ms)))),
      6,
    )
    expect(figures.p50Ms).toBe(delays[heard / 2])
    expect(figures.p99Ms).toBe(delays[Math.floor(heard * 0.99)])
    expect(figures.bytesPerDelivery).toBeCloseTo(seen.bytes / heard, 9)
    expect(figures.controlPerDelivery).toBeCloseTo(seen.control / heard, 9)
    expect([figures.reliability, figures.missed]).toEqual([1, 0])
    expect(figures.dials).toBeCloseTo(seen.dialed / minutes / 15, 9)
    const degrees = world.peers.map(peer => peer.neighbors(topic).length)
    expect(figures.meanActive).toBeCloseTo(average(degrees), 12)
  })

  it('are what a few lines make of all that passed: as iroh-gossip counts, rounds of several authors', () => {
    const town = settled({ nodes: 12, latency: '10-50' })
    const { world, observer } = town
    observer.begin()
    const rounds = [1, 2, 3].map(() => {
      const seen = watch(town)
      const counted = round(town, [world.peers[2]!, world.peers[9]!])
      // Copies that come late are this round's too: after it there come no more.
      world.run(500)
      expect(seen.heard.length).toBe(2 * 11)
      expect(counted.rmr).toBeCloseTo(seen.arrived / (2 * 11 - 1) - 1, 12)
      expect(counted.ldh).toBe(Math.max(...seen.heard.map(one => one.round)))
      expect(counted.durationMs).toBeCloseTo(Math.max(...seen.heard.map(({ ms }) => ms)), 6)
      vi.restoreAllMocks()
      return counted
    })
    const figures = observer.figures('rounds', rounds)
    for (const name of ['rmr', 'ldh', 'durationMs'] as const) {
      expect(figures[name]).toBeCloseTo(average(rounds.map(each => each[name])), 12)
    }
  })

  it('name what did not come, and let nobody off who had time to hear it before it went', () => {
    const town = settled({ nodes: 10, latency: '30' })
    const { world, observer } = town
    const [author] = world.peers
    observer.begin()
    // Cut off: what follows reaches none of the others.
    world.cut(({ index }) => (index === 0 ? 0 : 1))
    observer.say(author!)
    world.run(4_000)
    observer.excuse([world.peers[1]!])
    expect(observer.figures('papers')).toMatchObject({ missed: 8, reliability: 0 })
    world.run(2_000)
    observer.excuse([world.peers[2]!])
    expect(observer.figures('papers')).toMatchObject({ missed: 8, reliability: 0 })
    expect(round(town, [author!])).toMatchObject({ durationMs: 5_000, ldh: 0 })
  })

  it('look for the last delivery of what was delivered', () => {
    const town = settled({ nodes: 10, latency: '30' })
    const { world, observer } = town
    observer.begin()
    speak(town, 1, 1, () => world.peers[0]!)
    const { ldh, durationMs } = observer.figures('papers')
    expect([ldh >= 1, durationMs >= 30]).toEqual([true, true])
    // Now it speaks to nobody.
    world.cut(({ index }) => (index === 0 ? 0 : 1))
    speak(town, 1, 1, () => world.peers[0]!)
    expect(observer.figures('papers')).toMatchObject({ ldh, durationMs, reliability: 0.5 })
  })

  it('number messages in their payloads, which have room for that', () => {
    const { world, topic } = settled({ nodes: 2, latency: '30' })
    expect(() => new Observer(world, topic, 3)).toThrow(
      new RangeError('payloadBytes is a whole number from 4, not 3'),
    )
  })

  it('hold what is said due at everyone in the topic, neighbors or none', () => {
    const town = settled({ nodes: 5, latency: '30' })
    const { world, topic, observer } = town
    world.join(world.add()[0]!, topic)
    world.add()
    observer.begin()
    expect(observer.say(world.peers[0]!).open).toBe(5)
  })

  it('call it a storm where peers ask one another for places more than once in two minutes', () => {
    const town = settled({ nodes: 30, latency: '30' })
    town.observer.begin()
    town.world.run(120_000)
    expect(town.observer.figures('rounds').storms).toBe(0)
    // Half of their neighbors gone: by the paper each survivor asks about five.
    crashSome(town, 0.5, false)
    town.world.run(60_000)
    expect(town.observer.storms).toBe(1)
  })

  it('count a neighbor that is none in return, and one that lives no more', () => {
    const town = settled({ nodes: 8, latency: '30' })
    const { world, topic, observer } = town
    const gone = world.peers[3]!
    const degree = gone.neighbors(topic).length
    world.crash(gone, { silent: true })
    expect(graphOf(world, topic).asymmetricLinks).toBe(degree)
    expect(observer.figures('papers').asymmetricLinks).toBe(degree)
  })
})

describe('limits', () => {
  it('of the worst seed look at the seed that is worst: the least where more is wanted', () => {
    for (const { name, budget, target } of SCENARIOS.values()) {
      for (const { figure, atLeast } of [...budget, ...target]) {
        expect([name, figure, isBetterHigh(figure)]).toEqual([name, figure, atLeast !== undefined])
      }
    }
    for (const figure of ['joinedP99Ms', 'completeMs', 'sentPerSecond', 'agreedMs']) {
      expect([figure, isBetterHigh(figure)]).toEqual([figure, false])
    }
  })
})

interface Seen {
  begunAt: number
  heard: { message: number; ms: number; round: number }[]
  pushed: number
  arrived: number
  control: number
  bytes: number
  dialed: number
}

/** All that passes from here on: what applications hear, what link ends send and take, what is encoded. */
function watch({ world }: Town): Seen {
  const seen: Seen = {
    begunAt: world.now,
    heard: [],
    pushed: 0,
    arrived: 0,
    control: 0,
    bytes: 0,
    dialed: 0,
  }
  world.listen((_peer, _topic, event) => {
    if (event.type !== 'received' || event.scope.kind !== 'swarm') return
    const message = new DataView(event.content.buffer, event.content.byteOffset).getUint32(0)
    seen.heard.push({ message, ms: world.now - saidAt.get(message)!, round: event.scope.round })
  })
  const saidAt = new Map<number, number>()
  const broadcast = world.broadcast
  vi.spyOn(world, 'broadcast').mockImplementation((peer, topic, payload) => {
    saidAt.set(new DataView(payload.buffer).getUint32(0), world.now)
    broadcast.call(world, peer, topic, payload)
  })
  const send = WiredEnd.prototype.send
  vi.spyOn(WiredEnd.prototype, 'send').mockImplementation(function (this: WiredEnd, frame) {
    if (frame.type === 'topic') {
      if (frame.message.type === 'gossip') seen.pushed++
      if (CONTROL.has(frame.message.type)) seen.control++
    }
    return send.call(this, frame)
  })
  const take = Peer.prototype.frame
  vi.spyOn(Peer.prototype, 'frame').mockImplementation(function (this: Peer, end, frame) {
    if (frame.type === 'topic' && frame.message.type === 'gossip') seen.arrived++
    return take.call(this, end, frame)
  })
  const encode = FrameEncoder.prototype.encode
  vi.spyOn(FrameEncoder.prototype, 'encode').mockImplementation(function (
    this: FrameEncoder,
    frame,
  ) {
    const encoded = encode.call(this, frame)
    for (const { bytes } of encoded) seen.bytes += bytes.length
    return encoded
  })
  const signal = Peer.prototype.signal
  vi.spyOn(Peer.prototype, 'signal').mockImplementation(function (this: Peer, to, body) {
    if (body.type === 'offer') seen.dialed++
    return signal.call(this, to, body)
  })
  return seen
}

function settled(changed: Partial<Settings>): Town {
  const settings = { ...SETTINGS, ...changed }
  const town = emptyTown(settings, 5, { server: { introductions: 0 } })
  gather(town, settings, () => {}, 1)
  return town
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

const CONTROL = new Set(['ihave', 'graft', 'prune', 'graft-refused', 'root-path'])
