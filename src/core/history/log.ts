import { sameBytes } from '../../codec/bytes.js'
import { firstOf, formatMessageId, type MessageId, type Numbered, type PeerId } from '../ids.js'
import { Lane } from './lane.js'
import { MOST_PARENTS, type Op, type Parents, shortHash } from './op.js'
import {
  type HistoryIndex,
  type LaneRecord,
  MOST_LANES,
  MOST_WAITING_OPS,
  type OpRecord,
  type TrimmedLane,
} from './records.js'
import { WaitingOps } from './waiting.js'

/**
 * What became of an op that was handed in:
 * - `kept`: it and all it builds on are here;
 * - `waiting`: parents are missing;
 * - `known`: it was here, kept or waiting;
 * - `fork`: it proves, with what is here, that its author said two things under one number;
 * - `refused`: of a frozen lane, or of one lane too many.
 */
export type Taken = 'kept' | 'waiting' | 'known' | 'fork' | 'refused'

/** Where lanes begin for lack of what came before, as a peer says. */
export interface Roots {
  /**
   * Below `seq` nothing is to be waited for. With `hash`, the head of an op's hash, the lane may begin there, or
   * go on there after a gap.
   */
  get(author: PeerId): { seq: number; hash: Uint8Array | undefined } | undefined
}

export interface Kept {
  readonly op: Op
  /** It came earlier, and waited. */
  readonly waited: boolean
}

/** What changed since it was last asked. */
export interface Changes {
  /** In the order in which they were kept. */
  readonly kept: readonly Kept[]
  /** New, and without their parents. */
  readonly waiting: readonly Op[]
  readonly records: readonly OpRecord[]
  readonly lanes: readonly LaneRecord[]
  readonly forks: readonly MessageId[]
  readonly gaps: readonly { author: PeerId; first: number; last: number }[]
}

/**
 * All that is known of a topic's ops, bodies left out: each author's chain as a lane of a certain height, so that it
 * costs as much as there are authors, however long the history. An op is kept once everything it builds on is;
 * until then it waits.
 */
export class OpLog {
  readonly #self: PeerId
  readonly #lanes = new Map<PeerId, Lane>()
  /** Authors whose newest op nothing builds on, the newest of all last. */
  readonly #heads = new Set<PeerId>()
  readonly #waiting = new WaitingOps(MOST_WAITING_OPS)
  readonly #digest = new Uint8Array(8)
  readonly #touched = new Set<Lane>()
  #position: number
  #size = 0
  #version = 0
  /** Where one's next op stands: its mother may not be sealed yet. */
  #next: { seq: number; mother: Uint8Array | undefined }
  #kept: Kept[] = []
  #fresh: Op[] = []
  #records: OpRecord[] = []
  #forks: MessageId[] = []
  #gaps: { author: PeerId; first: number; last: number }[] = []

  /** `waiting` of the index is to be handed in again, op by op. */
  constructor(self: PeerId, index: HistoryIndex) {
    this.#self = self
    this.#position = index.position
    for (const record of index.lanes) {
      const lane = new Lane(record)
      this.#lanes.set(lane.author, lane)
      this.#size += lane.height - lane.oldest + 1
      if (!lane.frozen) this.#mix(lane.tip)
    }
    for (const { author } of index.heads) if (this.#lanes.has(author)) this.#heads.add(author)
    const own = this.#lanes.get(self)
    const height = own?.height ?? 0
    // Numbers may have been used while the topic was open without history: the lane begins again above them.
    this.#next =
      index.nextSeq > height + 1
        ? { seq: index.nextSeq, mother: undefined }
        : { seq: height + 1, mother: own?.tip }
  }

  get lanes(): ReadonlyMap<PeerId, Lane> {
    return this.#lanes
  }

  /** Equal where two peers keep the same: the heads of all tips, put together by exclusive or. */
  get digest(): Uint8Array {
    return this.#digest.slice()
  }

  /** Counts up with each change of the digest. */
  get version(): number {
    return this.#version
  }

  /** Messages kept, those of bundles one by one. */
  get size(): number {
    return this.#size
  }

  get waiting(): WaitingOps {
    return this.#waiting
  }

  /** Oldest first. */
  get heads(): MessageId[] {
    return [...this.#heads].map(author => ({ author, seq: this.#lanes.get(author)!.height }))
  }

  has(id: Numbered): boolean {
    const lane = this.#lanes.get(id.author)
    return (lane !== undefined && firstOf(id) <= lane.height) || this.#waiting.knows(id)
  }

  /** Numbers one's next message, or so many, and names its parents; the one after builds on it, sealed or not. */
  draft(seal: (seq: number, parents: Parents) => Uint8Array, count = 1): void {
    const own = this.#lanes.get(this.#self)
    if (own !== undefined && own.height >= this.#next.seq) {
      // It came back to us from others: we had forgotten it.
      this.#next = { seq: own.height + 1, mother: own.tip }
    }
    const { mother } = this.#next
    const seq = this.#next.seq + count - 1
    const others = [...this.#heads]
      .filter(author => author !== this.#self)
      .reverse()
      .slice(0, MOST_PARENTS - (mother === undefined ? 0 : 1))
      .map(author => {
        const { height, tip } = this.#lanes.get(author)!
        return { author, seq: height, hash: shortHash(tip) }
      })
    for (const { author } of others) this.#heads.delete(author)
    this.#next = { seq: seq + 1, mother: seal(seq, { mother, others }) }
  }

  /** An op that waited when the topic was closed; it is new to nobody. */
  recall(op: Op): void {
    if (this.has(op.message) || this.#lanes.get(op.message.author)?.frozen || this.#isTorn(op))
      return
    const missing = this.#missing(op, NO_ROOTS)
    if (missing !== undefined) return this.#waiting.add(op, missing)
    this.#keep(op, true)
    this.#release(op.message.author, NO_ROOTS)
  }

  /** `strict`: an op whose parents are missing is left out, as if it had not come; it counts as waiting all the same. */
  take(op: Op, roots: Roots = NO_ROOTS, strict = false): Taken {
    const { author, seq } = op.message
    const lane = this.#lanes.get(author)
    if (lane !== undefined && seq <= lane.height) {
      const ours = lane.hashAt(seq)
      return ours === undefined || sameBytes(ours, op.hash) ? 'known' : this.#fork(author, seq)
    }
    if (lane?.frozen) return 'refused'
    const first = firstOf(op.message)
    if (lane !== undefined && first <= lane.height) return this.#fork(author, first)
    if (lane === undefined && this.#lanes.size >= MOST_LANES) return 'refused'
    const waited = this.#waiting.get(op.message)
    if (waited !== undefined && !sameBytes(waited.op.hash, op.hash)) return this.#fork(author, seq)
    if (this.#isTorn(op)) return this.#fork(author, first - 1)
    const missing = this.#missing(op, roots)
    if (missing === undefined) {
      const isNew = !this.#waiting.knows(op.message)
      if (waited !== undefined) this.#waiting.delete(waited)
      this.#keep(op, !isNew)
      this.#release(author, roots)
      return 'kept'
    }
    if (this.#waiting.knows(op.message)) return 'known'
    if (strict) return 'waiting'
    this.#fresh.push(op)
    this.#waiting.add(op, missing)
    this.#records.push({ message: op.message, hash: op.hash, position: 0 })
    return 'waiting'
  }

  /** The parents that are not here, `author:seq` each. */
  missingOf({ message, parents }: Op): string[] {
    const all: MessageId[] = [...parents.others]
    if (parents.mother !== undefined) all.unshift({ ...message, seq: firstOf(message) - 1 })
    return all.filter(id => !this.#holds(id)).map(formatMessageId)
  }

  trim(trimmed: readonly TrimmedLane[]): void {
    for (const { author, oldest, oldestHash } of trimmed) {
      const lane = this.#lanes.get(author)
      if (lane === undefined || oldest <= lane.oldest || oldest > lane.height) continue
      this.#size -= oldest - lane.oldest
      lane.oldest = oldest
      lane.oldestHash = oldestHash
    }
  }

  takeChanges(): Changes | undefined {
    if (this.#records.length + this.#touched.size + this.#forks.length === 0) return undefined
    const changes: Changes = {
      kept: this.#kept,
      waiting: this.#fresh,
      records: this.#records,
      lanes: [...this.#touched].map(lane => lane.record),
      forks: this.#forks,
      gaps: this.#gaps,
    }
    this.#touched.clear()
    this.#kept = []
    this.#fresh = []
    this.#records = []
    this.#forks = []
    this.#gaps = []
    return changes
  }

  #holds({ author, seq }: MessageId): boolean {
    const lane = this.#lanes.get(author)
    // Of a frozen lane nobody can say which branch is meant: it is not waited for.
    return lane !== undefined && (seq <= lane.height || lane.frozen)
  }

  /** It builds on another op than ours, and both are signed. */
  #isTorn({ message, parents }: Op): boolean {
    const lane = this.#lanes.get(message.author)
    if (parents.mother === undefined || lane?.height !== firstOf(message) - 1) return false
    return !sameBytes(parents.mother, lane.tip)
  }

  /** The first parent that is missing; undefined where all is here. */
  #missing({ message, hash, parents }: Op, roots: Roots): MessageId | undefined {
    const { author } = message
    const seq = firstOf(message)
    if (parents.mother !== undefined && this.#lanes.get(author)?.height !== seq - 1) {
      const root = roots.get(author)
      const begins = root?.seq === seq && root.hash && sameBytes(root.hash, shortHash(hash))
      if (!begins) return { author, seq: seq - 1 }
    }
    return parents.others.find(other => {
      const root = roots.get(other.author)
      return !this.#holds(other) && (root === undefined || root.seq <= other.seq)
    })
  }

  #keep(op: Op, waited: boolean): void {
    const { author } = op.message
    const seq = firstOf(op.message)
    let lane = this.#lanes.get(author)
    if (lane === undefined) {
      lane = Lane.from(op)
      this.#lanes.set(author, lane)
    } else {
      this.#mix(lane.tip)
      if (seq !== lane.height + 1) {
        this.#gaps.push({ author, first: lane.height + 1, last: seq - 1 })
        this.#size -= lane.height - lane.oldest + 1
        lane.oldest = seq
        lane.oldestHash = op.hash
      }
      lane.grow(op)
    }
    this.#mix(op.hash)
    this.#size += op.message.seq - seq + 1
    this.#touched.add(lane)
    for (const other of op.parents.others) {
      if (this.#lanes.get(other.author)?.height === other.seq) this.#heads.delete(other.author)
    }
    this.#heads.delete(author)
    this.#heads.add(author)
    this.#records.push({ message: op.message, hash: op.hash, position: ++this.#position })
    this.#kept.push({ op, waited })
  }

  /** An author's lane has grown, or is not waited for any more: who waits on it may go on, and so forth. */
  #release(author: PeerId, roots: Roots): void {
    const grown = [author]
    for (let of = grown.pop(); of !== undefined; of = grown.pop()) {
      const { height, frozen } = this.#lanes.get(of)!
      for (const waiting of this.#waiting.waitingOn(of, frozen ? Infinity : height)) {
        const { op } = waiting
        const own = this.#lanes.get(op.message.author)
        if (own !== undefined && (own.frozen || firstOf(op.message) <= own.height)) {
          this.#waiting.delete(waiting)
        } else if (this.#isTorn(op)) {
          this.#waiting.delete(waiting)
          this.#fork(op.message.author, firstOf(op.message) - 1)
        } else {
          const missing = this.#missing(op, roots)
          if (missing !== undefined) this.#waiting.rewatch(waiting, missing)
          else {
            this.#waiting.delete(waiting)
            this.#keep(op, true)
            grown.push(op.message.author)
          }
        }
      }
    }
  }

  #fork(author: PeerId, seq: number): 'fork' {
    const lane = this.#lanes.get(author)
    if (lane !== undefined && !lane.frozen) {
      lane.frozen = true
      this.#mix(lane.tip)
      this.#touched.add(lane)
      this.#forks.push({ author, seq })
      for (const waiting of [...this.#waiting]) {
        if (waiting.op.message.author === author) this.#waiting.delete(waiting)
      }
      this.#release(author, NO_ROOTS)
    }
    return 'fork'
  }

  #mix(tip: Uint8Array): void {
    for (let i = 0; i < this.#digest.length; i++) this.#digest[i]! ^= tip[i]!
    this.#version++
  }
}

const NO_ROOTS: Roots = { get: () => undefined }
