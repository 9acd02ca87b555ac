import { sameBytes } from '../../codec/bytes.js'
import { firstOf, type PeerId } from '../ids.js'
import { type Op, shortHash } from './op.js'
import type { LaneRecord } from './records.js'
import { SHORT_HASH_BYTES } from './records.js'

/** One author's chain, as far as it is kept with all it builds on. */
export class Lane {
  readonly author: PeerId
  height: number
  tip: Uint8Array
  oldest: number
  oldestHash: Uint8Array
  frozen: boolean
  /** Hashes up to the tip's, the last few, and where they stand. */
  #recent: { seq: number; hash: Uint8Array }[]

  constructor(record: LaneRecord) {
    this.author = record.author
    this.height = record.height
    this.tip = record.tip
    this.oldest = record.oldest
    this.oldestHash = record.oldestHash
    this.frozen = record.frozen
    this.#recent = [{ seq: record.height, hash: record.tip }]
  }

  static from(op: Op): Lane {
    const { author, seq } = op.message
    const [height, oldest] = [seq, firstOf(op.message)]
    return new Lane({ author, height, tip: op.hash, oldest, oldestHash: op.hash, frozen: false })
  }

  grow(op: Op): void {
    const { seq } = op.message
    // After a gap nothing below is known of it.
    if (firstOf(op.message) !== this.height + 1) this.#recent = []
    this.height = seq
    this.tip = op.hash
    this.#recent.push({ seq, hash: op.hash })
    if (this.#recent.length > RECENT) this.#recent.shift()
  }

  /** Undefined where it is not remembered. */
  hashAt(seq: number): Uint8Array | undefined {
    return this.#recent.find(each => each.seq === seq)?.hash
  }

  /** Whether what a peer says stands at `seq` is another op than ours; false where it is not remembered. */
  differsAt(seq: number, short: Uint8Array): boolean {
    const ours = this.hashAt(seq)
    return ours !== undefined && !sameBytes(shortHash(ours), short)
  }

  get record(): LaneRecord {
    const { author, height, tip, oldest, oldestHash, frozen } = this
    return { author, height, tip, oldest, oldestHash, frozen }
  }
}

export const NO_HASH = new Uint8Array(SHORT_HASH_BYTES)

/** A fork is seen where branches differ in the last so many ops; further down the ops after it prove it. Guess. */
const RECENT = 8
