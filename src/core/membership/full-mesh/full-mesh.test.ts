import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import { a, b, c, d, type Gosp, gosp, meshOf, periodMs } from './machine.suite.js'
import { fullMeshNetwork } from './messages.suite.js'

// What the seed's messages lead to (reference §2.5, by the number of the rule).

describe('rule 6: the result is a full mesh', () => {
  for (const [count, seed] of [
    [2, 1],
    [3, 2],
    [5, 3],
    [8, 4],
    [12, 5],
  ] as const) {
    it(`of ${count} that come within a second through doors drawn at random (seed ${seed})`, () => {
      const random = new Random(seed)
      const world = fullMeshNetwork({ seed, dialMs: [300, 700], config: { periodMs: 1_000 } })
      for (let i = 0; i < count; i++) {
        const door = random.pick(world.ids)
        world.join(world.add(), ...(door === undefined ? [] : [door]))
        world.run(random.between(0, 2_000 / count))
      }
      world.run(10_000)
      for (const peer of world.alive) {
        expect(world.neighbors(peer)).toHaveLength(count - 1)
        expect(world.machine(peer).mesh).toBe('complete')
      }
    })
  }

  it('also where one door opened late: whoever is behind it is looked for when others let us in', () => {
    const world = fullMeshNetwork({ seed: 3 })
    const [door, first, second] = world.addMany(3) as [PeerId, PeerId, PeerId]
    world.crash(door)
    world.join(first, door)
    world.join(second, first, door)
    world.run(60_000)
    world.start(door)
    world.join(door)
    world.run(120_000)
    expect(world.neighbors(door).sort()).toEqual([first, second].sort())
  })

  it('also after a partition, when both halves can reach each other again', () => {
    const world = fullMeshNetwork({ seed: 7, config: { periodMs: 1_000 } })
    const peers = world.addMany(6)
    for (const peer of peers) world.join(peer, peers[0]!)
    world.run(10_000)
    world.partition(peer => peers.indexOf(peer) < 3)
    world.run(20_000)
    expect(world.components).toBe(2)
    world.partition()
    world.run(60_000)
    expect(world.alive.map(peer => world.neighbors(peer).length)).toEqual([5, 5, 5, 5, 5, 5])
  })

  it('also of two islands that never had a link: the smallest of each asks the server for names once a minute', () => {
    const asked = (self: PeerId, ...neighbors: PeerId[]) => {
      const one = meshOf(self, ...neighbors)
      return [59, 60, 60, 60].map(seconds => {
        for (let at = 0; at < seconds; at += 1) {
          for (const peer of neighbors) one.hear(peer, gosp())
          one.after(1_000)
        }
        const { length } = one.outputs('wants-introductions')
        one.forget('wants-introductions')
        return length
      })
    }
    expect(asked(a, b, c)).toEqual([0, 1, 1, 1])
    expect(asked(b, a, c)).toEqual([0, 0, 0, 0])
  })

  it('given to another membership holds no link that it does not hand over', () => {
    const one = meshOf(a, b, c)
    for (let period = 0; period < 3; period++) {
      one.after(periodMs)
      one.hear(b, gosp())
    }
    one.hear(d, { type: 'conn', requestId: 1, asks: false, record: undefined })
    const { neighbors, linking, rest } = one.machine.handOver()
    expect([neighbors.map(({ peer }) => peer), linking]).toEqual([[b], [d]])
    expect(rest).toEqual([{ type: 'release', peer: c }])
  })

  it('complete by the word of all, and not while someone is to come', () => {
    const one = meshOf(a, b)
    const { digest } = (one.said('gosp') as Gosp[]).at(-1)!.view!
    one.hear(b, gosp({ digest }))
    expect(one.machine.mesh).toBe('complete')
    one.hear(c, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(one.machine.mesh).toBe('forming')
  })

  it('complete by the word of all, and not while someone names a stranger', () => {
    const one = meshOf(a, b)
    expect(one.machine.mesh).toBe('forming')
    const { digest } = (one.said('gosp') as Gosp[]).at(-1)!.view!
    one.hear(b, gosp({ digest }))
    expect(one.machine.mesh).toBe('complete')
    one.hear(b, gosp({ members: [a, b, c] }))
    expect(one.machine.mesh).toBe('forming')
  })
})
