import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { FULL_MESH_DEFAULTS } from '../full-mesh/config.js'
import * as fullMesh from '../full-mesh/messages.suite.js'
import { HYPARVIEW_DEFAULTS } from '../hyparview/config.js'
import * as hyparview from '../hyparview/messages.suite.js'
import type { MembershipMessage } from '../messages.js'
import { Network, type NetworkOptions, testPeer } from '../network.suite.js'
import { Auto } from './auto.js'
import { isHyparview } from './translation.js'

const PERIOD_MS = 1_000

describe('auto, up to eight', () => {
  it('is a full mesh', () => {
    const world = roomOf(8)
    expect(kinds(world)).toEqual(['full-mesh'])
    expect(links(world)).toEqual(Array(8).fill(7))
  })
})

describe('auto, going up', () => {
  it('when a ninth is heard of, all have a partial view within three periods', () => {
    const world = roomOf(8)
    join(world)
    world.run(3 * PERIOD_MS)
    expect(kinds(world)).toEqual(['hyparview'])
  })

  it('keeps its neighbors: none goes that is not one too many', () => {
    const world = roomOf(8)
    const before = new Map(world.alive.map(peer => [peer, world.neighbors(peer)]))
    const since = world.happenings.length
    join(world)
    world.run(20_000)
    const reasons = new Set(
      world.happenings.slice(since).flatMap(one => (one.type === 'down' ? [one.reason] : [])),
    )
    expect([...reasons].sort()).toEqual(['evicted', 'replaced'])
    for (const [peer, neighbors] of before) {
      const kept = neighbors.filter(one => world.neighbors(peer).includes(one))
      expect(kept.length).toBeGreaterThan(2)
    }
    expect(world.asymmetric).toEqual([])
    expect(world.components).toBe(1)
  })

  it('sheds one link a second, down to five, and leaves nobody with fewer than three', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = roomOf(8, seed)
      join(world)
      const since = world.happenings.length
      let fewest = Number.POSITIVE_INFINITY
      for (let i = 0; i < 150; i++) {
        world.run(100)
        fewest = Math.min(fewest, ...links(world).slice(0, 8))
      }
      expect(Math.max(...links(world))).toBeLessThanOrEqual(5)
      expect(fewest, `seed ${seed}`).toBeGreaterThanOrEqual(3)
      for (const peer of world.alive) {
        const shed = world.happenings
          .slice(since)
          .filter(one => one.peer === peer && one.reason === 'evicted')
          .map(({ at }) => at)
        // A newcomer may cost one besides.
        for (let i = 2; i < shed.length; i++) expect(shed[i]! - shed[i - 2]!).toBeGreaterThan(999)
      }
    }
  })

  it('a newcomer to a large room never makes a full mesh of it', () => {
    const world = roomOf(30)
    const newcomer = join(world)
    for (let i = 0; i < 100; i++) {
      world.run(100)
      expect(world.neighbors(newcomer).length).toBeLessThanOrEqual(5)
    }
    expect(world.neighbors(newcomer).length).toBeGreaterThan(2)
    expect(world.machine(newcomer).snapshot().kind).toBe('hyparview')
  })
})

describe('auto, going down', () => {
  it('when six are left and each has been a neighbor for half a minute', () => {
    const world = roomOf(9)
    for (const peer of world.alive.slice(6)) world.quit(peer)
    world.run(25_000)
    expect(kinds(world)).toEqual(['hyparview'])
    world.run(35_000)
    expect(kinds(world)).toEqual(['full-mesh'])
    expect(links(world)).toEqual(Array(6).fill(5))
  })

  it('not when seven are left', () => {
    const world = roomOf(9)
    for (const peer of world.alive.slice(7)) world.quit(peer)
    world.run(120_000)
    expect(kinds(world)).toEqual(['hyparview'])
  })

  it('changes no neighbor', () => {
    const world = roomOf(9)
    for (const peer of world.alive.slice(6)) world.crash(peer)
    world.run(20_000)
    const since = world.happenings.length
    world.run(60_000)
    expect(kinds(world)).toEqual(['full-mesh'])
    expect(world.happenings.slice(since)).toEqual([])
  })

  it.each([1, 2, 3, 4, 5])('and up again, and down again, seed %i', seed => {
    const world = roomOf(9, seed)
    for (let time = 0; time < 2; time++) {
      for (const peer of world.alive.slice(6)) world.quit(peer)
      world.run(60_000)
      expect(kinds(world)).toEqual(['full-mesh'])
      for (let i = 0; i < 3; i++) join(world)
      world.run(15_000)
      expect(kinds(world)).toEqual(['hyparview'])
      expect(world.components).toBe(1)
      expect(world.asymmetric).toEqual([])
    }
  })

  it('as late where the three came for a moment: not who has had those six for long, at once', () => {
    const world = roomOf(6)
    world.run(60_000)
    for (let i = 0; i < 3; i++) join(world)
    world.run(10_000)
    for (const peer of world.alive.slice(6)) world.quit(peer)
    world.run(25_000)
    expect(kinds(world)).toEqual(['hyparview'])
    world.run(20_000)
    expect(kinds(world)).toEqual(['full-mesh'])
  })
})

describe('auto, after an hour of sleep', () => {
  it('is what it was: those that it did not hear meanwhile are not gone', () => {
    const world = roomOf(20)
    world.run(60_000)
    const [sleeper] = world.alive as [PeerId]
    const machine = world.machine(sleeper)
    const before = machine.neighbors
    for (let ms = 3_600_000; ms < 3_602_000; ms += 100) {
      machine.handle(world.now + ms, { type: 'wake' })
      expect(machine.snapshot().kind).toBe('hyparview')
    }
    expect(machine.neighbors).toEqual(before)
  })
})

describe('auto, half up', () => {
  it('those of one kind and those of the other are one overlay, and whoever comes finds a place', () => {
    // Slow words: the change goes round for seconds, and newcomers arrive in the middle of it.
    const world = network(5, { latencyMs: [200, 900], dialMs: [500, 3_000] })
    for (let i = 0; i < 20; i++) {
      join(world)
      world.run(i < 8 ? 3_000 : 400)
    }
    world.run(60_000)
    expect(world.components).toBe(1)
    expect(world.asymmetric).toEqual([])
    expect(kinds(world)).toEqual(['hyparview'])
    for (const peer of world.alive) expect(world.heldForNothing(peer)).toEqual([])
  })
})

describe('auto, in a partial view', () => {
  it('an INFO nobody asked for teaches it no names, and asks nobody', () => {
    const world = roomOf(9)
    const [one, neighbor] = [world.alive[0]!, world.neighbors(world.alive[0]!)[0]!]
    const members = Array.from({ length: 60 }, (_, n) => testPeer(1_000 + n))
    const info = { type: 'info', requestId: 0, members, record: undefined } as const
    const before = world.machine(one).known
    for (const linked of [true, false]) {
      const stranger = testPeer(999)
      const said = world.input(one, { type: 'message', from: stranger, message: info, linked })
      expect(said.filter(({ type }) => type !== 'count')).toEqual([])
    }
    expect(world.machine(one).known).toEqual(before)
    expect(world.counted('infos-unasked')).toBe(2)
    world.input(one, { type: 'message', from: neighbor, message: info, linked: true })
    expect(world.machine(one).known.length).toBeGreaterThan(before.length)
  })
})

function network(seed: number, more: Partial<NetworkOptions<MembershipMessage>> = {}) {
  return new Network<MembershipMessage>({
    seed,
    make: (self, random) =>
      new Auto({
        self,
        random,
        hyparview: HYPARVIEW_DEFAULTS,
        fullMesh: { ...FULL_MESH_DEFAULTS, periodMs: PERIOD_MS },
      }),
    knocks: message =>
      isHyparview(message) ? hyparview.knocks(message) : fullMesh.knocks(message),
    ...more,
  })
}

function roomOf(count: number, seed = 1): Network<MembershipMessage> {
  const world = network(seed)
  for (let i = 0; i < count; i++) {
    join(world)
    world.run(300)
  }
  world.run(30_000)
  return world
}

function join(world: Network<MembershipMessage>): PeerId {
  const door = world.alive[0]
  const peer = world.add()
  world.join(peer, ...(door === undefined ? [] : [door]))
  return peer
}

function kinds(world: Network<MembershipMessage>): string[] {
  return [...new Set(world.alive.map(peer => world.machine(peer).snapshot().kind))]
}

function links(world: Network<MembershipMessage>): number[] {
  return world.alive.map(peer => world.neighbors(peer).length)
}
