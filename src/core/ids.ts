import { fromBase32, toBase32 } from '../codec/bytes.js'
import type { Reader } from '../codec/reader.js'
import type { Schema } from '../codec/schema.js'
import { KnownIds } from './known-ids.js'

declare const brand: unique symbol
type Branded<T, B extends string> = T & { readonly [brand]: B }

/** An Ed25519 public key, printed: 52 letters of lowercase base32. Who holds one knows it was checked. */
export type PeerId = Branded<string, 'PeerId'>

/** 32 bytes that name a topic, printed like a peer id. */
export type TopicId = Branded<string, 'TopicId'>

/** A message is named by its author and the author's count in this topic; `seq` starts at 1. */
export interface MessageId {
  readonly author: PeerId
  readonly seq: number
}

/** Epoch milliseconds that never run backwards within one run. */
export type Millis = number

export function peerIdFromBytes(bytes: Uint8Array): PeerId {
  return printed(bytes) as PeerId
}

export function topicIdFromBytes(bytes: Uint8Array): TopicId {
  return printed(bytes) as TopicId
}

/** Undefined where it is not the text of a peer id. */
export function parsePeerId(text: unknown): PeerId | undefined {
  return isId(text) ? (text as PeerId) : undefined
}

/** Undefined where it is not the text of a topic id. */
export function parseTopicId(text: unknown): TopicId | undefined {
  return isId(text) ? (text as TopicId) : undefined
}

export function idBytes(id: PeerId | TopicId): Uint8Array {
  return known.bytesOf(id).slice()
}

/** The first 8 letters, for people. */
export function shortId(id: PeerId | TopicId): string {
  return id.slice(0, 8)
}

/** A message by its id, and of a bundle how many numbers it has: those up to its own. */
export interface Numbered extends MessageId {
  count?: number | undefined
}

export function firstOf({ seq, count = 1 }: Pick<Numbered, 'seq' | 'count'>): number {
  return seq - count + 1
}

/** `author:seq`. */
export function formatMessageId(id: MessageId): string {
  return `${id.author}:${id.seq}`
}

/** What `formatMessageId` wrote; undefined for other text, the id of a message to neighbors too. */
export function parseMessageId(text: string): MessageId | undefined {
  const [author, seq, more] = text.split(':')
  const peer = parsePeerId(author ?? '')
  if (peer === undefined || more !== undefined || !/^[1-9]\d{0,15}$/.test(seq ?? ''))
    return undefined
  const count = Number(seq)
  return Number.isSafeInteger(count) ? { author: peer, seq: count } : undefined
}

const ID_BYTES = 32
const ID_LETTERS = 52

function printed(bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) throw new RangeError(`an id has 32 bytes, not ${bytes.length}`)
  return toBase32(bytes)
}

function isId(text: unknown): boolean {
  return typeof text === 'string' && text.length === ID_LETTERS && fromBase32(text) !== undefined
}

const known = /* @__PURE__ */ new KnownIds()

/** Makes room for so many ids, where many nodes share a thread; else ids crowd each other out and are printed anew. */
export function expectIds(count: number): void {
  known.makeRoom(count)
}

export const peerId: Schema<PeerId> = {
  write: (w, id) => w.put(known.bytesOf(id)),
  read: r => readId(r) as PeerId,
}

export const topicId: Schema<TopicId> = {
  write: (w, id) => w.put(known.bytesOf(id)),
  read: r => readId(r) as TopicId,
}

function readId(r: Reader): string {
  if (r.left < ID_BYTES) r.fail('truncated')
  const id = known.textOf(r.bytes, r.at)
  r.at += ID_BYTES
  return id
}

/**
 * A peer written as its alias on this link where it has one: 1 and the id, or alias + 2. Zero is left
 * for `source`, where it means the shared tree.
 */
export const author: Schema<PeerId> = {
  write: (w, id) => {
    const alias = w.names?.shortOf(id)
    w.varint(alias === undefined ? 1 : alias + 2)
    if (alias === undefined) peerId.write(w, id)
  },
  read: r => {
    const value = r.varint()
    if (value === 0) r.fail('no author')
    if (value === 1) return peerId.read(r)
    return (r.names?.longOf(value - 2) ?? r.fail('unknown author alias')) as PeerId
  },
}

/** The tree a message speaks of: an author's own, or undefined for the shared one. */
export const source: Schema<PeerId | undefined> = {
  write: (w, id) => {
    if (id === undefined) w.varint(0)
    else author.write(w, id)
  },
  read: r => {
    if (r.left > 0 && r.bytes[r.at] === 0) {
      r.at++
      return undefined
    }
    return author.read(r)
  },
}
