import type { IDBPTransaction } from 'idb'
import type { OpRange } from '../core/history/records.js'
import type { Message } from '../core/message.js'
import { BYTES_IN_PACK, numberOf, type PackedOp } from './op-records.js'
import { isOver, type ReadBound, weight } from './op-store.js'
import type { Tables } from './records.js'

export type OpsTransaction = IDBPTransaction<Tables, 'ops'[], 'readonly'>

/**
 * The ops of some lanes in the order of their positions, pack by pack. Who reads page by page goes on within the pack in which a
 * page ended: to read it anew for the next would double the work.
 */
export class LaneWalk {
  readonly #r: number
  readonly #lanes: Lane[]
  /** What was read last, how much of it was taken, and the place of its last pack. */
  #ops: readonly PackedOp[] = []
  #taken = 0
  #end = 0

  constructor(r: number, wants: readonly OpRange[]) {
    this.#r = r
    this.#lanes = wants.map(({ author, first, last }) => ({
      l: numberOf(author),
      first,
      last,
      p: 0,
    }))
  }

  /** Nothing else is wanted but what comes next here. */
  goesOn(wants: readonly OpRange[]): boolean {
    const open = new Map(this.#lanes.map(lane => [lane.l, lane]))
    for (const [l, { first, last }] of open) if (first > last) open.delete(l)
    return (
      wants.length === open.size &&
      wants.every(({ author, first, last }) => {
        const lane = open.get(numberOf(author))
        return lane?.first === first && lane.last === last && lane.p < Number.POSITIVE_INFINITY
      })
    )
  }

  get hasRead(): boolean {
    return this.#taken < this.#ops.length
  }

  /** It holds no more than a pack. */
  get isSmall(): boolean {
    return this.#ops.reduce((sum, { b }) => sum + b.length, 0) <= BYTES_IN_PACK
  }

  /** The place of the pack in which the next op lies; infinity where there is none. */
  async seek(tx: OpsTransaction): Promise<number> {
    // Of those whose last place has been read.
    const unknown = this.#lanes.filter(({ p }) => p === 0)
    const index = tx.objectStore('ops').index('lane')
    await Promise.all(
      unknown.map(async lane => {
        const { l, first, last } = lane
        const range = IDBKeyRange.bound([this.#r, l, first], [this.#r, l, Number.MAX_SAFE_INTEGER])
        const key = first > last ? undefined : await index.getKey(range)
        lane.p = key?.[1] ?? Number.POSITIVE_INFINITY
      }),
    )
    return Math.min(...this.#lanes.map(({ p }) => p))
  }

  /** What lies in the packs from there on; `end` is the place of the last of them. */
  came(ops: readonly PackedOp[], end: number): void {
    this.#ops = ops
    this.#taken = 0
    this.#end = end
  }

  /** Adds what came and is wanted; true where that is all for which there is room. */
  take(page: Page, bound: ReadBound, messageIn: (op: PackedOp) => Message | undefined): boolean {
    const lanes = new Map(this.#lanes.map(lane => [lane.l, lane]))
    const ops = this.#ops
    for (; this.#taken < ops.length; this.#taken++) {
      const op = ops[this.#taken]!
      const lane = lanes.get(op.l)
      if (lane === undefined || op.s < lane.first || op.s > lane.last) continue
      const message = messageIn(op)
      if (message === undefined) continue
      if (isOver(bound, page.found.length, page.bytes, message)) return true
      page.found.push(message)
      page.bytes += weight(message)
      lane.first = op.s + 1
    }
    for (const lane of this.#lanes) {
      if (lane.p > this.#end) continue
      // What was read holds none of it but what was taken, or what is damaged.
      const read = ops.filter(({ l }) => l === lane.l).map(({ s }) => s)
      // Where nothing of it was, its pack can't be read.
      lane.p = read.length > 0 ? 0 : Number.POSITIVE_INFINITY
      lane.first = Math.max(lane.first, ...read.map(s => s + 1))
    }
    return page.found.length >= bound.ops
  }
}

interface Page {
  readonly found: Message[]
  bytes: number
}

interface Lane {
  l: number
  first: number
  last: number
  /** Where the pack lies in which its next op is; 0 where that is not known. */
  p: number
}
