import { utf8 } from '../codec/bytes.js'
import { struct } from '../codec/combinators.js'
import { bytes, fixed, varint } from '../codec/primitives.js'
import type { Infer, Schema } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import { countOf } from './bundle.js'
import { author, firstOf, peerId, type TopicId, topicId } from './ids.js'
import { LARGEST_EXTENSIONS_BYTES, LARGEST_PAYLOAD_BYTES } from './limits.js'

const fields = struct({
  author,
  seq: varint(),
  /** The author's clock, epoch milliseconds. Not to be trusted for order. */
  time: varint(),
  payload: bytes({ max: LARGEST_PAYLOAD_BYTES }),
  extensions: bytes({ max: LARGEST_EXTENSIONS_BYTES }),
})
const sealing = fixed(64)

/**
 * A broadcast payload with its author's word for it. `signature` is absent on topics opened with
 * `signed: false`. `extensions` is opaque here; it comes last in the canonical bytes.
 */
export type Message = Infer<typeof fields> & {
  signature: Uint8Array | undefined
  /**
   * There where it is a bundle (bundle.ts): how many messages its payload holds. They have as many numbers, of which `seq`
   * is the last. What it travels by, and is kept under, is that one.
   */
  count?: number | undefined
}

/** The fields, then a byte: 1 where a signature follows, and 2 more where the payload is a bundle. */
export const message: Schema<Message> = {
  write: (w, value) => {
    const { signature, count } = value
    fields.write(w, value)
    w.u8((signature === undefined ? 0 : 1) + (count === undefined ? 0 : 2))
    if (signature !== undefined) sealing.write(w, signature)
  },
  read: r => {
    const value = fields.read(r) as Message
    const flags = r.u8()
    if (flags > 3) r.fail('flags above 3')
    value.signature = flags & 1 ? sealing.read(r) : undefined
    if (flags > 1) {
      value.count = countOf(value.payload)
      if (value.count === 0) r.fail('no bundle')
      if (firstOf(value) < 1) r.fail('more messages than numbers')
    }
    return value
  },
}

/** Whether a topic that allows messages of so many bytes allows this one, or all that are in it. */
export function fits(
  { payload, count }: Pick<Message, 'payload' | 'count'>,
  most: number,
): boolean {
  return payload.length <= most || (count !== undefined && countOf(payload, most) > 0)
}

/** A message before its signature. */
export type Draft = Omit<Message, 'signature'>

export function sealed(draft: Draft, signature: Uint8Array | undefined): Message {
  const { author, seq, time, payload, extensions, count } = draft
  const message: Message = { author, seq, time, payload, extensions, signature }
  if (count !== undefined) message.count = count
  return message
}

/** The bytes a signature covers and a hash names: domain tag, 1 or for a bundle 2, topic, author, seq, time, payload, extensions. */
export function canonicalBytes(topic: TopicId, draft: Draft): Uint8Array {
  return canonicalView(topic, draft).slice()
}

/**
 * The same bytes, to be read at once: the next call writes over them. For WebCrypto, which takes its copy before it
 * returns; to make a buffer for each costs more than to fill it, and twice more when it is swept.
 */
export function canonicalView(topic: TopicId, draft: Draft): Uint8Array {
  const { payload, extensions, count } = draft
  const isLarge = payload.length + extensions.length > SCRATCH_BYTES
  const w = isLarge ? new Writer(payload.length + extensions.length + MOST_HEAD_BYTES) : scratch
  w.drop()
  w.put(DOMAIN)
  w.u8(count === undefined ? 1 : 2)
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
