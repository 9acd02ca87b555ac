import { type CallOptions, Calls } from '../bridge/calls.js'
import { GossamerError } from '../bridge/errors.js'
import type { Fault } from '../bridge/fault.js'
import type {
  ClientMessage,
  HistoryRequest,
  NodeMessage,
  Notice,
  Welcome,
} from '../bridge/node-messages.js'
import type { OpenMessage } from '../bridge/open-messages.js'
import type { Port } from '../bridge/port.js'
import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { NodeMetrics } from '../core/io.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { Subscription, type SubscriptionOwner, type TopicEvents } from './subscription.js'
import type { TypedEvents } from './typed-events.js'
import { Watch } from './watch.js'

/** What a client passes on. */
export interface ClientListener {
  notice(notice: Notice): void
  /** Only the opener of a node gets orders. */
  order(order: RtcOrder): void
  /** The other side died. Everything that waited was rejected before this is called. */
  gone(error: GossamerError): void
}

/** What is asked for by a subscription. */
export interface SubscriptionRequest {
  topic: TopicId
  terms: TopicTerms
  bootstrap: PeerId[]
  capacity: number
  history: HistoryRequest | undefined
}

/** One side of the protocol by which a node is driven: our calls and our subscriptions over one port. */
export class NodeClient implements SubscriptionOwner {
  readonly #port: Port
  readonly #listener: ClientListener
  readonly #calls: Calls
  readonly #subscriptions = new Map<number, Subscription>()
  #nextHandle = 1
  #failure: GossamerError | undefined
  readonly #watch: Watch

  constructor(port: Port, listener: ClientListener) {
    this.#port = port
    this.#listener = listener
    this.#calls = new Calls((message, transfer) => port.postMessage(message, transfer))
    this.#watch = new Watch(
      timeoutMs => this.#call(call => ({ type: 'metrics', call }), { timeoutMs }),
      () => this.#lost('it stopped answering'),
    )
    port.onmessage = message => this.#receive(message as NodeMessage | RtcOrder)
    port.onclose = reason => this.#lost(reason)
  }

  /** The first call: `open` to a worker, `connect` to anything else. From then on the other side is watched. */
  async greet(
    message: (call: number) => OpenMessage | ClientMessage,
    options: CallOptions,
  ): Promise<Welcome> {
    const welcome = await this.#calls.ask<Welcome>(message, options)
    this.#watch.start()
    return welcome
  }

  subscribe(request: SubscriptionRequest, target: TypedEvents<TopicEvents>): Subscription {
    this.refuseWhenGone()
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) {
      const text = `There are ${MOST_SUBSCRIPTIONS} subscriptions already; leave some first.`
      throw new GossamerError('busy', text)
    }
    const handle = this.#nextHandle++
    const subscription = new Subscription(handle, request.terms.maxMessageSize, this, target)
    this.#subscriptions.set(handle, subscription)
    this.post({ type: 'subscribe', handle, ...request })
    return subscription
  }

  metrics(signal: AbortSignal | undefined): Promise<NodeMetrics> {
    return this.#call(call => ({ type: 'metrics', call }), { signal })
  }

  inspect(signal: AbortSignal | undefined): Promise<NodeSnapshot> {
    return this.#call(call => ({ type: 'inspect', call }), { signal })
  }

  provoke(fault: Fault, signal: AbortSignal | undefined): Promise<void> {
    return this.#call(call => ({ type: 'provoke', call, fault }), { signal })
  }

  shutdown(options: CallOptions): Promise<void> {
    return this.#call(call => ({ type: 'shutdown', call }), { ...options, isFinal: true })
  }

  /** Throws what ended it. */
  refuseWhenGone(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Leaves every topic. */
  async leaveAll(signal: AbortSignal | undefined): Promise<void> {
    // One that was left before, by whoever does not wait for it, is none the less left.
    await Promise.allSettled([...this.#subscriptions.values()].map(one => one.leave(signal)))
    signal?.throwIfAborted()
  }

  /** Everything that waits is rejected; nothing more is sent or heard. */
  close(error: GossamerError): void {
    if (this.#failure !== undefined) return
    this.#fail(error)
    this.#port.close()
  }

  /** Nothing happens once the other side is gone. Throws what the port throws. */
  post(message: ClientMessage | RtcReport, transfer?: readonly unknown[]): void {
    if (this.#failure === undefined) this.#port.postMessage(message, transfer)
  }

  // ——— for subscriptions

  ask(message: (call: number) => ClientMessage, options: CallOptions): Promise<unknown> {
    return this.#call(message, options)
  }

  forget(handle: number): void {
    this.#subscriptions.delete(handle)
  }

  // ——— inside

  #call<Answer>(message: (call: number) => ClientMessage, options: CallOptions): Promise<Answer> {
    return this.#calls.ask<Answer>(message, options)
  }

  #receive(message: NodeMessage | RtcOrder): void {
    if (this.#failure !== undefined) return
    switch (message.type) {
      case 'answer':
      case 'refused':
        this.#watch.heard()
        this.#calls.settle(message)
        break
      case 'events':
      case 'status':
      case 'presence':
      case 'history':
      case 'outcomes':
      case 'ended':
        // A handle that was left still gets what was on its way.
        this.#subscriptions.get(message.handle)?.receive(message)
        break
      case 'notice':
        this.#listener.notice(message.notice)
        break
      default:
        this.#listener.order(message)
    }
  }

  #lost(reason: string): void {
    if (this.#failure !== undefined) return
    const error = new GossamerError('worker-gone', `The node is gone: ${reason}.`)
    this.#fail(error)
    this.#port.close()
    this.#listener.gone(error)
  }

  #fail(error: GossamerError): void {
    this.#failure = error
    this.#watch.stop()
    this.#calls.fail(error)
    for (const subscription of [...this.#subscriptions.values()]) subscription.end(error)
    this.#subscriptions.clear()
  }
}

/** As many as the node serves on one port. */
const MOST_SUBSCRIPTIONS = 64
