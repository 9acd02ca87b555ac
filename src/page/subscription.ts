import type { CallOptions } from '../bridge/calls.js'
import { errorOf, GossamerError } from '../bridge/errors.js'
import {
  type BroadcastCall,
  type ClientEvent,
  type ClientMessage,
  EVENT_CREDIT,
  type HistoryPage,
  type HistoryState,
  type NodeMessage,
  type PresenceChange,
  type ReadRequest,
} from '../bridge/node-messages.js'
import { unpackEvents } from '../bridge/runs.js'
import type { PeerId } from '../core/ids.js'
import type { TopicState, TopicStatus } from '../core/io.js'
import { EventQueue } from './event-queue.js'
import type { KeptMessage } from './history-reader.js'
import { pageExtra } from './load-extra.js'
import { Outbox, type Receipt, type Scope } from './outbox.js'
import { PresenceTable } from './presence-table.js'
import { TypedEvents } from './typed-events.js'

/** The events a topic dispatches: what its reader gets, by type, `state`, and `history`. */
export type TopicEvents = {
  [Type in ClientEvent['type']]: Extract<ClientEvent, { type: Type }>
} & { state: TopicStatus; presence: PresenceChange; history: HistoryState }

/** What a subscription asks of the client it belongs to. */
export interface SubscriptionOwner {
  post(message: ClientMessage, transfer?: readonly unknown[]): void
  ask(message: (call: number) => ClientMessage, options: CallOptions): Promise<unknown>
  /** No more messages for this handle. */
  forget(handle: number): void
}

/** Our side of one handle: its events, its broadcasts, its status. */
export class Subscription {
  readonly #owner: SubscriptionOwner
  readonly #target: TypedEvents<TopicEvents>
  readonly queue: EventQueue<ClientEvent>
  readonly presence = new PresenceTable()
  #status: TopicStatus = {
    state: 'connecting',
    reason: 'It is being opened.',
    neighbors: [],
  }
  #history: HistoryState = { synced: false, have: 0, known: 0 }
  readonly #outbox: Outbox
  readonly #joiners = new Set<Joiner>()
  readonly #readers = new Set<Reading>()
  #failure: GossamerError | undefined
  #leaving: Promise<void> | undefined
  /** Events taken and not yet told to the node, and the bytes in them. */
  #credit = 0
  #creditBytes = 0
  /** Events that gave way while only listeners were there. */
  #missed = 0

  constructor(
    readonly handle: number,
    readonly maxMessageSize: number,
    owner: SubscriptionOwner,
    target: TypedEvents<TopicEvents>,
  ) {
    this.#owner = owner
    this.#target = target
    this.queue = new EventQueue(event => this.#took(event))
    this.#outbox = new Outbox((scope, calls, transfer) => this.#postBatch(scope, calls, transfer))
  }

  // ——— what the topic asks

  get state(): TopicState {
    return this.#status.state
  }

  get reason(): string {
    return this.#status.reason
  }

  get neighbors(): readonly PeerId[] {
    return this.#status.neighbors
  }

  broadcast(scope: Scope, payload: Uint8Array, signal: AbortSignal | undefined): Promise<Receipt> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return this.#outbox.send(scope, payload, signal)
  }

  show(value: Uint8Array | undefined): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#owner.post({ type: 'set-presence', handle: this.handle, value })
  }

  joinPeers(peers: PeerId[]): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#owner.post({ type: 'join-peers', handle: this.handle, peers })
  }

  /** Resolves when there are so many neighbors; rejects when the topic ends first. */
  joined(neighbors: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => this.#status.neighbors.length >= neighbors, signal)
  }

  /** Resolves when some neighbor keeps what we keep; otherwise as `joined`. */
  synced(signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => this.#history.synced, signal)
  }

  get historyState(): HistoryState {
    return this.#history
  }

  history(request: Omit<ReadRequest, 'position'>, signal: AbortSignal | undefined): Reading {
    if (this.#failure !== undefined) throw this.#failure
    const { handle } = this
    const ask = (request: ReadRequest, signal: AbortSignal) =>
      this.#owner.ask(call => ({ type: 'read-history', handle, call, request }), {
        signal,
      }) as Promise<HistoryPage>
    const loading = pageExtra().then(
      ({ HistoryReader }) =>
        new HistoryReader(ask, request, signal, () => this.#readers.delete(reading)),
    )
    const reading: Reading = {
      next: () => loading.then(reader => reader.next()),
      // What could not be loaded is told to whoever asks for the next.
      return: () =>
        loading.then(
          reader => reader.return(),
          () => DONE,
        ),
      [Symbol.asyncIterator]: () => reading,
    }
    loading.catch(() => this.#readers.delete(reading))
    this.#readers.add(reading)
    return reading
  }

  #until(isThere: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (isThere()) return Promise.resolve()
    if (this.#joiners.size >= MOST_JOINERS) {
      return Promise.reject(
        new GossamerError('busy', `${MOST_JOINERS} wait for this topic already.`),
      )
    }
    return new Promise((resolve, reject) => {
      const joiner: Joiner = { isThere, resolve, reject, forget: () => {} }
      if (signal !== undefined) {
        const abort = () => {
          this.#joiners.delete(joiner)
          reject(signal.reason)
        }
        signal.addEventListener('abort', abort, { once: true })
        joiner.forget = () => signal.removeEventListener('abort', abort)
      }
      this.#joiners.add(joiner)
    })
  }

  read(signal: AbortSignal | undefined): AsyncIterableIterator<ClientEvent, undefined> {
    const reader = this.queue.read(signal)
    if (this.#missed > 0) this.queue.interject({ type: 'lagged', count: this.#missed })
    this.#missed = 0
    return reader
  }

  /** Reading ends at once; broadcasts made before still leave, then the parting words. */
  leave(signal: AbortSignal | undefined): Promise<void> {
    if (this.#leaving !== undefined) return this.#leaving
    if (this.#failure !== undefined) return Promise.resolve()
    this.#outbox.flush()
    const { handle } = this
    const answered = this.#owner.ask(call => ({ type: 'leave', handle, call }), {
      signal,
      isFinal: true,
    })
    this.#failure = new GossamerError('closed', 'The topic was left.')
    this.queue.discard()
    for (const reader of [...this.#readers]) void reader.return()
    this.presence.end()
    this.#failJoiners(this.#failure)
    this.#setStatus({ state: 'closed', reason: this.#failure.message, neighbors: [] })
    this.#leaving = answered.then(
      () => this.#over(),
      (reason: unknown) => {
        this.#over()
        // A node that is gone has left its topics too.
        if (signal?.aborted) throw reason
      },
    )
    return this.#leaving
  }

  /** Someone began to listen. Where nobody reads, listeners must not be held up by a full queue. */
  listened(): void {
    if (!this.queue.isRead) this.#trim(EVENT_CREDIT / 2)
  }

  // ——— what the node says

  receive(message: Extract<NodeMessage, { handle: number }>): void {
    switch (message.type) {
      case 'events':
        unpackEvents(message.events, event => this.#deliver(event))
        break
      case 'status':
        if (this.#failure === undefined) this.#setStatus(message.status)
        break
      case 'history':
        if (this.#failure !== undefined) break
        this.#history = message.state
        this.#resolveJoiners()
        TypedEvents.emit(this.#target, 'history', message.state)
        break
      case 'presence':
        for (const change of message.changes) {
          if (this.#failure !== undefined) break
          this.presence.take(change)
          TypedEvents.emit(this.#target, 'presence', change)
        }
        break
      case 'outcomes':
        this.#outbox.settle(message.outcomes)
        break
      case 'ended':
        this.end(errorOf(message.code, message.message))
        break
    }
  }

  /** Ended without our asking. What has arrived is still read; then reading ends, or throws if it is a failure. */
  end(error: GossamerError): void {
    if (this.#failure !== undefined) {
      // Left already; a dead node can't answer any more.
      this.#outbox.fail(this.#failure)
      return
    }
    this.#failure = error
    const failure = error.code === 'closed' ? undefined : error
    this.queue.end(failure)
    this.presence.end(failure)
    this.#failJoiners(error)
    this.#setStatus({ state: 'closed', reason: error.message, neighbors: [] })
    this.#over()
  }

  // ——— inside

  #deliver(event: ClientEvent): void {
    if (this.#failure !== undefined) return
    const { queue } = this
    const target = this.#target
    const isListened = TypedEvents.listens(target, event.type)
    if (isListened) TypedEvents.emit(target, event.type, event as never)
    // A listener may have left the topic.
    if (this.#failure !== undefined) return
    if (queue.isRead) return queue.push(event)
    if (isListened) return this.#took(event)
    if (queue.length >= EVENT_CREDIT / 2 && this.#hasListeners()) this.#trim(queue.length - 1)
    queue.push(event)
  }

  /** What goes may stand for many that went before. */
  #trim(length: number): void {
    this.queue.trim(length, event => {
      this.#missed += event.type === 'lagged' ? event.count : 1
    })
  }

  #hasListeners(): boolean {
    return TypedEvents.listensToOther(this.#target, STATES)
  }

  #took(event: ClientEvent): void {
    this.#credit++
    if (event.type === 'received') this.#creditBytes += event.content.length
    if (this.#credit < CREDIT_BATCH && this.#creditBytes < CREDIT_BATCH_BYTES) return
    if (this.#failure !== undefined) return
    this.#owner.post({ type: 'credit', handle: this.handle, count: this.#credit })
    this.#credit = this.#creditBytes = 0
  }

  #setStatus(status: TopicStatus): void {
    this.#status = status
    this.#resolveJoiners()
    TypedEvents.emit(this.#target, 'state', status)
  }

  #resolveJoiners(): void {
    for (const joiner of this.#joiners) {
      if (!joiner.isThere()) continue
      this.#joiners.delete(joiner)
      joiner.forget()
      joiner.resolve()
    }
  }

  #failJoiners(error: GossamerError): void {
    for (const joiner of this.#joiners) {
      joiner.forget()
      joiner.reject(error)
    }
    this.#joiners.clear()
  }

  #over(): void {
    this.#outbox.fail(this.#failure!)
    this.#owner.forget(this.handle)
  }

  #postBatch(scope: Scope, calls: BroadcastCall[], transfer: ArrayBuffer[]): void {
    this.#owner.post({ type: 'broadcast', handle: this.handle, scope, calls }, transfer)
  }
}

/** What keeps it is asked, page by page, once it is here. */
interface Reading extends AsyncIterableIterator<KeptMessage, undefined> {
  return(): Promise<IteratorResult<KeptMessage, undefined>>
}

interface Joiner {
  isThere(): boolean
  resolve(): void
  reject(reason: unknown): void
  forget(): void
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true }
/** What has no place in the stream: only the newest word of it counts. */
const STATES: readonly Exclude<keyof TopicEvents, ClientEvent['type']>[] = [
  'state',
  'history',
  'presence',
]
/** Told in quarters, the node never runs dry while the reader keeps up. */
const CREDIT_BATCH = EVENT_CREDIT / 4
/** The node stops at 8 MiB in flight; told in eighths, it need not. */
const CREDIT_BATCH_BYTES = 1 << 20
/** Guess. */
const MOST_JOINERS = 1_024
