import { list, struct } from '../../codec/combinators.js'
import { fixed, varint } from '../../codec/primitives.js'
import { decode, encode, type Schema } from '../../codec/schema.js'
import { type MessageId, type PeerId, peerId, type TopicId } from '../ids.js'
import { LARGEST_EXTENSIONS_BYTES } from '../limits.js'
import type { Draft, Message } from '../message.js'
import { messageHash } from '../message-hash.js'
import { SHORT_HASH_BYTES } from './records.js'

/**
 * A message kept in history. Its author's messages are one chain, numbered without gaps: `seq` is the
 * height. Beside its mother, the author's message before, an op names what its author had heard.
 */
export interface Op {
  readonly message: Message
  /** Its name: SHA-256 of the canonical bytes, 32 bytes. See `opHash`. */
  readonly hash: Uint8Array
  readonly parents: Parents
}

/** An op somebody else wrote, as a parent is named: by whose it is, how high, and the head of its hash. */
export interface OpRef extends MessageId {
  /** The first `SHORT_HASH_BYTES` of its hash. */
  readonly hash: Uint8Array
}

/** What an op's author had accepted when it spoke; the extension `parents` of a message. */
export interface Parents {
  /** The whole hash of the author's message before, at height seq - 1; absent where its lane begins (Eva). */
  readonly mother: Uint8Array | undefined
  /** First the father, the one last heard; then other heads, most recent first. With the mother at most `MOST_PARENTS`. */
  readonly others: readonly OpRef[]
}

/** Mother, father and other heads. Reference §3.1.8; the number is a guess. */
export const MOST_PARENTS = 8

/**
 * SHA-256 of the canonical bytes, computed once for each message object. Where bytes are large the door may
 * have asked the platform already and put it in with `rememberHash`.
 */
export function opHash(topic: TopicId, message: Draft): Uint8Array {
  let hash = hashes.get(message)
  if (hash === undefined) {
    hash = messageHash(topic, message)
    hashes.set(message, hash)
  }
  return hash
}

export function rememberHash(message: Draft, hash: Uint8Array): void {
  hashes.set(message, hash)
}

export function shortHash(hash: Uint8Array): Uint8Array {
  return hash.subarray(0, SHORT_HASH_BYTES)
}

/** The extensions of a message that names these parents. */
export function withParents(parents: Parents): Uint8Array {
  return encode(extensions, [{ tag: PARENTS, parents }])
}

/**
 * The parents a message names, or undefined where its extensions are not well formed or name none: a message
 * without parents is no op. Extensions of other tags are passed over.
 */
export function parentsOf(message: Draft): Parents | undefined {
  const decoded = decode(extensions, message.extensions)
  if (!decoded.ok) return undefined
  const found = decoded.value.find(({ tag }) => tag === PARENTS)
  return found?.parents
}

/** Undefined for what can't be kept: no signature, no parents, or parents that can't be (`areSound`). */
export function opOf(topic: TopicId, message: Message): Op | undefined {
  // Above the largest there would be no next.
  const { seq, signature } = message
  if (signature === undefined || seq < 1 || seq >= Number.MAX_SAFE_INTEGER) return undefined
  const parents = parentsOf(message)
  if (parents === undefined || !areSound(message, parents)) return undefined
  return { message, hash: opHash(topic, message), parents }
}

/** No parent twice, none of one's own lane but the mother, none beyond the bound. */
function areSound({ author }: MessageId, { mother, others }: Parents): boolean {
  if (others.length + (mother === undefined ? 0 : 1) > MOST_PARENTS) return false
  const authors = new Set<PeerId>(others.map(other => other.author))
  return authors.size === others.length && !authors.has(author)
}

interface Extension {
  tag: number
  parents: Parents | undefined
}

const ref = struct({ author: peerId, seq: varint(), hash: fixed(SHORT_HASH_BYTES) })
const others = list(ref, { max: MOST_PARENTS })

/** Rows of tag, length, bytes, in rising order of tags. */
const extensions: Schema<Extension[]> = {
  write: (w, value) => {
    for (const { tag, parents } of value) {
      const inner = encode(parentsSchema, parents!)
      w.varint(tag)
      w.varint(inner.length)
      w.put(inner)
    }
  },
  read: r => {
    const value: Extension[] = []
    let last = 0
    while (r.left > 0) {
      const tag = r.varint()
      if (tag <= last) r.fail('extensions out of order')
      last = tag
      const length = r.varint()
      if (length > LARGEST_EXTENSIONS_BYTES) r.fail('extension too long')
      const body = r.take(length)
      if (tag !== PARENTS) continue
      const decoded = decode(parentsSchema, body)
      if (!decoded.ok) return r.fail(decoded.reason)
      value.push({ tag, parents: decoded.value })
    }
    return value
  },
}

const parentsSchema: Schema<Parents> = {
  write: (w, { mother, others: rest }) => {
    w.u8(mother === undefined ? 0 : 1)
    if (mother !== undefined) w.put(mother)
    others.write(w, [...rest])
  },
  read: r => {
    const flag = r.u8()
    if (flag > 1) r.fail('mother neither 0 nor 1')
    const mother = flag === 1 ? r.take(HASH_BYTES) : undefined
    return { mother, others: others.read(r) }
  },
}

const HASH_BYTES = 32
/** Tag of the extension. Append-only. */
const PARENTS = 1

const hashes = new WeakMap<Draft, Uint8Array>()
