import type { HistoryIndex, LaneRecord, OpRange, OpRecord } from '../core/history/records.js'
import type { MessageId, PeerId } from '../core/ids.js'
import type { Message } from '../core/message.js'

/** What one peer's store would hold of one topic, without the waiting: the contract of core/io.ts. */
export class OpShelf {
  readonly #lanes = new Map<PeerId, LaneRecord>()
  /** By author; with a position, in order of seq. */
  readonly #ops = new Map<PeerId, OpRecord[]>()
  /** Without a position. */
  readonly #waiting = new Map<string, OpRecord>()
  #heads: readonly MessageId[] = []
  #position = 0
  #size = 0

  /** Ops with a position. */
  get size(): number {
    return this.#size
  }

  store(ops: readonly OpRecord[], lanes: readonly LaneRecord[], heads: readonly MessageId[]): void {
    for (const op of ops) {
      const { author, seq } = op.message
      const name = `${author}:${seq}`
      if (op.position === 0) {
        this.#waiting.set(name, op)
        continue
      }
      this.#waiting.delete(name)
      const lane = this.#ops.get(author)
      if (lane === undefined) this.#ops.set(author, [op])
      else lane.push(op)
      this.#position = op.position
      this.#size++
    }
    for (const lane of lanes) this.#lanes.set(lane.author, lane)
    this.#heads = heads
  }

  load(wants: readonly OpRange[], maxOps: number, maxBytes: number): Message[] {
    const found: OpRecord[] = []
    for (const { author, first, last } of wants) {
      const lane = this.#ops.get(author) ?? NOTHING
      const start = placeOf(lane, first)
      for (let i = start; i < Math.min(lane.length, start + maxOps); i++) {
        if (lane[i]!.message.seq > last) break
        found.push(lane[i]!)
      }
    }
    found.sort((a, b) => a.position - b.position)
    const taken: Message[] = []
    let bytes = 0
    for (const { message } of found.slice(0, maxOps)) {
      bytes += message.payload.length + message.extensions.length
      if (taken.length > 0 && bytes > maxBytes) break
      taken.push(message)
    }
    return taken
  }

  index(self: PeerId): HistoryIndex {
    const own = this.#ops.get(self)?.at(-1)?.message.seq ?? 0
    return {
      lanes: [...this.#lanes.values()],
      heads: this.#heads,
      waiting: [...this.#waiting.values()].map(({ message }) => message),
      position: this.#position,
      nextSeq: own + 1,
    }
  }
}

/** The place of the first op at or above `seq`. */
function placeOf(lane: readonly OpRecord[], seq: number): number {
  let [low, high] = [0, lane.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lane[middle]!.message.seq < seq) low = middle + 1
    else high = middle
  }
  return low
}

const NOTHING: readonly OpRecord[] = []
