import type { Message } from '../core/message.js'
import type { Kept } from './op-records.js'
import { isOver, type ReadBound, weight } from './op-store.js'

/** Reads ops of one lane from a number on, at most `count`; fewer means that there are no more. */
export type LaneReader = (from: number, count: number) => Promise<LanePiece>

export interface LanePiece {
  kept: Kept[]
  /** Where to read on; undefined at the end of the lane. */
  next: number | undefined
}

/** The first ops of several lanes by position, as many as the bound allows, read in pieces. */
export async function readByPosition(
  lanes: readonly LaneReader[],
  bound: ReadBound,
  atOnce: number,
): Promise<Message[]> {
  // Twice what an even mix would take of each, so that most lanes are read once.
  const count = Math.max(
    1,
    Math.min(atOnce, Math.ceil((2 * bound.ops) / Math.max(1, lanes.length))),
  )
  const heads: Head[] = lanes.map(read => ({ read, kept: [], at: 0, next: 0 }))
  await Promise.all(heads.map(head => refill(head, count)))
  const messages: Message[] = []
  let bytes = 0
  for (;;) {
    const head = lowest(heads)
    if (head === undefined) return messages
    const { message } = head.kept[head.at]!
    if (isOver(bound, messages.length, bytes, message)) return messages
    messages.push(message)
    bytes += weight(message)
    head.at++
    if (head.at === head.kept.length) await refill(head, count)
  }
}

interface Head {
  readonly read: LaneReader
  kept: Kept[]
  at: number
  next: number | undefined
}

async function refill(head: Head, count: number): Promise<void> {
  head.kept = []
  head.at = 0
  while (head.kept.length === 0 && head.next !== undefined) {
    const { kept, next } = await head.read(head.next, count)
    head.kept = kept
    head.next = next
  }
}

/** Authors are few beside ops: looking at each is quicker than keeping them in order. */
function lowest(heads: readonly Head[]): Head | undefined {
  let best: Head | undefined
  let position = Number.POSITIVE_INFINITY
  for (const head of heads) {
    const kept = head.kept[head.at]
    if (kept === undefined || kept.position >= position) continue
    best = head
    position = kept.position
  }
  return best
}
