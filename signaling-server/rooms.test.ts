import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes, topicIdFromBytes } from '../src/core/ids.js'
import { Random } from '../src/core/random.js'
import type { ServerText } from '../src/signaling/messages.js'
import { Rooms, type RoomsInput, type RoomsLimits, type RoomsOutput } from './rooms.js'

const LIMITS: RoomsLimits = { topicsPerPeer: 3, peersPerTopic: 50, introductions: 5 }

function peerOf(i: number): PeerId {
  const bytes = new Uint8Array(32)
  bytes[0] = i & 255
  bytes[1] = i >> 8
  return peerIdFromBytes(bytes)
}

const topics = Array.from({ length: 5 }, (_, i) => topicIdFromBytes(new Uint8Array(32).fill(i)))
const [topic, other] = topics as [(typeof topics)[0], (typeof topics)[0]]

function roomsWith(peers: number, limits = LIMITS, seed = 1): Rooms {
  const rooms = new Rooms(new Random(seed), limits)
  for (let i = 0; i < peers; i++) arrive(rooms, i)
  return rooms
}

/** Socket numbers are those of the peers unless told. */
function arrive(rooms: Rooms, i: number, { socket = i, protocol = 'p/1' } = {}): RoomsOutput[] {
  return rooms.handle({ type: 'arrive', socket, peer: peerOf(i), protocol })
}

function enter(rooms: Rooms, socket: number, where = topic): PeerId[] | undefined {
  const [message] = sent(rooms.handle({ type: 'enter', socket, topic: where }), socket)
  return message?.type === 'entered' ? (message.peers as PeerId[]) : undefined
}

function sent(outputs: RoomsOutput[], socket: number): ServerText[] {
  return outputs.flatMap(output =>
    output.type === 'send' && output.socket === socket ? [output.message] : [],
  )
}

describe('a peer that enters a topic', () => {
  it('is told of those already there, and they of nothing', () => {
    const rooms = roomsWith(3)
    expect(enter(rooms, 0)).toEqual([])
    expect(enter(rooms, 1)).toEqual([peerOf(0)])
    const outputs = rooms.handle({ type: 'enter', socket: 2, topic })
    expect(outputs).toHaveLength(1)
    const [message] = sent(outputs, 2)
    expect(message).toMatchObject({ type: 'entered', topic })
    expect(enter(rooms, 2)!.sort()).toEqual([peerOf(0), peerOf(1)].sort())
  })

  it('gets five of many, never itself and never one twice, and others when it asks again', () => {
    const rooms = roomsWith(40)
    for (let i = 0; i < 40; i++) enter(rooms, i)
    const met = new Set<PeerId>()
    for (let ask = 0; ask < 60; ask++) {
      const peers = enter(rooms, 7)!
      expect(peers).toHaveLength(5)
      expect(new Set(peers).size).toBe(5)
      expect(peers).not.toContain(peerOf(7))
      for (const peer of peers) met.add(peer)
    }
    expect(met.size).toBe(39)
  })

  it('gets each of those there about as often', () => {
    const rooms = roomsWith(21)
    for (let i = 0; i < 21; i++) enter(rooms, i)
    const times = new Map<PeerId, number>()
    for (let ask = 0; ask < 4_000; ask++) {
      for (const peer of enter(rooms, 20)!) times.set(peer, (times.get(peer) ?? 0) + 1)
    }
    // 4,000 asks, 5 of 20 each: 1,000 times each, standard deviation 27.
    expect(times.size).toBe(20)
    for (const [peer, count] of times) expect(Math.abs(count - 1_000), peer).toBeLessThan(150)
  })

  it('meets nobody of another topic or another protocol', () => {
    const rooms = roomsWith(2)
    arrive(rooms, 2, { protocol: 'p/2' })
    enter(rooms, 0)
    expect(enter(rooms, 1, other)).toEqual([])
    expect(enter(rooms, 2)).toEqual([])
  })

  it('is refused beyond its limit of topics, until it leaves one', () => {
    const rooms = roomsWith(1)
    for (const one of topics.slice(0, 3)) expect(enter(rooms, 0, one)).toEqual([])
    const outputs = rooms.handle({ type: 'enter', socket: 0, topic: topics[3]! })
    expect(sent(outputs, 0)).toMatchObject([
      { type: 'error', code: 'too-many-topics', fatal: false },
    ])
    expect(enter(rooms, 0, topics[0])).toEqual([])
    rooms.handle({ type: 'leave', socket: 0, topic: topics[0]! })
    expect(enter(rooms, 0, topics[3])).toEqual([])
  })

  it('is refused by a full topic, while those inside may still ask', () => {
    const rooms = roomsWith(3, { ...LIMITS, peersPerTopic: 2 })
    enter(rooms, 0)
    enter(rooms, 1)
    const outputs = rooms.handle({ type: 'enter', socket: 2, topic })
    expect(sent(outputs, 2)).toMatchObject([{ type: 'error', code: 'topic-full', fatal: false }])
    expect(enter(rooms, 0)).toEqual([peerOf(1)])
    rooms.handle({ type: 'depart', socket: 0 })
    expect(enter(rooms, 2)).toEqual([peerOf(1)])
  })
})

describe('a peer that goes', () => {
  it('is named to nobody any more, whether it left or its socket closed', () => {
    const rooms = roomsWith(3)
    for (let i = 0; i < 3; i++) enter(rooms, i)
    rooms.handle({ type: 'leave', socket: 0, topic })
    rooms.handle({ type: 'depart', socket: 1 })
    expect(enter(rooms, 2)).toEqual([])
    expect(rooms.peers).toBe(2)
  })

  it('leaves nothing behind', () => {
    const rooms = roomsWith(10)
    for (let i = 0; i < 10; i++) for (const one of topics.slice(0, 3)) enter(rooms, i, one)
    expect(rooms.topics).toBe(3)
    for (let i = 0; i < 10; i++) rooms.handle({ type: 'depart', socket: i })
    expect([rooms.peers, rooms.topics]).toEqual([0, 0])
  })
})

describe('a signal', () => {
  const signal = (socket: number, to: number): RoomsInput => ({
    type: 'signal',
    socket,
    to: peerOf(to),
    body: 'AQID',
  })

  it('reaches the peer it is for, with the name of the one who proved to be its sender', () => {
    const rooms = roomsWith(2)
    enter(rooms, 0)
    enter(rooms, 1)
    expect(sent(rooms.handle(signal(0, 1)), 1)).toEqual([
      { type: 'signal', from: peerOf(0), body: 'AQID' },
    ])
  })

  it('is undeliverable alike to the absent, to those who share no topic, and to oneself', () => {
    const rooms = roomsWith(3)
    arrive(rooms, 3, { protocol: 'p/2' })
    enter(rooms, 0)
    enter(rooms, 1)
    enter(rooms, 2, other)
    enter(rooms, 3)
    rooms.handle({ type: 'leave', socket: 1, topic })
    for (const to of [0, 1, 2, 3, 99]) {
      const outputs = rooms.handle(signal(0, to))
      expect(outputs).toEqual([
        { type: 'count', counter: 'signals-undeliverable' },
        { type: 'send', socket: 0, message: { type: 'undeliverable', to: peerOf(to) } },
      ])
    }
  })
})

describe('the same key again', () => {
  it('wins over its older socket, which is closed and can do nothing more', () => {
    const rooms = roomsWith(2)
    enter(rooms, 0)
    enter(rooms, 1)
    expect(arrive(rooms, 0, { socket: 100 })).toEqual([
      { type: 'count', counter: 'peers-replaced' },
      { type: 'close', socket: 0, code: 4001, reason: 'replaced' },
    ])
    expect(rooms.handle({ type: 'enter', socket: 0, topic })).toEqual([])
    rooms.handle({ type: 'depart', socket: 0 })
    expect(rooms.peers).toBe(2)
    expect(enter(rooms, 1)).toEqual([])
    expect(enter(rooms, 100)).toEqual([peerOf(1)])
  })

  it('on a socket that came earlier and arrives later loses to the newer one', () => {
    const rooms = roomsWith(1)
    enter(rooms, 0)
    expect(arrive(rooms, 0, { socket: -1 })).toEqual([
      { type: 'count', counter: 'peers-replaced' },
      { type: 'close', socket: -1, code: 4001, reason: 'replaced' },
    ])
    expect(rooms.handle({ type: 'enter', socket: -1, topic })).toEqual([])
    rooms.handle({ type: 'depart', socket: -1 })
    expect(rooms.peers).toBe(1)
    arrive(rooms, 1)
    expect(enter(rooms, 1)).toEqual([peerOf(0)])
  })
})

describe('random comings and goings', () => {
  it('keep the rooms in step with a plain list of who is where', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed)
      const rooms = roomsWith(0, { ...LIMITS, introductions: 100, peersPerTopic: 1_000 }, seed)
      const where = new Map<number, Set<string>>()
      for (let step = 0; step < 400; step++) {
        const i = random.below(12)
        const at = topics[random.below(3)]!
        switch (random.below(5)) {
          case 0:
            arrive(rooms, i)
            where.set(i, new Set())
            break
          case 1:
            rooms.handle({ type: 'depart', socket: i })
            where.delete(i)
            break
          case 2:
            rooms.handle({ type: 'leave', socket: i, topic: at })
            where.get(i)?.delete(at)
            break
          default: {
            const there = [...where].filter(([j, set]) => j !== i && set.has(at)).map(([j]) => j)
            const peers = enter(rooms, i, at)
            const place = `seed ${seed}, step ${step}`
            if (where.has(i)) expect(peers!.sort(), place).toEqual(there.map(peerOf).sort())
            else expect(peers, place).toBeUndefined()
            where.get(i)?.add(at)
          }
        }
        expect(rooms.peers).toBe(where.size)
        expect(rooms.topics).toBe(new Set([...where.values()].flatMap(set => [...set])).size)
      }
    }
  })
})
