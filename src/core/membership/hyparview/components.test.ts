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

  it('costs a few frames a peer and minute, and a knock in ten', () => {
    const { world } = island(hyparviewNetwork({ seed: 2 }), 40)
    world.run(10 * 60_000)
    const before = world.sent('component')
    const compared = world.counted('components-compared')
    world.run(10 * 60_000)
    expect((world.counted('components-compared') - compared) / 40 / 10).toBeLessThan(0.2)
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

  it('that is out of date gives way to what is smaller than our own id, and to itself with a lower beat', () => {
    const larger = Array.from({ length: 20 }, (_, i) => testPeer(i)).find(peer => peer > self)!
    for (const [name, others] of [
      [larger, []],
      [e, [c, d]],
      [a, [c, d]],
    ] as const) {
      const machine = linked(b, c, d)
      hear(machine, b, { name: a, beat: 9, ageSeconds: 0 })
      const told = hear(machine, b, { name, beat: 1, ageSeconds: 0 }, 212_000)
      expect(names(told)).toEqual(others.map(peer => [peer, name]))
    }
  })

  it('that is ours is no news from others', () => {
    const machine = linked(b, c)
    expect(names(hear(machine, b, { name: self, beat: 2 ** 52, ageSeconds: 0 }))).toEqual([])
  })

  it('grows no younger on its way', () => {
    const machine = linked(b)
    hear(machine, b, { name: a, beat: 9, ageSeconds: 7 })
    const told = admit(machine, c, 1_400)
    expect(messages(told, 'component')).toMatchObject([{ name: a, ageSeconds: 8 }])
  })

  it('is forgotten by who is alone, and compared again a minute after it found company', () => {
    const machine = linked(b)
    hear(machine, b, { name: a, beat: 9, ageSeconds: 0 })
    machine.handle(62_000, { type: 'link-down', peer: b, reason: 'failed' })
    machine.handle(150_000, { type: 'wake' })
    expect(machine.component).toBe(self)
    admit(machine, c, 160_000)
    const compared = (now: number, ...peers: PeerId[]) =>
      names(machine.handle(now, { type: 'remember', peers }))
    expect(compared(219_000, f, g)).toEqual([])
    expect(compared(221_000, h)).toEqual([[h, self]])
  })

  it('is compared with strangers alone: not with neighbors, those asked already, the banned and ourselves', () => {
    const machine = linked(a, b, c, d, e)
    machine.handle(100_000, { type: 'ban', peer: e })
    hear(machine, b, { name: a, beat: 60, ageSeconds: 0 }, 60_000)
    hear(machine, g, { name: h, beat: 1, ageSeconds: 0 }, 121_000)
    const peers = [self, a, b, c, d, e, g, f]
    const outputs = machine.handle(121_001, { type: 'remember', peers })
    expect(names(outputs)).toEqual([[f, a]])
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

it('many names of strangers keep neither a former neighbor from meeting us again, nor whom the server names', () => {
  const machine = linked(a, b, c, d, e)
  machine.handle(2_000, { type: 'link-down', peer: e, reason: 'failed' })
  machine.handle(2_000, { type: 'unreachable', peer: e })
  admit(machine, f, 3_000)
  hear(machine, b, { name: a, beat: 9, ageSeconds: 0 }, 3_000)
  const told = (from: PeerId) =>
    urgent(hear(machine, from, { name: from, beat: 1, ageSeconds: 0 }, 90_000))
  expect(told(g)).toEqual([g])
  expect(told(h)).toEqual([])
  expect(told(e)).toEqual([e])
  expect(urgent(machine.handle(90_000, { type: 'remember', peers: [h] }))).toEqual([h])
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
  for (const from of peers) admit(machine, from, 0)
  return machine
}

function admit(machine: Hyparview, from: PeerId, now: number): HyparviewOutput[] {
  const ask = { type: 'neighbor-request', priority: 'low', record: undefined } as const
  const message = { ...ask, requestId: 1 }
  machine.handle(now, { type: 'message', from, message, linked: false })
  return machine.handle(now, { type: 'link-up', peer: from })
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

function messages<T extends Message<'component'>['type']>(outputs: HyparviewOutput[], type: T) {
  return outputs.flatMap(output =>
    output.type === 'send' && output.message.type === type ? [output.message] : [],
  )
}

function names(outputs: HyparviewOutput[]): [PeerId, PeerId][] {
  return outputs.flatMap(output =>
    output.type === 'send' && output.message.type === 'component'
      ? [[output.to, output.message.name] as [PeerId, PeerId]]
      : [],
  )
}
