import type {
  HistoryIndex,
  LaneRecord,
  OpRange,
  OpRecord,
  Retention,
  TrimmedLane,
} from '../core/history/records.js'
import type { MessageId, Millis, PeerId, TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'

/**
 * The ops of all topics of one identity slot: by author and seq, by position, by time and by hash. A topic is
 * opened before anything else is asked of it. Every method rejects with `StorageError` where the store fails.
 */
export interface OpStore {
  readonly kind: 'indexeddb' | 'memory'
  /** Since this store was opened. */
  readonly counters: Readonly<OpCounters>
  /** Told what retention, or damage, has cost a topic. */
  onTrimmed: ((topic: TopicId, lanes: TrimmedLane[]) => void) | undefined
  /** What is kept of a topic, read without its ops; opening it again takes the new retention. */
  open(topic: TopicId, options: OpenTopic): Promise<HistoryIndex>
  /**
   * Keeps all of it or, rejecting, nothing: it is on disk when this resolves. Batches given while another is being
   * written are written together, in their order.
   */
  append(topic: TopicId, batch: OpBatch, now: Millis): Promise<void>
  /** The first of these by position, in this order. Ops without a position are not among them. */
  load(topic: TopicId, wants: readonly OpRange[], bound: ReadBound): Promise<Message[]>
  /** What stands at this position and after it, in this order. */
  loadFrom(topic: TopicId, position: number, bound: ReadBound): Promise<PlacedMessage[]>
  /** Those that are kept, in the order of the hashes. */
  find(topic: TopicId, hashes: readonly Uint8Array[]): Promise<Message[]>
  /**
   * The position from which on all ops from `since` on stand, among the newest `limit`. Older ones may stand
   * among them. Undefined where there are none.
   */
  positionSince(topic: TopicId, since: Millis, limit: number): Promise<number | undefined>
  /** Gives up what has become too old. */
  trim(topic: TopicId, now: Millis): Promise<void>
}

export interface OpenTopic {
  self: PeerId
  retention: Retention
}

/** What is to be kept in one go; core/io.ts, `store-ops`. */
export interface OpBatch {
  /** One op of ours: its number commits with it, and one used before rejects with `failed`. */
  own: boolean
  ops: readonly OpRecord[]
  lanes: readonly LaneRecord[]
  heads: readonly MessageId[]
}

/** How much one read brings at most, but at least one op. Bytes are of payload and extensions. */
export interface ReadBound {
  ops: number
  bytes: number
}

export interface PlacedMessage {
  message: Message
  position: number
  /** What retention goes by: when it was said, or when it came if that was before. */
  time: Millis
}

/** What an op store kept, gave up or skipped. */
export interface OpCounters {
  opsStored: number
  /** Over the retention's bounds. */
  opsTrimmed: number
  /** Records that could not be read or had the wrong shape; removed. */
  corruptOps: number
  /** Transactions that wrote ops: fewer than batches when they come fast. */
  opCommits: number
}

export function noOpCounts(): OpCounters {
  return { opsStored: 0, opsTrimmed: 0, corruptOps: 0, opCommits: 0 }
}

/** Whether one more op would be over the bound of a read. */
export function isOver(bound: ReadBound, ops: number, bytes: number, next: Message): boolean {
  return ops >= bound.ops || (ops > 0 && bytes + weight(next) > bound.bytes)
}

/** What counts towards the bytes of a read. */
export function weight(message: Message): number {
  return message.payload.length + message.extensions.length
}
