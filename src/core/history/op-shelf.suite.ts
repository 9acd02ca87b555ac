import type { MessageId, PeerId } from '../ids.js'
import type { Message } from '../message.js'
import type { HistoryIndex, LaneRecord, OpRange, OpRecord } from './records.js'

/** What a runtime keeps for one topic: the contract of core/io.ts, and nothing lost. */
export class OpShelf {
  readonly ops = new Map<PeerId, Map<number, OpRecord>>()
  readonly lanes = new Map<PeerId, LaneRecord>()
  heads: readonly MessageId[] = []

  store(ops: readonly OpRecord[], lanes: readonly LaneRecord[], heads: readonly MessageId[]): void {
    for (const op of ops) {
      const { author, seq } = op.message
      if (!this.ops.has(author)) this.ops.set(author, new Map())
      this.ops.get(author)!.set(seq, op)
    }
    for (const lane of lanes) this.lanes.set(lane.author, lane)
    this.heads = heads
  }

  load(wants: readonly OpRange[], maxOps: number, maxBytes: number): Message[] {
    const found: OpRecord[] = []
    for (const { author, first, last } of wants) {
      for (const [seq, op] of this.ops.get(author) ?? []) {
        if (seq >= first && seq <= last && op.position > 0) found.push(op)
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

  /** Retention: of a lane only what is at or above `oldest` stays. */
  trim(author: PeerId, oldest: number): { author: PeerId; oldest: number; oldestHash: Uint8Array } {
    const ops = this.ops.get(author)!
    for (const seq of [...ops.keys()]) if (seq < oldest) ops.delete(seq)
    const oldestHash = ops.get(oldest)!.hash
    this.lanes.set(author, { ...this.lanes.get(author)!, oldest, oldestHash })
    return { author, oldest, oldestHash }
  }

  index(self: PeerId): HistoryIndex {
    const all = [...this.ops.values()].flatMap(ops => [...ops.values()])
    const own = [...(this.ops.get(self)?.keys() ?? [])]
    return {
      lanes: [...this.lanes.values()],
      heads: this.heads,
      waiting: all.filter(({ position }) => position === 0).map(({ message }) => message),
      position: Math.max(0, ...all.map(({ position }) => position)),
      nextSeq: Math.max(0, ...own) + 1,
    }
  }

  get size(): number {
    let size = 0
    for (const ops of this.ops.values()) size += ops.size
    return size
  }
}
