import { type LaneRecord, MOST_WAITING_OPS, type Retention } from '../core/history/records.js'
import type { MessageId, PeerId, TopicId } from '../core/ids.js'
import type { LaneWalk } from './lane-walk.js'
import { type LaneRow, numberOf, OPS_IN_PACK, type PackedOp, type RoomRow } from './op-records.js'
import type { OpenTopic } from './op-store.js'
import { StorageError } from './store.js'

/** What is held in memory of one topic's history on disk: its lanes and its sums, and no op. */
export class Room {
  readonly r: number
  ops = 0
  bytes = 0
  packs = 0
  position = 0
  heads: readonly MessageId[] = []
  readonly lanes = new Map<PeerId, LaneRecord>()
  /** Ops without a position, by author's number and seq: where they lie. */
  readonly waiting = new Map<string, number>()
  /** Nothing that may be given up stands before this position. */
  from = 1
  /** Newest ops of their lanes that stand before it all the same. */
  readonly passed = new Map<PeerId, number>()
  sweptAt = Number.NEGATIVE_INFINITY
  /** The last number of ours that was used; this slot is ours alone. */
  lastSeq: number | 'corrupt' = 0
  /** There is a row for it already, which is only written over. */
  hasSeqRow = false
  /** Where a page ended within a pack. */
  walk: LaneWalk | undefined
  /** Counts packs written anew. */
  rewritten = 0
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

  /**
   * How far trimming goes once it begins, so that not each new op has the oldest pack written anew: to a 64th below
   * the bounds.
   */
  get isFullStill(): boolean {
    const { maxOps, maxBytes } = this.retention
    return this.ops > maxOps - (maxOps >> 6) || this.bytes > maxBytes - (maxBytes >> 6)
  }

  /** So many packs hold about so many ops, and not too many bytes. */
  packsFor(ops: number): number {
    const packs = Math.max(1, this.packs)
    const wanted = Math.ceil((ops * packs) / Math.max(1, this.ops))
    const most = Math.floor((BYTES_AT_ONCE * packs) / Math.max(1, this.bytes))
    return Math.max(1, Math.min(MOST_AT_ONCE, wanted, most))
  }

  get row(): RoomRow {
    const { topic, ops, bytes, packs, position, heads } = this
    return { topic, ops, bytes, packs, position, heads: [...heads] }
  }

  laneRow(lane: LaneRecord): LaneRow {
    return { r: this.r, l: this.know(lane.author), lane }
  }

  /** Two authors whose numbers are the same can't both be kept: the second is refused. */
  know(author: PeerId): number {
    const known = this.#numbers.get(author)
    if (known !== undefined) return known
    const number = numberOf(author)
    if (this.#authors.has(number)) {
      throw new StorageError('failed', `the author ${author} has the number of another`)
    }
    this.#authors.set(number, author)
    this.#numbers.set(author, number)
    return number
  }

  laneOf(l: number): LaneRecord | undefined {
    const author = this.#authors.get(l)
    return author === undefined ? undefined : this.lanes.get(author)
  }

  added({ l, s, p, b }: PackedOp): void {
    this.ops++
    this.bytes += b.length
    if (p > this.position) this.position = p
    if (p >= 0) return
    this.waiting.set(`${l} ${s}`, p)
    this.#lowest = Math.min(this.#lowest, p)
  }

  /** A pack is struck out; what is left of it, if anything, is written as another. */
  rewrites(): void {
    this.packs--
    this.rewritten++
    this.walk = undefined
  }

  removed({ l, s, p, b }: PackedOp): void {
    this.ops--
    this.bytes -= b.length
    if (p < 0) this.waiting.delete(`${l} ${s}`)
  }

  waitingAt(l: number, s: number): number | undefined {
    return this.waiting.size === 0 ? undefined : this.waiting.get(`${l} ${s}`)
  }

  /** Author and number of the op that waits longest, where no more may. */
  get oldestOfTooMany(): [l: number, s: number] | undefined {
    if (this.waiting.size < MOST_WAITING_OPS) return undefined
    let oldest: [name: string, p: number] | undefined
    for (const each of this.waiting) if (oldest === undefined || each[1] > oldest[1]) oldest = each
    const [l, s] = oldest![0].split(' ').map(Number)
    return [l!, s!]
  }

  /** Ops that wait have a place too, below all positions. */
  nextWaiting(): number {
    if (this.waiting.size >= MOST_WAITING_OPS) {
      throw new StorageError('failed', `${MOST_WAITING_OPS} ops wait for their parents already`)
    }
    return --this.#lowest
  }

  /** As the core has it, but for what was given up meanwhile. */
  grew(lane: LaneRecord): void {
    const before = this.lanes.get(lane.author)
    // Written late, after what came later.
    if (before !== undefined && before.height > lane.height) return
    const kept = before !== undefined && before.oldest > lane.oldest ? before : lane
    const { oldest, oldestHash } = kept
    this.lanes.set(lane.author, { ...lane, oldest, oldestHash })
    const passed = this.passed.get(lane.author)
    if (passed !== undefined && before !== undefined && lane.height > before.height) {
      this.passed.delete(lane.author)
      // Its pack may begin before it.
      this.from = Math.max(1, Math.min(this.from, passed - OPS_IN_PACK))
    }
  }
}

/** Rows read at a time. Guess. */
const MOST_AT_ONCE = 256
/** Four of the largest messages. Guess. */
const BYTES_AT_ONCE = 4 << 20
