import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import type { Hyparview } from './hyparview.js'
import { a, b, c, d, self, sends, withNeighbors } from './machine.suite.js'
import { hyparview, hyparviewNetwork } from './messages.suite.js'
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

/** The peer says yes to what it was asked last, and the link stands. */
function accepted(machine: Hyparview, now: number, peer: PeerId): HyparviewOutput[] {
  const yes = { type: 'neighbor-accept', requestId: 0, record: undefined } as const
  return [
    ...machine.handle(now, { type: 'message', from: peer, message: yes, linked: false }),
    ...machine.handle(now, { type: 'link-up', peer }),
  ]
}

function counts(outputs: HyparviewOutput[], counter: string): number {
  return outputs.filter(one => one.type === 'count' && one.counter === counter).length
}
