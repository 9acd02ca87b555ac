// Long, and one file: clients, page, core, signaling and storage meet in one queue, one flush and one end, and each of its parts
// would have to hold all of that. What has a state of its own (links, door, signals, broadcasts, histories, …) is a file beside it.

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
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { NodeInput, NodeMetrics, NodeOutput, TopicStatus } from '../core/io.js'
import { Node } from '../core/node.js'
import { Random } from '../core/random.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { SignalingSession } from '../signaling/session.js'
import type { SignalBody } from '../signaling/signal.js'
import type { Store } from '../storage/store.js'
import { Broadcasts, MOST_CALLS } from './broadcasts.js'
import { Client, type Scope, type Subscription } from './clients.js'
import { Door, recordBytes } from './door.js'
import type { ExtraParts, Extras } from './extras.js'
import type { Histories } from './history.js'
import type { Identity } from './identity.js'
import { Links } from './links.js'
import type { NewsOf } from './presence-news.js'
import { Seals, type SealsWorld } from './seals.js'
import { Settling } from './settling.js'
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
  readonly #counters = new Map<string, number>()
  readonly #writes = new Set<Promise<unknown>>()
  readonly #settling: Settling
  readonly #broadcasts: Broadcasts
  readonly #sealsWorld: SealsWorld
  #queue: NodeInput[] = []
  #isDraining = false
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
    this.#settling = new Settling(
      clock,
      () => this.#isAwaitingSignatures,
      () => this.#settled(),
    )
    this.#wake = new WakeUp(clock, act => this.#settling.ring(act))
    const node = this.#node
    this.#wake.add({
      get nextDeadline() {
        return node.nextDeadline
      },
      wake: () => this.input({ type: 'wake' }),
    })
    const count = (counter: string, by?: number) => this.#count(counter, by)
    const input = (input: NodeInput) => this.input(input)
    this.#door = new Door(this.#node, input, count)
    this.#door.loadNews = () => this.#loadNews()
    this.#signals = new Signals(identity, {
      signed: (to, body) => this.input({ type: 'signal-out', to, body }),
      heard: (from, body, via) => this.#heardSignal(from, body, via),
      count,
    })
    this.#links = new Links({
      identity,
      protocol: options.protocol,
      clock: () => this.#settling.time,
      wake: this.#wake,
      relayed: options.link === 'relayed',
      order: order => world.order(order),
      input,
      frame: (link, frame) => this.#door.frame(link, frame),
      signal: (to, body) => this.#signals.send(to, body),
      wantsLink: peer => this.#node.wantsLink(peer),
      settle: () => this.#settling.settle(),
      count,
      relaying: async () => (await this.#more()).relay,
    })
    if (options.iceServers !== undefined) this.#links.iceServers = options.iceServers
    this.#broadcasts = new Broadcasts(identity.peerId, this.#links, input =>
      this.#whenReady(input.topic, input),
    )
    this.#sealsWorld = { identity, extras: world.extras, clock, input }
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
      settle: () => this.#settling.settle(),
      count: counter => this.#count(counter),
    })
    this.#clients.add(client)
    return client
  }

  removeClient(client: Client): void {
    if (!this.#clients.delete(client)) return
    // Counters don't go back.
    this.#count('events-dropped', client.losses.dropped)
    this.#count('credit-refused', client.losses.creditRefused)
    client.close()
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
      seals: new Seals(this.#sealsWorld, topic, terms.signed),
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
    this.#broadcasts.forget(subscription => joined.subscriptions.has(subscription))
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
      this.#settling.end()
      await this.#drained()
    }
    this.#broadcasts.forget(one => one === subscription)
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

  #broadcast(subscription: Subscription, call: BroadcastCall, scope: Scope): void {
    const joined = this.#topics.get(subscription.topic)
    if (joined === undefined) throw new GossamerError('closed', 'The topic was left.')
    this.#broadcasts.ask(subscription, call, scope, joined.terms.maxMessageSize)
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
    const message = 'The page was put away before the message had left.'
    this.#broadcasts.giveUp({ code: 'closed', message })
    this.#settling.end()
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
        for (const output of this.#node.handle(this.#settling.time, this.#queue[i]!)) {
          this.#perform(output)
        }
      }
    } finally {
      this.#queue = []
      this.#isDraining = false
    }
    this.#settling.settle()
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
      case 'seal-neighbors':
      case 'seal-presence':
        return this.#topics.get(output.topic)?.seals.seal(output)
      case 'reserve-seqs':
        void this.#reserve(output.topic, output.count)
        return
      case 'broadcast-done':
        return this.#broadcasts.handedOver(output.ref, output.id, output.neighbors)
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

  get #isAwaitingSignatures(): boolean {
    if (this.#door.isVerifying) return true
    for (const { seals } of this.#topics.values()) if (seals.waiting > 0) return true
    return false
  }

  #settled(): void {
    this.#links.flush()
    if (this.#broadcasts.areHeld) {
      this.#broadcasts.sayHeld()
      this.#links.flush()
    }
    if (!this.#links.isPressed) this.#broadcasts.tellOutcomes()
    for (const client of this.#clients) client.flush()
    this.#wake.arm()
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
      () => this.#settling.settle(),
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
    this.#settling.end()
    for (const client of this.#clients) client.end()
    await this.#drained()
    this.#links.stop()
    this.#socket?.drive({ type: 'stop' })
    this.#wake.stop()
    await this.#store.close().catch(error => this.#storageFailed(error, undefined))
    this.#settling.stop()
    this.#world.ended()
  }

  /** Until what was broadcast before is numbered, signed and written, within a bound: control overtakes payload. */
  async #said(by: (subscription: Subscription) => boolean): Promise<void> {
    const until = this.#world.clock() + DRAIN_MS
    this.#links.flush()
    while (
      (!this.#broadcasts.areSaid(by) || this.#links.hasPayload) &&
      this.#world.clock() < until
    ) {
      await new Promise(resolve => setTimeout(resolve, 5))
      this.#links.flush()
    }
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

interface JoinedTopic {
  readonly terms: TopicTerms
  readonly subscriptions: Set<Subscription>
  /** The core has it: what came before waits. */
  isReady: boolean
  readonly waiting: NodeInput[]
  readonly seals: Seals
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
/** Peer links give themselves a second to drain. */
const DRAIN_MS = 1_200
