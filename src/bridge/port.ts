// One way to speak through the several things that carry messages: a Worker, a worker's own scope, a
// MessagePort of a browser or of Node, or anything shaped like one.

/** One end. Messages that come before `onmessage` is set wait for it. */
export interface Port {
  /** Throws what the platform throws where something can't be cloned or transferred. */
  postMessage(message: unknown, transfer?: readonly unknown[]): void
  onmessage: ((message: unknown) => void) | undefined
  /** At most once: the other end closed, died or failed. Not called for one's own `close`. */
  onclose: ((reason: string) => void) | undefined
  close(): void
}

/**
 * What can be made a `Port`: it posts, and says what it receives by `addEventListener('message')`, by Node's
 * `on('message')`, or by calling its `onmessage` with an event.
 */
export interface MessagePortLike {
  /** As a MessagePort's. `transfer` is a list of what moves to the other end. */
  // biome-ignore lint/suspicious/noExplicitAny: the platforms' own types differ in what may be transferred.
  postMessage(message: any, transfer?: any): void
  /** As an EventTarget's: a Worker's, a browser's MessagePort. */
  // biome-ignore lint/suspicious/noExplicitAny: as above, for events.
  addEventListener?(type: string, listener: (event: any) => void): void
  /** As an EventEmitter's: of Node's MessagePort and Worker, whose messages come without an event around them. */
  // biome-ignore lint/suspicious/noExplicitAny: as above, for Node's listeners.
  on?(type: string, listener: (...values: any[]) => void): unknown
  /** Called once there is a reader, where there is such a method. */
  start?(): void
  /** Called at the end, where there is such a method. */
  close?(): void
}

/** The port of a source. Call it once for each: its messages go to one reader. */
export function adaptPort(source: MessagePortLike | Port): Port {
  return source instanceof BufferedPort ? source : new AdaptedPort(source)
}

/** Two ends in memory, for tests: messages are cloned as a real port would, and arrive in later microtasks. */
export function createPortPair(): [Port, Port] {
  const a = new MemoryPort()
  const b = new MemoryPort()
  a.other = b
  b.other = a
  return [a, b]
}

abstract class BufferedPort implements Port {
  #listener: ((message: unknown) => void) | undefined
  #closeListener: ((reason: string) => void) | undefined
  #early: unknown[] = []
  #closedBy: 'us' | 'them' | undefined
  #closeReason = ''

  abstract postMessage(message: unknown, transfer?: readonly unknown[]): void
  /** Called when the first reader is there. */
  protected started(): void {}
  protected abstract closing(): void

  get onmessage(): ((message: unknown) => void) | undefined {
    return this.#listener
  }

  set onmessage(listener: ((message: unknown) => void) | undefined) {
    const isFirst = this.#listener === undefined && listener !== undefined
    this.#listener = listener
    if (!isFirst) return
    const early = this.#early
    this.#early = []
    for (const message of early) this.receive(message)
    this.started()
  }

  get onclose(): ((reason: string) => void) | undefined {
    return this.#closeListener
  }

  set onclose(listener: ((reason: string) => void) | undefined) {
    this.#closeListener = listener
    if (this.#closedBy === 'them') listener?.(this.#closeReason)
  }

  close(): void {
    if (this.#closedBy !== undefined) return
    this.#closedBy = 'us'
    this.#early = []
    this.closing()
  }

  get isClosed(): boolean {
    return this.#closedBy !== undefined
  }

  receive(message: unknown): void {
    if (this.#closedBy === 'us') return
    if (this.#listener !== undefined) this.#listener(message)
    else if (this.#early.length < MOST_EARLY_MESSAGES) this.#early.push(message)
    else this.lose('nobody read its messages')
  }

  lose(reason: string): void {
    if (this.#closedBy !== undefined) return
    this.#closedBy = 'them'
    this.#closeReason = reason
    this.#closeListener?.(reason)
  }
}

class AdaptedPort extends BufferedPort {
  readonly #source: MessagePortLike
  constructor(source: MessagePortLike) {
    super()
    this.#source = source
    const isNode = source.on !== undefined
    const listen = source.on ?? source.addEventListener
    if (listen === undefined) {
      const bare = source as { onmessage?: (event: { data: unknown }) => void }
      bare.onmessage = event => this.receive(event.data)
      return
    }
    const on = listen.bind(source) as NonNullable<MessagePortLike['on']>
    on('message', given => this.receive(isNode ? given : given.data))
    on('messageerror', () => this.lose('a message could not be read'))
    on('error', (failure: unknown) => this.lose(reasonOf(failure)))
    // Of Node's workers; nothing else has such an event.
    on('exit', () => this.lose('it ended'))
    on('close', () => this.lose('the port was closed'))
  }

  postMessage(message: unknown, transfer?: readonly unknown[]): void {
    if (this.isClosed) return
    if (transfer === undefined || transfer.length === 0) this.#source.postMessage(message)
    else this.#source.postMessage(message, transfer)
  }

  protected override started(): void {
    this.#source.start?.()
  }

  protected closing(): void {
    this.#source.close?.()
  }
}

class MemoryPort extends BufferedPort {
  other!: MemoryPort

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    if (this.isClosed) return
    // Stand-ins for channels and ports can't be cloned; such messages are handed over as they are.
    const plain = transfer.every(item => item instanceof ArrayBuffer)
    const copy = plain ? structuredClone(message, { transfer: transfer as ArrayBuffer[] }) : message
    queueMicrotask(() => this.other.receive(copy))
  }

  protected closing(): void {
    queueMicrotask(() => this.other.lose('the port was closed'))
  }
}

/** The event of a worker whose script was not found has no message at all. */
function reasonOf(failure: unknown): string {
  const message = (failure as { message?: unknown } | undefined)?.message
  return typeof message === 'string' && message !== '' ? message : 'it failed without saying why'
}

/** Guess: a port whose owner has not begun to read by then never will. */
const MOST_EARLY_MESSAGES = 4096
