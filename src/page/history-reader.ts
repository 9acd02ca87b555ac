import type { HistoryPage, ReadRequest } from '../bridge/node-messages.js'
import { formatMessageId, type PeerId } from '../core/ids.js'

/** A message that was kept. */
export interface KeptMessage {
  /** A view: its buffer may hold other messages too. `content.slice()` is a copy of one's own. */
  content: Uint8Array
  author: PeerId
  /** The author's count in this topic, without gaps. */
  seq: number
  /** The author's clock, epoch milliseconds; not to be trusted. */
  time: number
  /** `author:seq`. */
  id: string
}

/** Reads kept messages page by page, as they are asked for. */
export class HistoryReader implements AsyncIterableIterator<KeptMessage, undefined> {
  readonly #ask: (request: ReadRequest, signal: AbortSignal) => Promise<HistoryPage>
  readonly #request: ReadRequest
  readonly #signal: AbortSignal | undefined
  readonly #ended: () => void
  readonly #ending = new AbortController()
  #page: KeptMessage[] = []
  #at = 0
  /** Calls of `next` are answered one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    ask: (request: ReadRequest, signal: AbortSignal) => Promise<HistoryPage>,
    request: Omit<ReadRequest, 'position'>,
    signal: AbortSignal | undefined,
    ended: () => void = () => {},
  ) {
    this.#ended = ended
    this.#ask = ask
    this.#request = { ...request, position: undefined }
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort)
  }

  next(): Promise<IteratorResult<KeptMessage, undefined>> {
    const next = this.#turn.then(() => this.#step())
    this.#turn = next.catch(() => {})
    return next
  }

  return(): Promise<IteratorResult<KeptMessage, undefined>> {
    this.#end(DONE)
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #step(): Promise<IteratorResult<KeptMessage, undefined>> {
    // Of a signal that was over before us there is no word.
    if (this.#signal?.aborted) this.#abort()
    if (this.#at === this.#page.length && !this.#ending.signal.aborted) {
      try {
        const page = await this.#ask(this.#request, this.#ending.signal)
        this.#request.position = page.position
        this.#page = messagesOf(page)
        this.#at = 0
      } catch (failure) {
        if (!this.#ending.signal.aborted) {
          this.#end(DONE)
          throw failure
        }
      }
    }
    const { aborted, reason } = this.#ending.signal
    if (aborted && reason !== DONE && !this.#hasThrown) {
      this.#hasThrown = true
      throw reason
    }
    const value = aborted ? undefined : this.#page[this.#at++]
    if (value !== undefined) return { value, done: false }
    this.#end(DONE)
    return DONE
  }
  #hasThrown = false

  readonly #abort = () => this.#end(this.#signal?.reason)

  /** What is waited for is given up. */
  #end(reason: unknown): void {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#ending.abort(reason)
    this.#ended()
  }
}

function messagesOf({ authors, seqs, times, ends, contents }: HistoryPage): KeptMessage[] {
  return authors.map((author, i) => {
    const seq = seqs[i]!
    return {
      content: contents.subarray(ends[i - 1] ?? 0, ends[i]),
      author,
      seq,
      time: times[i]!,
      id: formatMessageId({ author, seq }),
    }
  })
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true }
