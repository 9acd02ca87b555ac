import { GossamerError, textOf } from '../bridge/errors.js'
import type { Fault } from '../bridge/fault.js'
import type {
  Answer,
  BroadcastCall,
  BroadcastOutcome,
  ClientMessage,
  HistoryPage,
  HistoryRequest,
  HistoryState,
  NodeEvent,
  NodeMessage,
  Notice,
  PresenceChange,
  ReadRequest,
  Welcome,
} from '../bridge/node-messages.js'
import { addOutcome, type OutcomeRun, packEvents } from '../bridge/runs.js'
import { decode, encode } from '../codec/schema.js'
import { type PeerId, parsePeerId, parseTopicId, type TopicId } from '../core/ids.js'
import type { NodeMetrics, TopicStatus } from '../core/io.js'
import { LARGEST_PRESENCE_BYTES } from '../core/presence/statement.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import { type TopicTerms, topicTerms } from '../core/topic-hello.js'
import { Subscriber } from './subscribers.js'

/** What clients can ask of the node behind them. */
export interface ClientsWorld {
  welcome(): Welcome
  subscribe(
    subscription: Subscription,
    terms: TopicTerms,
    bootstrap: PeerId[],
    history: HistoryRequest | undefined,
  ): void
  readHistory(topic: TopicId, request: ReadRequest): Promise<HistoryPage>
  unsubscribe(subscription: Subscription): Promise<void>
  joinPeers(topic: TopicId, peers: PeerId[]): void
  setPresence(topic: TopicId, value: Uint8Array | undefined): void
  broadcast(subscription: Subscription, call: BroadcastCall, scope: Scope): void
  inspect(): NodeSnapshot
  metrics(): NodeMetrics
  provoke(fault: Fault): void
  listen(port: unknown): void
  shutdown(): Promise<void>
  /** Something waits to be posted at the end of the task. */
  settle(): void
  count(counter: string): void
}

export type Scope = 'swarm' | 'neighbors'

/** One holder of a port: its subscriptions, and what is to be posted to it. */
export class Client {
  readonly #post: (message: NodeMessage, transfer?: ArrayBuffer[]) => void
  readonly #world: ClientsWorld
  readonly #subscriptions = new Map<number, Subscription>()
  /** Left, and still to be told what became of their broadcasts. */
  readonly #leaving = new Set<Subscription>()

  constructor(post: (message: NodeMessage, transfer?: ArrayBuffer[]) => void, world: ClientsWorld) {
    this.#post = post
    this.#world = world
  }

  /** Never throws: a client that speaks nonsense is refused, and the node goes on. */
  receive(message: ClientMessage): void {
    try {
      this.#act(message)
    } catch (error) {
      const call = typeof message === 'object' && message !== null && 'call' in message
      if (call) this.#refuse(message.call, error)
      else this.#world.count('client-message-refused')
    }
  }

  notice(notice: Notice): void {
    this.#post({ type: 'notice', notice })
  }

  flush(): void {
    for (const subscription of this.#subscriptions.values()) subscription.flush()
    for (const subscription of this.#leaving) subscription.flushOutcomes()
  }

  /** Events its readers lost because they did not keep up, and credit they gave too much. */
  get losses(): { dropped: number; creditRefused: number } {
    const losses = { ...this.#ended }
    for (const subscription of this.#subscriptions.values()) add(losses, subscription.losses)
    return losses
  }
  readonly #ended = { dropped: 0, creditRefused: 0 }

  /** A subscription that comes to nothing is told why; it may be another client's. */
  fail(subscription: Subscription, error: unknown): void {
    const { handle } = subscription
    if (this.#subscriptions.get(handle) !== subscription) return
    this.#subscriptions.delete(handle)
    add(this.#ended, subscription.losses)
    this.#post({ type: 'ended', handle, ...failure(error) })
  }

  close(): void {
    for (const subscription of [...this.#subscriptions.values()]) {
      void this.#world.unsubscribe(subscription)
    }
    this.#subscriptions.clear()
  }

  /** The node shuts down: every subscription is told, after all else that it was to be told. */
  end(): void {
    this.flush()
    const { code, message } = new GossamerError('closed', 'The node is shutting down.')
    for (const [handle, subscription] of this.#subscriptions) {
      add(this.#ended, subscription.losses)
      this.#post({ type: 'ended', handle, code, message })
    }
    this.#subscriptions.clear()
  }

  #act(message: ClientMessage): void {
    switch (message.type) {
      case 'connect':
        return this.#answer(message.call, this.#world.welcome())
      case 'subscribe':
        return this.#subscribe(message)
      case 'join-peers':
        return this.#world.joinPeers(this.#find(message.handle).topic, peerIds(message.peers))
      case 'broadcast':
        return this.#broadcast(message)
      case 'set-presence':
        return this.#world.setPresence(this.#find(message.handle).topic, presenceOf(message.value))
      case 'credit':
        return this.#find(message.handle).credit(message.count)
      case 'leave': {
        const subscription = this.#find(message.handle)
        const { call } = message
        this.#subscriptions.delete(message.handle)
        add(this.#ended, subscription.losses)
        this.#leaving.add(subscription)
        this.#settleCall(call, this.#world.unsubscribe(subscription), () => {
          subscription.flushOutcomes()
          this.#leaving.delete(subscription)
        })
        return
      }
      case 'read-history': {
        const { topic } = this.#find(message.handle)
        const { call } = message
        this.#world.readHistory(topic, message.request).then(
          page => this.#answer(call, page, [page.contents.buffer as ArrayBuffer]),
          error => this.#refuse(call, error),
        )
        return
      }
      case 'inspect':
        return this.#answer(message.call, this.#world.inspect())
      case 'metrics':
        return this.#answer(message.call, this.#world.metrics())
      case 'provoke':
        this.#world.provoke(message.fault)
        return this.#answer(message.call, undefined)
      case 'listen':
        return this.#world.listen(message.port)
      case 'shutdown':
        return this.#settleCall(message.call, this.#world.shutdown())
      default:
        refuse('message')
    }
  }

  #subscribe(message: Extract<ClientMessage, { type: 'subscribe' }>): void {
    const { handle, capacity } = message
    const topic = parseTopicId(message.topic)
    if (topic === undefined) refuse('subscribe.topic')
    if (!Number.isInteger(handle) || this.#subscriptions.has(handle)) refuse('subscribe.handle')
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) {
      this.#post({ type: 'ended', handle, code: 'busy', message: TOO_MANY })
      return
    }
    const subscription = new Subscription(handle, topic, capacity, this.#post, this.#world.settle)
    this.#subscriptions.set(handle, subscription)
    try {
      const terms = termsOf(message.terms)
      this.#world.subscribe(subscription, terms, peerIds(message.bootstrap), message.history)
    } catch (error) {
      this.#subscriptions.delete(handle)
      this.#post({ type: 'ended', handle, ...failure(error) })
    }
  }

  #broadcast({ handle, scope, calls }: Extract<ClientMessage, { type: 'broadcast' }>): void {
    const subscription = this.#subscriptions.get(handle)
    for (const call of calls) {
      const { ref, count } = call
      if (subscription === undefined) {
        const why = { code: 'closed', message: 'The topic was left.' }
        this.#post({ type: 'outcomes', handle, outcomes: [{ ref, count, ok: false, ...why }] })
      } else {
        try {
          this.#world.broadcast(subscription, call, scope)
        } catch (error) {
          subscription.outcome({ ref, count, ok: false, ...failure(error) })
        }
      }
    }
  }

  #find(handle: number): Subscription {
    const subscription = this.#subscriptions.get(handle)
    if (subscription === undefined) throw new GossamerError('closed', 'The topic was left.')
    return subscription
  }

  #settleCall(call: number, work: Promise<void>, before = () => {}): void {
    work.then(
      () => {
        before()
        this.#answer(call, undefined)
      },
      error => {
        before()
        this.#refuse(call, error)
      },
    )
  }

  #answer(call: number, value: Answer, transfer: ArrayBuffer[] = []): void {
    // What was said before the answer arrives before it.
    this.flush()
    this.#post({ type: 'answer', call, value }, transfer)
  }

  #refuse(call: number, error: unknown): void {
    this.#post({ type: 'refused', call, ...failure(error) })
  }
}

/** One handle on one topic: its reader's queue, and outcomes not yet posted. */
export class Subscription {
  readonly #post: (message: NodeMessage, transfer?: ArrayBuffer[]) => void
  readonly #settle: () => void
  readonly #subscriber: Subscriber
  #outcomes: (BroadcastOutcome | OutcomeRun)[] = []
  #status: TopicStatus | undefined
  readonly #presence = new Map<PeerId, PresenceChange>()
  #history: HistoryState | undefined

  constructor(
    readonly handle: number,
    readonly topic: TopicId,
    capacity: number,
    post: (message: NodeMessage, transfer?: ArrayBuffer[]) => void,
    settle: () => void,
  ) {
    this.#post = post
    this.#settle = settle
    this.#subscriber = new Subscriber(capacity)
  }

  event(event: NodeEvent): void {
    // A small ring fills within one task; what the reader has credit for is not lost for that.
    if (this.#subscriber.isTooMuch(event)) this.#flushEvents()
    this.#subscriber.push(event)
    this.#settle()
  }

  published(outcome: Omit<OutcomeRun, 'ok'>): void {
    addOutcome(this.#outcomes, outcome)
    this.#settle()
  }

  outcome(outcome: BroadcastOutcome): void {
    this.#outcomes.push(outcome)
    this.#settle()
  }

  sayHistory(state: HistoryState): void {
    this.#history = state
    this.#settle()
  }

  say(status: TopicStatus): void {
    this.#status = status
    this.#settle()
  }

  presence(change: PresenceChange): void {
    this.#presence.set(change.peer, change)
    this.#settle()
  }

  credit(count: number): void {
    this.#subscriber.credit(count)
    this.#settle()
  }

  get losses(): { dropped: number; creditRefused: number } {
    return this.#subscriber
  }

  flush(): void {
    const { handle } = this
    if (this.#status !== undefined) {
      this.#post({ type: 'status', handle, status: this.#status })
      this.#status = undefined
    }
    this.#flushEvents()
    if (this.#presence.size > 0) {
      this.#post({ type: 'presence', handle, changes: [...this.#presence.values()] })
      this.#presence.clear()
    }
    if (this.#history !== undefined) {
      this.#post({ type: 'history', handle, state: this.#history })
      this.#history = undefined
    }
    this.flushOutcomes()
  }

  #flushEvents(): void {
    const taken = this.#subscriber.take()
    if (taken.length === 0) return
    const { events, transfer } = packEvents(taken)
    this.#post({ type: 'events', handle: this.handle, events }, transfer)
  }

  flushOutcomes(): void {
    const { handle } = this
    if (this.#outcomes.length > 0) {
      this.#post({ type: 'outcomes', handle, outcomes: this.#outcomes })
      this.#outcomes = []
    }
  }
}

function add(
  sum: { dropped: number; creditRefused: number },
  more: { dropped: number; creditRefused: number },
): void {
  sum.dropped += more.dropped
  sum.creditRefused += more.creditRefused
}

/** Pages check what they are given before they say it; whoever speaks to a port by himself hears only where he is wrong. */
export function refuse(what: string): never {
  throw new GossamerError('invalid-argument', `The node does not understand: ${what}.`)
}

function peerIds(peers: readonly unknown[]): PeerId[] {
  if (!Array.isArray(peers) || peers.length > MOST_PEERS) refuse(`more than ${MOST_PEERS} peers`)
  return peers.map(peer => parsePeerId(peer) ?? refuse(`peer ${String(peer)}`))
}

function presenceOf(value: unknown): Uint8Array | undefined {
  const isRight =
    value === undefined || (value instanceof Uint8Array && value.length <= LARGEST_PRESENCE_BYTES)
  return isRight ? value : refuse('set-presence.value')
}

/** As the wire will carry them: what it can't carry would fail there, for everybody in the topic. */
function termsOf(terms: TopicTerms): TopicTerms {
  try {
    const carried = decode(topicTerms, encode(topicTerms, terms))
    const isThere = carried.ok && ['none', 'wavefront'].includes(carried.value.history)
    if (isThere) return carried.value
  } catch {
    // Told below.
  }
  return refuse('subscribe.terms')
}

/** As it is told over a port. */
export function failure(error: unknown): { code: string; message: string } {
  const code = error instanceof GossamerError ? error.code : 'failed'
  return { code, message: textOf(error) }
}

/** Guess; a link can name four times as many (wire/limits.ts). */
const MOST_SUBSCRIPTIONS = 64
const TOO_MANY = `At most ${MOST_SUBSCRIPTIONS} subscriptions may be open on one port.`
const MOST_PEERS = 1024
