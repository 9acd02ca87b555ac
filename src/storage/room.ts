import { type LaneRecord, MOST_WAITING_OPS, type Retention } from '../core/history/records.js'
import type { MessageId, PeerId, TopicId } from '../core/ids.js'
import { type LaneRow, numberOf, type OpRow, type RoomRow } from './op-records.js'
import type { OpenTopic } from './op-store.js'
import { StorageError } from './store.js'

/** What is held in memory of one topic's history on disk: its lanes and its sums, and no op. */
export class Room {
  readonly r: number
  ops = 0
  bytes = 0
  heads: readonly MessageId[] = []
  readonly lanes = new Map<PeerId, LaneRecord>()
  /** Ops without a position. */
  readonly waiting = new Map<string, Place>()
  /** Nothing that may be given up stands before this position. */
  from = 1
  /** Newest ops of their lanes that stand before it all the same. */
  readonly passed = new Map<PeerId, number>()
  sweptAt = Number.NEGATIVE_INFINITY
  /** The last number of ours that was used; this slot is ours alone. */
  lastSeq: number | 'corrupt' = 0
  /** There is a row for it already, which is only written over. */
  hasSeqRow = false
  #lowest = 0
  readonly #authors = new Map<number, PeerId>()
  readonly #numbers = new Map<PeerId, number>()

  constructor(
    readonly topic: TopicId,
    readonly options: OpenTopic,
  ) {
    this.r = numberOf(topic)
  }

  get retention(): Retention {
    return this.options.retention
  }

  get isFull(): boolean {
    return this.ops > this.retention.maxOps || this.bytes > this.retention.maxBytes
  }

  /** So many ops are read at a time that their bytes stay within bounds. */
  get atOnce(): number {
    const average = this.ops > 0 ? this.bytes / this.ops : 1
    return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(BYTES_AT_ONCE / Math.max(1, average))))
  }

  get row(): RoomRow {
    const { topic, ops, bytes, heads } = this
    return { topic, ops, bytes, heads: [...heads] }
  }

  laneRow(lane: LaneRecord): LaneRow {
    return { r: this.r, l: numberOf(lane.author), lane }
  }

  /** Two authors whose numbers are the same can't both be kept: the second is refused. */
  know(author: PeerId): number {
    const known = this.#numbers.get(author)
    if (known !== undefined) return known
    const number = numberOf(author)
    const before = this.#authors.get(number)
    if (before !== undefined && before !== author) {
      throw new StorageError('failed', `the author ${author} has the number of another`)
    }
    this.#authors.set(number, author)
    this.#numbers.set(author, number)
    return number
  }

  authorOf(l: number): PeerId | undefined {
    return this.#authors.get(l)
  }

  added({ l, s, p, b }: OpRow): void {
    this.ops++
    this.bytes += b.length
    if (p >= 0) return
    this.waiting.set(`${l} ${s}`, { p, size: b.length })
    this.#lowest = Math.min(this.#lowest, p)
  }

  removed(l: number, s: number, { p, size }: Place): void {
    this.ops--
    this.bytes -= size
    if (p < 0) this.waiting.delete(`${l} ${s}`)
  }

  waitingAt(l: number, s: number): Place | undefined {
    return this.waiting.get(`${l} ${s}`)
  }

  /** Ops that wait have a place too, below all positions. */
  nextWaiting(): number {
    if (this.waiting.size >= MOST_WAITING_OPS) {
      throw new StorageError('failed', `${MOST_WAITING_OPS} ops wait for their parents already`)
    }
    return this.#lowest - 1
  }

  /** As the core has it, but for what was given up meanwhile. */
  grew(lane: LaneRecord): LaneRecord {
    const before = this.lanes.get(lane.author)
    // Written late, after what came later.
    if (before !== undefined && before.height > lane.height) return before
    const { oldest, oldestHash } =
      before !== undefined && before.oldest > lane.oldest ? before : lane
    const now = { ...lane, oldest, oldestHash }
    this.lanes.set(lane.author, now)
    const passed = this.passed.get(lane.author)
    if (passed !== undefined && before !== undefined && lane.height > before.height) {
      this.passed.delete(lane.author)
      this.from = Math.min(this.from, passed)
    }
    return now
  }
}

/** Where an op lies, and how many bytes it takes. */
export interface Place {
  p: number
  size: number
}

/** Guess: what one wave takes. */
const MOST_AT_ONCE = 256
/** Four of the largest messages. Guess. */
const BYTES_AT_ONCE = 4 << 20
