import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import {
  a,
  b,
  c,
  d,
  e,
  f,
  g,
  messages,
  neighbor,
  request,
  self,
  sends,
  withNeighbors,
} from './machine.suite.js'
import type { HyparviewMessage } from './messages.js'
import { hyparview, hyparviewNetwork, type Message } from './messages.suite.js'

describe('a request', () => {
  it('makes no neighbor before the link stands', () => {
    const machine = hyparview(self)
    const asked = request(machine, 0, a, 'high', 5)
    expect(asked.filter(one => one.type === 'send' || one.type === 'connect')).toEqual([
      {
        type: 'send',
        to: a,
        message: { type: 'neighbor-accept', requestId: 5, record: undefined },
      },
      { type: 'connect', peer: a },
    ])
    expect(machine.neighbors).toEqual([])
    expect(machine.handle(50, { type: 'link-up', peer: a })).toContainEqual({
      type: 'neighbor-up',
      peer: a,
    })
    expect(machine.neighbors).toEqual([a])
  })

  it('whose link is not made in time gives the place back', () => {
    const machine = hyparview(self, { activeViewCapacity: 1 })
    request(machine, 0, a, 'low', 1)
    expect(sends(request(machine, 1_000, b, 'low', 2))).toEqual([[b, 'neighbor-reject']])
    const late = machine.handle(15_000, { type: 'wake' })
    expect(late).toContainEqual({ type: 'release', peer: a })
    expect(sends(request(machine, 15_001, c, 'low', 3))).toEqual([[c, 'neighbor-accept']])
    machine.handle(15_002, { type: 'link-up', peer: a })
    expect(machine.neighbors).toEqual([])
  })

  it('of low priority is refused by a full view, with others to ask', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const [, answer] = messages(request(machine, 5_000, f, 'low', 9))[0]!
    expect(answer).toMatchObject({ type: 'neighbor-reject', requestId: 9, reason: 'full' })
    const { sample } = answer as Message<'neighbor-reject'>
    expect(sample.length).toBeGreaterThan(0)
    expect(sample.length).toBeLessThanOrEqual(7)
    expect(sample.map(one => one.peer)).not.toContain(f)
  })

  it('of low priority is refused where places are promised', () => {
    const machine = withNeighbors(0, a, b, c, d)
    expect(sends(request(machine, 5_000, e, 'low', 1))).toEqual([[e, 'neighbor-accept']])
    expect(sends(request(machine, 5_001, f, 'low', 2))).toEqual([[f, 'neighbor-reject']])
  })

  it('of high priority evicts one, but only when its link stands', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const asked = request(machine, 5_000, f, 'high', 1)
    expect(sends(asked)).toEqual([[f, 'neighbor-accept']])
    expect(machine.neighbors).toHaveLength(5)
    const linked = machine.handle(6_000, { type: 'link-up', peer: f })
    const down = linked.find(one => one.type === 'neighbor-down')!
    expect(down).toMatchObject({ reason: 'evicted' })
    const order = linked.map(one => one.type).filter(type => type !== 'count')
    expect(order.slice(0, 4)).toEqual(['send', 'neighbor-down', 'release', 'neighbor-up'])
    expect(machine.neighbors).toHaveLength(5)
    expect(machine.neighbors).toContain(f)
    expect(machine.snapshot().passive).toContain(down.peer)
  })

  it('that came by both at once makes one neighbor and no second slot', () => {
    for (const standing of [false, true]) {
      const world = hyparviewNetwork({ seed: 3, standing })
      const [one, two] = world.addMany(2) as [PeerId, PeerId]
      world.join(one, two)
      world.join(two, one)
      world.run(10_000)
      expect(world.neighbors(one)).toEqual([two])
      expect(world.neighbors(two)).toEqual([one])
      expect(world.happenings).toHaveLength(2)
      for (const peer of [one, two]) expect(world.machine(peer).busy).toBe(false)
    }
  })

  it('from one we ask is its answer too, even where no place is free', () => {
    const machine = withNeighbors(0, a, b, c, d)
    machine.handle(5_000, { type: 'remember', peers: [e] })
    expect(machine.snapshot().requests).toMatchObject([{ peer: e, stage: 'asking' }])
    expect(sends(request(machine, 5_010, f, 'low', 1))).toEqual([[f, 'neighbor-accept']])
    expect(sends(request(machine, 5_020, e, 'low', 2))).toEqual([[e, 'neighbor-accept']])
    expect(machine.snapshot().requests).toHaveLength(2)
  })

  it('from a neighbor is answered, and the neighbor stays', () => {
    const machine = withNeighbors(0, a, b)
    const outputs = request(machine, 5_000, a, 'join', 4, true)
    expect(sends(outputs)).toEqual([
      [a, 'neighbor-accept'],
      [b, 'forward-join'],
    ])
    expect(outputs.some(one => one.type === 'neighbor-up' || one.type === 'neighbor-down')).toBe(
      false,
    )
    expect(sends(request(machine, 5_100, a, 'join', 5, true))).toEqual([[a, 'neighbor-accept']])
  })

  it('flooded from many peers promises few places, and names those it refuses', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    let accepts = 0
    for (let i = 0; i < 500; i++) {
      const answers = sends(request(machine, 5_000, testPeer(1_000 + i), 'join', i))
      accepts += answers.filter(([, type]) => type === 'neighbor-accept').length
    }
    expect(accepts).toBe(4)
    const { requests, passive, reserve } = machine.snapshot()
    expect(requests).toHaveLength(4)
    expect(passive.length + reserve.length).toBeLessThanOrEqual(130)
  })

  it('to join is refused as busy while every neighbor is new', () => {
    const machine = withNeighbors(5_000, a, b, c, d, e)
    const [, early] = messages(request(machine, 5_500, f, 'join', 1))[0]!
    expect(early).toMatchObject({ type: 'neighbor-reject', reason: 'busy' })
    expect(sends(request(machine, 6_001, f, 'join', 2))).toEqual([[f, 'neighbor-accept']])
  })

  it('of low priority whose place was taken meanwhile is turned away when its link stands', () => {
    const machine = withNeighbors(0, a, b, c, d)
    request(machine, 5_000, e, 'low', 1)
    request(machine, 5_001, f, 'high', 2)
    machine.handle(5_100, { type: 'link-up', peer: f })
    const late = machine.handle(5_200, { type: 'link-up', peer: e })
    expect(sends(late)).toEqual([[e, 'disconnect']])
    expect(late).toContainEqual({ type: 'release', peer: e })
    expect(machine.neighbors).toEqual([a, b, c, d, f])
  })

  it('refused names those short of neighbors to the next, but not joiners, who have none', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const named = (peer: PeerId, ask: 'low' | 'join') => {
      const [, answer] = messages(request(machine, 500, peer, ask, 1))[0]!
      return (answer as Message<'neighbor-reject'>).sample.map(one => one.peer)
    }
    named(testPeer(20), 'join')
    named(testPeer(21), 'low')
    const sample = named(testPeer(22), 'low')
    expect(sample[0]).toBe(testPeer(21))
    expect(sample).not.toContain(testPeer(20))
  })

  it('refused is remembered: when a place is free the peer is asked first', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    machine.handle(400, { type: 'remember', peers: [g] })
    request(machine, 500, f, 'low', 1)
    const down = machine.handle(5_000, { type: 'link-down', peer: a, reason: 'failed' })
    expect(sends(down)[0]).toEqual([f, 'neighbor-request'])
  })

  it('evicts a neighbor of more than a second before a newer one', () => {
    for (let seed = 0; seed < 20; seed++) {
      const machine = withNeighbors(0, a, b)
      for (const peer of [c, d, e]) neighbor(machine, 5_000, peer)
      request(machine, 5_500, f, 'join', seed)
      const linked = machine.handle(5_600, { type: 'link-up', peer: f })
      const evicted = linked.find(one => one.type === 'neighbor-down')
      expect([a, b]).toContain(evicted!.peer)
    }
  })

  it('evicts the farthest of those, whatever the dice', () => {
    for (let seed = 0; seed < 20; seed++) {
      const machine = withNeighbors(0, a, b, c, d)
      neighbor(machine, 5_000, e)
      for (const [peer, rttMs] of [
        [a, 80],
        [b, 200],
        [d, 90],
        [e, 900],
      ] as const) {
        machine.handle(5_000, { type: 'rtt', peer, rttMs })
      }
      request(machine, 5_500, f, 'join', seed)
      const linked = machine.handle(5_600, { type: 'link-up', peer: f })
      expect(linked.find(one => one.type === 'neighbor-down')!.peer).toBe(b)
    }
  })
})

describe('a link that breaks under a request', () => {
  it('has the request sent again, once', () => {
    const machine = hyparview(self)
    const [[, first]] = messages(machine.handle(0, { type: 'join', peers: [a] })) as [
      [PeerId, HyparviewMessage],
    ]
    const again = machine.handle(100, { type: 'link-down', peer: a, reason: 'closed' })
    expect(messages(again)).toEqual([[a, first]])
    expect(messages(machine.handle(200, { type: 'link-down', peer: a, reason: 'closed' }))).toEqual(
      [],
    )
  })

  it('and under an agreement ends it', () => {
    const machine = withNeighbors(0, a)
    request(machine, 5_000, b, 'high', 1)
    const down = machine.handle(5_100, { type: 'link-down', peer: b, reason: 'failed' })
    expect(down).toContainEqual({ type: 'release', peer: b })
    expect(machine.busy).toBe(false)
  })

  it('or could not be made, is asked for again after a pause', () => {
    const world = hyparviewNetwork({ seed: 3, dialFailures: 0.7, dialMs: [100, 100] })
    const [one, two] = world.addMany(2) as [PeerId, PeerId]
    world.join(two, one)
    world.run(180_000)
    expect(world.dialsMade).toBeGreaterThan(1)
    expect(world.neighbors(two)).toEqual([one])
    expect(world.neighbors(one)).toEqual([two])
  })
})
