import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import {
  a,
  b,
  c,
  d,
  g,
  messages,
  rejected,
  request,
  self,
  sends,
  withNeighbors,
} from './machine.suite.js'
import type { HyparviewMessage } from './messages.js'
import { entry, hyparview, hyparviewNetwork, type Message } from './messages.suite.js'

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
