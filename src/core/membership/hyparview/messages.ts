import { list, oneOf, optional, struct, type Union } from '../../../codec/combinators.js'
import { bytes, fixed, u8, varint } from '../../../codec/primitives.js'
import type { Infer } from '../../../codec/schema.js'
import { peerId } from '../../ids.js'

/** A peer's own words about itself, at most 256 bytes, with its signature; newest `time` wins. */
export const peerRecord = struct({
  data: bytes({ max: 256 }),
  /** Epoch milliseconds of the author's clock. */
  time: varint(),
  signature: fixed(64),
})
export type PeerRecord = Infer<typeof peerRecord>

export const peerEntry = struct({ peer: peerId, record: optional(peerRecord) })
export type PeerEntry = Infer<typeof peerEntry>

/** Shuffles carry at most self + 3 active + 4 passive (HyParView paper, p. 9); 16 leaves room to tune. */
export const LARGEST_SAMPLE = 16

const entries = list(peerEntry, { max: LARGEST_SAMPLE })
const requestId = varint({ max: 0xffff_ffff })
/** Walks longer than this are cut on receipt. */
const hopsLeft = u8

/** Wire tags 16 to 23, and 29. Request and reply are separate messages, which the seed's are not: see hyparview.ts. */
export const hyparviewMessages = {
  join: [16, struct({ requestId, record: optional(peerRecord) })],
  'forward-join': [17, struct({ joiner: peerEntry, hopsLeft })],
  'neighbor-request': [
    18,
    struct({ requestId, priority: oneOf(['high', 'low']), record: optional(peerRecord) }),
  ],
  'neighbor-accept': [19, struct({ requestId, record: optional(peerRecord) })],
  'neighbor-reject': [
    20,
    struct({
      requestId,
      reason: oneOf(['full', 'busy', 'not-in-topic', 'mismatch', 'banned', 'not-admitted']),
      /** Others to try, so that a refused newcomer is not left without contacts. */
      sample: entries,
    }),
  ],
  shuffle: [21, struct({ origin: peerEntry, walkId: requestId, hopsLeft, sample: entries })],
  'shuffle-reply': [22, struct({ walkId: requestId, sample: entries })],
  disconnect: [
    23,
    struct({
      /** True where the sender is still in the topic and may be asked again. */
      alive: oneOf(['leaving', 'alive']),
      sample: entries,
    }),
  ],
  component: [
    29,
    struct({
      /** As in a request; nobody answers it. */
      requestId,
      /** The smallest id of the component's peers. */
      name: peerId,
      /** Counts up; the newest is passed on. Seconds of the named peer's clock. */
      beat: varint(),
      /** Since the named peer said it. */
      ageSeconds: varint({ max: 0xffff_ffff }),
    }),
  ],
} as const
export type HyparviewMessage = Infer<Union<typeof hyparviewMessages>>
