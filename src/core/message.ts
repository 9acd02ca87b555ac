import { utf8 } from '../codec/bytes.js'
import { optional, struct } from '../codec/combinators.js'
import { bytes, fixed, varint } from '../codec/primitives.js'
import type { Infer } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import { author, peerId, type TopicId, topicId } from './ids.js'
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

export function sealed(draft: Draft, signature: Uint8Array | undefined): Message {
  const { author, seq, time, payload, extensions } = draft
  return { author, seq, time, payload, extensions, signature }
}

/** The bytes a signature covers and a hash names: domain tag, version, topic, author, seq, time, payload, extensions. */
export function canonicalBytes(topic: TopicId, draft: Draft): Uint8Array {
  return canonicalView(topic, draft).slice()
}

/**
 * The same bytes, to be read at once: the next call writes over them. For WebCrypto, which takes its copy before it
 * returns; to make a buffer for each costs more than to fill it, and twice more when it is swept.
 */
export function canonicalView(topic: TopicId, draft: Draft): Uint8Array {
  const { payload, extensions } = draft
  const isLarge = payload.length + extensions.length > SCRATCH_BYTES
  const w = isLarge ? new Writer(payload.length + extensions.length + MOST_HEAD_BYTES) : scratch
  w.drop()
  w.put(DOMAIN)
  w.u8(1)
  topicId.write(w, topic)
  peerId.write(w, draft.author)
  w.varint(draft.seq)
  w.varint(draft.time)
  w.varint(payload.length)
  w.put(payload)
  w.put(extensions)
  return w.look()
}

const DOMAIN = utf8('gossamer message\0')
/** What is larger has a buffer of its own, so that one large message does not leave a large buffer behind. Guess. */
const SCRATCH_BYTES = 16 << 10
const MOST_HEAD_BYTES = 128
const scratch = /* @__PURE__ */ new Writer(SCRATCH_BYTES + MOST_HEAD_BYTES)
