// Long, and one file: clients, page, core, signaling and storage meet in one queue, one flush and one end, and each of its parts
// would have to hold all of that. What has a state of its own (links, door, signals, histories, subscribers) is a file beside it.

import { GossamerError } from '../bridge/errors.js'
import type { Fault } from '../bridge/fault.js'
import type {
  BroadcastCall,
  HistoryPage,
  HistoryRequest,
  NodeMessage,
  Notice,
  PresenceChange,
  ReadRequest,
  Welcome,
} from '../bridge/node-messages.js'
import type { NodeOptions } from '../bridge/open-messages.js'
import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { countOf } from '../core/bundle.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { NodeInput, NodeMetrics, NodeOutput, TopicStatus } from '../core/io.js'
import { canonicalView, type Draft, fits, sealed } from '../core/message.js'
import { Node } from '../core/node.js'
import type { PresenceDraft } from '../core/presence/statement.js'
import { Random } from '../core/random.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { SignalingSession } from '../signaling/session.js'
import type { SignalBody } from '../signaling/signal.js'
import type { Store } from '../storage/store.js'
import { Client, type Scope, type Subscription } from './clients.js'
import { Door, neighborBytes, recordBytes } from './door.js'
import type { ExtraParts, Extras } from './extras.js'
import type { Histories } from './history.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'
import { Links } from './links.js'
import type { NewsOf } from './presence-news.js'
import { type OpenSocket, SignalingSocket, type Told } from './signaling-socket.js'
import { Signals } from './signals.js'
import { WakeUp } from './wake.js'

/** What differs between a worker, a Node process and a test. */
export interface RuntimeWorld {
  clock: () => Millis
  /** Default: the platform's own. */
  socket?: OpenSocket | undefined
  /** What only some topics need, and how to come by it. */
  extras: Extras
  /** To the page that makes connections. */
  order(order: RtcOrder): void
  /** Serves another port; its messages go to `client.receive`. */
  serve(port: unknown, runtime: Runtime): void
  /** The node has ended: the thread may go. */
  ended(): void
}

/** The loop around the core: inputs in, outputs performed, one flush at the end of a task, one timer. */
export class Runtime {
  readonly #options: NodeOptions
  readonly #identity: Identity
  readonly #store: Store
  readonly #world: RuntimeWorld
  readonly #node: Node
  readonly #wake: WakeUp
  readonly #links: Links
  readonly #door: Door
  readonly #signals: Signals
  readonly #socket: SignalingSocket | undefined
  #histories: Histories | undefined
  readonly #clients = new Set<Client>()
  readonly #topics = new Map<TopicId, JoinedTopic>()
  readonly #calls = new Map<number, Call>()
  readonly #counters = new Map<string, number>()
  /** Broadcasts that wait for room on the links, and those that are being numbered and signed, with their bytes. */
  readonly #held: Extract<NodeInput, { type: 'broadcast' | 'broadcast-neighbors' }>[] = []
  #heldBytes = 0
  readonly #underWay = new Map<number, number>()
  #underWayBytes = 0
  /** Broadcasts in the queues of all links, not yet told to who made them. */
  #handedOver: { call: number; id: number | string; neighbors: number }[] = []
  readonly #writes = new Set<Promise<unknown>>()
  readonly #settling = new MessageChannel()
  #isSettling = false
  #settledAt: Millis = 0
  #putOff: ReturnType<typeof setTimeout> | undefined
  /** Signatures of our own being made. */
  #sealing = 0
  #taskTime: Millis | undefined
  #queue: NodeInput[] = []
  #isDraining = false
  #nextCall = 1
  #lastSweep = 0
  #presenceAgainAt: Millis = 0
  #isSuspended = false
  #isRelayingTold = false
  #isMissingTold = false
  #ending: Promise<void> | undefined

  constructor(options: NodeOptions, identity: Identity, store: Store, world: RuntimeWorld) {
    this.#options = options
    this.#identity = identity
    this.#store = store
    this.#world = world
    const { clock } = world
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!
    const { membership, fullMesh, broadcast } = options
    const config = { membership, fullMesh, broadcast }
    this.#node = new Node(identity.peerId, config, world.extras.protocols, seed)
    this.#wake = new WakeUp(clock, act => this.#ring(act))
    const node = this.#node
    this.#wake.add({
      get nextDeadline() {
        return node.nextDeadline
      },
      wake: () => this.input({ type: 'wake' }),
    })
    const count = (counter: string, by?: number) => this.#count(counter, by)
    this.#door = new Door(this.#node, input => this.input(input), count)
    this.#door.loadNews = () => this.#loadNews()
    this.#signals = new Signals(identity, {
      signed: (to, body) => this.input({ type: 'signal-out', to, body }),
      heard: (from, body, via) => this.#heardSignal(from, body, via),
      count,
    })
    this.#links = new Links({
      identity,
      protocol: options.protocol,
      clock: () => this.#now(),
      wake: this.#wake,
      relayed: options.link === 'relayed',
      order: order => world.order(order),
      input: input => this.input(input),
      frame: (link, frame) => this.#door.frame(link, frame),
      signal: (to, body) => this.#signals.send(to, body),
      wantsLink: peer => this.#node.wantsLink(peer),
      settle: () => this.#settle(),
      count,
      relaying: async () => (await this.#more()).relay,
    })
    if (options.iceServers !== undefined) this.#links.iceServers = options.iceServers
    this.#settling.port1.onmessage = () => this.#settleSoon()
    this.#socket = this.#openSocket()
  }

  async start(): Promise<void> {
    await this.#signRecord()
    if (this.#socket !== undefined) {
      this.#wake.add(this.#socket)
      this.input({ type: 'signaling', state: 'connecting' })
      this.#socket.drive({ type: 'start' })
    }
  }

  // ——— clients

  addClient(post: (message: NodeMessage, transfer?: ArrayBuffer[]) => void): Client {
    const client = new Client(post, {
      welcome: () => this.welcome(),
      subscribe: (subscription, terms, bootstrap, history) =>
        this.#subscribe(subscription, terms, bootstrap, history),
      readHistory: (topic, request) => this.#readHistory(topic, request),
      unsubscribe: subscription => this.#unsubscribe(subscription),
      joinPeers: (topic, peers) => this.#whenReady(topic, { type: 'join-peers', topic, peers }),
      setPresence: (topic, value) => this.#setPresence(topic, value),
      broadcast: (subscription, call, scope) => this.#broadcast(subscription, call, scope),
      inspect: () => this.#inspect(),
      metrics: () => this.#metrics(),
      provoke: fault => this.#provoke(fault),
      listen: port => this.#world.serve(port, this),
      shutdown: () => this.#shutdown(),
      settle: () => this.#settle(),
      count: counter => this.#count(counter),
    })
    this.#clients.add(client)
    return client
  }

  removeClient(client: Client): void {
    client.close()
    this.#clients.delete(client)
  }

  welcome(): Welcome {
    return { peerId: this.#identity.peerId, maxMessageSize: this.#options.maxMessageSize }
  }

  /** To everybody who holds a port. */
  notice(notice: Notice): void {
    for (const client of this.#clients) client.notice(notice)
  }

  #subscribe(
    subscription: Subscription,
    terms: TopicTerms,
    bootstrap: PeerId[],
    history: HistoryRequest | undefined,
  ): void {
    if (this.#ending !== undefined) throw new GossamerError('closed', 'The node is shutting down.')
    const { topic } = subscription
    const joined = this.#topics.get(topic)
    if (joined !== undefined) {
      const field = (Object.keys(terms) as (keyof TopicTerms)[]).find(
        name => terms[name] !== joined.terms[name],
      )
      if (field !== undefined) {
        throw new GossamerError(
          'terms-differ',
          `This topic is open here with ${field} = ${joined.terms[field]}, not ${terms[field]}.`,
        )
      }
      joined.subscriptions.add(subscription)
      // A newcomer to an open topic hears who is there already.
      for (const peer of joined.status?.neighbors ?? []) {
        subscription.event({ type: 'neighborUp', peer })
      }
      if (joined.status !== undefined) subscription.say(joined.status)
      for (const change of joined.presence.values()) subscription.presence(change)
      const state = this.#histories?.stateOf(topic)
      if (state !== undefined) subscription.sayHistory(state)
      if (bootstrap.length > 0)
        this.#whenReady(topic, { type: 'join-peers', topic, peers: bootstrap })
      return
    }
    const fresh: JoinedTopic = {
      terms,
      subscriptions: new Set([subscription]),
      isReady: false,
      waiting: [],
      seals: new InOrder(),
      status: undefined,
      presence: new Map(),
      ownPresence: undefined,
      isLoadingPresence: false,
      history,
    }
    this.#topics.set(topic, fresh)
    void this.#openTopic(topic, fresh, bootstrap)
  }

  /** Nothing is said in a topic before what was seen in it is known again. */
  async #openTopic(topic: TopicId, joined: JoinedTopic, bootstrap: PeerId[]): Promise<void> {
    const since = this.#world.clock() - this.#options.broadcast.messageIdRetentionMs - BUCKET_MS
    const { terms, history: wanted } = joined
    try {
      await this.#world.extras.need(terms)
      if (this.#topics.get(topic) !== joined) return
      const [history, seen, remembered] = await Promise.all([
        terms.history === 'none' ? undefined : this.#openHistories().open(topic, wanted),
        this.#store.loadSeen(topic, since).catch(error => this.#storageFailed(error, [])),
        this.#store.loadPeers(topic).catch(error => this.#storageFailed(error, [])),
      ])
      if (this.#topics.get(topic) !== joined) return
      const subscribe = { type: 'subscribe', topic, terms, bootstrap, remembered, seen } as const
      if (terms.history === 'none') this.input(subscribe)
      else if (history !== undefined) this.input({ ...subscribe, history, order: wanted!.order })
      else return
      joined.isReady = true
      if (joined.ownPresence !== undefined) this.#sayPresence(topic, joined)
      for (const input of joined.waiting.splice(0)) this.input(input)
    } catch (error) {
      this.#failTopic(topic, joined, error)
    }
  }

  /** It was never open; the next to ask for it tries anew. */
  #failTopic(topic: TopicId, joined: JoinedTopic, error: unknown): void {
    if (this.#topics.get(topic) !== joined) return
    this.#topics.delete(topic)
    this.input({ type: 'leave', topic })
    for (const [call, { subscription }] of this.#calls)
      if (joined.subscriptions.has(subscription)) this.#forgetCall(call)
    for (const subscription of joined.subscriptions)
      for (const client of this.#clients) client.fail(subscription, error)
  }

  async #unsubscribe(subscription: Subscription): Promise<void> {
    const { topic } = subscription
    const joined = this.#topics.get(topic)
    if (joined === undefined || !joined.subscriptions.delete(subscription)) return
    await this.#said(one => one === subscription)
    if (joined.subscriptions.size === 0 && this.#topics.get(topic) === joined) {
      this.#topics.delete(topic)
      if (joined.isReady) this.input({ type: 'leave', topic })
      this.#histories?.close(topic)
      this.#settleNow()
      await this.#drained()
    }
    for (const [call, { subscription: of }] of this.#calls)
      if (of === subscription) this.#forgetCall(call)
  }

  #setPresence(topic: TopicId, value: Uint8Array | undefined): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    joined.ownPresence = value
    this.#sayPresence(topic, joined)
  }

  #sayPresence(topic: TopicId, joined: JoinedTopic): void {
    if (this.#topics.get(topic) !== joined || !joined.isReady) return
    if (this.#world.extras.has('more')) {
      this.input({ type: 'set-presence', topic, value: joined.ownPresence })
    } else if (joined.ownPresence !== undefined && !joined.isLoadingPresence)
      void this.#loadOwnPresence(topic, joined)
  }

  /** Nobody waits for an answer: it is tried until it is here, and a notice says so. */
  async #loadOwnPresence(topic: TopicId, joined: JoinedTopic): Promise<void> {
    joined.isLoadingPresence = true
    for (
      let pauseMs = 500;
      this.#topics.get(topic) === joined;
      pauseMs = Math.min(pauseMs * 2, 30_000)
    ) {
      try {
        await this.#more()
        break
      } catch {
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
    joined.isLoadingPresence = false
    this.#sayPresence(topic, joined)
  }

  /** What could not be loaded is told once. */
  async #more(): Promise<ExtraParts['more']> {
    const { extras } = this.#world
    try {
      await extras.fetch('more')
    } catch (error) {
      const { message } = error as GossamerError
      if (!this.#isMissingTold) this.notice({ code: 'protocol-unavailable', message })
      this.#isMissingTold = true
      throw error
    }
    this.#isMissingTold = false
    return extras.part('more')
  }

  /** For what a peer says of it, which may be often. */
  #loadNews(): NewsOf | Promise<NewsOf | undefined> {
    const { extras } = this.#world
    if (extras.has('more')) return extras.part('more').newsOf
    const now = this.#world.clock()
    if (now < this.#presenceAgainAt) return Promise.resolve(undefined)
    return extras.fetch('more').then(
      () => extras.part('more').newsOf,
      () => {
        this.#count('presence-not-loaded')
        this.#presenceAgainAt = now + PRESENCE_AGAIN_MS
        return undefined
      },
    )
  }

  #showPresence(topic: TopicId, { peer, value, time }: PresenceChange): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    const change = { peer, value, time }
    if (value === undefined) joined.presence.delete(peer)
    else joined.presence.set(peer, change)
    for (const subscription of joined.subscriptions) subscription.presence(change)
  }

  #broadcast(subscription: Subscription, given: BroadcastCall, scope: Scope): void {
    const { ref, payload, count } = given
    const { topic } = subscription
    const joined = this.#topics.get(topic)
    if (joined === undefined) throw new GossamerError('closed', 'The topic was left.')
    const { maxMessageSize } = joined.terms
    if (!(payload instanceof Uint8Array))
      throw new GossamerError('invalid-argument', 'The payload is no bytes.')
    if (count !== undefined && (scope !== 'swarm' || countOf(payload) !== (count || 1)))
      throw new GossamerError('invalid-argument', 'The payload is no bundle.')
    if (!fits(given, maxMessageSize)) {
      const words = `The message has ${payload.length} bytes; this topic allows ${maxMessageSize}.`
      throw new GossamerError('message-too-large', words)
    }
    if (this.#calls.size >= MOST_CALLS) {
      throw new GossamerError('busy', `${MOST_CALLS} broadcasts are waiting already.`)
    }
    if (this.#heldBytes + payload.length > MOST_HELD_BYTES) {
      throw new GossamerError('busy', `${this.#heldBytes} bytes wait to be sent already.`)
    }
    const call = this.#nextCall++
    this.#calls.set(call, { subscription, ref, count })
    const type = scope === 'swarm' ? 'broadcast' : 'broadcast-neighbors'
    this.#held.push({ type, topic, ref: call, payload, count })
    this.#heldBytes += payload.length
    this.#sayHeld()
  }

  /**
   * Broadcasts go to the core only as fast as the links take them: in a full queue the oldest would be
   * dropped for the newest, and nobody would ask for it again.
   */
  #sayHeld(): void {
    let said = 0
    for (; said < this.#held.length; said++) {
      if (this.#underWay.size >= MOST_UNDER_WAY || this.#links.isPressed) break
      if (this.#underWayBytes >= MOST_UNDER_WAY_BYTES) break
      const input = this.#held[said]!
      this.#heldBytes -= input.payload.length
      if (!this.#calls.has(input.ref)) continue
      this.#underWay.set(input.ref, input.payload.length)
      this.#underWayBytes += input.payload.length
      this.#whenReady(input.topic, input)
    }
    if (said > 0) this.#held.splice(0, said)
  }

  #forgetCall(call: number): void {
    this.#calls.delete(call)
    this.#arrived(call)
  }

  #arrived(call: number): void {
    this.#underWayBytes -= this.#underWay.get(call) ?? 0
    this.#underWay.delete(call)
  }

  #whenReady(topic: TopicId, input: NodeInput): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    if (joined.isReady) this.input(input)
    else if (joined.waiting.length < MOST_CALLS) joined.waiting.push(input)
    else this.#count('input-before-ready-dropped')
  }

  #inspect(): NodeSnapshot {
    const snapshot = this.#node.snapshot(this.#world.clock())
    for (const link of snapshot.links) {
      const kind = this.#links.kindOf(link.peer)
      if (kind !== undefined) link.kind = kind
    }
    return snapshot
  }

  #metrics(): NodeMetrics {
    const metrics = { ...this.#node.metrics(), ...Object.fromEntries(this.#counters) }
    const stored = { ...this.#store.counters, ...(this.#histories && this.#store.ops.counters) }
    for (const [name, count] of Object.entries(stored)) {
      if (count > 0) metrics[`store-${name}`] = count
    }
    for (const { losses } of this.#clients) {
      metrics['events-dropped'] = (metrics['events-dropped'] ?? 0) + losses.dropped
      metrics['credit-refused'] = (metrics['credit-refused'] ?? 0) + losses.creditRefused
    }
    return metrics
  }

  #provoke(fault: Fault): void {
    if (fault.kind === 'lose-link') {
      if (this.#links.lose(fault.peer)) return
      throw new GossamerError('unsupported', 'There is no link to that peer.')
    }
    if (this.#socket === undefined) {
      throw new GossamerError('unsupported', 'This node has no signaling server.')
    }
    this.#socket.cut(fault.kind === 'cut-signaling')
  }

  // ——— the page

  report(report: RtcReport): void {
    if (report.type === 'rtc-relaying') this.#toldOfRelaying()
    if (report.type !== 'page') return this.#links.report(report)
    if (report.state === 'leaving') this.#suspend()
    else if (report.state === 'restored') this.#resume()
    // Who looks at the page again does not wait half a minute for the next try.
    else if (report.state === 'online' || report.state === 'visible')
      this.#socket?.drive({ type: 'online' })
  }

  /** Once, and not where it was asked for. */
  #toldOfRelaying(): void {
    if (this.#isRelayingTold || this.#options.link === 'relayed') return
    this.#isRelayingTold = true
    const message =
      'This browser does not let the page lend its connections, so messages pass through the page: slower, and held up while it is busy.'
    this.notice({ code: 'links-relayed', message })
  }

  /** The page goes, perhaps into the back-forward cache: parting words now, the rest if it returns. */
  #suspend(): void {
    if (this.#isSuspended) return
    this.#isSuspended = true
    for (const [topic, joined] of this.#topics) {
      if (joined.isReady) this.input({ type: 'leave', topic })
      joined.isReady = false
      for (const change of [...joined.presence.values()])
        this.#showPresence(topic, { ...change, value: undefined })
    }
    // The topic that numbers and signs them is gone, and what of them had left is not known any more.
    for (const { subscription, ref, count } of this.#calls.values()) {
      const message = 'The page was put away before the message had left.'
      subscription.outcome({ ref, count, ok: false, code: 'closed', message })
    }
    this.#calls.clear()
    this.#underWay.clear()
    this.#underWayBytes = 0
    this.#settleNow()
  }

  #resume(): void {
    if (!this.#isSuspended) return
    this.#isSuspended = false
    for (const [topic, joined] of this.#topics) void this.#openTopic(topic, joined, [])
    this.#socket?.drive({ type: 'online' })
  }

  // ——— the loop

  input(input: NodeInput): void {
    this.#queue.push(input)
    if (this.#isDraining) return
    this.#isDraining = true
    try {
      for (let i = 0; i < this.#queue.length; i++) {
        for (const output of this.#node.handle(this.#now(), this.#queue[i]!)) {
          this.#perform(output)
        }
      }
    } finally {
      this.#queue = []
      this.#isDraining = false
    }
    this.#settle()
  }

  #perform(output: NodeOutput): void {
    switch (output.type) {
      case 'send':
        return this.#links.send(output.to, output.epoch, {
          type: 'topic',
          topic: output.topic,
          message: output.message,
        })
      case 'send-topic-hello':
        return this.#links.send(output.to, output.epoch, {
          type: 'topic-hello',
          topic: output.topic,
          terms: output.terms,
        })
      case 'send-relay':
        return this.#links.send(output.to, output.epoch, { type: 'relay', relay: output.relay })
      case 'knock': {
        const { to, topic, knock } = output
        return this.#signals.send(to, { type: 'knock', topic, knock })
      }
      case 'answer-knock': {
        const { to, topic, answer } = output
        return this.#signals.send(to, { type: 'knock-answer', topic, answer })
      }
      case 'signal':
        return this.#socket?.drive({ type: 'send', to: output.to, body: output.body })
      case 'signal-in':
        return this.#signals.receive(output.body, 'mesh')
      case 'dial':
        return this.#links.dial(output.peer)
      case 'hang-up':
        return this.#links.hangUp(output.peer, output.reason)
      case 'seal':
        return this.#seal(output.topic, output.ref, output.draft)
      case 'seal-neighbors':
        return this.#sealNeighbors(output.topic, output.ref, output.payload)
      case 'seal-presence':
        return this.#sealPresence(output.topic, output.draft)
      case 'reserve-seqs':
        void this.#reserve(output.topic, output.count)
        return
      case 'broadcast-done': {
        const { ref, id, neighbors } = output
        this.#arrived(ref)
        this.#handedOver.push({ call: ref, id, neighbors })
        return
      }
      case 'store-ops':
        return this.#histories!.store(output)
      case 'load-ops':
        void this.#histories!.load(output)
        return
      case 'emit':
        if (output.event.type === 'presence') return this.#showPresence(output.topic, output.event)
        this.#histories?.heard(output.topic, output.event)
        for (const subscription of this.#topics.get(output.topic)?.subscriptions ?? []) {
          subscription.event(output.event)
        }
        return
      case 'status':
        return this.#status(output.topic, output.status)
      case 'enter':
      case 'exit':
        return this.#socket?.drive(output)
      case 'remember-ids':
        this.#keep(this.#store.saveSeen(output.topic, output.seen))
        return this.#sweep()
      case 'remember-peers':
        return this.#keep(this.#store.savePeers(output.topic, output.peers))
      case 'blamed':
        return this.#count(output.banned ? 'peers-banned' : 'peers-blamed')
    }
  }

  // ——— history

  /** With the first topic that has one. */
  #openHistories(): Histories {
    if (this.#histories !== undefined) return this.#histories
    const input = (input: NodeInput) => this.input(input)
    const count = (counter: string) => this.#count(counter)
    const history = this.#world.extras.part('history')
    this.#door.history = history.door(this.#node, input, count)
    this.#histories = history.histories({
      self: this.#identity.peerId,
      ops: this.#store.ops,
      clock: this.#world.clock,
      input,
      count,
      track: work => this.#keep(work),
      say: (topic, state) => {
        for (const subscription of this.#topics.get(topic)?.subscriptions ?? [])
          subscription.sayHistory(state)
      },
    })
    this.#wake.add(this.#histories)
    return this.#histories
  }

  async #readHistory(topic: TopicId, request: ReadRequest): Promise<HistoryPage> {
    const terms = this.#topics.get(topic)?.terms
    if (terms === undefined || terms.history === 'none') {
      throw new GossamerError('unsupported', 'This topic keeps no history: it was opened without.')
    }
    await this.#world.extras.need(terms)
    return this.#openHistories().read(topic, request)
  }

  #status(topic: TopicId, status: TopicStatus): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined || this.#isSuspended) return
    joined.status = status
    if (status.neighbors.length === 0) this.#histories?.alone(topic)
    for (const subscription of joined.subscriptions) subscription.say(status)
  }

  /** The time of the task: looking at the clock for each of a thousand messages costs more than they do. */
  #now(): Millis {
    if (!this.#isSettling) return this.#world.clock()
    this.#taskTime ??= this.#world.clock()
    return this.#taskTime
  }

  #settle(): void {
    if (this.#isSettling) {
      if (this.#putOff === undefined || this.#isAwaitingSignatures) return
      clearTimeout(this.#putOff)
      this.#putOff = undefined
    }
    this.#isSettling = true
    this.#taskTime = undefined
    this.#settling.port2.postMessage(0)
  }

  /** A ring ends where it began: to hear of its end by a message costs as much again as what it does. */
  #ring(act: () => void): void {
    const isUnderWay = this.#isSettling
    this.#isSettling = true
    this.#taskTime = undefined
    try {
      act()
    } finally {
      if (!isUnderWay) this.#settleSoon()
    }
  }

  /**
   * In a burst each signature comes back in a task of its own: packets and posts of one message each would cost
   * more than the message. So while more are under way, an end is put off, a little.
   */
  #settleSoon(): void {
    const isLast = !this.#isAwaitingSignatures
    if (isLast || this.#world.clock() - this.#settledAt >= PUT_OFF_MS) this.#settleNow()
    else this.#putOff ??= setTimeout(() => this.#settleNow(), PUT_OFF_MS)
  }

  get #isAwaitingSignatures(): boolean {
    return this.#sealing > 0 || this.#door.isVerifying
  }

  #settleNow(): void {
    clearTimeout(this.#putOff)
    this.#putOff = undefined
    this.#settledAt = this.#world.clock()
    this.#isSettling = false
    this.#links.flush()
    if (this.#held.length > 0) {
      this.#sayHeld()
      this.#links.flush()
    }
    if (!this.#links.isPressed) this.#tellOutcomes()
    for (const client of this.#clients) client.flush()
    this.#wake.arm()
  }

  /** Whoever waits for a broadcast before the next goes no faster than the slowest neighbor. */
  #tellOutcomes(): void {
    for (const { call, id, neighbors } of this.#handedOver) {
      const asked = this.#calls.get(call)
      this.#calls.delete(call)
      if (asked === undefined) continue
      const { subscription, ref, count = 1 } = asked
      const author = this.#identity.peerId
      if (typeof id === 'string') subscription.outcome({ ref, ok: true, id, neighbors })
      else subscription.published({ ref, author, seq: id - count + 1, count, neighbors })
    }
    this.#handedOver = []
  }

  // ——— signing

  #seal(topic: TopicId, ref: number, draft: Draft): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    if (!joined.terms.signed) {
      return this.input({ type: 'sealed', topic, ref, message: sealed(draft, undefined) })
    }
    this.#sealing++
    joined.seals.later(this.#identity.sign(canonicalView(topic, draft)), signature => {
      this.#sealing--
      this.input({ type: 'sealed', topic, ref, message: sealed(draft, signature) })
    })
  }

  #sealNeighbors(topic: TopicId, ref: number, payload: Uint8Array): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    const nonce = crypto.getRandomValues(new Uint8Array(16))
    const time = Math.floor(this.#world.clock())
    const sealed = { type: 'neighbors-sealed', topic, ref, nonce, time, payload } as const
    if (!joined.terms.signed) return this.input({ ...sealed, signature: undefined })
    const bytes = neighborBytes(topic, this.#identity.peerId, { nonce, time, payload })
    joined.seals.later(this.#identity.sign(bytes), signature =>
      this.input({ ...sealed, signature }),
    )
  }

  #sealPresence(topic: TopicId, draft: PresenceDraft): void {
    const joined = this.#topics.get(topic)
    if (joined === undefined) return
    const seal = (signature: Uint8Array | undefined) =>
      this.input({ type: 'presence-sealed', topic, statement: { ...draft, signature } })
    if (!joined.terms.signed) return seal(undefined)
    const { presenceBytes } = this.#world.extras.part('more')
    joined.seals.later(
      this.#identity.sign(presenceBytes(topic, this.#identity.peerId, draft)),
      seal,
    )
  }

  async #signRecord(): Promise<void> {
    const data = this.#options.peerData
    if (data === undefined) return
    const time = Math.floor(this.#world.clock())
    const signature = await this.#identity.sign(recordBytes(this.#identity.peerId, { data, time }))
    this.input({ type: 'own-record', record: { data, time, signature } })
  }

  // ——— signaling

  #openSocket(): SignalingSocket | undefined {
    const { signaling: url, protocol } = this.#options
    if (url === undefined) return undefined
    const { peerId: peer } = this.#identity
    const random = new Random(crypto.getRandomValues(new Uint32Array(1))[0]!)
    const session = new SignalingSession({ url, peer, protocol, random })
    const { clock, socket } = this.#world
    return new SignalingSocket(
      session,
      this.#identity,
      clock,
      output => this.#fromSignaling(output),
      () => this.#settle(),
      socket,
    )
  }

  #fromSignaling(output: Told): void {
    switch (output.type) {
      case 'state':
        return this.input({ type: 'signaling', state: output.state })
      case 'introduced':
      case 'undeliverable':
        return this.input(output)
      case 'signal':
        return this.#signals.receive(output.body, 'server', output.from)
      case 'ice-servers':
        if (this.#options.iceServers === undefined) this.#links.iceServers = output.servers
        return
      case 'notice':
        return this.notice({ code: output.code, message: output.message })
      case 'count':
        this.#count(output.counter)
    }
  }

  #heardSignal(from: PeerId, body: SignalBody, via: 'server' | 'mesh'): void {
    if (this.#node.isBanned(this.#world.clock(), from)) return this.#count('signal-of-banned-peer')
    if (via === 'server') this.input({ type: 'signal-heard', from, via })
    switch (body.type) {
      case 'knock':
        return this.input({ type: 'knock', from, topic: body.topic, knock: body.knock })
      case 'knock-answer':
        return this.input({ type: 'knock-answer', from, topic: body.topic, answer: body.answer })
      default:
        this.#links.heard(from, body)
    }
  }

  // ——— storage

  async #reserve(topic: TopicId, count: number): Promise<void> {
    for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
      try {
        const { first, last } = await this.#store.reserveSeqs(topic, count)
        return this.input({ type: 'seqs-reserved', topic, first, last })
      } catch (error) {
        this.#storageFailed(error, undefined)
        if (this.#ending !== undefined || !this.#topics.has(topic)) return
        // A number that might repeat is worse than a message that waits.
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
  }

  #keep(write: Promise<unknown>): void {
    const kept: Promise<unknown> = write
      .catch(error => this.#storageFailed(error, undefined))
      .finally(() => this.#writes.delete(kept))
    this.#writes.add(kept)
  }

  #sweep(): void {
    const now = this.#world.clock()
    if (now - this.#lastSweep < SWEEP_MS) return
    this.#lastSweep = now
    this.#keep(this.#store.dropSeen(now - this.#options.broadcast.messageIdRetentionMs - BUCKET_MS))
  }

  #storageFailed<T>(_error: unknown, instead: T): T {
    // The store itself gives the notice, once a minute.
    this.#count('storage-failures')
    return instead
  }

  // ——— the end

  #shutdown(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    await this.#said(() => true)
    for (const [topic, joined] of [...this.#topics]) {
      if (joined.isReady) this.input({ type: 'leave', topic })
    }
    for (const topic of this.#topics.keys()) this.#histories?.close(topic)
    this.#topics.clear()
    this.#settleNow()
    for (const client of this.#clients) client.end()
    await this.#drained()
    this.#links.stop()
    this.#socket?.drive({ type: 'stop' })
    this.#wake.stop()
    await this.#store.close().catch(error => this.#storageFailed(error, undefined))
    // Node would stay alive for it.
    this.#settling.port1.close()
    this.#world.ended()
  }

  /** Until what was broadcast before is numbered, signed and written, within a bound: control overtakes payload. */
  async #said(by: (subscription: Subscription) => boolean): Promise<void> {
    const until = this.#world.clock() + DRAIN_MS
    this.#links.flush()
    while ((this.#isSaying(by) || this.#links.hasPayload) && this.#world.clock() < until) {
      await new Promise(resolve => setTimeout(resolve, 5))
      this.#links.flush()
    }
  }

  #isSaying(by: (subscription: Subscription) => boolean): boolean {
    const said = new Set(this.#handedOver.map(({ call }) => call))
    for (const [call, { subscription }] of this.#calls)
      if (by(subscription) && !said.has(call)) return true
    return false
  }

  /** Until parting words are out and what was to be kept is kept, within a bound. */
  async #drained(): Promise<void> {
    const until = this.#world.clock() + DRAIN_MS
    await Promise.all(this.#writes)
    while (!this.#links.isDrained && this.#world.clock() < until) {
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  #count(counter: string, by = 1): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + by)
  }
}

/** What a client asked to be said, one message or so many as a bundle. */
interface Call {
  subscription: Subscription
  ref: number
  count: number | undefined
}

interface JoinedTopic {
  readonly terms: TopicTerms
  readonly subscriptions: Set<Subscription>
  /** The core has it: what came before waits. */
  isReady: boolean
  readonly waiting: NodeInput[]
  /** Own messages leave in the order in which they were said. */
  readonly seals: InOrder
  status: TopicStatus | undefined
  /** What the others show, for handles to come. The core bounds it. */
  readonly presence: Map<PeerId, PresenceChange>
  /** What we show, for when the core has the topic. */
  ownPresence: Uint8Array | undefined
  isLoadingPresence: boolean
  readonly history: HistoryRequest | undefined
}

/** Seen ids are kept by tens of seconds (core/broadcast/plumtree/seen.ts). */
const BUCKET_MS = 10_000
const SWEEP_MS = 30_000
/** What could not be loaded is not asked for more often for the words of peers. Guess. */
const PRESENCE_AGAIN_MS = 30_000
/** What a burst may add to the delay of a hop. */
const PUT_OFF_MS = 2
/** Peer links give themselves a second to drain. */
const DRAIN_MS = 1_200
/** As many signatures at once keep all cores busy. Guess. */
const MOST_UNDER_WAY = 1_024
/** They all enter the queues when they are signed: an eighth of what one holds (link/config.ts). */
const MOST_UNDER_WAY_BYTES = 256 << 10
/** Guess: as much as one page may have under way (page/outbox.ts). */
const MOST_HELD_BYTES = 64 << 20
/** Broadcasts that wait for a signature or a sequence number, all clients together. Guess. */
const MOST_CALLS = 65_536
