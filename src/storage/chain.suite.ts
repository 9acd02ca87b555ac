import { someBundle } from '../core/bundle.suite.js'
import type { LaneRecord, OpRecord } from '../core/history/records.js'
import { firstOf, type PeerId, type TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { messageHash } from '../core/message-hash.js'
import type { OpBatch } from './op-store.js'
import { peer, topic } from './store.suite.js'

/** Says ops as a core would: heights without gaps, positions that count up, lanes and heads with them. */
export class Chain {
  readonly said: OpRecord[] = []
  readonly #heights = new Map<PeerId, number>()
  #position = 0

  constructor(
    readonly of: TopicId = TOPIC,
    readonly first = 1,
  ) {}

  say(author: number, bytes = 20, time = NOW): OpRecord {
    const id = peer(author)
    const seq = (this.#heights.get(id) ?? this.first - 1) + 1
    return this.#keep(messageOf(id, seq, bytes, time), ++this.#position)
  }

  /** So many as one op. */
  bundle(author: number, count: number, bytes = 3): OpRecord {
    const id = peer(author)
    const seq = (this.#heights.get(id) ?? this.first - 1) + count
    const message = { ...messageOf(id, seq, 0, NOW), payload: someBundle(count, bytes), count }
    return this.#keep(message, ++this.#position)
  }

  waits(author: number, seq: number): OpRecord {
    const message = messageOf(peer(author), seq, 20, NOW)
    return { message, hash: messageHash(this.of, message), position: 0 }
  }

  place({ message }: OpRecord): OpRecord {
    return this.#keep(message, ++this.#position)
  }

  batch(...ops: OpRecord[]): OpBatch {
    const last = ops.at(-1)?.message
    const heads = last === undefined ? [] : [{ author: last.author, seq: last.seq }]
    return { own: false, ops, lanes: this.lanes(), heads }
  }

  lanes(): LaneRecord[] {
    return [...this.#heights].map(([author, height]) => {
      const of = (seq: number) =>
        this.said.find(
          ({ message: m }) => m.author === author && firstOf(m) <= seq && seq <= m.seq,
        )!.hash
      const { first } = this
      return {
        author,
        height,
        tip: of(height),
        oldest: first,
        oldestHash: of(first),
        frozen: false,
      }
    })
  }

  all(author: number) {
    return { author: peer(author), first: 1, last: Number.MAX_SAFE_INTEGER }
  }

  #keep(message: Message, position: number): OpRecord {
    const op = { message, hash: messageHash(this.of, message), position }
    this.said.push(op)
    this.#heights.set(message.author, message.seq)
    return op
  }
}

function messageOf(author: PeerId, seq: number, bytes: number, time: number): Message {
  return {
    author,
    seq,
    time,
    payload: new Uint8Array(bytes).fill(seq),
    extensions: new Uint8Array([1, 2]),
    signature: new Uint8Array(64).fill(seq),
  }
}

export const TOPIC = topic(1)

export const NOW = 1_800_000_000_000
