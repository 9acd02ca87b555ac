import fc from 'fast-check'
import type { PeerId } from '../../ids.js'
import { Network, type NetworkOptions } from '../network.suite.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from './config.js'
import { FullMesh } from './full-mesh.js'
import type { FullMeshMessage } from './messages.js'

// What the tests of the full mesh share: a network of them, and any message.

export function fullMeshNetwork({
  config = {},
  ...more
}: Partial<NetworkOptions<FullMeshMessage>> & {
  seed: number
  config?: Partial<FullMeshConfig>
}): Network<FullMeshMessage> {
  return new Network({
    make: (self, random) =>
      new FullMesh({ self, config: { ...FULL_MESH_DEFAULTS, ...config }, random }),
    knocks,
    ...more,
  })
}

export function knocks({ type }: FullMeshMessage): boolean {
  return type !== 'gosp'
}

export function answers(sent: FullMeshMessage): FullMeshMessage[] {
  if (sent.type !== 'init' && sent.type !== 'conn') return []
  const { requestId } = sent
  return [
    { type: 'info', requestId, members: [], record: undefined },
    { type: 'conn', requestId: 7, asks: false, record: undefined },
    { type: 'bye', requestId, reason: 'full' },
  ]
}

export function anyMessage(peer: fc.Arbitrary<PeerId>): fc.Arbitrary<FullMeshMessage> {
  const requestId = fc.nat({ max: 3 })
  const record = fc.option(
    fc.record({
      data: fc.uint8Array({ maxLength: 3 }),
      time: fc.nat({ max: 5 }),
      signature: fc.constant(new Uint8Array(64)),
    }),
    { nil: undefined },
  )
  const members = fc.array(peer, { maxLength: 8 })
  const view = fc.record({
    digest: fc.uint8Array({ minLength: 8, maxLength: 8, max: 1 }),
    members: fc.option(members, { nil: undefined }),
  })
  const of = <T extends FullMeshMessage['type']>(type: T) => fc.constant(type)
  return fc.oneof(
    fc.record({ type: of('init'), requestId, record }),
    fc.record({ type: of('info'), requestId, members, record }),
    fc.record({ type: of('conn'), requestId, asks: fc.boolean(), record }),
    fc.record({
      type: of('gosp'),
      view: fc.option(view, { nil: undefined }),
      presence: fc.constant<never[]>([]),
      frontier: fc.constant(undefined),
    }),
    fc.record({
      type: of('bye'),
      requestId,
      reason: fc.constantFrom('leaving' as const, 'full' as const, 'not-in-topic' as const),
    }),
  )
}
