import { list, optional, struct, union } from '../../../codec/combinators.js'
import { bytes, fixed, varint } from '../../../codec/primitives.js'
import type { Infer } from '../../../codec/schema.js'
import { author, source } from '../../ids.js'
import { LARGEST_PAYLOAD_BYTES } from '../../limits.js'
import { message } from '../../message.js'

/** Hops travelled; 0 is straight from the author. Saturates, never wraps. */
export const LARGEST_ROUND = 0xffff
const round = varint({ max: LARGEST_ROUND })
const seq = varint()

/** Messages in one run. Guess. */
export const LONGEST_RUN = 4096

/** Runs in one `ihave`. Guess. */
export const MOST_RUNS = 256

/** Runs of consecutive messages of one author that the sender holds and can give. */
export const announcement = struct({
  author,
  first: seq,
  count: varint({ max: LONGEST_RUN }),
  round,
})
export type Announcement = Infer<typeof announcement>

/** How often the shared tree may be rooted anew. */
export const LARGEST_TERM = 0xffff_ffff

/** From the root, all hops together. */
export const LARGEST_COST_MS = 0xffff_ffff

/** Wire tags 32 to 38. `source` names the tree: an author's own, or the shared one. */
export const plumtreeMessage = union({
  gossip: [32, struct({ round, message })],
  /** For direct neighbors only: no seq, never stored, never forwarded. The author is the sender. */
  'neighbor-gossip': [
    33,
    struct({
      nonce: fixed(16),
      time: varint(),
      payload: bytes({ max: LARGEST_PAYLOAD_BYTES }),
      signature: optional(fixed(64)),
    }),
  ],
  prune: [34, struct({ source })],
  /** Without a message it only turns the link eager. */
  graft: [35, struct({ source, wanted: optional(struct({ author, seq, round })) })],
  ihave: [36, struct({ announcements: list(announcement, { max: MOST_RUNS }) })],
  /** The negative answer to a graft: the message is not in the cache any more. */
  'graft-refused': [37, struct({ author, seq })],
  /** The way from the sender to the root of the shared tree. */
  'root-path': [
    38,
    struct({
      term: varint({ max: LARGEST_TERM }),
      rank: varint({ max: 0xffff_ffff }),
      costMs: varint({ max: LARGEST_COST_MS }),
    }),
  ],
})
export type PlumtreeMessage = Infer<typeof plumtreeMessage>
