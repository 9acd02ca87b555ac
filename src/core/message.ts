import { concat, utf8 } from '../codec/bytes.js'
import { optional, struct } from '../codec/combinators.js'
import { bytes, fixed, varint } from '../codec/primitives.js'
import type { Infer } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import { author, idBytes, type PeerId, type TopicId } from './ids.js'
import { LARGEST_EXTENSIONS_BYTES, LARGEST_PAYLOAD_BYTES } from './limits.js'

/**
 * A broadcast payload with its author's word for it. `signature` is absent on topics opened with
 * `signed: false`. `extensions` is opaque here; it comes last in the canonical bytes.
 */
export const message = struct({
  author,
  seq: varint(),
  /** The author's clock, epoch milliseconds. Not to be trusted for order. */
  time: varint(),
  payload: bytes({ max: LARGEST_PAYLOAD_BYTES }),
  extensions: bytes({ max: LARGEST_EXTENSIONS_BYTES }),
  signature: optional(fixed(64)),
})
export type Message = Infer<typeof message>

/** A message before its signature. */
export type Draft = Omit<Message, 'signature'>

/** The bytes a signature covers and a hash names: domain tag, version, topic, author, seq, time, payload, extensions. */
export function canonicalBytes(topic: TopicId, draft: Draft): Uint8Array {
  const head = new Writer(96)
  head.u8(1)
  head.put(idBytes(topic))
  head.put(idBytes(draft.author as PeerId))
  head.varint(draft.seq)
  head.varint(draft.time)
  head.varint(draft.payload.length)
  return concat(DOMAIN, head.finish(), draft.payload, draft.extensions)
}

const DOMAIN = utf8('gossamer message\0')
