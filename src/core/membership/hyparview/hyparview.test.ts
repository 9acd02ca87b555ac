import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import type { Hyparview } from './hyparview.js'
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
  say,
  self,
  sends,
  withNeighbors,
} from './machine.suite.js'
import type { HyparviewMessage } from './messages.js'
import { entry, hyparview, hyparviewNetwork, type Message, record } from './messages.suite.js'
import type { HyparviewOutput } from './overlay.js'

describe('the joining of one peer', () => {
  it('goes as the seed draws it: join, accept, forward-join, an offer at the walk’s end', () => {
    const world = hyparviewNetwork({ seed: 1, latencyMs: [10, 10], dialMs: [100, 100] })
    const [contact, other, joiner] = world.addMany(3) as [PeerId, PeerId, PeerId]
    world.join(other, contact)
    world.run(2_000)
    world.tracing = true
    world.join(joiner, contact)
    world.run(400)
    expect(world.trace.filter(line => !line.endsWith('component'))).toEqual([
      '2→0 join',
      '0→2 neighbor-accept',
      '2 up 0',
      '0 up 2',
      // Nobody else is there: the walk goes to and fro until it is spent.
      ...Array.from({ length: 7 }, (_, i) => (i % 2 ? '1→0 forward-join' : '0→1 forward-join')),
      '1→2 neighbor-request',
      '2→1 neighbor-accept',
      '1 up 2',
      '2 up 1',
    ])
  })

  it('goes the same way over links that stand already, and each side admits at once', () => {
    const world = hyparviewNetwork({ seed: 1, latencyMs: [10, 10], standing: true })
    const [contact, joiner] = world.addMany(2) as [PeerId, PeerId]
    world.tracing = true
    world.join(joiner, contact)
    world.run(100)
    expect(world.trace).toEqual([
      ...['1→0 join', '0→1 neighbor-accept', '0 up 1', '0→1 component'],
      ...['1 up 0', '1→0 component'],
    ])
  })

  it('asks one contact, a second time when no answer comes, and the next when that fails', () => {
    const machine = hyparview(self)
    expect(sends(machine.handle(0, { type: 'join', peers: [a, b, c] }))).toEqual([[a, 'join']])
    expect(machine.known).toEqual(expect.arrayContaining([a, b, c]))
    const next = machine.handle(100, { type: 'unreachable', peer: a })
    expect(next).toContainEqual({ type: 'join-failed', peer: a, reason: 'unreachable' })
    expect(sends(next)).toEqual([[b, 'join']])
    expect(sends(machine.handle(1_100, { type: 'wake' }))).toEqual([[b, 'join']])
    expect(machine.handle(2_100, { type: 'wake' })).toEqual([])
    const after = machine.handle(3_100, { type: 'wake' })
    expect(after).toContainEqual({ type: 'join-failed', peer: b, reason: 'timed-out' })
    expect(sends(after)).toEqual([[c, 'join']])
  })

  it('leaves contacts alone once one admitted us, except to fill up', () => {
    const machine = hyparview(self, { activeViewCapacity: 2 })
    machine.handle(0, { type: 'join', peers: [a, b, c] })
    expect(sends(accepted(machine, 10, a))).toEqual([])
    // Its walks had their time.
    expect(sends(machine.handle(2_010, { type: 'wake' }))).toEqual([[b, 'neighbor-request']])
  })

  it('with neighbors, joins every peer named, no more than two at a time', () => {
    const machine = withNeighbors(0, a)
    const first = machine.handle(5_000, { type: 'join', peers: [a, b, c, d] })
    expect(sends(first)).toEqual([
      [b, 'join'],
      [c, 'join'],
    ])
    expect(sends(accepted(machine, 5_100, c))).toContainEqual([d, 'join'])
  })

  it('drops and counts contacts beyond what it keeps', () => {
    const machine = withNeighbors(0, a)
    const peers = Array.from({ length: 50 }, (_, i) => testPeer(100 + i))
    const outputs = machine.handle(5_000, { type: 'join', peers })
    expect(counts(outputs, 'contacts-dropped')).toBe(50 - 32)
  })

  it('an introduction meanwhile asks a contact that rests only after the shortest pause', () => {
    const machine = hyparview(self)
    machine.handle(0, { type: 'join', peers: [a] })
    const failed = machine.handle(100, { type: 'unreachable', peer: a })
    expect(failed).toContainEqual({ type: 'isolated' })
    const again = machine.handle(110, { type: 'join', peers: [a] })
    expect(sends(again)).toEqual([])
    expect(again).not.toContainEqual({ type: 'isolated' })
    expect(sends(machine.handle(601, { type: 'wake' }))).toEqual([[a, 'join']])
  })
})

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

describe('an answer', () => {
  it('of yes that nobody waits for is withdrawn, over the link or as a knock', () => {
    const machine = hyparview(self)
    const yes = { type: 'neighbor-accept', requestId: 3, record: undefined } as const
    const linked = machine.handle(0, { type: 'message', from: a, message: yes, linked: true })
    expect(messages(linked)).toMatchObject([[a, { type: 'disconnect', alive: 'alive' }]])
    expect(linked).toContainEqual({ type: 'release', peer: a })
    const knocked = machine.handle(0, { type: 'message', from: b, message: yes, linked: false })
    expect(messages(knocked)).toMatchObject([[b, { type: 'neighbor-reject', requestId: 3 }]])
    expect(machine.busy).toBe(false)
  })

  it('of yes that comes after the timeout frees the place it holds', () => {
    const world = hyparviewNetwork({
      seed: 5,
      latencyMs: [20, 20],
      config: { neighborRequestTimeoutMs: 60, retryBackoffMs: 20_000, largestBackoffMs: 20_000 },
    })
    const [one, two] = world.addMany(2) as [PeerId, PeerId]
    world.join(two, one)
    world.run(3_000)
    expect(world.counted('accepts-stale', [two])).toBeGreaterThan(0)
    expect(world.machine(one).busy).toBe(false)
    expect(world.heldForNothing(one)).toEqual([])
    expect(world.asymmetric).toEqual([])
  })

  it('of yes to a neighbor, or to one about to be, changes nothing', () => {
    const machine = withNeighbors(0, a)
    const yes = { type: 'neighbor-accept', requestId: 3, record: undefined } as const
    expect(machine.handle(5_000, { type: 'message', from: a, message: yes, linked: true })).toEqual(
      [],
    )
    request(machine, 5_000, b, 'high', 1)
    expect(
      machine.handle(5_001, { type: 'message', from: b, message: yes, linked: false }),
    ).toEqual([])
  })

  it('of no is followed by the next candidate, and the peer rests', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b, c, d] })
    const before = machine.snapshot().requests.map(one => one.peer)
    expect(before).toHaveLength(2)
    rejected(machine, 5_100, before[0]!)
    for (let now = 5_100; now < 6_000; now = machine.nextDeadline!.at) {
      machine.handle(now, { type: 'wake' })
    }
    const after = machine.snapshot().requests.map(one => one.peer)
    expect(after).toHaveLength(2)
    expect(after).not.toContain(before[0])
  })

  it('of no while nobody else is known is asked again, later and later', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    const pauses: number[] = []
    for (let now = 5_100; pauses.length < 6; ) {
      rejected(machine, now, b)
      const asked = now
      do now = machine.nextDeadline!.at
      while (!sends(machine.handle(now, { type: 'wake' })).some(([to]) => to === b))
      pauses.push(now - asked)
    }
    expect(pauses.at(-1)).toBeGreaterThan(4 * pauses[0]!)
  })

  it('of no, three times, from all a peer with few neighbors knows makes the next request high', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    const priorities: string[] = []
    for (let now = 5_100; priorities.length < 4; ) {
      rejected(machine, now, b)
      let asked: [PeerId, HyparviewMessage] | undefined
      while (asked === undefined) {
        now = machine.nextDeadline!.at
        asked = messages(machine.handle(now, { type: 'wake' })).find(([to]) => to === b)
      }
      priorities.push((asked[1] as Message<'neighbor-request'>).priority)
    }
    expect(priorities).toEqual(['low', 'low', 'high', 'high'])
  })

  it('of no for good takes the peer out of the views', () => {
    for (const reason of ['banned', 'mismatch', 'not-admitted', 'not-in-topic'] as const) {
      const machine = withNeighbors(0, a)
      machine.handle(5_000, { type: 'remember', peers: [b] })
      rejected(machine, 5_100, b, reason)
      expect(machine.known).not.toContain(b)
    }
  })

  it('of no that nobody waits for is not believed', () => {
    const machine = withNeighbors(0, a)
    const no: HyparviewMessage = {
      type: 'neighbor-reject',
      requestId: 1,
      reason: 'full',
      sample: [entry(g)],
    }
    machine.handle(5_000, { type: 'message', from: b, message: no, linked: false })
    expect(machine.known).not.toContain(g)
  })
})

describe('what passes by', () => {
  it('a forward-join is cut to the longest walk, noted in the middle, and goes on', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const walk = (hopsLeft: number) =>
      messages(say(machine, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft }))
    expect(walk(255)).toMatchObject([[expect.anything(), { type: 'forward-join', hopsLeft: 5 }]])
    expect(machine.known).not.toContain(f)
    expect(walk(3)).toMatchObject([[expect.anything(), { type: 'forward-join', hopsLeft: 2 }]])
    expect(machine.snapshot().passive).toContain(f)
    expect(walk(3)[0]![0]).not.toBe(a)
  })

  it('a forward-join that ends here offers the joiner a place', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const end = say(machine, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 0 })
    expect(messages(end)).toMatchObject([[f, { type: 'neighbor-request', priority: 'high' }]])
    expect(machine.neighbors).toHaveLength(5)
  })

  it('a forward-join turns round where there is nowhere to go, and passes by who knows the joiner', () => {
    const lone = withNeighbors(0, a)
    const back = say(lone, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 6 })
    expect(messages(back)).toMatchObject([[a, { type: 'forward-join', hopsLeft: 5 }]])
    const contact = withNeighbors(0, a, b, f)
    const on = say(contact, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 5 })
    expect(sends(on)).toEqual([[b, 'forward-join']])
  })

  it('a forward-join of our own goes out once, after the first shuffle, where many are known', () => {
    for (const known of [4, 5]) {
      const machine = withNeighbors(0, a, b, c, d, e)
      const sample = Array.from({ length: known }, (_, i) => entry(testPeer(100 + i)))
      say(machine, 0, a, { type: 'shuffle', origin: entry(a), walkId: 1, hopsLeft: 0, sample })
      const walks: [at: number, message: HyparviewMessage][] = []
      for (let at = 1_000; at < 300_000; at += 1_000) {
        for (const [to, message] of messages(machine.handle(at, { type: 'wake' }))) {
          if (message.type === 'forward-join') walks.push([at, message])
          if (message.type === 'shuffle') {
            say(machine, at, to, { type: 'shuffle-reply', walkId: message.walkId, sample: [] })
          }
        }
      }
      expect(walks.map(([, message]) => message)).toEqual(
        known < 5 ? [] : [{ type: 'forward-join', joiner: entry(self), hopsLeft: 6 }],
      )
      for (const [at] of walks) expect(at).toBeLessThan(25_000)
    }
  })

  it('a forward-join that names us, a neighbor, or a banned peer goes nowhere', () => {
    const machine = withNeighbors(0, a, b, c)
    machine.handle(4_000, { type: 'ban', peer: g })
    for (const joiner of [self, b, g]) {
      expect(
        sends(say(machine, 5_000, a, { type: 'forward-join', joiner: entry(joiner), hopsLeft: 0 })),
      ).toEqual([])
    }
    expect(machine.known).toEqual([])
  })

  it('from one that wrongly thinks itself a neighbor is answered once a second', () => {
    const machine = withNeighbors(0, a)
    const walk = { type: 'forward-join', joiner: entry(f), hopsLeft: 6 } as const
    expect(sends(say(machine, 5_000, b, walk))).toEqual([[b, 'disconnect']])
    expect(sends(say(machine, 5_999, b, walk))).toEqual([])
    expect(sends(say(machine, 6_000, b, walk))).toEqual([[b, 'disconnect']])
    expect(machine.known).not.toContain(f)
  })

  it('from one we ask is too early, and nothing to part over', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    const walk = { type: 'forward-join', joiner: entry(f), hopsLeft: 6 } as const
    expect(sends(say(machine, 5_001, b, walk))).toEqual([])
    expect(machine.busy).toBe(true)
  })

  it('a record newer than the one known is passed on and told once', () => {
    const machine = withNeighbors(0, a, b)
    const told = say(machine, 5_000, a, {
      type: 'forward-join',
      joiner: { peer: f, record: record(2, 1, 2) },
      hopsLeft: 3,
    })
    expect(told).toContainEqual({ type: 'peer-data', peer: f, data: new Uint8Array([1, 2]) })
    for (const old of [record(2, 9), record(1, 9), record(3, 1, 2), record(4)]) {
      const again = say(machine, 5_001, a, {
        type: 'forward-join',
        joiner: { peer: f, record: old },
        hopsLeft: 3,
      })
      expect(again.some(one => one.type === 'peer-data')).toBe(false)
    }
  })

  it('our own record travels with what we send from then on', () => {
    const machine = hyparview(self)
    machine.handle(0, { type: 'own-record', record: record(1, 7) })
    expect(messages(machine.handle(0, { type: 'join', peers: [a] }))).toMatchObject([
      [a, { type: 'join', record: { time: 1 } }],
    ])
  })
})

describe('a parting', () => {
  it('alive keeps the peer and takes its sample; leaving forgets it', () => {
    const machine = withNeighbors(0, a, b, c)
    const replaced = say(machine, 5_000, a, {
      type: 'disconnect',
      alive: 'alive',
      sample: [entry(f)],
    })
    expect(replaced).toContainEqual({ type: 'neighbor-down', peer: a, reason: 'replaced' })
    expect(machine.snapshot().passive).toEqual(expect.arrayContaining([a, f]))
    const left = say(machine, 5_000, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(left).toContainEqual({ type: 'neighbor-down', peer: b, reason: 'left' })
    expect(machine.known).not.toContain(b)
  })

  it('has the place filled at once, whatever was refused before', () => {
    const machine = withNeighbors(0, a, b, c, d)
    machine.handle(5_000, { type: 'remember', peers: [e] })
    rejected(machine, 5_100, e)
    machine.handle(5_200, { type: 'remember', peers: [f] })
    expect(machine.busy).toBe(false)
    const parted = say(machine, 5_300, a, { type: 'disconnect', alive: 'alive', sample: [] })
    expect(sends(parted)).toEqual([[f, 'neighbor-request']])
  })

  it('of one only known, for good, forgets it', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    say(machine, 5_001, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(machine.known).not.toContain(b)
  })

  it('by our own choice is not followed by a request to the same peer', () => {
    const machine = withNeighbors(0, a, b)
    expect(sends(machine.handle(5_000, { type: 'congested', peer: b }))).toEqual([
      [b, 'disconnect'],
    ])
    expect(machine.snapshot().passive).toEqual([b])
  })

  it('is never answered with another', () => {
    const machine = withNeighbors(0, a)
    for (const from of [a, a, b]) {
      for (const alive of ['alive', 'leaving'] as const) {
        const outputs = say(machine, 5_000, from, { type: 'disconnect', alive, sample: [] })
        expect(sends(outputs).filter(([, type]) => type === 'disconnect')).toEqual([])
      }
    }
  })

  it('of a stranger puts nothing into our views', () => {
    const machine = withNeighbors(0, a)
    say(machine, 5_000, b, { type: 'disconnect', alive: 'alive', sample: [entry(f), entry(g)] })
    expect(machine.known).toEqual([])
  })

  it('does not undo a request under way, unless the peer leaves', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    say(machine, 5_001, b, { type: 'disconnect', alive: 'alive', sample: [] })
    expect(machine.snapshot().requests).toHaveLength(1)
    say(machine, 5_002, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(machine.snapshot().requests).toHaveLength(0)
  })

  it('by a broken link keeps the peer among the remembered, first of all', () => {
    const machine = withNeighbors(0, a, b)
    machine.handle(4_000, { type: 'remember', peers: [c, d] })
    const down = machine.handle(5_000, { type: 'link-down', peer: a, reason: 'silent' })
    expect(down).toContainEqual({ type: 'neighbor-down', peer: a, reason: 'link-lost' })
    expect(down).toContainEqual({ type: 'release', peer: a })
    expect(machine.known[0]).toBe(a)
  })

  it('of ours, for good, goes to every neighbor and to those that dial us', () => {
    const machine = withNeighbors(0, a, b)
    request(machine, 5_000, c, 'high', 8)
    const outputs = machine.handle(5_001, { type: 'quit' })
    expect(messages(outputs)).toEqual([
      [a, { type: 'disconnect', alive: 'leaving', sample: [] }],
      [b, { type: 'disconnect', alive: 'leaving', sample: [] }],
      // The link may stand, and we be its neighbor, before we hear of it.
      [c, { type: 'disconnect', alive: 'leaving', sample: [] }],
      [c, { type: 'neighbor-reject', requestId: 8, reason: 'not-in-topic', sample: [] }],
    ])
    for (const peer of [a, b, c]) expect(outputs).toContainEqual({ type: 'release', peer })
  })

  it('more entries than a message may hold are blamed and not taken', () => {
    const many = Array.from({ length: 17 }, (_, i) => entry(testPeer(100 + i)))
    const machine = withNeighbors(0, a, b, c)
    const blame = { type: 'blame', peer: a, reason: 'limit-exceeded' }
    const walk = {
      type: 'shuffle',
      origin: entry(a),
      walkId: 1,
      hopsLeft: 0,
      sample: many,
    } as const
    expect(say(machine, 5_000, a, walk)).toContainEqual(blame)
    expect(
      say(machine, 5_000, a, { type: 'disconnect', alive: 'alive', sample: many }),
    ).toContainEqual(blame)
    expect(machine.known).toEqual([a])
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

// ——— how these tests speak

/** The peer says yes to what it was asked last, and the link stands. */
function accepted(machine: Hyparview, now: number, peer: PeerId): HyparviewOutput[] {
  const yes = { type: 'neighbor-accept', requestId: 0, record: undefined } as const
  return [
    ...machine.handle(now, { type: 'message', from: peer, message: yes, linked: false }),
    ...machine.handle(now, { type: 'link-up', peer }),
  ]
}

function rejected(
  machine: Hyparview,
  now: number,
  peer: PeerId,
  reason: Message<'neighbor-reject'>['reason'] = 'full',
): void {
  // The id is the machine's own: found by a repeated request, as after a broken link.
  const [asked] = messages(machine.handle(now, { type: 'link-down', peer, reason: 'closed' }))
  const { requestId } = asked![1] as Message<'neighbor-request'>
  const message: HyparviewMessage = { type: 'neighbor-reject', requestId, reason, sample: [] }
  machine.handle(now, { type: 'message', from: peer, message, linked: false })
}

function counts(outputs: HyparviewOutput[], counter: string): number {
  return outputs.filter(one => one.type === 'count' && one.counter === counter).length
}
