import { decode } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
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

// What of a history lies in IndexedDB. Ops that came together lie in one row, a pack: a row of its own for each
// costs a wave of 256 ops ten times as much to write as to verify (measured in Chromium).

/**
 * Ops at positions that follow one another; a column for each field, which are named by one letter, for the names are
 * written in each row.
 */
export interface Pack {
  /** The topic's number. */
  r: number
  /** Position of the first; below zero for one op that waits for its parents. */
  p: number
  /** Numbers of the authors. */
  l: number[]
  s: number[]
  /** The clock of retention, epoch milliseconds. */
  t: Millis[]
  /** The first 48 bits of the hashes; indexed one by one. */
  h: number[]
  /** Where the bytes of each end. */
  e: number[]
  /** Checksums of the bytes. */
  c: number[]
  /** The messages, encoded. */
  b: Uint8Array
  /** The highest seq of each author in it, as [r, l, s]; indexed one by one. */
  k: [number, number, number][]
  /** The earliest and the latest of `t`. */
  m: Millis
  x: Millis
}

/** An op as it lies in a pack. */
export interface PackedOp {
  p: number
  l: number
  s: number
  t: Millis
  h: number
  c: number
  b: Uint8Array
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
  packs: number
  /** The last position ever given. */
  position: number
  heads: MessageId[]
}

/**
 * Topics and authors go by the first 52 bits of their ids: a mapping that is computed can't be lost. Whoever made a key
 * whose number is another's, which takes 2^52 tries, finds his ops refused and no other's overwritten.
 */
export function numberOf(id: PeerId | TopicId): number {
  const bytes = idBytes(id)
  return headOf(bytes) * 16 + (bytes[6]! >> 4)
}

/** The first 48 bits. */
export function headOf(hash: Uint8Array): number {
  // A view of their own would make engines move so few bytes out of their heap.
  let head = 0
  for (let i = 0; i < 6; i++) head = head * 256 + hash[i]!
  return head
}

export function packedOp(op: OpRecord, position: number, author: number, now: Millis): PackedOp {
  const { message, hash } = op
  encoded.write(writer, message)
  const bytes = writer.cut()
  return {
    p: position,
    l: author,
    s: message.seq,
    t: Math.min(message.time, now),
    h: headOf(hash),
    c: checksum(bytes),
    b: bytes,
  }
}

/** These ops, which stand in the order of their positions, in as few packs as there may be. */
export function packsOf(r: number, ops: readonly PackedOp[]): Pack[] {
  const packs: Pack[] = []
  for (let i = 0; i < ops.length; ) {
    let bytes = 0
    let end = i
    for (; end < ops.length && end - i < OPS_IN_PACK; end++) {
      const { p, b } = ops[end]!
      // What waits is taken out one by one, by its place.
      const isApart = p < 0 || p !== ops[i]!.p + end - i
      if (end > i && (isApart || bytes + b.length > BYTES_IN_PACK)) break
      bytes += b.length
    }
    packs.push(packOf(r, ops.slice(i, end), bytes))
    i = end
  }
  return packs
}

function packOf(r: number, ops: readonly PackedOp[], size: number): Pack {
  const b = new Uint8Array(size)
  const e: number[] = []
  const highest = new Map<number, number>()
  let end = 0
  for (const op of ops) {
    b.set(op.b, end)
    e.push((end += op.b.length))
    highest.set(op.l, Math.max(op.s, highest.get(op.l) ?? 0))
  }
  const t = ops.map(op => op.t)
  return {
    ...{ r, p: ops[0]!.p, e, b, t },
    l: ops.map(op => op.l),
    s: ops.map(op => op.s),
    h: ops.map(op => op.h),
    c: ops.map(op => op.c),
    // What waits has no place in its lane yet.
    k: ops[0]!.p < 0 ? [] : [...highest].map(([l, s]) => [r, l, s]),
    m: Math.min(...t),
    x: Math.max(...t),
  }
}

/** What lies in a row; undefined where that can't be told. Whether each op is whole is seen when it is read. */
export function unpack(value: unknown): PackedOp[] | undefined {
  const row = value as Partial<Pack> | undefined
  const { p, l, s, t, h, c, e, b } = row ?? {}
  const columns: unknown[] = [l, s, t, h, c, e]
  if (!Number.isSafeInteger(p) || !(b instanceof Uint8Array)) return undefined
  // Holes are no numbers.
  const isColumn = (column: unknown) =>
    Array.isArray(column) && column.length === e!.length && [...column].every(Number.isFinite)
  if (!Array.isArray(e) || e.length === 0 || !columns.every(isColumn)) return undefined
  return e.map((end, i) => ({
    p: p! + i,
    l: l![i]!,
    s: s![i]!,
    t: t![i]!,
    h: h![i]!,
    c: c![i]!,
    b: b.subarray(e[i - 1] ?? 0, end),
  }))
}

/** Undefined where it is not what was written: sent on, it would be blamed on us. */
export function messageIn({ l, s, c, b }: PackedOp): Message | undefined {
  if (c !== checksum(b)) return undefined
  const read = decode(encoded, b)
  if (!read.ok) return undefined
  const message = read.value
  return message.seq === s && numberOf(message.author) === l ? message : undefined
}

/**
 * FNV-1a, 32 bits: enough against a bad disk, and many times cheaper than the hash, which nobody but us would be
 * fooled about.
 */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193)
  return sum >>> 0
}

export function parseLane(value: unknown): LaneRecord | undefined {
  const lane = (value as Partial<LaneRow> | undefined)?.lane
  if (typeof lane !== 'object' || lane === null) return undefined
  const isWhole =
    parsePeerId(lane.author) !== undefined &&
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
  const sums = [room?.ops, room?.bytes, room?.packs, room?.position]
  if (!sums.every(Number.isSafeInteger)) return undefined
  if (!Array.isArray(room?.heads) || room.heads.length > MOST_HEADS) return undefined
  return [...room.heads].every(isMessageId) ? (room as RoomRow) : undefined
}

function isMessageId(value: unknown): value is MessageId {
  const id = value as Partial<MessageId> | null
  return parsePeerId(id?.author) !== undefined && Number.isSafeInteger(id?.seq)
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

/** One of each author (core/history/records.ts, `MOST_LANES`). */
const MOST_HEADS = 4096
/** Ops lie in it side by side until they are copied into their packs. */
const writer = /* @__PURE__ */ new Writer(64 << 10)
/** A wave's. */
export const OPS_IN_PACK = 256
export const BYTES_IN_PACK = 256 << 10
