import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import type { Hyparview } from './hyparview.js'
import { hyparview, hyparviewNetwork, type Message } from './messages.suite.js'
import type { HyparviewOutput } from './overlay.js'

describe('a component', () => {
  it('has one name, the smallest id, and another once that peer is gone', () => {
    const { world, peers } = island(hyparviewNetwork({ seed: 1 }), 12)
    world.run(120_000)
    const smallest = (living: PeerId[]) => [...living].sort()[0]
    expect(namesHeard(world, peers)).toEqual([smallest(peers)])
    world.crash(smallest(peers)!)
    world.run(6 * 60_000)
    const rest = peers.filter(peer => peer !== smallest(peers))
    expect(namesHeard(world, rest)).toEqual([smallest(rest)])
  })

  it('costs a few frames a peer and minute', () => {
    const { world } = island(hyparviewNetwork({ seed: 2 }), 40)
    world.run(10 * 60_000)
    const before = world.sent('component')
    world.run(10 * 60_000)
    expect((world.sent('component') - before) / 40 / 10).toBeLessThan(6)
    expect(world.counted('components-merged')).toBe(0)
  })

  it('that is an island of full views finds the others it remembers, and there is one', () => {
    for (const seed of [1, 2, 3]) {
      const world = hyparviewNetwork({ seed })
      const one = island(world, 6).peers
      const two = island(world, 6).peers
      world.run(20_000)
      for (const [i, peer] of one.entries()) {
        world.input(peer, { type: 'remember', peers: [two[i]!] })
      }
      expect(world.components).toBe(2)
      world.run(15 * 60_000)
      expect({ seed, components: world.components }).toEqual({ seed, components: 1 })
      const dials = world.dialsMade
      world.run(60 * 60_000)
      expect(world.counted('components-merged')).toBeLessThan(6)
      expect(world.dialsMade - dials).toBeLessThan(6)
    }
  })

  it('is merged with another at once where a server names a peer of it', () => {
    const world = hyparviewNetwork({ seed: 4 })
    const [one] = island(world, 6).peers
    const [two] = island(world, 6).peers
    world.run(120_000)
    world.input(one!, { type: 'remember', peers: [two!] })
    world.run(5_000)
    expect(world.components).toBe(1)
  })
})

describe('the name of a component', () => {
  it('is passed on once, while it is fresh and smaller or newer than the one known', () => {
    const machine = linked(b, c, d)
    const told = (name: PeerId, beat: number, ageSeconds = 0) =>
      names(hear(machine, b, { name, beat, ageSeconds }))
    expect(told(a, 5)).toEqual([
      [c, a],
      [d, a],
    ])
    expect(told(a, 5)).toEqual([])
    expect(told(a, 4)).toEqual([])
    expect(told(a, 6)).toHaveLength(2)
    expect(told(e, 9)).toEqual([])
    const late = linked(b, c)
    expect(names(hear(late, b, { name: a, beat: 5, ageSeconds: 1_000 }))).toEqual([])
  })

  it('from a stranger with another is answered by a request, once in a while, when ours is settled', () => {
    const machine = linked(b, c)
    const asked = (now: number, from: PeerId, name: PeerId) =>
      hear(machine, from, { name, beat: 1, ageSeconds: 0 }, now).flatMap(output =>
        output.type === 'send' && output.message.type === 'neighbor-request' ? [output.to] : [],
      )
    hear(machine, b, { name: a, beat: 1, ageSeconds: 0 })
    expect(asked(10_000, d, e)).toEqual([])
    expect(asked(90_000, d, a)).toEqual([])
    expect(asked(90_000, d, e)).toEqual([d])
    expect(asked(95_000, e, e)).toEqual([])
    expect(asked(101_000, f, e)).toEqual([f])
  })

  it('is another to who is alone, whatever it is: who says one is asked for a place', () => {
    const machine = hyparview(self)
    const outputs = hear(machine, d, { name: self, beat: 1, ageSeconds: 0 })
    expect(urgent(outputs)).toEqual([d])
  })
})

it('after a link broke names prove nothing for a while: of those that are named then one is asked for a place, once', () => {
  const machine = linked(a, b, c, d, e)
  const named = (now: number, ...peers: PeerId[]) =>
    urgent(machine.handle(now, { type: 'remember', peers }))
  expect(named(9_000, f)).toEqual([])
  machine.handle(10_000, { type: 'link-down', peer: e, reason: 'failed' })
  expect(named(200_000, a, g, h)).toEqual([g])
  machine.handle(210_000, { type: 'wake' })
  expect(named(220_000, h)).toEqual([])
  machine.handle(300_000, { type: 'link-down', peer: d, reason: 'failed' })
  machine.handle(310_000, { type: 'wake' })
  expect(named(900_000, h)).toEqual([])
  // In a small part those asked for a place are on the other side, and keep all requests waiting.
  const thin = linked(a, b, c)
  thin.handle(9_000, { type: 'remember', peers: [d, e] })
  thin.handle(10_000, { type: 'link-down', peer: c, reason: 'failed' })
  expect(urgent(thin.handle(11_000, { type: 'remember', peers: [f] }))).toEqual([f])
})

// ——— how these tests speak

const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => testPeer(i)).sort() as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]
const self = testPeer(100)

function island(world: ReturnType<typeof hyparviewNetwork>, count: number) {
  const peers = world.addMany(count)
  for (const peer of peers) {
    world.join(peer, ...(peer === peers[0] ? [] : [peers[0]!]))
    world.run(200)
  }
  return { world, peers }
}

function namesHeard(world: ReturnType<typeof hyparviewNetwork>, peers: PeerId[]): string[] {
  return [...new Set(peers.map(peer => (world.machine(peer) as Hyparview).component))]
}

function linked(...peers: PeerId[]): Hyparview {
  const machine = hyparview(self)
  for (const from of peers) {
    const message = {
      type: 'neighbor-request',
      requestId: 1,
      priority: 'low',
      record: undefined,
    } as const
    machine.handle(0, { type: 'message', from, message, linked: false })
    machine.handle(0, { type: 'link-up', peer: from })
  }
  return machine
}

function hear(
  machine: Hyparview,
  from: PeerId,
  said: Omit<Message<'component'>, 'type' | 'requestId'>,
  now = 1_000,
): HyparviewOutput[] {
  const linked = machine.neighbors.includes(from)
  const message = { type: 'component', requestId: 1, ...said } as const
  return machine.handle(now, { type: 'message', from, message, linked })
}

function urgent(outputs: HyparviewOutput[]): PeerId[] {
  return outputs.flatMap(output =>
    output.type === 'send' &&
    output.message.type === 'neighbor-request' &&
    output.message.priority === 'high'
      ? [output.to]
      : [],
  )
}

function names(outputs: HyparviewOutput[]): [PeerId, PeerId][] {
  return outputs.flatMap(output =>
    output.type === 'send' && output.message.type === 'component'
      ? [[output.to, output.message.name] as [PeerId, PeerId]]
      : [],
  )
}
