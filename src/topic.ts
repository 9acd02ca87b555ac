import { GossamerError } from './bridge/errors.js'
import type { ClientEvent, HistoryState } from './bridge/node-messages.js'
import type { PeerId, TopicId } from './core/ids.js'
import type { DeliveryScope, TopicState } from './core/io.js'
import { checkReadHistory, type ReadHistoryOptions } from './history-options.js'
import { checkNeighbors } from './options.js'
import { asyncDispose } from './page/async-dispose.js'
import { checkBytes, checkKeys, checkSignal, checkWait } from './page/checks.js'
import type { KeptMessage } from './page/history-reader.js'
import type { NodeClient, SubscriptionRequest } from './page/node-client.js'
import type { Receipt, Scope } from './page/outbox.js'
import type { Subscription, TopicEvents } from './page/subscription.js'
import { checkPeerIds } from './page/topic-name.js'
import { TypedEvents } from './page/typed-events.js'
import { TopicPresence } from './presence.js'

/**
 * What a topic tells its reader, the seed's `Event`, told apart by `type`:
 *
 * - `received`: a message. `content` (bytes), `author`, `verified` (false on unsigned topics), `seq` (the
 *   author's count in this topic; 0 for messages to neighbors), `time` (the author's clock, epoch
 *   milliseconds; not to be trusted for order), `id` (`author:seq`, or a random id for messages to neighbors),
 *   `deliveredFrom` (the last hop), `scope`; `fromHistory` where it came in an exchange of history and not as it
 *   was said. A message is received once, over reloads too.
 * - `neighborUp`, `neighborDown`: `peer`, and why it went: `reason`.
 * - `lagged`: `count` events before this one were dropped, for the reader did not keep up.
 * - `mismatch`: a `peer` has this topic open with other terms; it can't be a neighbor.
 * - `peerBlamed`: a `peer` did what no honest peer does; `banned` where it is refused for a while.
 * - `peerData`: what a `peer` says of itself (its option of that name): `data`, its newest word, with its signature checked.
 * - `historyProgress`: messages kept so far, `have`, and how many are known to exist, `known`.
 * - `synced`: what is kept here is what this `peer` keeps.
 * - `historyGap`: messages of an `author` that nobody keeps any more were passed over, `first` to `last`.
 * - `historyFailed`: what came could not be kept, and why (`reason`); it is tried again.
 * - `historyResumed`: what could not be kept is kept now.
 * - `fork`: an `author` signed two different messages under one `seq`; it is not heard any further.
 * - `parentsMissing`: the message `id`, which follows, is delivered though those `missing` did not come (order 'causal').
 * - `joinFailed`: a `peer` that was named to us could not be joined through, and why (`reason`).
 */
export type GossipEvent = ClientEvent

/** A message received. */
export type Received = Extract<GossipEvent, { type: 'received' }>

/** Whether a message came straight from its author: round 0, or to neighbors only. The seed's `is_direct`. */
export function isDirect(scope: DeliveryScope): boolean {
  return scope.kind === 'neighbors' || (scope.kind === 'swarm' && scope.round === 0)
}

/** For what waits. */
export interface WaitOptions {
  /** Stops the waiting, which rejects with the signal's reason. What was begun goes on. */
  signal?: AbortSignal | undefined
}

export interface JoinedOptions extends WaitOptions {
  /** So many neighbors are waited for, 1 to 64. Default 1. */
  neighbors?: number | undefined
}

/** Sends to a topic. One half of `topic.split()`. */
export class GossipSender {
  readonly #subscription: Subscription
  /** Made by `topic.split()`. */
  constructor(subscription: Subscription) {
    this.#subscription = subscription
  }

  /** As `topic.broadcast`. */
  broadcast(content: Uint8Array | ArrayBuffer, options: WaitOptions = NOTHING): Promise<Receipt> {
    return this.#send('swarm', content, options)
  }

  /** As `topic.broadcastNeighbors`. */
  broadcastNeighbors(
    content: Uint8Array | ArrayBuffer,
    options: WaitOptions = NOTHING,
  ): Promise<Receipt> {
    return this.#send('neighbors', content, options)
  }

  /** As `topic.joinPeers`. */
  joinPeers(peers: Iterable<string>): void {
    this.#subscription.joinPeers(checkPeerIds('peers', peers))
  }

  #send(scope: Scope, content: unknown, options: WaitOptions): Promise<Receipt> {
    const subscription = this.#subscription
    const bytes = checkBytes('content', content)
    if (bytes.length > subscription.maxMessageSize) {
      const text = `The message has ${bytes.length} bytes; this topic allows ${subscription.maxMessageSize} (maxMessageSize).`
      throw new GossamerError('message-too-large', text)
    }
    return subscription.broadcast(scope, bytes, waitSignal(options))
  }
}

/** Reads from a topic. One half of `topic.split()`; it shares the topic's one queue of events. */
export class GossipReceiver implements AsyncIterable<GossipEvent> {
  readonly #subscription: Subscription
  /** Made by `topic.split()`. */
  constructor(subscription: Subscription) {
    this.#subscription = subscription
  }

  /** As `topic.neighbors`. */
  get neighbors(): readonly PeerId[] {
    return this.#subscription.neighbors
  }

  /** As `topic.isJoined`. */
  get isJoined(): boolean {
    return this.#subscription.neighbors.length > 0
  }

  /** As `topic.joined`. */
  async joined(options: JoinedOptions = {}): Promise<void> {
    checkKeys('options', options, ['neighbors', 'signal'])
    const neighbors = checkNeighbors(options.neighbors)
    return this.#subscription.joined(neighbors, checkSignal('signal', options.signal))
  }

  /** As `topic.events`. */
  events(options: WaitOptions = NOTHING): AsyncIterableIterator<GossipEvent, undefined> {
    return this.#subscription.read(waitSignal(options))
  }

  /** As `topic.events()`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<GossipEvent, undefined> {
    return this.events()
  }
}

/**
 * A topic this page takes part in, until `leave`. It is a stream of events,
 *
 * ```ts
 * for await (const event of topic) if (event.type === 'received') show(event.content)
 * ```
 *
 * and an EventTarget: each event is dispatched under its type with itself as `detail`, and `state` (with
 * state, reason and neighbors) whenever one of them changed, and `presence` (with peer, value and time) where a peer shows
 * something else of itself.
 *
 * There is one queue of events from the handle's birth, so nothing is lost before the first `for await`. It holds
 * 256 events; the node keeps `subscriptionCapacity` more, then drops the oldest and says `lagged`. While nobody
 * reads, events that a listener takes are not queued, and others give way when 128 of them wait: listeners are
 * never held up by a queue that is not read.
 */
export class GossipTopic
  extends TypedEvents<TopicEvents>
  implements AsyncIterable<GossipEvent>, AsyncDisposable
{
  /** 32 bytes, printed as 52 letters of base32. */
  readonly id: TopicId
  /** The name it was subscribed by; undefined where the id was given. */
  readonly name: string | undefined
  /** Who is here and what they show of themselves. */
  readonly presence: TopicPresence
  readonly #subscription: Subscription
  readonly #sender: GossipSender
  readonly #receiver: GossipReceiver

  /** Made by `gossip.subscribe`. */
  constructor(client: NodeClient, request: SubscriptionRequest, name: string | undefined) {
    super()
    this.id = request.topic
    this.name = name
    this.#subscription = client.subscribe(request, this)
    this.#sender = new GossipSender(this.#subscription)
    this.#receiver = new GossipReceiver(this.#subscription)
    this.presence = new TopicPresence(this.#subscription)
  }

  /**
   * - `connecting`: it is being opened, or asks and dials.
   * - `alone`: nobody else was found. What is broadcast reaches those who arrive within the cache's retention.
   * - `joined`: it has at least one neighbor.
   * - `degraded`: it has neighbors, but the signaling server is out of reach: newcomers can't be introduced here.
   * - `isolated`: its last neighbor went less than 30 s ago, and not because it left the topic; it looks for others.
   * - `offline`: it has no neighbor and the signaling server is out of reach; both are tried again.
   * - `closed`: it was left, or ended; `stateReason` says why.
   */
  get state(): TopicState {
    return this.#subscription.state
  }

  /** One sentence for people about `state`. */
  get stateReason(): string {
    return this.#subscription.reason
  }

  /** The peers it has links to, as of the node's last word; current whether events are read or not. */
  get neighbors(): readonly PeerId[] {
    return this.#subscription.neighbors
  }

  /** Whether there is a neighbor. */
  get isJoined(): boolean {
    return this.#receiver.isJoined
  }

  /** Payload bytes a message may have. */
  get maxMessageSize(): number {
    return this.#subscription.maxMessageSize
  }

  /**
   * Says something to everyone in the topic. The bytes are copied at the call. Resolves when the message was
   * handed to its neighbors, with its id and their number; with `neighbors: 0` while alone: it is then announced to
   * those who arrive within the cache's retention (30 s, seed). Small messages said in one task travel together, and are
   * received one by one: who floods need not wait for each.
   *
   * Throws at the call: `message-too-large` over `maxMessageSize`, `invalid-argument` for what is not bytes. Rejects: `closed`
   * after `leave` or when the topic ended first; `busy` where 8,192 broadcasts or 64 MiB of this handle
   * are under way; the signal's reason, though the message still goes out.
   */
  broadcast(content: Uint8Array | ArrayBuffer, options: WaitOptions = NOTHING): Promise<Receipt> {
    return this.#sender.broadcast(content, options)
  }

  /** Says something to all neighbors, eager or lazy, who don't pass it on. Otherwise as `broadcast`. */
  broadcastNeighbors(
    content: Uint8Array | ArrayBuffer,
    options: WaitOptions = NOTHING,
  ): Promise<Receipt> {
    return this.#sender.broadcastNeighbors(content, options)
  }

  /** Joins through more peers. Throws `invalid-argument` for what is no peer id, `closed` after `leave`. */
  joinPeers(peers: Iterable<string>): void {
    this.#sender.joinPeers(peers)
  }

  /**
   * Resolves when there is a neighbor (or as many as asked for), at once where there is. Takes no event from the queue, and
   * waits for as long as it is alone: give it a signal for less. Rejects with `closed`, or why the topic ended, when
   * that comes first.
   */
  joined(options: JoinedOptions = {}): Promise<void> {
    return this.#receiver.joined(options)
  }

  /**
   * The events, to one reader at a time: throws `already-reading` while another is at it. Leaving the loop lets the next
   * one begin where it stopped. Ends when the topic is left; throws where it ended by a failure.
   */
  events(options: WaitOptions = NOTHING): AsyncIterableIterator<GossipEvent, undefined> {
    return this.#receiver.events(options)
  }

  /** As `events()`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<GossipEvent, undefined> {
    return this.events()
  }

  /**
   * The messages kept on this device, those of earlier visits too, each after what its author had heard; ours
   * are among them. Then it ends, or with `live` goes on with what is kept from now on, once each.
   *
   * ```ts
   * for await (const { author, content } of topic.history({ limit: 200, live: true })) show(author, content)
   * ```
   *
   * Throws `invalid-argument`, and `closed` after `leave`. Reading rejects with `unsupported` where the topic was
   * opened without a history, `storage-failed` where it can't be read, `protocol-unavailable` where `page-extra.js` could not be
   * loaded, or the signal's reason; with `live` it ends when the topic is left.
   */
  history(options: ReadHistoryOptions = {}): AsyncIterableIterator<KeptMessage, undefined> {
    const { signal, ...request } = checkReadHistory(options)
    signal?.throwIfAborted()
    return this.#subscription.history(request, signal)
  }

  /**
   * How far the history has come: `synced` where some neighbor keeps what is kept here, as of the last comparison; messages it
   * is known that there are (`known`), and those that are here (`have`). Each change is dispatched as `history`.
   */
  get historyState(): HistoryState {
    return this.#subscription.historyState
  }

  /**
   * Resolves when `historyState.synced`, at once where it is. Takes no event from the queue, and waits for as long as nobody
   * is there: give it a signal for less. Rejects with `closed`, or why the topic ended, when that comes first.
   */
  async synced(options: WaitOptions = NOTHING): Promise<void> {
    return this.#subscription.synced(waitSignal(options))
  }

  /** The sending and the reading half, to be given to those who need only one. The topic itself stays usable. */
  split(): [GossipSender, GossipReceiver] {
    return [this.#sender, this.#receiver]
  }

  /**
   * Leaves. Reading ends at once and what was not read is dropped; what was broadcast before and the parting words are
   * sent, then it resolves. Calling it again returns the same promise. Also `Symbol.asyncDispose`, for `await using`.
   */
  leave(options: WaitOptions = NOTHING): Promise<void> {
    return this.#subscription.leave(waitSignal(options))
  }

  [asyncDispose](): Promise<void> {
    return this.leave()
  }

  /** A queue that is not read must not hold up those who listen. */
  protected override listened(type: keyof TopicEvents & string): void {
    if (type !== 'state' && type !== 'history') this.#subscription.listened()
  }
}

function waitSignal(options: WaitOptions): AbortSignal | undefined {
  return options === NOTHING ? undefined : checkWait(options)
}

const NOTHING: WaitOptions = {}
