import { type IDBPTransaction, unwrap } from 'idb'
import type { HistoryIndex, OpRange, TrimmedLane } from '../core/history/records.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { readByPosition } from './by-position.js'
import { type Database, ROOM_TABLES, type RoomTransaction } from './database.js'
import { type Kept, numberOf, type OpRow, parseRow, rowOf } from './op-records.js'
import {
  isOver,
  noOpCounts,
  type OpBatch,
  type OpenTopic,
  type OpStore,
  type PlacedMessage,
  type ReadBound,
  weight,
} from './op-store.js'
import type { Tables } from './records.js'
import type { Room } from './room.js'
import { openRoom } from './room-opening.js'
import { keepSeq } from './seq-rows.js'
import { isUnreadable } from './storage-error.js'
import { StorageError, type StoreCounters } from './store.js'
import { Trimming } from './trimming.js'

/** The ops of one identity slot, in its database. */
export class IndexeddbOpStore implements OpStore {
  readonly kind = 'indexeddb'
  readonly counters = noOpCounts()
  onTrimmed: OpStore['onTrimmed']
  readonly #db: Database
  readonly #seqCounters: StoreCounters
  readonly #rooms = new Map<TopicId, Room>()
  /** What is held of these in memory may not be what is on disk: something was not written. */
  readonly #doubtful = new Set<TopicId>()
  /** Batches that wait for the transaction under way. */
  readonly #waiting: Pending[] = []
  #isWriting = false
  /** Whatever writes stands in this row. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(db: Database, seqCounters: StoreCounters) {
    this.#db = db
    this.#seqCounters = seqCounters
  }

  open(topic: TopicId, options: OpenTopic): Promise<HistoryIndex> {
    return this.#inTurn(() => this.#openRoom(topic, options))
  }

  append(topic: TopicId, batch: OpBatch, now: Millis): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, batch, now, isOver: false, resolve, reject })
      if (this.#isWriting) return
      this.#isWriting = true
      void this.#inTurn(() => this.#writeAll())
    })
  }

  async load(topic: TopicId, wants: readonly OpRange[], bound: ReadBound): Promise<Message[]> {
    const room = this.#room(topic)
    const { r } = room
    const lanes = wants.map(({ author, first, last }) => async (from: number, count: number) => {
      const range = IDBKeyRange.bound(
        [r, numberOf(author), Math.max(first, from)],
        [r, numberOf(author), last],
      )
      const { kept, end } = await this.#read(room, 'lane', range, count)
      return { kept: kept.filter(one => one.position > 0), next: end && end.s + 1 }
    })
    return readByPosition(lanes, bound, room.atOnce)
  }

  async loadFrom(topic: TopicId, position: number, bound: ReadBound): Promise<PlacedMessage[]> {
    const room = this.#room(topic)
    const found: PlacedMessage[] = []
    let bytes = 0
    for (let from: number | undefined = Math.max(1, position); from !== undefined; ) {
      const count = Math.min(bound.ops - found.length, room.atOnce)
      if (count <= 0) break
      const range = IDBKeyRange.bound([room.r, from], [room.r, Number.MAX_SAFE_INTEGER])
      const { kept, end } = await this.#read(room, undefined, range, count)
      for (const { message, position: at, time } of kept) {
        if (isOver(bound, found.length, bytes, message)) return found
        found.push({ message, position: at, time })
        bytes += weight(message)
      }
      from = end && end.p + 1
    }
    return found
  }

  async find(topic: TopicId, hashes: readonly Uint8Array[]): Promise<Message[]> {
    const room = this.#room(topic)
    const found = await Promise.all(
      hashes.map(async hash => {
        const range = IDBKeyRange.only([room.r, hash])
        return (await this.#read(room, 'hash', range, 1)).kept
      }),
    )
    return found.flat().map(({ message }) => message)
  }

  positionSince(topic: TopicId, since: Millis, limit: number): Promise<number | undefined> {
    const { r } = this.#room(topic)
    return this.#db.within('finding a time', ['ops'], 'readonly', 'relaxed', async tx => {
      const table = tx.objectStore('ops')
      const all = IDBKeyRange.bound([r, 1], [r, Number.MAX_SAFE_INTEGER])
      let newest = await table.openKeyCursor(all, 'prev')
      if (newest !== null && limit > 1) newest = await newest.advance(limit - 1)
      const first = newest === null ? 1 : newest.key[1]
      const range = IDBKeyRange.bound([r, since], [r, Number.POSITIVE_INFINITY])
      let lowest: number | undefined
      for (const [, p] of await table.index('time').getAllKeys(range)) {
        if (p > 0 && (lowest === undefined || p < lowest)) lowest = p
      }
      return lowest === undefined ? undefined : Math.max(first, lowest)
    })
  }

  trim(topic: TopicId, now: Millis): Promise<void> {
    return this.#inTurn(() =>
      this.#change([topic], 'relaxed', async tx => {
        const room = this.#room(topic)
        const trimming = new Trimming(tx, room, this.counters)
        await trimming.tooOld(now)
        return new Map([[topic, await trimming.end()]])
      }),
    )
  }

  // ——— rooms

  #room(topic: TopicId): Room {
    const room = this.#rooms.get(topic)
    if (room === undefined) throw new StorageError('failed', `the history of ${topic} is not open`)
    return room
  }

  async #openRoom(topic: TopicId, options: OpenTopic): Promise<HistoryIndex> {
    const { room, index, damaged } = await this.#db.within(
      'opening a history',
      ROOM_TABLES,
      'readwrite',
      'relaxed',
      tx => openRoom(tx, topic, options),
    )
    this.#rooms.set(topic, room)
    this.#doubtful.delete(topic)
    this.#skipped(damaged, topic)
    return index
  }

  // ——— writing

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      const next = this.#waiting.splice(0, MOST_BATCHES)
      if (next.length === 0) break
      const batches = next.filter(({ isOver }) => !isOver)
      if (batches.length === 0) continue
      await this.#commit(batches).then(
        () => {
          for (const one of batches) settle(one)
        },
        async cause => {
          if (batches.length === 1) return this.#refuse(batches[0]!, batches, cause)
          // One of them may be at fault: the others are not to pay for it.
          for (const one of batches) {
            if (one.isOver) continue
            await this.#commit([one]).then(
              () => settle(one),
              reason => this.#refuse(one, batches, reason),
            )
          }
        },
      )
    }
    this.#isWriting = false
  }

  /** Our numbers are used in their order: where one can't be, those after it can't either. */
  #refuse(refused: Pending, batches: readonly Pending[], cause: unknown): void {
    settle(refused, cause)
    const { topic, batch } = refused
    if (!batch.own) return
    for (const one of [...batches, ...this.#waiting]) {
      if (!one.isOver && one.batch.own && one.topic === topic) settle(one, cause)
    }
  }

  async #commit(batches: readonly Pending[]): Promise<void> {
    const topics = new Map<TopicId, Pending[]>()
    for (const one of batches) {
      const others = topics.get(one.topic)
      if (others === undefined) topics.set(one.topic, [one])
      else others.push(one)
    }
    // Numbers of ours are written through, as reserved ones are.
    const durability = batches.some(({ batch }) => batch.own) ? 'strict' : 'relaxed'
    await this.#change([...topics.keys()], durability, async tx => {
      const trimmed = new Map<TopicId, TrimmedLane[]>()
      for (const [topic, theirs] of topics) trimmed.set(topic, await this.#write(tx, topic, theirs))
      return trimmed
    })
    this.counters.opCommits++
    for (const { batch } of batches) this.counters.opsStored += batch.ops.length
  }

  /** One transaction on some topics. Where it fails, what is held of them in memory is read anew before the next. */
  async #change(
    topics: readonly TopicId[],
    durability: 'strict' | 'relaxed',
    work: (tx: RoomTransaction) => Promise<Map<TopicId, TrimmedLane[]>>,
  ): Promise<void> {
    for (const topic of topics) {
      const { options } = this.#room(topic)
      if (this.#doubtful.has(topic)) await this.#openRoom(topic, options)
    }
    try {
      const trimmed = await this.#db.within(
        'keeping ops',
        ROOM_TABLES,
        'readwrite',
        durability,
        work,
      )
      for (const [topic, lanes] of trimmed) if (lanes.length > 0) this.onTrimmed?.(topic, lanes)
    } catch (cause) {
      for (const topic of topics) this.#doubtful.add(topic)
      throw cause
    }
  }

  async #write(
    tx: RoomTransaction,
    topic: TopicId,
    batches: readonly Pending[],
  ): Promise<TrimmedLane[]> {
    const room = this.#room(topic)
    const lanes = new Set<PeerId>()
    const numbers: number[] = []
    const rows = unwrap(tx.objectStore('ops'))
    let written = 0
    let now = 0
    for (const { batch, now: at } of batches) {
      now = at
      for (const op of batch.ops) {
        const { author, seq } = op.message
        const position = op.position || room.nextWaiting()
        const row = rowOf(room.r, room.know(author), op, position, at)
        const before = await this.#before(tx, room, row, author)
        if (before !== undefined) {
          room.removed(row.l, row.s, before)
          await tx.objectStore('ops').delete([row.r, before.p])
        }
        room.added(row)
        put(rows, row)
        // Others have their turn: a wave of a thousand would hold up live messages.
        if (++written % PUT_AT_ONCE === 0) await tx.objectStore('ops').getKey([row.r, row.p])
        if (batch.own) numbers.push(seq)
      }
      for (const lane of batch.lanes) {
        room.know(lane.author)
        room.grew(lane)
        lanes.add(lane.author)
      }
      room.heads = batch.heads
    }
    if (numbers.length > 0) await this.#use(tx, room, numbers)
    for (const author of lanes) {
      put(unwrap(tx.objectStore('lanes')), room.laneRow(room.lanes.get(author)!))
    }
    const trimming = new Trimming(tx, room, this.counters)
    await trimming.tooMuch()
    if (now - room.sweptAt > SWEEP_MS) await trimming.tooOld(now)
    const trimmed = await trimming.end()
    put(unwrap(tx.objectStore('rooms')), room.row)
    return trimmed
  }

  /** Where the op lies already: only one that waited, or one below its lane's height, can. */
  async #before(tx: RoomTransaction, room: Room, row: OpRow, author: PeerId) {
    const waited = room.waitingAt(row.l, row.s)
    if (waited !== undefined) return waited
    if (row.s > (room.lanes.get(author)?.height ?? 0)) return undefined
    const key = [row.r, row.l, row.s] as [number, number, number]
    const old = (await tx.objectStore('ops').index('lane').get(key)) as OpRow | undefined
    return old && { p: old.p, size: old.b?.length ?? 0 }
  }

  /** Numbers of ours, in the order in which they are used. */
  async #use(tx: RoomTransaction, room: Room, seqs: readonly number[]): Promise<void> {
    const { topic } = room
    for (const seq of seqs) {
      const last = room.lastSeq
      if (last === 'corrupt' || seq <= last) {
        const why = last === 'corrupt' ? 'no one knows which were used' : `${last} was used`
        throw new StorageError(
          'failed',
          `the number ${seq} of topic ${topic} can't be given: ${why}`,
        )
      }
      room.lastSeq = seq
    }
    if (room.hasSeqRow) put(unwrap(tx.objectStore('seqs')), { topic, last: room.lastSeq })
    else await keepSeq(tx, topic, seqs.at(-1)!, this.#seqCounters)
    room.hasSeqRow = true
  }

  /** Numbers of a topic were given out in another way. */
  seqsReserved(topic: TopicId, last: number): void {
    const room = this.#rooms.get(topic)
    if (room !== undefined) room.lastSeq = last
  }

  // ——— reading

  /** What lies in the range, without what is damaged, and the last row of it where there may be more. */
  async #read(
    room: Room,
    index: 'lane' | 'hash' | undefined,
    range: IDBKeyRange,
    count: number,
  ): Promise<{ kept: Kept[]; end: OpRow | undefined }> {
    const rows = await this.#rows(room, index, range, count)
    const kept: Kept[] = []
    const damaged: OpRow[] = []
    for (const row of rows) {
      const one = parseRow(row)
      if (one === undefined) damaged.push(row)
      else kept.push(one)
    }
    if (damaged.length > 0) void this.#remove(room.topic, damaged)
    return { kept, end: rows.length < count ? undefined : rows.at(-1) }
  }

  /** All at once; where one of them can't be read at all, one by one, without it. */
  async #rows(
    { r }: Room,
    index: 'lane' | 'hash' | undefined,
    range: IDBKeyRange,
    count: number,
  ): Promise<OpRow[]> {
    const within = <T>(work: (tx: Reading) => Promise<T>) =>
      this.#db.within('reading ops', ['ops'], 'readonly', 'relaxed', work)
    const source = (tx: Reading) =>
      index === undefined ? tx.objectStore('ops') : tx.objectStore('ops').index(index)
    try {
      return (await within(tx => source(tx).getAll(range, count))) as OpRow[]
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause
    }
    const rows: OpRow[] = []
    for (const key of await within(tx => source(tx).getAllKeys(range, count))) {
      try {
        rows.push((await within(tx => tx.objectStore('ops').get(key))) as OpRow)
      } catch (cause) {
        if (!isUnreadable(cause)) throw cause
        // Its key is all that is left of it; that it has no bytes makes it damaged.
        rows.push({ r, p: key[1] } as OpRow)
      }
    }
    return rows
  }

  async #remove(topic: TopicId, rows: readonly OpRow[]): Promise<void> {
    const removed = this.#inTurn(() =>
      this.#change([topic], 'relaxed', async tx => {
        const room = this.#room(topic)
        const trimming = new Trimming(tx, room, this.counters)
        for (const row of rows) await trimming.damaged(row)
        const trimmed = await trimming.end()
        await tx.objectStore('rooms').put(room.row)
        return new Map([[topic, trimmed]])
      }),
    )
    // What can't be removed is skipped again next time.
    await removed.catch(() => {})
    this.#skipped(rows.length, topic)
  }

  #skipped(count: number, topic: TopicId): void {
    if (count > 0) this.#db.onCorrupt(`${count} records of the history of topic ${topic}`)
  }
}

type Reading = IDBPTransaction<Tables, 'ops'[], 'readonly'>

interface Pending {
  topic: TopicId
  batch: OpBatch
  now: Millis
  isOver: boolean
  resolve(): void
  reject(cause: unknown): void
}

/** Without a promise for each: where one fails, its transaction does. */
function put(table: IDBObjectStore, row: unknown): void {
  table.put(row)
}

function settle(pending: Pending, cause?: unknown): void {
  pending.isOver = true
  if (cause === undefined) pending.resolve()
  else pending.reject(cause)
}

/** Batches in one transaction; a wave is one. Guess. */
const MOST_BATCHES = 256
/** Ops written in one task; each takes 20 to 70 µs (measured in Chromium). */
const PUT_AT_ONCE = 64
/** How often writing also gives up what is too old. Guess. */
const SWEEP_MS = 60_000
