import { expect } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import type { Hyparview } from './hyparview.js'
import type { HyparviewMessage } from './messages.js'
import { hyparview, type Message } from './messages.suite.js'
import type { HyparviewOutput } from './overlay.js'

// How tests of one machine speak with it.

export const [self, a, b, c, d, e, f, g] = Array.from({ length: 8 }, (_, i) => testPeer(i)) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]

export function say(machine: Hyparview, now: number, from: PeerId, message: HyparviewMessage) {
  return machine.handle(now, { type: 'message', from, message, linked: true })
}

export function request(
  machine: Hyparview,
  now: number,
  from: PeerId,
  ask: 'join' | 'high' | 'low',
  requestId: number,
  linked = false,
): HyparviewOutput[] {
  const message: HyparviewMessage =
    ask === 'join'
      ? { type: 'join', requestId, record: undefined }
      : { type: 'neighbor-request', requestId, priority: ask, record: undefined }
  return machine.handle(now, { type: 'message', from, message, linked })
}

/** Makes the peer a neighbor by a request of its own. */
export function neighbor(machine: Hyparview, now: number, peer: PeerId): void {
  request(machine, now, peer, 'low', 1)
  machine.handle(now, { type: 'link-up', peer })
}

export function withNeighbors(now: number, ...peers: PeerId[]): Hyparview {
  const machine = hyparview(self)
  for (const peer of peers) neighbor(machine, now, peer)
  expect(machine.neighbors).toEqual(peers)
  return machine
}

/** Says no to what the peer was asked last. */
export function rejected(
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

export function messages(outputs: HyparviewOutput[]): [PeerId, HyparviewMessage][] {
  return outputs.flatMap(one => (one.type === 'send' ? [[one.to, one.message] as const] : [])) as [
    PeerId,
    HyparviewMessage,
  ][]
}

/** But for the component's name, which every new neighbor is told: components.test.ts. */
export function sends(outputs: HyparviewOutput[]): [PeerId, string][] {
  return messages(outputs)
    .map(([to, { type }]) => [to, type] as [PeerId, string])
    .filter(([, type]) => type !== 'component')
}
