import type { HistoryIndex, OpRange } from '../core/history/records.js'
import type { Millis, TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { MemoryOpStore } from './memory-op-store.js'
import {
  isOver,
  type OpBatch,
  type OpCounters,
  type OpenTopic,
  type OpStore,
  type PlacedMessage,
  type ReadBound,
  weight,
} from './op-store.js'
import { StorageError } from './store.js'

/** What the steady op store asks of the store around it. */
export interface SteadyOps {
  /** To be said to people. */
  notice(code: 'storage-failed' | 'storage-full', message: string): void
  /** The next visit takes a new key: numbers used from now on can't be written down. */
  forgetIdentity(): Promise<void>
}

/**
 * Ops on disk while there is room, in memory from then on. What is on disk stays and is read as before; what is in memory has
 * the later positions. Own ops of which the disk takes no number are kept in memory only once the identity is
 * forgotten on disk, for after a reload their numbers would be given again.
 */
export class SteadyOpStore implements OpStore {
  readonly #disk: OpStore
  readonly #steady: SteadyOps
  readonly #open = new Map<TopicId, OpenTopic>()
  readonly #seqs = new Map<TopicId, number>()
  #memory: MemoryOpStore | undefined
  /** One for all that wait for it, or they would come out of their order. */
  #forgotten: Promise<void> | undefined
  onTrimmed: OpStore['onTrimmed']

  constructor(disk: OpStore, steady: SteadyOps) {
    this.#disk = disk
    this.#steady = steady
    disk.onTrimmed = (topic, lanes) => this.onTrimmed?.(topic, lanes)
  }

  get kind(): OpStore['kind'] {
    return this.#memory === undefined ? this.#disk.kind : 'memory'
  }

  get counters(): Readonly<OpCounters> {
    const [disk, memory] = [this.#disk.counters, this.#memory?.counters]
    if (memory === undefined) return disk
    return {
      opsStored: disk.opsStored + memory.opsStored,
      opsTrimmed: disk.opsTrimmed + memory.opsTrimmed,
      corruptOps: disk.corruptOps,
      opCommits: disk.opCommits + memory.opCommits,
    }
  }

  async open(topic: TopicId, options: OpenTopic): Promise<HistoryIndex> {
    const index = await this.#told(this.#disk.open(topic, options), UNREAD)
    this.#open.set(topic, options)
    this.#seqs.set(topic, Math.max(this.#seqs.get(topic) ?? 0, index.nextSeq - 1))
    if (this.#memory === undefined) return index
    const later = await this.#memory.open(topic, options)
    if (later.position === 0) return index
    const lanes = new Map([...index.lanes, ...later.lanes].map(lane => [lane.author, lane]))
    return { ...later, lanes: [...lanes.values()], waiting: [...index.waiting, ...later.waiting] }
  }

  async append(topic: TopicId, batch: OpBatch, now: Millis): Promise<void> {
    if (this.#memory === undefined) {
      try {
        return await this.#told(this.#disk.append(topic, batch, now), UNKEPT)
      } catch (cause) {
        if (!(cause instanceof StorageError) || cause.code !== 'full') throw cause
      }
      await this.#overflow()
    }
    if (batch.own) {
      this.#forgotten ??= this.#steady.forgetIdentity().catch(cause => {
        this.#forgotten = undefined
        throw cause
      })
      await this.#forgotten
    }
    return this.#memory!.append(topic, batch, now)
  }

  async load(topic: TopicId, wants: readonly OpRange[], bound: ReadBound): Promise<Message[]> {
    const early = await this.#told(this.#disk.load(topic, wants, bound), UNREAD)
    if (this.#memory === undefined) return early
    const rest = beyond(wants, early)
    if (early.length > 0 && (await this.#disk.load(topic, rest, ONE)).length > 0) return early
    return joined(bound, early, await this.#memory.load(topic, rest, bound), one => one)
  }

  async loadFrom(topic: TopicId, position: number, bound: ReadBound): Promise<PlacedMessage[]> {
    const early = await this.#told(this.#disk.loadFrom(topic, position, bound), UNREAD)
    if (this.#memory === undefined) return early
    const after = (early.at(-1)?.position ?? position - 1) + 1
    // A page that ends on the disk is not gone on with in memory: what lies between would be passed over.
    if (early.length > 0 && (await this.#disk.loadFrom(topic, after, ONE)).length > 0) return early
    const late = await this.#memory.loadFrom(topic, position, bound)
    return joined(bound, early, late, ({ message }) => message)
  }

  async find(topic: TopicId, hashes: readonly Uint8Array[]): Promise<Message[]> {
    const early = await this.#told(this.#disk.find(topic, hashes), UNREAD)
    return [...early, ...((await this.#memory?.find(topic, hashes)) ?? [])]
  }

  async positionSince(topic: TopicId, since: Millis, limit: number): Promise<number | undefined> {
    const early = await this.#told(this.#disk.positionSince(topic, since, limit), UNREAD)
    if (this.#memory === undefined) return early
    const from = early ?? (await this.#memory.positionSince(topic, since, limit))
    const { position } = await this.#memory.open(topic, this.#open.get(topic)!)
    return from === undefined ? undefined : Math.max(from, position - limit + 1)
  }

  async trim(topic: TopicId, now: Millis): Promise<void> {
    await this.#memory?.trim(topic, now)
    await this.#told(this.#disk.trim(topic, now), 'Old messages stay a while.')
  }

  async #overflow(): Promise<void> {
    const memory = new MemoryOpStore({
      last: topic => this.#seqs.get(topic) ?? 0,
      use: (topic, seq) => this.#seqs.set(topic, seq),
    })
    for (const [topic, options] of this.#open) await memory.open(topic, options)
    memory.onTrimmed = (topic, lanes) => this.onTrimmed?.(topic, lanes)
    this.#memory ??= memory
    this.#steady.notice('storage-full', FULL)
  }

  async #told<T>(outcome: Promise<T>, consequence: string): Promise<T> {
    try {
      return await outcome
    } catch (cause) {
      if (cause instanceof StorageError && cause.code !== 'full') {
        this.#steady.notice('storage-failed', `Storage failed: ${cause.message}. ${consequence}`)
      }
      throw cause
    }
  }
}

/** What is still wanted once these were read. */
function beyond(wants: readonly OpRange[], ops: readonly Message[]): OpRange[] {
  const reached = new Map(ops.map(({ author, seq }) => [author, seq]))
  return wants.map(want => ({
    ...want,
    first: Math.max(want.first, (reached.get(want.author) ?? 0) + 1),
  }))
}

/** Both in a row, as far as the bound goes. */
function joined<T>(
  bound: ReadBound,
  early: readonly T[],
  late: readonly T[],
  messageOf: (one: T) => Message,
): T[] {
  const all: T[] = []
  let bytes = 0
  for (const one of [...early, ...late]) {
    const message = messageOf(one)
    if (isOver(bound, all.length, bytes, message)) break
    all.push(one)
    bytes += weight(message)
  }
  return all
}

const ONE: ReadBound = { ops: 1, bytes: 1 }
const UNREAD = 'Earlier messages can not be read.'
const UNKEPT = 'Messages that come now are not kept.'
const FULL =
  'The storage of this browser is full. What was kept stays; what comes now is kept until the page is closed, and the next visit has a new identity.'
