import { optional, struct } from '../../codec/combinators.js'
import { bytes, fixed, varint } from '../../codec/primitives.js'
import type { Infer } from '../../codec/schema.js'
import { peerId } from '../ids.js'

/** Bytes of a presence: a name, a cursor, "is typing". More belongs in a message. Guess. */
export const LARGEST_PRESENCE_BYTES = 1024

/** The longest a statement may ask to be kept without a newer one. Guess. */
export const LONGEST_LIFETIME_MS = 600_000

/**
 * What a peer says of itself in one topic, newest `time` wins. `value` is undefined where it takes its
 * presence back. `signature` is absent on topics opened with `signed: false`.
 */
export const presenceStatement = struct({
  value: optional(bytes({ max: LARGEST_PRESENCE_BYTES })),
  /** Epoch milliseconds of the author's clock; each of its statements has a later one, also after a reload. */
  time: varint(),
  /** How long it holds without a newer one, for those that are no neighbors of its author. */
  lifetimeMs: varint({ max: LONGEST_LIFETIME_MS }),
  signature: optional(fixed(64)),
})
export type PresenceStatement = Infer<typeof presenceStatement>

/** A statement before its signature. */
export type PresenceDraft = Omit<PresenceStatement, 'signature'>

/** A statement as it is passed on. */
export const presenceEntry = struct({
  peer: peerId,
  statement: presenceStatement,
  /** How long the sender goes on keeping it: no longer is it kept by whoever hears it, or those after. */
  leftMs: varint({ max: LONGEST_LIFETIME_MS }),
})
export type PresenceEntry = Infer<typeof presenceEntry>
