// Long, and one file: what is written decides what must be read for it, within one transaction. Rows, ranges, walks and the making
// of room are files beside it.

import { unwrap } from 'idb'
import { sameBytes } from '../codec/bytes.js'
import type { HistoryIndex, OpRange, TrimmedLane } from '../core/history/records.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { messageHash } from '../core/message-hash.js'
import { type Database, ROOM_TABLES, type RoomTransaction } from './database.js'
import { LaneWalk, type OpsTransaction } from './lane-walk.js'
import {
  headOf,
  messageIn,
  type Pack,
  type PackedOp,
  packedOp,
  packsOf,
  unpack,
} from './op-records.js'
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
  /** Batches that wait for the transaction under way, or for company. */
  readonly #waiting: Pending[] = []
  /** Those of a transaction under way. */
  #written: readonly Pending[] = []
  #isWriting = false
  /** What others said waits until it is over, for a transaction costs as much as a hundred ops. */
  #breath: ReturnType<typeof setTimeout> | undefined
  /** What we say waits too, a little, where words of ours come one after the other by themselves. */
  #isHeld = false
  #heldMs = 0
  #halfHeldAt = 0
  #isAccompanied = false
  /** So many transactions with words of ours yet until another pause is tried. */
  #unheld = 0
  /** Whatever writes stands in this row. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Ops of ours that a transaction has had. */
  readonly #tried = new WeakSet<object>()
  readonly #breathMs: number
  readonly #pauseOf: (tookMs: number) => number

  constructor(
    db: Database,
    seqCounters: StoreCounters,
    breathMs = BREATH_MS,
    pauseOf = pauseAfter,
  ) {
    this.#db = db
    this.#breathMs = breathMs
    this.#pauseOf = pauseOf
    this.#seqCounters = seqCounters
  }

  async open(topic: TopicId, options: OpenTopic): Promise<HistoryIndex> {
    // Who opens it anew would give numbers and positions again that wait to be written.
    await this.#reached(topic)
    return this.#inTurn(() => this.#openRoom(topic, options))
  }

  append(topic: TopicId, batch: OpBatch, now: Millis): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, batch, now, isOver: false, resolve, reject })
      // What comes early may have waited for those before: it would wait for nothing.
      if (batch.own && this.#isHeld && performance.now() > this.#halfHeldAt)
        this.#isAccompanied = true
      if (this.#breath === undefined || this.#isUrgent) this.#writeNow()
    })
  }

  async load(topic: TopicId, wants: readonly OpRange[], bound: ReadBound): Promise<Message[]> {
    const room = this.#room(topic)
    await this.#reached(topic, wants)
    const walk = room.walk?.goesOn(wants) ? room.walk : new LaneWalk(room.r, wants)
    // Two readers would be in each other's way.
    room.walk = undefined
    const { rewritten } = room
    const page = { found: [] as Message[], bytes: 0 }
    for (;;) {
      if (!walk.hasRead) {
        const count = room.packsFor(bound.ops - page.found.length)
        let from = 0
        let rows: unknown[] | undefined
        await this.#within(async tx => {
          from = await walk.seek(tx)
          if (from < Number.POSITIVE_INFINITY)
            rows = await tx.objectStore('ops').getAll(onwards(room, from), count)
        }).catch(unlessUnreadable)
        if (from === Number.POSITIVE_INFINITY) return page.found
        const { ops, end } = await this.#read(room, from, count, rows)
        walk.came(ops, end)
      }
      if (!walk.take(page, bound, op => this.#messageIn(room, op))) continue
      if (walk.hasRead && walk.isSmall && room.rewritten === rewritten) room.walk = walk
      return page.found
    }
  }

  async loadFrom(topic: TopicId, position: number, bound: ReadBound): Promise<PlacedMessage[]> {
    const room = this.#room(topic)
    const found: PlacedMessage[] = []
    let bytes = 0
    // The pack in which it stands may begin before it.
    const reach = IDBKeyRange.bound([room.r, 1], [room.r, Math.max(1, position)])
    const before = await this.#within(tx => tx.objectStore('ops').openKeyCursor(reach, 'prev'))
    for (let from = before?.key[1] ?? position; ; ) {
      const count = room.packsFor(bound.ops - found.length)
      const { ops, end } = await this.#read(room, from, count)
      for (const op of ops) {
        if (op.p < position) continue
        const message = this.#messageIn(room, op)
        if (message === undefined) continue
        if (isOver(bound, found.length, bytes, message)) return found
        found.push({ message, position: op.p, time: op.t })
        bytes += weight(message)
      }
      if (end === Number.POSITIVE_INFINITY) return found
      from = end + 1
    }
  }

  async find(topic: TopicId, hashes: readonly Uint8Array[]): Promise<Message[]> {
    const room = this.#room(topic)
    const heads = new Set(hashes.map(headOf))
    const found: Message[] = []
    // Nobody asks this often; an index of hashes would be most of what is written (decision 0008).
    for (let from = Number.NEGATIVE_INFINITY; from < Number.POSITIVE_INFINITY; ) {
      const { ops, end } = await this.#read(room, from, room.packsFor(Infinity))
      const meant = ops.filter(({ h }) => heads.has(h))
      found.push(...meant.flatMap(op => this.#messageIn(room, op) ?? []))
      from = end + 1
    }
    return hashes.flatMap(hash => found.filter(each => sameBytes(messageHash(topic, each), hash)))
  }

  async positionSince(topic: TopicId, since: Millis, limit: number): Promise<number | undefined> {
    const room = this.#room(topic)
    const { r } = room
    const first = Math.max(1, room.position - limit + 1)
    const range = IDBKeyRange.bound([r, since], [r, Number.POSITIVE_INFINITY])
    const keys = await this.#within(tx => tx.objectStore('ops').index('latest').getAllKeys(range))
    let lowest = Number.POSITIVE_INFINITY
    for (const [, p] of keys) if (p > 0 && p < lowest) lowest = p
    if (lowest === Number.POSITIVE_INFINITY) return undefined
    const { ops } = await this.#read(room, lowest, 1)
    return Math.max(first, ops.find(({ t }) => t >= since)?.p ?? lowest)
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

  /** Somebody waits for it: our own word is not said before it is kept, and of a wave the next part not sent. */
  get #isUrgent(): boolean {
    const ops = this.#waiting.reduce((sum, { batch }) => sum + batch.ops.length, 0)
    return ops >= MANY_OPS || (!this.#isHeld && this.#waiting.some(isOwn))
  }

  #rest(): void {
    const ms = this.#isHeld ? this.#heldMs : this.#breathMs
    this.#breath = setTimeout(() => this.#rested(), ms)
    this.#halfHeldAt = performance.now() + ms / 2
    this.#isAccompanied = false
  }

  #rested(): void {
    if (!this.#isHeld) return this.#writeNow()
    this.#isHeld = false
    if (!this.#isAccompanied) this.#unheld = UNHELD
    if (this.#isUrgent) this.#writeNow()
    else this.#rest()
  }

  #writeNow(): void {
    clearTimeout(this.#breath)
    this.#breath = undefined
    this.#isHeld = false
    if (this.#isWriting || this.#waiting.length === 0) return
    this.#isWriting = true
    void this.#inTurn(() => this.#writeAll())
  }

  /** What was given to be kept is there when it, or all of a topic, is asked for. */
  async #reached(topic: TopicId, wants?: readonly OpRange[]): Promise<void> {
    const ranges = wants && new Map(wants.map(range => [range.author, range]))
    const isWanted = (pending: Pending) =>
      pending.topic === topic &&
      (ranges === undefined ||
        pending.batch.ops.some(({ message: { author, seq } }) => {
          const range = ranges.get(author)
          return range !== undefined && seq >= range.first && seq <= range.last
        }))
    while ([...this.#written, ...this.#waiting].some(isWanted)) {
      this.#writeNow()
      await this.#turn
    }
  }

  async #writeAll(): Promise<void> {
    do {
      const next = this.#waiting.splice(0, MOST_BATCHES)
      const batches = next.filter(({ isOver }) => !isOver)
      if (batches.length === 0) continue
      this.#written = batches
      const isOurs = batches.some(isOwn)
      const since = performance.now()
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
      this.#isHeld = isOurs && --this.#unheld < 0
      this.#heldMs = this.#pauseOf(performance.now() - since)
    } while (this.#isUrgent)
    this.#written = []
    this.#isWriting = false
    this.#rest()
  }

  /**
   * Our numbers are used in their order, and ops build on those before them: where one can't be kept, those after it
   * can't either, or a lane would have a hole.
   */
  #refuse(refused: Pending, batches: readonly Pending[], cause: unknown): void {
    settle(refused, cause)
    const { topic, batch } = refused
    for (const one of [...batches, ...this.#waiting]) {
      if (!one.isOver && one.batch.own === batch.own && one.topic === topic) settle(one, cause)
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
    const durability = batches.some(isOwn) ? 'strict' : 'relaxed'
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
    const trimming = new Trimming(tx, room, this.counters)
    const lanes = new Set<PeerId>()
    const numbers: number[] = []
    const ops: PackedOp[] = []
    const takeOut = async (l: number, s: number) => {
      const at = ops.findIndex(one => one.l === l && one.s === s)
      if (at < 0) await trimming.takeOut(l, s)
      else room.removed(ops.splice(at, 1)[0]!)
    }
    let now = 0
    for (const { batch, now: at } of batches) {
      now = at
      for (const op of batch.ops) {
        const { author, seq } = op.message
        const l = room.know(author)
        // Only one that waited, or one below its lane's height, can lie here already.
        const isHere = seq <= (room.lanes.get(author)?.height ?? 0)
        if (isHere || room.waitingAt(l, seq) !== undefined) await takeOut(l, seq)
        const oldest = op.position === 0 ? room.oldestOfTooMany : undefined
        if (oldest !== undefined) {
          await takeOut(...oldest)
          this.counters.opsTrimmed++
        }
        const packed = packedOp(op, op.position || room.nextWaiting(), l, at)
        room.added(packed)
        ops.push(packed)
        if (!batch.own) continue
        // A commit that failed may be on the disk all the same.
        if (!(isHere && this.#tried.has(op))) numbers.push(seq)
        this.#tried.add(op)
      }
      for (const lane of batch.lanes) {
        room.know(lane.author)
        room.grew(lane)
        lanes.add(lane.author)
      }
      room.heads = batch.heads
    }
    ops.sort((a, b) => a.p - b.p)
    for (const pack of packsOf(room.r, ops)) {
      put(unwrap(tx.objectStore('ops')), pack)
      room.packs++
    }
    if (numbers.length > 0) await this.#use(tx, room, numbers)
    for (const author of lanes) {
      put(unwrap(tx.objectStore('lanes')), room.laneRow(room.lanes.get(author)!))
    }
    await trimming.tooMuch()
    if (now - room.sweptAt > SWEEP_MS) await trimming.tooOld(now)
    const trimmed = await trimming.end()
    put(unwrap(tx.objectStore('rooms')), room.row)
    return trimmed
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

  #within<T>(work: (tx: OpsTransaction) => Promise<T>): Promise<T> {
    return this.#db.within('reading ops', ['ops'], 'readonly', 'relaxed', work)
  }

  /** What lies in so many packs from this place on, and the place of the last of them, or infinity at the end. */
  async #read(
    room: Room,
    from: number,
    count: number,
    given?: unknown[],
  ): Promise<{ ops: PackedOp[]; end: number }> {
    const rows = given ?? (await this.#rows(onwards(room, from), count))
    const ops: PackedOp[] = []
    for (const row of rows) {
      const packed = unpack(row)
      if (packed === undefined) {
        const { p } = row as Pack
        this.#remove(room.topic, trimming => trimming.unreadable(p))
      } else ops.push(...packed)
    }
    const last = rows.at(-1) as Pack | undefined
    return {
      ops,
      end: rows.length < count || last === undefined ? Number.POSITIVE_INFINITY : last.p,
    }
  }

  #messageIn(room: Room, op: PackedOp): Message | undefined {
    const message = messageIn(op)
    if (message === undefined) this.#remove(room.topic, trimming => trimming.damaged(op))
    return message
  }

  /** All at once; where one of them can't be read at all, one by one, without it. */
  async #rows(range: IDBKeyRange, count: number): Promise<unknown[]> {
    try {
      return await this.#within(tx => tx.objectStore('ops').getAll(range, count))
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause
    }
    const rows: unknown[] = []
    for (const key of await this.#within(tx => tx.objectStore('ops').getAllKeys(range, count))) {
      try {
        rows.push(await this.#within(tx => tx.objectStore('ops').get(key)))
      } catch (cause) {
        if (!isUnreadable(cause)) throw cause
        // Its place is all that is left of it.
        rows.push({ p: key[1] })
      }
    }
    return rows
  }

  #remove(topic: TopicId, remove: (trimming: Trimming) => Promise<void>): void {
    const removed = this.#inTurn(() =>
      this.#change([topic], 'relaxed', async tx => {
        const room = this.#room(topic)
        const trimming = new Trimming(tx, room, this.counters)
        await remove(trimming)
        const trimmed = await trimming.end()
        await tx.objectStore('rooms').put(room.row)
        return new Map([[topic, trimmed]])
      }),
    )
    // What can't be removed is skipped again next time.
    void removed.catch(() => {}).then(() => this.#skipped(1, topic))
  }

  #skipped(count: number, topic: TopicId): void {
    if (count > 0) this.#db.onCorrupt(`${count} records of the history of topic ${topic}`)
  }
}

interface Pending {
  topic: TopicId
  batch: OpBatch
  now: Millis
  isOver: boolean
  resolve(): void
  reject(cause: unknown): void
}

/** All that stands from this place on. */
function onwards({ r }: Room, from: number): IDBKeyRange {
  return IDBKeyRange.bound([r, from], [r, Number.MAX_SAFE_INTEGER])
}

/** Then it is read row by row. */
function unlessUnreadable(cause: unknown): void {
  if (!isUnreadable(cause)) throw cause
}

/** Twice as long as the disk, or who shares the machine, took, so that a quick one delays nobody. */
function pauseAfter(tookMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, 2 * tookMs)
}

function isOwn({ batch }: Pending): boolean {
  return batch.own
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

/**
 * Between transactions that keep what others said: at a hundred messages a second four fifths of them are saved (measured in
 * Chromium: each costs the machine 4 ms). What a crash costs meanwhile comes back from neighbors. Guess.
 */
const BREATH_MS = 50
/** Guess: a frame of a screen, and a little. */
const LONGEST_PAUSE_MS = 20
/** After a pause that brought nothing more the next so many words go at once: each may be waited for by the next. Guess. */
const UNHELD = 15
/** So many ops are worth a transaction of their own: two waves, which is what may be unkept while more comes (core/history/keeping.ts). */
const MANY_OPS = 512
/** Batches in one transaction; a wave is one. Guess. */
const MOST_BATCHES = 256
/** How often writing also gives up what is too old. Guess. */
const SWEEP_MS = 60_000
