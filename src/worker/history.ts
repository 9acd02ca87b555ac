import { GossamerError, textOf } from '../bridge/errors.js'
import type {
  HistoryPage,
  HistoryRequest,
  HistoryState,
  ReadRequest,
} from '../bridge/node-messages.js'
import { concat } from '../codec/bytes.js'
import { MOST_BUNDLED, openBundle } from '../core/bundle.js'
import type { Deadline } from '../core/deadline.js'
import type { HistoryIndex, TrimmedLane } from '../core/history/records.js'
import { firstOf, type MessageId, type Millis, type PeerId, type TopicId } from '../core/ids.js'
import type { NodeInput, NodeOutput, TopicEvent } from '../core/io.js'
import type { OpStore, PlacedMessage } from '../storage/op-store.js'
import { isCount } from '../storage/records.js'
import { refuse } from './clients.js'
import { InOrder } from './in-order.js'
import type { Sleeper } from './wake.js'

/** What the histories need around them. */
export interface HistoriesWorld {
  self: PeerId
  ops: OpStore
  clock: () => Millis
  input: (input: NodeInput) => void
  count: (counter: string) => void
  /** Work that is to end before the store is closed. */
  track: (work: Promise<unknown>) => void
  /** To all who have the topic open. */
  say: (topic: TopicId, state: HistoryState) => void
}

type StoreOps = Extract<NodeOutput, { type: 'store-ops' }>
type LoadOps = Extract<NodeOutput, { type: 'load-ops' }>

/** Performs what the core decides to keep and to read, and reads for those who ask for what was kept. */
export class Histories implements Sleeper {
  readonly #world: HistoriesWorld
  readonly #rooms = new Map<TopicId, Room>()
  #nextTrim: Millis

  constructor(world: HistoriesWorld) {
    this.#world = world
    this.#nextTrim = world.clock() + TRIM_MS
    world.ops.onTrimmed = (topic, lanes) => this.#trimmed(topic, lanes)
  }

  /**
   * What is kept of the topic. Tried again until it can be read: what is there is not to be contradicted. Throws
   * `invalid-argument` for a request that makes no sense.
   */
  async open(topic: TopicId, given: HistoryRequest | undefined): Promise<HistoryIndex | undefined> {
    const { retention } = checkRequest(given)
    const before = this.#rooms.get(topic)
    if (before !== undefined) before.isOpen = false
    const readers = before?.readers ?? new Set()
    const room: Room = {
      isOpen: true,
      answers: new InOrder(),
      stuck: undefined,
      heads: [],
      unkept: new Set(),
      readers,
      opened: undefined,
      state: NO_HISTORY,
    }
    this.#rooms.set(topic, room)
    const { self, ops } = this.#world
    room.opened = this.#insist(room, () => ops.open(topic, { self, retention }))
    const index = await room.opened
    if (index !== undefined && room.isOpen) this.#say(topic, room, stateOf(index))
    return index
  }

  /** How far it has come; undefined where the topic is not open. */
  stateOf(topic: TopicId): HistoryState | undefined {
    return this.#rooms.get(topic)?.state
  }

  /** What the core says to the application may be of how far it has come. */
  heard(topic: TopicId, event: TopicEvent): void {
    const room = this.#rooms.get(topic)
    if (room === undefined) return
    const { have, known, synced } = room.state
    if (event.type === 'synced') {
      this.#say(topic, room, { synced: true, have: Math.max(have, known), known })
    } else if (event.type === 'historyProgress') {
      const isSynced = synced && event.have >= event.known
      this.#say(topic, room, { synced: isSynced, have: event.have, known: event.known })
    }
  }

  /** The last neighbor went: nobody is left to compare with. */
  alone(topic: TopicId): void {
    const room = this.#rooms.get(topic)
    if (room?.state.synced) this.#say(topic, room, { ...room.state, synced: false })
  }

  /** From here on nothing of it is answered to the core. Who waits for more of it is told that there is none. */
  close(topic: TopicId): void {
    const room = this.#rooms.get(topic)
    if (room === undefined) return
    room.isOpen = false
    this.#rooms.delete(topic)
    for (const reader of room.readers) reader()
  }

  store(output: StoreOps): void {
    const { topic, ref } = output
    const room = this.#rooms.get(topic)
    if (room === undefined) return
    const places = output.ops.flatMap(({ position }) => position || [])
    for (const place of places) room.unkept.add(place)
    const kept = this.#keep(room, output)
    this.#world.track(kept)
    room.answers.later(kept, ok => {
      if (!room.isOpen) return
      this.#world.input({ type: 'ops-stored', topic, ref, ok })
      if (!ok) return
      for (const place of places) room.unkept.delete(place)
      for (const reader of room.readers) reader()
      room.readers.clear()
    })
  }

  async load({ topic, ref, wants, maxOps, maxBytes }: LoadOps): Promise<void> {
    const room = this.#rooms.get(topic)
    if (room === undefined) return
    const bound = { ops: maxOps, bytes: maxBytes }
    const ops = await this.#world.ops.load(topic, wants, bound).catch(() => this.#failed())
    if (room.isOpen) this.#world.input({ type: 'ops-loaded', topic, ref, ops })
  }

  /**
   * A page of what is kept, in causal order. Rejects with `storage-failed` or `invalid-argument`. An empty one means the end; with
   * `live`, that the topic was closed.
   */
  async read(topic: TopicId, given: ReadRequest): Promise<HistoryPage> {
    const request = checkRead(given)
    try {
      return await this.#read(topic, request)
    } catch (cause) {
      const text = `The history can not be read: ${textOf(cause)}`
      throw new GossamerError('storage-failed', text, { cause })
    }
  }

  async #read(topic: TopicId, request: ReadRequest): Promise<HistoryPage> {
    const { ops } = this.#world
    const { since, limit, live } = request
    let { position } = request
    for (;;) {
      const room = this.#rooms.get(topic)
      if (room === undefined || (await room.opened) === undefined) {
        return pageOf([], position ?? 1, since, 0)
      }
      const changed = nextChange(room)
      try {
        let at = position
        let skip = 0
        if (at === undefined) ({ position: at, skip } = await this.#newest(topic, since, limit))
        while (at !== undefined) {
          const loaded = await ops.loadFrom(topic, at, PAGE)
          // What stands before it, and is stored late, would be passed over for good.
          const end = live ? Math.min(...room.unkept) : Infinity
          const page = loaded.filter(({ position }) => position < end)
          if (page.length === 0) break
          at = page.at(-1)!.position + 1
          const wanted = pageOf(page, at, since, skip)
          skip -= countOf(page)
          if (wanted.seqs.length > 0) return wanted
        }
        if (!live) return pageOf([], at ?? 1, since, 0)
        // It may begin with what is stored late.
        if (room.unkept.size === 0) position = at
        await changed.happened
      } finally {
        changed.forget()
      }
    }
  }

  /** Where the newest `limit` messages begin, and how many stand before them in the bundle there. */
  async #newest(
    topic: TopicId,
    since: Millis,
    limit: number,
  ): Promise<{ position: number | undefined; skip: number }> {
    // As if all lay in full bundles, then in fewer and fewer: what is read is seldom much more than what is wanted.
    for (let ops = Math.ceil(limit / MOST_BUNDLED); ; ops *= 4) {
      const position = await this.#world.ops.positionSince(topic, since, Math.min(ops, limit))
      if (limit === Number.MAX_SAFE_INTEGER) return { position, skip: 0 }
      let count = 0
      for (let from = position; from !== undefined; ) {
        const page = await this.#world.ops.loadFrom(topic, from, PAGE)
        if (page.length === 0) break
        count += countOf(page)
        from = page.at(-1)!.position + 1
      }
      if (count >= limit || ops >= limit) return { position, skip: count - limit }
    }
  }

  // ——— time

  get nextDeadline(): Deadline | undefined {
    return this.#rooms.size === 0 ? undefined : { at: this.#nextTrim, reason: 'trim histories' }
  }

  wake(now: Millis): void {
    if (now < this.#nextTrim) return
    this.#nextTrim = now + TRIM_MS
    for (const topic of this.#rooms.keys()) {
      this.#world.ops.trim(topic, now).catch(() => this.#failed())
    }
  }

  // ——— inside

  #say(topic: TopicId, room: Room, state: HistoryState): void {
    room.state = state
    this.#world.say(topic, state)
  }

  /** True when it is on disk. What we say ourselves is tried until it is, and what comes after waits for it. */
  async #keep(room: Room, output: StoreOps): Promise<boolean> {
    const { topic, own } = output
    room.heads = output.heads
    const append = () => {
      const { heads } = room
      return this.#world.ops.append(topic, { ...output, heads }, this.#world.clock())
    }
    if (room.stuck !== undefined) {
      while (room.stuck !== undefined) await room.stuck
      // Whoever opened the topic anew does not know of it, and may have given its place to another.
      if (!room.isOpen) return false
    }
    try {
      await append()
      return true
    } catch {
      this.#failed()
      if (!own) return false
    }
    while (room.stuck !== undefined) await room.stuck
    room.stuck = this.#insist(room, append).then(() => {
      room.stuck = undefined
    })
    await room.stuck
    return true
  }

  async #insist<T>(room: Room, work: () => Promise<T>): Promise<T | undefined> {
    for (let pauseMs = 500; room.isOpen; pauseMs = Math.min(pauseMs * 2, 30_000)) {
      try {
        return await work()
      } catch {
        // The store itself gives the notice, once a minute.
        this.#failed()
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
    return undefined
  }

  #trimmed(topic: TopicId, lanes: TrimmedLane[]): void {
    if (this.#rooms.has(topic)) this.#world.input({ type: 'ops-trimmed', topic, lanes })
  }

  #failed(): undefined {
    this.#world.count('storage-failures')
    return undefined
  }
}

interface Room {
  isOpen: boolean
  opened: Promise<HistoryIndex | undefined> | undefined
  readonly answers: InOrder
  /** An op of ours that the store does not take yet. */
  stuck: Promise<void> | undefined
  /** The newest, for what is written late. */
  heads: readonly MessageId[]
  /** Places of ops that the store was given and has not confirmed; what it does not take is given to it again. */
  readonly unkept: Set<number>
  /** Who waits for more. */
  readonly readers: Set<() => void>
  state: HistoryState
}

/** What is kept at the opening is all we know of. */
function stateOf({ lanes }: HistoryIndex): HistoryState {
  let have = 0
  for (const { height, oldest } of lanes) have += height - oldest + 1
  return { synced: false, have, known: have }
}

function checkRequest(given: HistoryRequest | undefined): HistoryRequest {
  const { retention, order } = given ?? {}
  const numbers = [retention?.maxAgeMs, retention?.maxOps, retention?.maxBytes]
  const isRight = numbers.every(isCount) && (order === 'arrival' || order === 'causal')
  return isRight ? given! : refuse('subscribe.history')
}

function checkRead(given: ReadRequest): ReadRequest {
  const { since, limit, position, live } = given ?? {}
  const isRight = isCount(since) && isCount(limit) && (position === undefined || isCount(position))
  return isRight ? { since, limit, position, live: live === true } : refuse('read-history.request')
}

function nextChange({ readers }: Room): { happened: Promise<void>; forget(): void } {
  let happen = () => {}
  const happened = new Promise<void>(resolve => {
    happen = resolve
  })
  readers.add(happen)
  return { happened, forget: () => readers.delete(happen) }
}

/** Their contents copied out, to be transferred. */
function pageOf(
  ops: readonly PlacedMessage[],
  position: number,
  since: Millis,
  skip: number,
): HistoryPage {
  const page: HistoryPage = {
    authors: [],
    seqs: [],
    times: [],
    ends: [],
    contents: NOTHING,
    position,
  }
  const contents: Uint8Array[] = []
  let end = 0
  for (const { message, time: at } of ops) {
    const { author, time, payload, count } = message
    const add = (content: Uint8Array, i: number) => {
      if (skip-- > 0 || at < since) return
      contents.push(content)
      page.authors.push(author)
      page.seqs.push(firstOf(message) + i)
      page.times.push(time)
      page.ends.push((end += content.length))
    }
    if (count === undefined) add(payload, 0)
    else openBundle(payload, add)
  }
  page.contents = concat(...contents)
  return page
}

function countOf(ops: readonly PlacedMessage[]): number {
  return ops.reduce((sum, { message: { count = 1 } }) => sum + count, 0)
}

const NOTHING = new Uint8Array(0)
const NO_HISTORY: HistoryState = { synced: false, have: 0, known: 0 }

/** One answer to the page. Guess. */
const PAGE = { ops: 256, bytes: 256 << 10 }
/** What is too old is given up this far apart, where nothing is written meanwhile. Guess. */
const TRIM_MS = 10 * 60_000
