import type { PeerId, TopicId } from './ids.js'
import type { NodeOutput } from './io.js'

/**
 * Gives one's own messages their sequence numbers. The store reserves them in blocks and never gives a number
 * twice (design §4): a crash wastes some and repeats none.
 */
export class Numbering {
  readonly #topic: TopicId
  readonly #self: PeerId
  readonly #waiting: { ref: number; payload: Uint8Array }[] = []
  #next = 1
  #last = 0
  #spare: { first: number; last: number } | undefined
  #reserving = false

  constructor(topic: TopicId, self: PeerId) {
    this.#topic = topic
    this.#self = self
  }

  add(ref: number, payload: Uint8Array): void {
    this.#waiting.push({ ref, payload })
  }

  reserved(first: number, last: number): void {
    this.#reserving = false
    // The rest of an earlier block is used up first.
    if (this.#next <= this.#last) this.#spare = { first, last }
    else [this.#next, this.#last] = [first, last]
  }

  /** What can be sealed now, and the request for more numbers before they run out. */
  take(time: number): NodeOutput[] {
    const out: NodeOutput[] = []
    let numbered = 0
    for (const { ref, payload } of this.#waiting) {
      if (this.#next > this.#last && this.#spare !== undefined) {
        this.#next = this.#spare.first
        this.#last = this.#spare.last
        this.#spare = undefined
      }
      if (this.#next > this.#last) break
      const seq = this.#next++
      const draft = { author: this.#self, seq, time, payload, extensions: NO_EXTENSIONS }
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
