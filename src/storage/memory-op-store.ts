import { decode, encode } from '../codec/schema.js'
import {
  type HistoryIndex,
  type LaneRecord,
  MOST_WAITING_OPS,
  type OpRange,
  type OpRecord,
  type TrimmedLane,
} from '../core/history/records.js'
import { firstOf, type MessageId, type Millis, type PeerId, type TopicId } from '../core/ids.js'
import { message as encoded, type Message } from '../core/message.js'
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
import { StorageError } from './store.js'

/** The last numbers of ours, shared with the store that reserves them. */
export interface OwnSeqs {
  last(topic: TopicId): number
  use(topic: TopicId, seq: number): void
}

/** The twin of the IndexedDB op store that forgets everything with its worker. */
export class MemoryOpStore implements OpStore {
  readonly kind = 'memory'
  readonly counters = noOpCounts()
  onTrimmed: OpStore['onTrimmed']
  readonly #seqs: OwnSeqs
  readonly #rooms = new Map<TopicId, Room>()

  constructor(seqs: OwnSeqs) {
    this.#seqs = seqs
  }

  async open(topic: TopicId, options: OpenTopic): Promise<HistoryIndex> {
    let room = this.#rooms.get(topic)
    if (room === undefined) this.#rooms.set(topic, (room = newRoom(options)))
    room.options = options
    const height = room.lanes.get(options.self)?.height ?? 0
    return {
      lanes: [...room.lanes.values()],
      heads: room.heads,
      waiting: [...room.waiting.values()].map(({ bytes }) => messageOf(bytes)),
      position: room.base + room.placed.length - 1,
      nextSeq: Math.max(this.#seqs.last(topic), height) + 1,
    }
  }

  async append(topic: TopicId, batch: OpBatch, now: Millis): Promise<void> {
    const room = this.#room(topic)
    const { own, ops } = batch
    if (own && ops.some(({ message }) => message.seq <= this.#seqs.last(topic))) {
      throw new StorageError('failed', `the last number of topic ${topic} was given before`)
    }
    for (const op of ops) {
      keep(room, op, now)
      if (room.waiting.size > MOST_WAITING_OPS) {
        drop(room, room.waiting.values().next().value!)
        this.counters.opsTrimmed++
      }
      if (own) this.#seqs.use(topic, op.message.seq)
    }
    for (const lane of batch.lanes) {
      const before = room.lanes.get(lane.author)
      // Written late, after what came later.
      if (before !== undefined && before.height > lane.height) continue
      const kept = before !== undefined && before.oldest > lane.oldest ? before : lane
      const { oldest, oldestHash } = kept
      room.lanes.set(lane.author, { ...lane, oldest, oldestHash })
    }
    room.heads = [...batch.heads]
    this.counters.opsStored += ops.length
    this.counters.opCommits++
    this.#trim(topic, room, now)
  }

  async load(topic: TopicId, wants: readonly OpRange[], bound: ReadBound): Promise<Message[]> {
    const room = this.#room(topic)
    const wanted: Held[] = []
    for (const { author, first, last } of wants) {
      const lane = room.byAuthor.get(author)
      if (lane === undefined) continue
      const from = room.lanes.get(author)?.oldest ?? 1
      const to = Math.min(last, room.lanes.get(author)?.height ?? 0)
      let left = bound.ops
      for (let seq = Math.max(first, from); seq <= to && left > 0; seq++) {
        const held = lane.get(seq)
        if (held === undefined || held.position === 0) continue
        wanted.push(held)
        left--
      }
    }
    wanted.sort((a, b) => a.position - b.position)
    return within(bound, wanted).map(({ message }) => message)
  }

  async loadFrom(topic: TopicId, position: number, bound: ReadBound): Promise<PlacedMessage[]> {
    const { placed, base } = this.#room(topic)
    const from = Math.max(0, position - base)
    const held: Held[] = []
    for (let i = from; i < placed.length && held.length < bound.ops; i++) {
      const one = placed[i]
      if (one !== undefined) held.push(one)
    }
    return within(bound, held)
  }

  async find(topic: TopicId, hashes: readonly Uint8Array[]): Promise<Message[]> {
    const room = this.#room(topic)
    return hashes.flatMap(hash => {
      const held = room.byHash.get(String(hash))
      return held === undefined ? [] : [messageOf(held.bytes)]
    })
  }

  async positionSince(topic: TopicId, since: Millis, limit: number): Promise<number | undefined> {
    const { placed } = this.#room(topic)
    let lowest: number | undefined
    let left = limit
    for (let i = placed.length - 1; i >= 0 && left > 0; i--) {
      const held = placed[i]
      if (held === undefined) continue
      left--
      if (held.time >= since) lowest = held.position
    }
    return lowest
  }

  async trim(topic: TopicId, now: Millis): Promise<void> {
    this.#trim(topic, this.#room(topic), now, true)
  }

  #room(topic: TopicId): Room {
    const room = this.#rooms.get(topic)
    if (room === undefined) throw new StorageError('failed', `the history of ${topic} is not open`)
    return room
  }

  #trim(topic: TopicId, room: Room, now: Millis, isAsked = false): void {
    const { maxAgeMs, maxBytes, maxOps } = room.options.retention
    const gone = new Set<PeerId>()
    const give = (held: Held) => {
      drop(room, held)
      this.counters.opsTrimmed++
      if (held.position > 0) gone.add(held.author)
    }
    const isTip = ({ author, seq }: Held) => seq >= (room.lanes.get(author)?.height ?? 0)
    for (const held of room.placed) {
      if (room.ops <= maxOps && room.bytes <= maxBytes) break
      if (held !== undefined && !isTip(held)) give(held)
    }
    if (now - room.sweptAt > SWEEP_MS || isAsked) {
      room.sweptAt = now
      const old = (held: Held) => held.time <= now - maxAgeMs
      for (const held of [...room.waiting.values()]) if (old(held)) give(held)
      for (const held of room.placed) {
        if (held === undefined || !old(held) || isTip(held)) continue
        const lane = room.byAuthor.get(held.author)!
        // All before it too: a lane has no holes.
        for (const before of [...lane.values()]) {
          if (before.position > 0 && before.seq <= held.seq) give(before)
        }
      }
    }
    while (room.placed.length > 0 && room.placed[0] === undefined) {
      room.placed.shift()
      room.base++
    }
    const trimmed = [...gone].map(author => shorten(room, author))
    if (trimmed.length > 0) this.onTrimmed?.(topic, trimmed)
  }
}

interface Held {
  author: PeerId
  seq: number
  hash: Uint8Array
  position: number
  time: Millis
  /** A copy: what came over the wire may lie in a larger buffer. */
  bytes: Uint8Array
}

interface Room {
  options: OpenTopic
  ops: number
  bytes: number
  heads: readonly MessageId[]
  sweptAt: Millis
  readonly lanes: Map<PeerId, LaneRecord>
  readonly byAuthor: Map<PeerId, Map<number, Held>>
  readonly byHash: Map<string, Held>
  readonly waiting: Map<string, Held>
  /** By position, from `base` on. */
  placed: (Held | undefined)[]
  base: number
}

function newRoom(options: OpenTopic): Room {
  return {
    options,
    ops: 0,
    bytes: 0,
    heads: [],
    sweptAt: Number.NEGATIVE_INFINITY,
    lanes: new Map(),
    byAuthor: new Map(),
    byHash: new Map(),
    waiting: new Map(),
    placed: [],
    base: 1,
  }
}

function keep(room: Room, { message, hash, position }: OpRecord, now: Millis): void {
  const { author, seq } = message
  const before = room.byAuthor.get(author)?.get(seq)
  if (before !== undefined) drop(room, before)
  const held: Held = {
    author,
    seq,
    hash: hash.slice(),
    position,
    time: Math.min(message.time, now),
    bytes: encode(encoded, message),
  }
  let lane = room.byAuthor.get(author)
  if (lane === undefined) room.byAuthor.set(author, (lane = new Map()))
  lane.set(seq, held)
  room.byHash.set(String(held.hash), held)
  room.ops++
  room.bytes += held.bytes.length
  if (position === 0) room.waiting.set(nameOf(held), held)
  else {
    if (room.placed.length === 0) room.base = position
    if (position < room.base) {
      // An op of ours that could not be kept at first.
      const early: undefined[] = new Array(room.base - position)
      room.placed = [...early, ...room.placed]
      room.base = position
    }
    room.placed[position - room.base] = held
  }
}

function drop(room: Room, held: Held): void {
  const lane = room.byAuthor.get(held.author)!
  lane.delete(held.seq)
  if (lane.size === 0) room.byAuthor.delete(held.author)
  room.byHash.delete(String(held.hash))
  room.ops--
  room.bytes -= held.bytes.length
  if (held.position === 0) room.waiting.delete(nameOf(held))
  else room.placed[held.position - room.base] = undefined
}

/** The lane as it begins now. */
function shorten(room: Room, author: PeerId): TrimmedLane {
  const lane = room.lanes.get(author)!
  let first: Held | undefined
  for (const held of room.byAuthor.get(author)?.values() ?? []) {
    if (held.position > 0 && (first === undefined || held.seq < first.seq)) first = held
  }
  const oldest = first === undefined ? lane.height : firstOf(messageOf(first.bytes))
  const oldestHash = first?.hash ?? lane.tip
  room.lanes.set(author, { ...lane, oldest, oldestHash })
  return { author, oldest, oldestHash }
}

function within(bound: ReadBound, held: readonly Held[]): PlacedMessage[] {
  const found: PlacedMessage[] = []
  let bytes = 0
  for (const { bytes: written, position, time } of held) {
    const message = messageOf(written)
    if (isOver(bound, found.length, bytes, message)) break
    found.push({ message, position, time })
    bytes += weight(message)
  }
  return found
}

function messageOf(bytes: Uint8Array): Message {
  const read = decode(encoded, bytes)
  if (!read.ok) throw new RangeError(`kept bytes are no message: ${read.reason}`)
  return read.value
}

function nameOf({ author, seq }: MessageId): string {
  return `${author}:${seq}`
}

/** As the store on disk. */
const SWEEP_MS = 60_000
