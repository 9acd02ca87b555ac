import fc from 'fast-check'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import { Network, type NetworkOptions } from '../network.suite.js'
import { HYPARVIEW_DEFAULTS, type HyparviewConfig } from './config.js'
import { Hyparview } from './hyparview.js'
import type { HyparviewMessage, PeerEntry, PeerRecord } from './messages.js'

// What the tests of HyParView share: how to make one, a network of them, and any message.

export type Message<T extends HyparviewMessage['type']> = Extract<HyparviewMessage, { type: T }>

export function hyparview(
  self: PeerId,
  { seed = 1, ...config }: Partial<HyparviewConfig> & { seed?: number } = {},
): Hyparview {
  return new Hyparview({
    self,
    config: { ...HYPARVIEW_DEFAULTS, ...config },
    random: new Random(seed),
  })
}

export function hyparviewNetwork({
  config = {},
  ...more
}: Partial<NetworkOptions<HyparviewMessage>> & {
  seed: number
  config?: Partial<HyparviewConfig>
}): Network<HyparviewMessage> {
  return new Network({
    make: (self, random) =>
      new Hyparview({ self, config: { ...HYPARVIEW_DEFAULTS, ...config }, random }),
    knocks,
    rtts: true,
    ...more,
  })
}

/** So many peers that joined through the first, `apartMs` from each other. */
export function overlayOf(
  count: number,
  { apartMs = 200, ...options }: Parameters<typeof hyparviewNetwork>[0] & { apartMs?: number },
) {
  const world = hyparviewNetwork(options)
  const peers = world.addMany(count)
  for (const peer of peers) {
    world.join(peer, ...(peer === peers[0] ? [] : [peers[0]!]))
    if (apartMs > 0) world.run(apartMs)
  }
  return { world, peers }
}

export function knocks({ type }: HyparviewMessage): boolean {
  return type === 'join' || type === 'component' || type.startsWith('neighbor-')
}

export function entry(peer: PeerId): PeerEntry {
  return { peer, record: undefined }
}

export function record(time: number, ...data: number[]): PeerRecord {
  return { data: new Uint8Array(data), time, signature: new Uint8Array(64) }
}

export function answers(sent: HyparviewMessage): HyparviewMessage[] {
  if (sent.type !== 'join' && sent.type !== 'neighbor-request') return []
  const { requestId } = sent
  return [
    { type: 'neighbor-accept', requestId, record: undefined },
    { type: 'neighbor-accept', requestId, record: undefined },
    { type: 'neighbor-reject', requestId, reason: 'full', sample: [] },
  ]
}

export function anyMessage(peer: fc.Arbitrary<PeerId>): fc.Arbitrary<HyparviewMessage> {
  const requestId = fc.nat({ max: 3 })
  const anyRecord = fc.option(
    fc.record({
      data: fc.uint8Array({ maxLength: 3 }),
      time: fc.nat({ max: 5 }),
      signature: fc.constant(new Uint8Array(64)),
    }),
    { nil: undefined },
  )
  const anyEntry = fc.record({ peer, record: anyRecord })
  const sample = fc.array(anyEntry, { maxLength: 18 })
  const hopsLeft = fc.constantFrom(0, 1, 3, 6, 255)
  const of = <T extends HyparviewMessage['type']>(type: T) => fc.constant(type)
  return fc.oneof(
    fc.record({ type: of('join'), requestId, record: anyRecord }),
    fc.record({ type: of('forward-join'), joiner: anyEntry, hopsLeft }),
    fc.record({
      type: of('neighbor-request'),
      requestId,
      priority: fc.constantFrom('high' as const, 'low' as const),
      record: anyRecord,
    }),
    fc.record({ type: of('neighbor-accept'), requestId, record: anyRecord }),
    fc.record({
      type: of('neighbor-reject'),
      requestId,
      reason: fc.constantFrom(
        'full' as const,
        'busy' as const,
        'not-in-topic' as const,
        'banned' as const,
      ),
      sample,
    }),
    fc.record({ type: of('shuffle'), origin: anyEntry, walkId: requestId, hopsLeft, sample }),
    fc.record({ type: of('shuffle-reply'), walkId: requestId, sample }),
    fc.record({
      type: of('disconnect'),
      alive: fc.constantFrom('alive' as const, 'leaving' as const),
      sample,
    }),
    fc.record({
      type: of('component'),
      requestId,
      name: peer,
      beat: fc.nat({ max: 9 }),
      ageSeconds: fc.constantFrom(0, 60, 1_000),
    }),
  )
}
