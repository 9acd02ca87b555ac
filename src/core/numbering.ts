import type { PeerId, TopicId } from './ids.js'
import type { NodeOutput } from './io.js'
import type { Draft } from './message.js'

/**
 * Gives one's own messages their sequence numbers. The store reserves them in blocks and never gives a number
 * twice (design §4): a crash wastes some and repeats none.
 */
export class Numbering {
  readonly #topic: TopicId
  readonly #self: PeerId
  readonly #waiting: { ref: number; payload: Uint8Array; count: number | undefined }[] = []
  #next = 1
  #last = 0
  #spare: { first: number; last: number } | undefined
  #reserving = false

  constructor(topic: TopicId, self: PeerId) {
    this.#topic = topic
    this.#self = self
  }

  add(ref: number, payload: Uint8Array, count?: number): void {
    this.#waiting.push({ ref, payload, count })
  }

  reserved(first: number, last: number): void {
    this.#reserving = false
    // The rest of an earlier block is used up first.
    if (first === this.#last + 1) this.#last = last
    else if (this.#next <= this.#last) this.#spare = { first, last }
    else [this.#next, this.#last] = [first, last]
  }

  /** What can be sealed now, and the request for more numbers before they run out. */
  take(time: number): NodeOutput[] {
    const out: NodeOutput[] = []
    let numbered = 0
    for (const { ref, payload, count } of this.#waiting) {
      const more = (count ?? 1) - 1
      if (this.#next + more > this.#last && this.#spare !== undefined) {
        this.#next = this.#spare.first
        this.#last = this.#spare.last
        this.#spare = undefined
      }
      const seq = this.#next + more
      if (seq > this.#last) break
      this.#next = seq + 1
      const draft: Draft = { author: this.#self, seq, time, payload, extensions: NO_EXTENSIONS }
      if (count !== undefined) draft.count = count
      out.push({ type: 'seal', topic: this.#topic, ref, draft })
      numbered++
    }
    this.#waiting.splice(0, numbered)
    const left = this.#last - this.#next + 1
    if (!this.#reserving && this.#spare === undefined && left < SEQ_BLOCK / 4) {
      this.#reserving = true
      out.push({ type: 'reserve-seqs', topic: this.#topic, count: SEQ_BLOCK })
    }
    return out
  }
}

const NO_EXTENSIONS = new Uint8Array(0)
/** Design §4. */
const SEQ_BLOCK = 4096
