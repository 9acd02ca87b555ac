import { GossamerError } from '../bridge/errors.js'

/**
 * The events of one reader, from its birth. Each event taken is reported, so that the node sends as many
 * more; nothing here needs a bound of its own, for no more come than were allowed.
 */
export class EventQueue<Event> {
  readonly #taken: (event: Event) => void
  #events: Event[] = []
  /** Where the next event is; those before it were read. */
  #head = 0
  /** In front of all others; not from the node. */
  #interjected: Event | undefined
  #reader: Reader<Event> | undefined
  #ended = false
  #failure: GossamerError | undefined

  constructor(taken: (event: Event) => void) {
    this.#taken = taken
  }

  /** Events from the node that nobody took yet. */
  get length(): number {
    return this.#events.length - this.#head
  }

  get isRead(): boolean {
    return this.#reader !== undefined
  }

  push(event: Event): void {
    if (this.#ended || (this.#isEmpty && this.#reader?.give(event) === true)) this.#taken(event)
    else this.#events.push(event)
  }

  /** Puts something of our own in front of everything else. */
  interject(event: Event): void {
    if (!this.#ended && this.#reader?.give(event) !== true) this.#interjected = event
  }

  /** Forgets the oldest until `length` are left. */
  trim(length: number, forgotten?: (event: Event) => void): void {
    while (this.length > length) {
      const event = this.#events[this.#head++]!
      this.#taken(event)
      forgotten?.(event)
    }
    this.#compact()
  }

  /** What is queued is still read; then reading ends, or throws the failure. */
  end(failure?: GossamerError): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    if (this.#isEmpty) this.#reader?.finish()
  }

  /** Ends reading at once; what is queued is dropped. */
  discard(): void {
    this.#interjected = undefined
    this.trim(0)
    this.#ended = true
    this.#reader?.finish()
  }

  /** Throws `already-reading` while another reader is at it. Its `return` lets the next one begin. */
  read(signal?: AbortSignal): AsyncIterableIterator<Event, undefined> {
    if (this.#reader !== undefined) {
      const text =
        "This topic's events are being read already: they go to one reader. Let the first one end, or subscribe once more."
      throw new GossamerError('already-reading', text)
    }
    signal?.throwIfAborted()
    const reader = new Reader<Event>(
      () => this.#shift(),
      () => this.#isDone(),
      () => {
        signal?.removeEventListener('abort', abort)
        if (this.#reader === reader) this.#reader = undefined
      },
    )
    const abort = () => reader.abort(signal?.reason)
    signal?.addEventListener('abort', abort)
    this.#reader = reader
    return reader
  }

  get #isEmpty(): boolean {
    return this.length === 0 && this.#interjected === undefined
  }

  #shift(): Event | undefined {
    const interjected = this.#interjected
    if (interjected !== undefined) {
      this.#interjected = undefined
      return interjected
    }
    if (this.length === 0) return undefined
    const event = this.#events[this.#head++]!
    this.#compact()
    this.#taken(event)
    return event
  }

  /** Whether all has been read and no more will come; throws what ended it. */
  #isDone(): boolean {
    if (!this.#ended || !this.#isEmpty) return false
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    return true
  }

  #compact(): void {
    if (this.#head === this.#events.length) this.#events = []
    else if (this.#head >= COMPACT_AT) this.#events = this.#events.slice(this.#head)
    else return
    this.#head = 0
  }
}

/** An iterator written out: a generator costs twice as much for each event, and can't be ended while it waits. */
export class Reader<Event> implements AsyncIterableIterator<Event, undefined> {
  readonly #shift: () => Event | undefined
  readonly #isDone: () => boolean
  readonly #leave: () => void
  readonly #waiting: {
    resolve(result: IteratorResult<Event, undefined>): void
    reject(reason: unknown): void
  }[] = []
  #isOver = false
  #aborted: { reason: unknown } | undefined

  constructor(shift: () => Event | undefined, isDone: () => boolean, leave: () => void) {
    this.#shift = shift
    this.#isDone = isDone
    this.#leave = leave
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#aborted !== undefined) return this.#rejectOnce()
    if (this.#isOver) return Promise.resolve(DONE)
    const event = this.#shift()
    if (event !== undefined) return Promise.resolve({ value: event, done: false })
    try {
      if (this.#isDone()) return this.return()
    } catch (failure) {
      this.#over()
      return Promise.reject(failure)
    }
    if (this.#waiting.length >= MOST_WAITING) {
      return Promise.reject(new GossamerError('busy', `${MOST_WAITING} reads wait already.`))
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#over()
    for (const { resolve } of this.#waiting.splice(0)) resolve(DONE)
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** True where somebody waited for it. */
  give(event: Event): boolean {
    const waiting = this.#waiting.shift()
    waiting?.resolve({ value: event, done: false })
    return waiting !== undefined
  }

  /** Nothing is queued and nothing will come. */
  finish(): void {
    const first = this.#waiting.shift()
    if (first === undefined) return
    try {
      this.#isDone()
      first.resolve(DONE)
    } catch (failure) {
      first.reject(failure)
    }
    void this.return()
  }

  abort(reason: unknown): void {
    if (this.#isOver) return
    this.#over()
    const first = this.#waiting.shift()
    if (first === undefined) this.#aborted = { reason }
    else first.reject(reason)
    void this.return()
  }

  #rejectOnce(): Promise<never> {
    const reason = this.#aborted?.reason
    this.#aborted = undefined
    return Promise.reject(reason)
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#leave()
  }
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true }
/** Read events are cut off in pieces of this many: `shift` on a long array moves all of it. Guess. */
const COMPACT_AT = 256
/** Calls of `next` that wait at once; `for await` makes one. Guess. */
const MOST_WAITING = 1024
