import { GossamerError } from './bridge/errors.js'
import type { Fault } from './bridge/fault.js'
import type { Notice, Welcome } from './bridge/node-messages.js'
import { adaptPort, type MessagePortLike, type Port } from './bridge/port.js'
import type { PeerId } from './core/ids.js'
import type { NodeMetrics } from './core/io.js'
import type { NodeSnapshot } from './core/snapshot.js'
import {
  checkJoin,
  checkJoinAndWait,
  checkOptions,
  type GossipOptions,
  type JoinOptions,
  type SubscribeAndJoinOptions,
} from './options.js'
import { asyncDispose } from './page/async-dispose.js'
import { checkWait, refuse } from './page/checks.js'
import { transferablePort } from './page/listening-port.js'
import { pageExtra } from './page/load-extra.js'
import { NodeClient } from './page/node-client.js'
import { OpenedNode } from './page/open-node.js'
import { checkPeerId, type TopicName, topicIdOf } from './page/topic-name.js'
import { TypedEvents } from './page/typed-events.js'
import { GossipTopic, type WaitOptions } from './topic.js'

/** What a gossip dispatches. */
export interface GossipEvents {
  /** Something its user should know: storage or signaling failed or came back, links are relayed. */
  notice: Notice
  /** The node died by itself. Every topic has ended and everything that waited was rejected. */
  gone: GossamerError
}

/**
 * A peer: its node runs in a worker, this is the page's end of it.
 *
 * ```ts
 * const gossip = await Gossip.open({ signaling: 'wss://example.org/signaling' })
 * const topic = await gossip.subscribeAndJoin('tea')
 * await topic.broadcast(new TextEncoder().encode('hello'))
 * ```
 */
export class Gossip extends TypedEvents<GossipEvents> implements AsyncDisposable {
  readonly #heard: Notice[] = []
  #client!: NodeClient
  /** Absent where the node is another's, reached through a port. */
  #node: OpenedNode | undefined
  #welcome!: Welcome
  #ending: Promise<void> | undefined

  private constructor() {
    super()
  }

  /**
   * Starts a worker with a node in it. The seed's builder and `spawn`.
   *
   * Rejects: `invalid-argument`; `insecure-context` where the page is neither https nor localhost, or lacks Ed25519;
   * `worker-unavailable` where the worker did not start or did not answer in 15 s, with what to try; `protocol-unavailable` where
   * a file could not be loaded that only some need (numbers of their own, a store in memory); the signal's reason.
   */
  static async open(options: GossipOptions = {}): Promise<Gossip> {
    const { node: nodeOptions, worker, signal } = await checkOptions(options)
    refuseInsecureContext()
    const gossip = new Gossip()
    const { node, welcome } = await OpenedNode.open({
      options: nodeOptions,
      worker,
      signal,
      onNotice: notice => gossip.#hear(notice),
      onGone: error => TypedEvents.emit(gossip, 'gone', error),
    })
    gossip.#node = node
    gossip.#client = node.client
    gossip.#welcome = welcome
    return gossip
  }

  /**
   * Uses a node that listens at the other end of a port: another tab's, another process's. Rejects with `no-answer`
   * when nothing has answered within 5 s, or with the signal's reason.
   */
  static async connect(port: MessagePortLike | Port, options: WaitOptions = {}): Promise<Gossip> {
    checkPort(port)
    const signal = checkWait(options)
    signal?.throwIfAborted()
    const gossip = new Gossip()
    const client = new NodeClient(adaptPort(port), {
      notice: notice => gossip.#hear(notice),
      order: () => {},
      gone: error => TypedEvents.emit(gossip, 'gone', error),
    })
    gossip.#client = client
    try {
      const timeoutMs = ANSWER_WITHIN_MS
      gossip.#welcome = await client.greet(call => ({ type: 'connect', call }), {
        signal,
        timeoutMs,
      })
    } catch (reason) {
      client.close(new GossamerError('closed', 'It was never connected.'))
      throw reason
    }
    return gossip
  }

  /** This peer's public key: 52 letters of base32. */
  get peerId(): PeerId {
    return this.#welcome.peerId
  }

  /** Payload bytes a message may have. Default 4096 (seed). */
  get maxMessageSize(): number {
    return this.#welcome.maxMessageSize
  }

  /** The last 32 notices, oldest first: also those from before anyone could listen. */
  get notices(): readonly Notice[] {
    return [...this.#heard]
  }

  /**
   * Takes part in a topic, at once; joining goes on in the background and shows in `topic.state`. Subscribing twice
   * gives two handles, each with its own events; the topic is left with the last of them. `options.signal` leaves it.
   *
   * Throws `invalid-argument`; `closed` after `shutdown`; `worker-gone`; `busy` above 64 handles. A topic open here with other
   * terms ends at once with `terms-differ`.
   */
  subscribe(topic: TopicName, options: JoinOptions = {}): GossipTopic {
    const { signal, ...join } = checkJoin(options, this.maxMessageSize)
    signal?.throwIfAborted()
    const opened = this.#openTopic(topic, join)
    const leave = () => {
      // Nobody waits for it; a node that is gone has left as well.
      opened.leave().catch(() => {})
    }
    signal?.addEventListener('abort', leave, { once: true })
    // A signal may outlive many topics.
    const forget = () => {
      if (opened.state !== 'closed') return
      signal?.removeEventListener('abort', leave)
      opened.removeEventListener('state', forget)
    }
    if (signal !== undefined) opened.addEventListener('state', forget)
    return opened
  }

  /**
   * As `subscribe`, and waits for a neighbor, or as many as asked for. Waits for as long as it is alone: give it a signal for
   * less. When it aborts, the topic is left and the signal's reason is what this rejects with; once joined it has no effect.
   */
  async subscribeAndJoin(
    topic: TopicName,
    options: SubscribeAndJoinOptions = {},
  ): Promise<GossipTopic> {
    const { signal, neighbors, ...join } = checkJoinAndWait(options, this.maxMessageSize)
    signal?.throwIfAborted()
    const opened = this.#openTopic(topic, join)
    try {
      await opened.joined({ neighbors, signal })
      return opened
    } catch (reason) {
      opened.leave().catch(() => {})
      throw reason
    }
  }

  /**
   * Makes a link of a data channel that was made elsewhere, with the peer it leads to, who proves it. A link alone makes no
   * neighbor: name the peer in `bootstrap` or to `topic.joinPeers`, on one side at least. The channel should be
   * ordered and reliable, and both sides hand it over. A channel handed over in the task that made it is lent to the worker and of no
   * more use here; an open one can't be lent and is relayed by the page, which must then leave it alone.
   *
   * Throws `invalid-argument`; `unsupported` where this gossip is connected to another's node; `closed` after `shutdown`;
   * `worker-gone`.
   */
  handleConnection(channel: RTCDataChannel, peerId: string): void {
    const peer = checkPeerId('peerId', peerId)
    if (peer === this.peerId) refuse('peerId', peerId, "another peer's id, not one's own")
    const state = (channel as { readyState?: unknown } | null)?.readyState
    if (state !== 'open' && state !== 'connecting') {
      refuse(
        'channel',
        state === undefined ? channel : `${String(state)} channel`,
        'an RTCDataChannel that is open or connecting',
      )
    }
    if (this.#node === undefined) {
      const text =
        'A channel can only be handed to the node of this page; this gossip is connected to another.'
      throw new GossamerError('unsupported', text)
    }
    this.#refuseWhenOver()
    this.#node.adopt(channel, peer)
  }

  /**
   * Serves whoever holds the other end of this port: `Gossip.connect` there, and this node is theirs too. Give away no port you
   * would not give this object. A MessagePort moves into the worker; anything else is carried through this page.
   *
   * Throws `invalid-argument`; `closed` after `shutdown`; `worker-gone`.
   */
  listen(port: MessagePortLike | Port): void {
    checkPort(port)
    this.#refuseWhenOver()
    const moved = transferablePort(port)
    this.#client.post({ type: 'listen', port: moved }, [moved])
  }

  /** The node's counters since it started, by name. */
  async metrics(options: WaitOptions = {}): Promise<NodeMetrics> {
    return this.#client.metrics(checkWait(options))
  }

  /** The whole picture: topics with their views and trees, links, deadlines, blame. Read only. */
  async inspect(options: WaitOptions = {}): Promise<NodeSnapshot> {
    return this.#client.inspect(checkWait(options))
  }

  /**
   * Does this node a harm it would otherwise meet by chance, for demonstrations and for tests of apps. Rejects:
   * `invalid-argument`; `unsupported` where there is nothing to harm: no link to that peer, no signaling; `protocol-unavailable`
   * where `page-extra.js` could not be loaded; `closed`; `worker-gone`; the signal's reason.
   */
  async provoke(fault: Fault, options: WaitOptions = {}): Promise<void> {
    const signal = checkWait(options)
    const { checkFault } = await pageExtra()
    return this.#client.provoke(checkFault(fault), signal)
  }

  /**
   * Leaves every topic with parting words and stops the node as soon as its neighbors have what was said last, within a
   * second or so; afterwards everything rejects with `closed`. A connected gossip leaves its own topics and gives back its
   * port: the node is not its own. Waits at most 5 s. Calling it again returns the same promise. Also `Symbol.asyncDispose`, for `await using`.
   */
  shutdown(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  [asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  async #end(): Promise<void> {
    const over = new GossamerError('closed', 'The gossip was shut down.')
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
    try {
      await this.#client.leaveAll(signal)
      if (this.#node !== undefined) await this.#client.shutdown({ signal })
    } catch {
      // It is silent or dead; either way the end is the same.
    }
    if (this.#node !== undefined) this.#node.close(over)
    else this.#client.close(over)
  }

  #openTopic(topic: TopicName, join: Omit<ReturnType<typeof checkJoin>, 'signal'>): GossipTopic {
    this.#refuseWhenOver()
    const name = typeof topic === 'string' ? topic : undefined
    return new GossipTopic(this.#client, { topic: topicIdOf(topic), ...join }, name)
  }

  #refuseWhenOver(): void {
    if (this.#ending !== undefined) throw new GossamerError('closed', 'The gossip was shut down.')
    this.#client.refuseWhenGone()
  }

  #hear(notice: Notice): void {
    if (this.#heard.push(notice) > MOST_NOTICES) this.#heard.shift()
    TypedEvents.emit(this, 'notice', notice)
  }
}

function checkPort(port: MessagePortLike | Port): void {
  if (typeof (port as { postMessage?: unknown } | null)?.postMessage !== 'function') {
    refuse('port', port, 'a MessagePort, or something that posts messages like one')
  }
}

/** Said here already, for browsers don't start a worker's keys and say nothing. */
function refuseInsecureContext(): void {
  if (globalThis.isSecureContext !== false) return
  const text =
    'This page has no secure context, so browsers give it no keys: open it over https, or on localhost.'
  throw new GossamerError('insecure-context', text)
}

/** Design §8. */
const ANSWER_WITHIN_MS = 5_000
const MOST_NOTICES = 32
