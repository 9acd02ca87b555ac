import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import type { MembershipInput } from '../membership.js'
import { testPeer } from '../network.suite.js'
import { FULL_MESH_DEFAULTS } from './config.js'
import { FullMesh } from './full-mesh.js'
import type { FullMeshMessage } from './messages.js'
import type { FullMeshOutput } from './overlay.js'

const [self, honest, liar, newcomer] = [0, 1, 2, 3].map(testPeer) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]

describe('a neighbor that names thousands that are not there', () => {
  it('does not keep the others from naming one that is', () => {
    const room = new Room(honest, liar)
    let asked = false
    for (let s = 0; s < 30 && !asked; s++) {
      room.gosp(liar, room.fakes(64))
      room.gosp(honest, [self, honest, newcomer])
      room.run(1_000)
      asked = room.asked.has(newcomer)
    }
    expect(asked).toBe(true)
    expect(room.counts.get('names-dropped')).toBeGreaterThan(100)
  })

  it('does not keep out whom the server names', () => {
    const room = new Room(honest, liar)
    room.gosp(liar, room.fakes(64))
    room.input({ type: 'remember', peers: [newcomer] })
    for (let s = 0; s < 30; s++) {
      room.gosp(liar, room.fakes(64))
      room.run(1_000)
    }
    expect(room.asked.has(newcomer)).toBe(true)
  })

  it('does not keep out who comes by itself', () => {
    const room = new Room(honest, liar)
    room.gosp(liar, room.fakes(64))
    room.hear(newcomer, { type: 'conn', requestId: 1, asks: true, record: undefined }, false)
    room.input({ type: 'link-up', peer: newcomer })
    expect(room.machine.neighbors).toContain(newcomer)
  })

  it('costs a few questions a second, whatever it says', () => {
    const room = new Room(honest, liar)
    for (let s = 0; s < 40; s++) {
      for (let n = 0; n < 5; n++) room.gosp(liar, room.fakes(64))
      room.gosp(honest, [self, honest])
      room.run(1_000)
    }
    expect(room.questions / 40).toBeLessThan(6)
  })

  it('by name one that has left, or ourselves, or itself, has no one asked', () => {
    const room = new Room(honest, liar)
    room.hear(honest, { type: 'bye', requestId: 0, reason: 'leaving' })
    room.gosp(liar, [self, honest, liar, liar, self])
    room.run(1_000)
    expect(room.questions).toBe(0)
    expect(room.machine.known).toEqual([])
  })
})

describe('what is kept of peers', () => {
  it('has a bound, whoever comes, goes and fails to link', () => {
    const room = new Room(honest)
    for (let n = 0; n < 500; n++) {
      const peer = room.fakes(1)[0]!
      room.hear(peer, { type: 'init', requestId: n, record: undefined }, false)
      if (n % 3 === 0) room.input({ type: 'link-up', peer })
      if (n % 3 === 1) room.input({ type: 'unreachable', peer })
      else room.input({ type: 'link-down', peer, reason: 'failed' })
      if (n % 5 === 0) room.input({ type: 'join', peers: room.fakes(3) })
      if (n % 100 === 0) room.run(100)
      expect(room.machine.known.length).toBeLessThanOrEqual(128)
    }
  })
})

/** One machine among others that say what the test wants. */
class Room {
  readonly machine = new FullMesh({ self, config: FULL_MESH_DEFAULTS, random: new Random(1) })
  readonly asked = new Set<PeerId>()
  readonly counts = new Map<string, number>()
  questions = 0
  #now = 1_000_000
  #fakes = 100

  constructor(...neighbors: PeerId[]) {
    for (const peer of neighbors) {
      this.hear(peer, { type: 'conn', requestId: 1, asks: false, record: undefined }, false)
      this.input({ type: 'link-up', peer })
    }
  }

  fakes(count: number): PeerId[] {
    return Array.from({ length: count }, () => testPeer(this.#fakes++))
  }

  gosp(from: PeerId, members: PeerId[]): void {
    const view = { digest: new Uint8Array(8), members }
    this.hear(from, { type: 'gosp', view, presence: [], frontier: undefined })
  }

  hear(from: PeerId, message: FullMeshMessage, linked = true): void {
    this.input({ type: 'message', from, message, linked })
  }

  input(input: MembershipInput<FullMeshMessage>): void {
    for (const output of this.machine.handle(this.#now, input)) this.#take(output)
  }

  run(ms: number): void {
    const until = this.#now + ms
    for (let at = this.#due; at <= until; at = this.#due) {
      this.#now = Math.max(this.#now, at)
      this.input({ type: 'wake' })
    }
    this.#now = until
  }

  get #due(): number {
    return this.machine.nextDeadline?.at ?? Number.POSITIVE_INFINITY
  }

  #take(output: FullMeshOutput): void {
    if (output.type === 'count') {
      this.counts.set(output.counter, (this.counts.get(output.counter) ?? 0) + 1)
    }
    if (output.type !== 'send' || output.message.type !== 'conn' || !output.message.asks) return
    this.questions++
    this.asked.add(output.to)
  }
}
