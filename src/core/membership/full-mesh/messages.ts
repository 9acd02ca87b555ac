import { list, oneOf, optional, struct, type Union } from '../../../codec/combinators.js'
import { bool, bytes, fixed, varint } from '../../../codec/primitives.js'
import type { Infer } from '../../../codec/schema.js'
import { peerId } from '../../ids.js'
import { presenceEntry } from '../../presence/statement.js'
import { peerRecord } from '../hyparview/messages.js'

/** Members named in one message. Five times what a room may hold; a word beyond it is a fault. Guess. */
export const LARGEST_MEMBER_LIST = 64

/** Statements in one GOSP; a sender stops at far fewer bytes (presence.ts). Guess. */
export const LARGEST_PRESENCE_LIST = 64

const requestId = varint({ max: 0xffff_ffff })
const members = list(peerId, { max: LARGEST_MEMBER_LIST })

/** Wire tags 24 to 28. The seed's names; `bye` is ours. */
export const fullMeshMessages = {
  /** A newcomer, to one initial peer. */
  init: [24, struct({ requestId, record: optional(peerRecord) })],
  /** The initial peer's answer: whom it knew before. */
  info: [25, struct({ requestId, members, record: optional(peerRecord) })],
  /** To every member a newcomer hears of; `asks` for one back, after which both make the link. */
  conn: [26, struct({ requestId, asks: bool, record: optional(peerRecord) })],
  /** Every period to every neighbor. The members themselves only where digests differ. */
  gosp: [
    27,
    struct({
      view: optional(struct({ digest: fixed(8), members: optional(members) })),
      presence: list(presenceEntry, { max: LARGEST_PRESENCE_LIST }),
      /** What the topic's history has, in few bytes: a difference starts an exchange. */
      frontier: optional(bytes({ max: 64 })),
    }),
  ],
  /** The sender goes; or, with the id of a request, it has no place for whoever asked. */
  bye: [
    28,
    struct({
      requestId,
      reason: oneOf(['leaving', 'full', 'not-in-topic', 'mismatch', 'banned']),
    }),
  ],
} as const
export type FullMeshMessage = Infer<Union<typeof fullMeshMessages>>
