import { type IDBPObjectStore, unwrap } from 'idb'
import type { LaneRecord, TrimmedLane } from '../core/history/records.js'
import { firstOf, type Millis, type PeerId } from '../core/ids.js'
import { messageHash } from '../core/message-hash.js'
import type { ROOM_TABLES, RoomTransaction } from './database.js'
import { messageIn, OPS_IN_PACK, type Pack, type PackedOp, packsOf, unpack } from './op-records.js'
import type { OpCounters } from './op-store.js'
import type { Tables } from './records.js'
import type { Room } from './room.js'

/**
 * Gives up ops of a topic within one transaction: from the lowest position where there are too many, by age a
 * lane's beginning. So what is left of a lane has no holes. The newest op of a lane always stays.
 */
export class Trimming {
  readonly #table: IDBPObjectStore<Tables, typeof ROOM_TABLES, 'ops', 'readwrite'>
  readonly #lanes: IDBObjectStore
  readonly #room: Room
  readonly #counters: OpCounters
  /** The highest number given up of each author. */
  readonly #gone = new Map<PeerId, number>()

  constructor(tx: RoomTransaction, room: Room, counters: OpCounters) {
    this.#table = tx.objectStore('ops')
    this.#lanes = unwrap(tx.objectStore('lanes'))
    this.#room = room
    this.#counters = counters
  }

  async tooMuch(): Promise<void> {
    const room = this.#room
    if (!room.isFull) return
    while (room.isFullStill) {
      const range = IDBKeyRange.bound([room.r, room.from], [room.r, Number.MAX_SAFE_INTEGER])
      const key = await this.#table.getKey(range)
      // The pack before may reach over it.
      const row = key === undefined ? undefined : await this.#table.get(key)
      if (row === undefined) return
      const ops = this.#opsOf(row)
      room.from = key![1] + Math.max(1, ops.length)
      this.#rewrite(row as Pack, ops, () => room.isFullStill)
    }
  }

  /** Resolves with whether nothing too old is left; a long list is given up in pieces. */
  async tooOld(now: Millis): Promise<boolean> {
    const { r, retention } = this.#room
    const before = now - retention.maxAgeMs
    const range = IDBKeyRange.bound([r, Number.NEGATIVE_INFINITY], [r, before])
    let cursor = await this.#table.index('earliest').openCursor(range)
    for (let left = PACKS_AT_ONCE; cursor !== null; cursor = await cursor.continue(), left--) {
      if (left <= 0) return false
      const row = cursor.value as Pack
      const old = this.#opsOf(row).filter(({ t }) => t <= before)
      if (row.p < 0) this.#rewrite(row, old, () => true)
      else for (const { l, s } of lastOfEach(old)) await this.upTo(l, s)
    }
    this.#room.sweptAt = now
    return true
  }

  /** The ops of an author up to this number, but for the newest. */
  async upTo(l: number, s: number): Promise<void> {
    const { r } = this.#room
    let from = 0
    for (;;) {
      const range = IDBKeyRange.bound([r, l, from], [r, l, Number.MAX_SAFE_INTEGER])
      const row = await this.#table.index('lane').get(range)
      if (row === undefined) return
      const ops = this.#opsOf(row)
      const wanted = (op: PackedOp) => op.l === l && op.s <= s
      if (!ops.some(wanted)) return
      this.#rewrite(row as Pack, ops, wanted)
      from = Math.max(from, ...ops.flatMap(op => (op.l === l ? op.s : []))) + 1
      if (from > s) return
    }
  }

  /** The op is not what was written: its lane begins after it, so that no hole is offered to anybody. */
  async damaged({ p, l, s }: PackedOp): Promise<void> {
    const row = await this.#packAt(p)
    const ops = row === undefined ? [] : this.#opsOf(row)
    if (!ops.some(op => op.p === p)) return
    const lane = this.#room.laneOf(l)
    if (p > 0 && lane !== undefined && s >= lane.oldest && s < lane.height) await this.upTo(l, s)
    else this.#rewrite(row as Pack, ops, op => op.p === p, true)
    this.#counters.corruptOps++
  }

  /** Nothing can be told of what lies there but its place. */
  async unreadable(p: number): Promise<void> {
    await this.#table.delete([this.#room.r, p])
    this.#room.rewrites()
    this.#counters.corruptOps++
  }

  /** Takes one op out, for it is written anew. */
  async takeOut(l: number, s: number): Promise<void> {
    const { r } = this.#room
    const waited = this.#room.waitingAt(l, s)
    const range = IDBKeyRange.bound([r, l, s], [r, l, Number.MAX_SAFE_INTEGER])
    const row =
      waited === undefined
        ? await this.#table.index('lane').get(range)
        : await this.#table.get([r, waited])
    if (row === undefined) return
    const ops = this.#opsOf(row)
    const rest = ops.filter(op => op.l !== l || op.s !== s)
    if (rest.length === ops.length) return
    for (const op of ops) if (!rest.includes(op)) this.#room.removed(op)
    this.#replace(row as Pack, rest)
  }

  /** Writes down what is left of the lanes, and says so. */
  async end(): Promise<TrimmedLane[]> {
    const { r, topic, lanes } = this.#room
    const trimmed: TrimmedLane[] = []
    for (const [author, seq] of this.#gone) {
      const lane = lanes.get(author)!
      const l = this.#room.know(author)
      const rest = IDBKeyRange.bound([r, l, seq + 1], [r, l, Number.MAX_SAFE_INTEGER])
      const row = await this.#table.index('lane').get(rest)
      const next = this.#opsOf(row).find(op => op.l === l && op.s > seq)
      const message = next && messageIn(next)
      const [oldest, oldestHash] =
        message === undefined
          ? [lane.height, lane.tip]
          : [firstOf(message), messageHash(topic, message)]
      const left: LaneRecord = { ...lane, oldest, oldestHash }
      lanes.set(author, left)
      this.#lanes.put(this.#room.laneRow(left))
      trimmed.push({ author, oldest, oldestHash })
    }
    return trimmed
  }

  /** What lies in a row, as far as that can be told. */
  #opsOf(row: unknown): PackedOp[] {
    return unpack(row) ?? []
  }

  async #packAt(p: number): Promise<unknown> {
    const { r } = this.#room
    const range = IDBKeyRange.bound([r, p < 0 ? p : p - OPS_IN_PACK], [r, p])
    const cursor = await this.#table.openCursor(range, 'prev')
    return cursor?.value
  }

  /** Leaves out those that are wanted away, but newest ones, and writes what stays. */
  #rewrite(
    row: Pack,
    ops: readonly PackedOp[],
    isUnwanted: (op: PackedOp) => boolean,
    isDamaged = false,
  ): void {
    const room = this.#room
    const rest: PackedOp[] = []
    for (const op of ops) {
      const lane = op.p < 0 ? undefined : room.laneOf(op.l)
      const isTip = lane !== undefined && op.s >= lane.height && !isDamaged
      if (isTip) room.passed.set(lane.author, op.p)
      if (isTip || !isUnwanted(op)) {
        rest.push(op)
        continue
      }
      room.removed(op)
      if (isDamaged) continue
      this.#counters.opsTrimmed++
      if (lane !== undefined) {
        this.#gone.set(lane.author, Math.max(this.#gone.get(lane.author) ?? 0, op.s))
      }
    }
    if (rest.length < ops.length || ops.length === 0) this.#replace(row, rest)
    const isMore = rest.some(op => room.laneOf(op.l)?.height !== op.s)
    if (isMore && rest[0]!.p > 0) room.from = Math.min(room.from, rest[0]!.p)
  }

  #replace(row: Pack, rest: readonly PackedOp[]): void {
    const table = unwrap(this.#table)
    table.delete([row.r, row.p])
    this.#room.rewrites()
    for (const pack of packsOf(row.r, rest)) {
      table.put(pack)
      this.#room.packs++
    }
  }
}

/** Of each author the one with the highest number. */
function lastOfEach(ops: readonly PackedOp[]): Iterable<PackedOp> {
  const last = new Map<number, PackedOp>()
  for (const op of ops) if (op.s > (last.get(op.l)?.s ?? 0)) last.set(op.l, op)
  return last.values()
}

/** So that a room unused for long does not hold up those who write. Guess. */
const PACKS_AT_ONCE = 64
