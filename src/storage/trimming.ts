import type { LaneRecord, TrimmedLane } from '../core/history/records.js'
import type { Millis, PeerId } from '../core/ids.js'
import type { RoomTransaction } from './database.js'
import { numberOf, type OpRow } from './op-records.js'
import type { OpCounters } from './op-store.js'
import type { Room } from './room.js'

/**
 * Gives up ops of a topic within one transaction: from the lowest position where there are too many, by age a
 * lane's beginning. So what is left of a lane has no holes. The newest op of a lane always stays.
 */
export class Trimming {
  readonly #tx: RoomTransaction
  readonly #room: Room
  readonly #counters: OpCounters
  /** The highest number given up of each author. */
  readonly #gone = new Map<PeerId, number>()
  readonly #writes: Promise<unknown>[] = []

  constructor(tx: RoomTransaction, room: Room, counters: OpCounters) {
    this.#tx = tx
    this.#room = room
    this.#counters = counters
  }

  async tooMuch(): Promise<void> {
    const room = this.#room
    while (room.isFull) {
      const range = IDBKeyRange.bound([room.r, room.from], [room.r, Number.MAX_SAFE_INTEGER])
      const rows = await this.#tx.objectStore('ops').getAll(range, room.atOnce)
      if (rows.length === 0) return
      for (const row of rows as OpRow[]) {
        if (!room.isFull) return
        room.from = row.p + 1
        this.#give(row)
      }
    }
  }

  /** Resolves with whether nothing too old is left; a long list is given up in pieces. */
  async tooOld(now: Millis): Promise<boolean> {
    const { r, retention } = this.#room
    const range = IDBKeyRange.bound([r, Number.NEGATIVE_INFINITY], [r, now - retention.maxAgeMs])
    let cursor = await this.#tx.objectStore('ops').index('time').openCursor(range)
    for (let left = MOST_GIVEN_AT_ONCE; cursor !== null; cursor = await cursor.continue()) {
      if (left <= 0) return false
      const row = cursor.value as OpRow
      if (row.p < 0) left -= this.#give(row)
      else left -= await this.upTo(row.l, row.s)
    }
    this.#room.sweptAt = now
    return true
  }

  /** The ops of an author up to this number, but for the newest. Resolves with how many. */
  async upTo(l: number, s: number): Promise<number> {
    const { r } = this.#room
    const range = IDBKeyRange.bound([r, l, 0], [r, l, s])
    const rows = await this.#tx.objectStore('ops').index('lane').getAll(range, this.#room.atOnce)
    let count = 0
    for (const row of rows as OpRow[]) if (row.p > 0) count += this.#give(row)
    return count
  }

  /** What lies there is damaged: its lane begins after it, so that no hole is offered to anybody. */
  async damaged(row: OpRow): Promise<void> {
    await this.#tx.objectStore('ops').delete([row.r, row.p])
    this.#room.removed(row.l, row.s, { p: row.p, size: row.b?.length ?? 0 })
    this.#counters.corruptOps++
    const author = this.#room.authorOf(row.l)
    const lane = author === undefined ? undefined : this.#room.lanes.get(author)
    if (lane === undefined || row.p < 0 || row.s < lane.oldest || row.s >= lane.height) return
    while ((await this.upTo(row.l, row.s - 1)) > 0);
    this.#gone.set(lane.author, row.s)
  }

  /** Writes down what is left of the lanes, and says so. */
  async end(): Promise<TrimmedLane[]> {
    const { r, lanes } = this.#room
    const trimmed: TrimmedLane[] = []
    for (const [author, seq] of this.#gone) {
      const lane = lanes.get(author)!
      const l = numberOf(author)
      const rest = IDBKeyRange.bound([r, l, seq + 1], [r, l, lane.height])
      const next = (await this.#tx.objectStore('ops').index('lane').get(rest)) as OpRow | undefined
      const [oldest, oldestHash] = next === undefined ? [lane.height, lane.tip] : [next.s, next.h]
      const left: LaneRecord = { ...lane, oldest, oldestHash }
      lanes.set(author, left)
      this.#writes.push(this.#tx.objectStore('lanes').put(this.#room.laneRow(left)))
      trimmed.push({ author, oldest, oldestHash })
    }
    await Promise.all(this.#writes)
    return trimmed
  }

  /** 1 where it was given up, 0 where it must stay. */
  #give(row: OpRow): number {
    const room = this.#room
    const author = room.authorOf(row.l)
    const lane = author === undefined || row.p < 0 ? undefined : room.lanes.get(author)
    if (lane !== undefined && row.s >= lane.height) {
      room.passed.set(lane.author, row.p)
      return 0
    }
    room.removed(row.l, row.s, { p: row.p, size: row.b?.length ?? 0 })
    this.#writes.push(this.#tx.objectStore('ops').delete([row.r, row.p]))
    this.#counters.opsTrimmed++
    if (lane !== undefined)
      this.#gone.set(lane.author, Math.max(this.#gone.get(lane.author) ?? 0, row.s))
    return 1
  }
}

/** So that a room unused for long does not hold up those who write. Guess. */
const MOST_GIVEN_AT_ONCE = 1000
