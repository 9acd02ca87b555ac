import { decode, encode } from '../codec/schema.js'
import type { LaneRecord, OpRecord } from '../core/history/records.js'
import {
  idBytes,
  type MessageId,
  type Millis,
  type PeerId,
  parsePeerId,
  type TopicId,
} from '../core/ids.js'
import { message as encoded, type Message } from '../core/message.js'

// What of a history lies in IndexedDB. Keys are numbers and names are short: each op stands in four trees.

export interface OpRow {
  /** The topic's number. */
  r: number
  /** Position; below zero for an op that waits for its parents. */
  p: number
  /** The author's number. */
  l: number
  s: number
  /** The clock of retention, epoch milliseconds. */
  t: Millis
  /** Hash. */
  h: Uint8Array
  /** The message, encoded, and the checksum of that. */
  b: Uint8Array
  c: number
}

export interface LaneRow {
  r: number
  l: number
  lane: LaneRecord
}

export interface RoomRow {
  topic: string
  ops: number
  bytes: number
  heads: MessageId[]
}

/** A row that was read and found whole. */
export interface Kept {
  message: Message
  position: number
  time: Millis
  size: number
}

/**
 * Topics and authors go by the first 52 bits of their ids: a mapping that is computed can't be lost. Whoever made a key
 * whose number is another's, which takes 2^52 tries, finds his ops refused and no other's overwritten.
 */
export function numberOf(id: PeerId | TopicId): number {
  const view = new DataView(idBytes(id).buffer)
  return view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)
}

export function rowOf(
  room: number,
  author: number,
  op: OpRecord,
  position: number,
  now: Millis,
): OpRow {
  const { message, hash } = op
  const bytes = encode(encoded, message)
  return {
    r: room,
    p: position,
    l: author,
    s: message.seq,
    t: Math.min(message.time, now),
    h: hash.slice(),
    b: bytes,
    c: checksum(bytes),
  }
}

/**
 * A checksum (FNV-1a, 32 bits) of what was written: enough against a bad disk, and fifty times cheaper than the
 * hash, which nobody but us would be fooled about.
 */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193)
  return sum >>> 0
}

/** Undefined where it is not what was written: sent on, it would be blamed on us. */
export function parseRow(value: unknown): Kept | undefined {
  const row = value as Partial<OpRow> | undefined
  if (!(row?.b instanceof Uint8Array) || !(row.h instanceof Uint8Array)) return undefined
  if (!Number.isSafeInteger(row.p) || typeof row.t !== 'number') return undefined
  if (row.c !== checksum(row.b)) return undefined
  const read = decode(encoded, row.b)
  if (!read.ok) return undefined
  const message = read.value
  if (message.seq !== row.s || numberOf(message.author) !== row.l) return undefined
  return { message, position: row.p!, time: row.t, size: row.b.length }
}

export function parseLane(value: unknown): LaneRecord | undefined {
  const lane = (value as Partial<LaneRow> | undefined)?.lane
  if (typeof lane !== 'object' || lane === null) return undefined
  const isWhole =
    parsePeerId(String(lane.author)) !== undefined &&
    Number.isSafeInteger(lane.height) &&
    Number.isSafeInteger(lane.oldest) &&
    lane.oldest >= 1 &&
    lane.oldest <= lane.height &&
    isHash(lane.tip) &&
    isHash(lane.oldestHash) &&
    typeof lane.frozen === 'boolean'
  return isWhole ? lane : undefined
}

export function parseRoom(value: unknown): RoomRow | undefined {
  const room = value as Partial<RoomRow> | undefined
  if (!Number.isSafeInteger(room?.ops) || !Number.isSafeInteger(room?.bytes)) return undefined
  if (!Array.isArray(room?.heads) || room.heads.length > MOST_HEADS) return undefined
  return room.heads.every(isMessageId) ? (room as RoomRow) : undefined
}

function isMessageId(value: unknown): value is MessageId {
  const id = value as Partial<MessageId> | null
  return parsePeerId(String(id?.author)) !== undefined && Number.isSafeInteger(id?.seq)
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

/** One of each author (core/history/records.ts, `MOST_LANES`). */
const MOST_HEADS = 4096
