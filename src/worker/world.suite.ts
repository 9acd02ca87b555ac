import { createPrivateKey, createPublicKey } from 'node:crypto'
import { afterEach, beforeEach, vi } from 'vitest'
import type { Fault } from '../bridge/fault.js'
import type {
  BroadcastOutcome,
  ClientEvent,
  ClientMessage,
  HistoryPage,
  HistoryRequest,
  HistoryState,
  NodeMessage,
  Notice,
  PresenceChange,
  ReadRequest,
} from '../bridge/node-messages.js'
import type { NodeOptions } from '../bridge/open-messages.js'
import { unpackEvents, unpackOutcomes } from '../bridge/runs.js'
import { concat, fromUtf8, utf8 } from '../codec/bytes.js'
import { PLUMTREE_DEFAULTS } from '../core/broadcast/plumtree/config.js'
import { type PeerId, type TopicId, topicIdFromBytes } from '../core/ids.js'
import type { NodeMetrics, TopicStatus } from '../core/io.js'
import { FULL_MESH_DEFAULTS } from '../core/membership/full-mesh/config.js'
import { HYPARVIEW_DEFAULTS } from '../core/membership/hyparview/config.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { OP_STORES } from '../storage/all-op-stores.js'
import { MemoryStore } from '../storage/memory-store.js'
import { allExtras } from './all-extras.js'
import type { Client } from './clients.js'
import type { Extras } from './extras.js'
import { type Identity, loadIdentity } from './identity.js'
import { FakeChannel, FakeNetwork, FakePage } from './page.suite.js'
import { Runtime } from './runtime.js'
import { FakeSignaling } from './signaling.suite.js'
import { VirtualTime } from './time.suite.js'

export const TOPIC = topicIdFromBytes(new Uint8Array(32).fill(7))
export const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}
export const PROTOCOL = 'gossamer/test'

export const OPTIONS: NodeOptions = {
  signaling: 'ws://signaling.test/signaling',
  iceServers: undefined,
  maxMessageSize: 4096,
  membership: HYPARVIEW_DEFAULTS,
  fullMesh: FULL_MESH_DEFAULTS,
  broadcast: PLUMTREE_DEFAULTS,
  protocol: PROTOCOL,
  storage: { kind: 'memory', name: 'test' },
  link: 'auto',
  slot: undefined,
  peerData: undefined,
}

/** Always the same five keys, in the order of their printed ids: the first offers to all others. */
export function fiveKeys(): Promise<{ id: Identity; keys: CryptoKeyPair }[]> {
  known ??= Promise.all([1, 2, 3, 4, 5].map(keysOfSeed)).then(all =>
    all.sort((a, b) => (a.id.peerId < b.id.peerId ? -1 : 1)),
  )
  return known
}
let known: Promise<{ id: Identity; keys: CryptoKeyPair }[]> | undefined

/** Virtual time for each test of a file; `time()` is that of the test that runs. */
export function useVirtualTime(): () => VirtualTime {
  let time: VirtualTime
  beforeEach(async () => {
    await fiveKeys()
    time = VirtualTime.install()
  })
  afterEach(async () => {
    await time.quiet()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
  return () => time
}

/** What outlives a node, given to the next one: closing it is only counted. */
export class KeptStore extends MemoryStore {
  closes = 0

  constructor() {
    super(() => OP_STORES)
  }

  override async close(): Promise<void> {
    this.closes++
  }
}

/** Whole nodes, each with a page, and a signaling server between them. */
export class World {
  readonly network: FakeNetwork
  readonly signaling: FakeSignaling
  readonly peers: TestPeer[] = []
  /** Of peers to come. */
  extras: () => Extras = allExtras

  constructor(readonly time: VirtualTime) {
    this.network = new FakeNetwork(time)
    this.signaling = new FakeSignaling(time)
  }

  /** The `n`th of the five. A store given is one that this identity had before. */
  async peer(n: number, options: Partial<NodeOptions> = {}, store?: KeptStore) {
    const { id, keys } = (await fiveKeys())[n]!
    const kept = store ?? new KeptStore()
    if (store === undefined) await kept.saveIdentity(keys)
    const peer = new TestPeer(this, id, kept, { ...OPTIONS, ...options })
    this.peers.push(peer)
    await peer.runtime.start()
    return peer
  }

  /** All these in one topic and neighbors of one another. */
  async joined(count: number, options: Partial<NodeOptions> = {}, terms: Partial<TopicTerms> = {}) {
    const all = [] as { peer: TestPeer; topic: TestTopic }[]
    for (let n = 0; n < count; n++) {
      const peer = await this.peer(n, options)
      all.push({ peer, topic: peer.client.subscribe({ terms: { ...TERMS, ...terms } }) })
    }
    await this.time.until(() => all.every(({ topic }) => topic.neighbors.length === count - 1))
    return all
  }

  /** A channel between two, given to both as `handleConnection` does. */
  connect(a: TestPeer, b: TestPeer, relayed = false): void {
    const [left, right] = FakeChannel.pair(this.time)
    a.page.adopt(b.id, left, relayed)
    b.page.adopt(a.id, right, relayed)
    left.open()
  }
}

export class TestPeer {
  readonly page: FakePage
  readonly runtime: Runtime
  readonly client: TestClient
  hasEnded = false

  constructor(
    readonly world: World,
    readonly identity: Identity,
    readonly store: KeptStore,
    options: NodeOptions,
  ) {
    const { clock } = world.time
    this.page = new FakePage(world.network, report => this.runtime.report(report))
    this.runtime = new Runtime(options, identity, store, {
      clock,
      extras: world.extras(),
      order: order => this.page.obey(structuredClone(order)),
      serve: () => {},
      ended: () => (this.hasEnded = true),
    })
    this.client = new TestClient(this.runtime, world.time)
  }

  get id(): PeerId {
    return this.identity.peerId
  }

  metrics(): Promise<NodeMetrics> {
    return this.client.call({ type: 'metrics' }) as Promise<NodeMetrics>
  }

  inspect(): Promise<NodeSnapshot> {
    return this.client.call({ type: 'inspect' }) as Promise<NodeSnapshot>
  }
}

/** The holder of a port: what it is posted goes through a clone, as through a real one. */
export class TestClient {
  readonly heard: NodeMessage[] = []
  readonly topics = new Map<number, TestTopic>()
  readonly client: Client
  private nextCall = 1
  private nextHandle = 1

  constructor(
    runtime: Runtime,
    private readonly time: VirtualTime,
  ) {
    this.client = runtime.addClient((message, transfer = []) => {
      const posted = structuredClone(message, { transfer })
      this.heard.push(posted)
      if ('handle' in posted) this.topics.get(posted.handle)?.hear(posted)
    })
  }

  say(message: ClientMessage): void {
    this.client.receive(structuredClone(message))
  }

  get notices(): Notice['code'][] {
    return this.heard.flatMap(each => (each.type === 'notice' ? [each.notice.code] : []))
  }

  subscribe({
    topic = TOPIC,
    terms = TERMS,
    bootstrap = [] as PeerId[],
    capacity = 2048,
    credits = true,
    history = undefined as HistoryRequest | undefined,
  } = {}): TestTopic {
    const handle = this.nextHandle++
    const subscribed = new TestTopic(this, handle, topic, credits)
    this.topics.set(handle, subscribed)
    this.say({ type: 'subscribe', handle, topic, terms, bootstrap, capacity, history })
    return subscribed
  }

  /** Rejects with the code of a refusal. */
  async call(
    question:
      | { type: 'connect' | 'inspect' | 'metrics' | 'shutdown' }
      | LeaveQuestion
      | { type: 'read-history'; handle: number; request: ReadRequest }
      | ProvokeQuestion,
  ): Promise<unknown> {
    const call = this.nextCall++
    this.say({ ...question, call } as ClientMessage)
    const answer = () =>
      this.heard.find(each => 'call' in each && each.call === call) as
        | Extract<NodeMessage, { call: number }>
        | undefined
    await this.time.until(() => answer() !== undefined)
    const said = answer()!
    if (said.type === 'refused') throw new Error(said.code)
    return said.value
  }
}

type LeaveQuestion = { type: 'leave'; handle: number }
type ProvokeQuestion = { type: 'provoke'; fault: Fault }

/** One handle on a topic, and what it was told. */
export class TestTopic {
  readonly events: ClientEvent[] = []
  readonly outcomes: BroadcastOutcome[] = []
  readonly statuses: TopicStatus[] = []
  ended: string | undefined
  history: HistoryState | undefined
  readonly presence: PresenceChange[] = []
  private nextRef = 1

  constructor(
    private readonly client: TestClient,
    readonly handle: number,
    readonly topic: TopicId,
    private readonly credits: boolean,
  ) {}

  hear(message: Extract<NodeMessage, { handle: number }>): void {
    if (message.type === 'status') this.statuses.push(message.status)
    if (message.type === 'history') this.history = message.state
    if (message.type === 'presence') this.presence.push(...message.changes)
    if (message.type === 'outcomes') {
      unpackOutcomes(message.outcomes, outcome => this.outcomes.push(outcome))
    }
    if (message.type === 'ended') this.ended = message.code
    if (message.type !== 'events') return
    const before = this.events.length
    unpackEvents(message.events, event => this.events.push(event))
    const { handle } = this
    const count = this.events.length - before
    if (this.credits) this.client.say({ type: 'credit', handle, count })
  }

  get state(): string | undefined {
    return this.statuses.at(-1)?.state
  }

  get neighbors(): PeerId[] {
    return this.statuses.at(-1)?.neighbors ?? []
  }

  /** The texts received, in order. */
  get texts(): (string | undefined)[] {
    return this.of('received').map(({ content }) => fromUtf8(content))
  }

  of<Type extends ClientEvent['type']>(type: Type): Extract<ClientEvent, { type: Type }>[] {
    return this.events.filter(event => event.type === type) as never
  }

  /** The refs of what is said. */
  say(scope: 'swarm' | 'neighbors', ...payloads: (string | Uint8Array)[]): number[] {
    const calls = payloads.map(said => ({
      ref: this.nextRef++,
      payload: typeof said === 'string' ? utf8(said) : said,
    }))
    this.client.say({ type: 'broadcast', handle: this.handle, scope, calls })
    return calls.map(({ ref }) => ref)
  }

  show(text: string | undefined): void {
    const value = text === undefined ? undefined : utf8(text)
    this.client.say({ type: 'set-presence', handle: this.handle, value })
  }

  /** What the others show by the newest word of each, in the order of these words. */
  get shown(): string[] {
    const shown = new Map<PeerId, string>()
    for (const { peer, value } of this.presence) {
      shown.delete(peer)
      if (value !== undefined) shown.set(peer, fromUtf8(value) ?? '')
    }
    return [...shown.values()]
  }

  broadcast(...payloads: (string | Uint8Array)[]): number[] {
    return this.say('swarm', ...payloads)
  }

  /** The texts of a page of what is kept. */
  async kept(request: Partial<ReadRequest> = {}): Promise<(string | undefined)[]> {
    const { ends, contents } = (await this.client.call({
      type: 'read-history',
      handle: this.handle,
      request: { since: 0, limit: 1e6, position: undefined, live: false, ...request },
    })) as HistoryPage
    return ends.map((end, i) => fromUtf8(contents.subarray(ends[i - 1] ?? 0, end)))
  }

  leave(): Promise<unknown> {
    return this.client.call({ type: 'leave', handle: this.handle })
  }
}

async function keysOfSeed(n: number): Promise<{ id: Identity; keys: CryptoKeyPair }> {
  const pkcs8 = concat(PKCS8_HEAD, new Uint8Array(32).fill(n))
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const raw = new Uint8Array(Buffer.from(x!, 'base64url'))
  const keys = {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8 as BufferSource, 'Ed25519', false, [
      'sign',
    ]),
    publicKey: await crypto.subtle.importKey('raw', raw, 'Ed25519', true, ['verify']),
  }
  const store = new MemoryStore(() => OP_STORES)
  await store.saveIdentity(keys)
  return { id: await loadIdentity(store), keys }
}

/** Of an Ed25519 key in PKCS #8; the 32 bytes of the seed follow (RFC 8410). */
const PKCS8_HEAD = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])
