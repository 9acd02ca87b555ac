import {
  Gossip,
  type GossipOptions,
  type GossipTopic,
  type JoinOptions,
  type TopicName,
} from 'gossamer'
import type { MessagePortLike } from '../bridge/port.js'
import type { PeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { keysFrom } from './keys.js'
import { MemoryNode } from './node.js'
import type { Connection, Network } from './page.js'
import { MemorySignaling } from './signaling.js'
import { RealTime, type Time, VirtualTime } from './time.js'

/** Options of `createMesh`. All may be left out. */
export interface MeshOptions {
  /** The same seed gives peers the same ids in the order in which they open. Default 1. */
  seed?: number | undefined
  /** How long a message is under way on a link, milliseconds. Default 0. */
  latencyMs?: number | undefined
  /**
   * `real` (default): the machine's time. `virtual`: time stands still but for `run`, `until` and `result`, and hours pass
   * in a moment; it is then the whole program's: `setTimeout`, `setInterval` and `Date.now` go by it until `close`.
   */
  time?: 'real' | 'virtual' | undefined
}

/** One peer of `mesh.peers`. */
export interface MeshPeer {
  /** Its node. */
  gossip: Gossip
  /** Its handle on the topic. */
  topic: GossipTopic
}

/**
 * Peers in one program, for tests of apps: the node that runs in pages' workers, with links and signaling in
 * memory. No browser, no network.
 *
 * ```ts
 * const mesh = createMesh()
 * const [ann, bob] = await mesh.peers(2, 'tea')
 * bob.topic.addEventListener('received', ({ detail }) => …)
 * await ann.topic.broadcast(new TextEncoder().encode('The kettle is on.'))
 * await mesh.close()
 * ```
 *
 * Throws a TypeError that names the option which is wrong.
 */
export function createMesh(options: MeshOptions = {}): Mesh {
  return new Mesh(options)
}

/** A mesh in memory; `createMesh` makes one. */
export class Mesh implements AsyncDisposable {
  /** For `Gossip.open({ signaling, worker })` in an app's own code. */
  readonly signaling: string
  /** A new peer with each call. */
  readonly worker: () => MessagePortLike = () => this.#newNode()
  readonly #time: Time
  readonly #random: Random
  readonly #network: MeshNetwork
  readonly #signaling: MemorySignaling
  readonly #nodes = new Set<MemoryNode>()
  readonly #opened: Gossip[] = []

  /** As `createMesh`. */
  constructor(options: MeshOptions) {
    checkKeys(options)
    const { seed = 1, latencyMs = 0, time = 'real' } = options
    if (!TIMES.includes(time)) throw new TypeError(`time must be ${TIMES.join(' or ')}.`)
    if (!(Number.isFinite(latencyMs) && latencyMs >= 0))
      throw new TypeError('latencyMs must be a number of milliseconds from 0.')
    if (!Number.isSafeInteger(seed)) throw new TypeError('seed must be a whole number.')
    this.#random = new Random(seed)
    this.#time = time === 'virtual' ? new VirtualTime(this.#random.u32()) : new RealTime()
    this.#network = new MeshNetwork(this.#time, latencyMs)
    this.#signaling = new MemorySignaling(this.#time, new Random(this.#random.u32()))
    this.signaling = this.#signaling.url
  }

  /** Epoch milliseconds of this mesh. */
  get now(): number {
    return this.#time.now()
  }

  /** As `Gossip.open`, with a peer of this mesh. Options as there; `worker` is this mesh's. */
  async open(options: GossipOptions = {}): Promise<Gossip> {
    const { signaling, worker } = this
    const gossip = await Gossip.open({ signaling, ...options, worker })
    this.#opened.push(gossip)
    return gossip
  }

  /** Opens so many peers in one topic, and waits until they are one mesh. */
  async peers(
    count: number,
    topic: TopicName,
    { gossip: options, ...join }: JoinOptions & { gossip?: GossipOptions } = {},
  ): Promise<MeshPeer[]> {
    const peers: MeshPeer[] = []
    for (let i = 0; i < count; i++) {
      const gossip = await this.open(options)
      peers.push({ gossip, topic: gossip.subscribe(topic, join) })
    }
    const isOne = () => isConnected(peers)
    await this.until(isOne)
    return peers
  }

  /** Lets so much time pass. */
  run(ms: number): Promise<void> {
    return this.#time.run(ms)
  }

  /** Lets time pass until it is so; rejects where that takes longer than `withinMs`, default 30 s. */
  until(condition: () => boolean, withinMs: number = PATIENCE_MS): Promise<void> {
    return this.#time.until(condition, withinMs)
  }

  /** What the promise gives, after as much time as it takes: in virtual time, for what waits (`joined`, `leave`). */
  result<T>(promise: Promise<T>, withinMs: number = PATIENCE_MS): Promise<T> {
    return this.#time.result(promise, withinMs)
  }

  /** The peer's machine falls dead: it says nothing more, and its links fall silent. */
  crash(gossip: Gossip): void {
    this.#nodeOf(gossip).crash()
  }

  /** Cuts the network: peers of different groups, and those in none from all others, hear nothing of each other. */
  partition(...groups: Gossip[][]): void {
    const sides = new Map<PeerId, number>()
    groups.forEach((group, side) => {
      for (const gossip of group) sides.set(gossip.peerId, side)
    })
    this.#network.cut(sides)
  }

  /** Everyone reaches everyone again. Links that were not given up meanwhile deliver what they held. */
  heal(): void {
    this.#network.heal()
  }

  /** The signaling server goes: nobody is introduced. */
  stopSignaling(): void {
    this.#signaling.stop()
  }

  /** It is back; peers find it by themselves, after a pause of at most half a minute of the mesh's time. */
  startSignaling(): void {
    this.#signaling.isUp = true
  }

  /** Shuts every peer down. In virtual time the program has its own time back afterwards. */
  async close(): Promise<void> {
    await this.result(Promise.all(this.#opened.map(gossip => gossip.shutdown())))
    // Those that an app opened by itself.
    await this.result(Promise.all([...this.#nodes].map(node => node.shutdown())))
    this.#time.end()
  }

  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #newNode(): MemoryNode {
    const node = new MemoryNode({
      network: this.#network,
      signaling: this.#signaling,
      newKeys: () => keysFrom(this.#random),
      opened: opened => this.#nodes.add(opened),
      ended: ended => this.#nodes.delete(ended),
    })
    return node
  }

  #nodeOf(gossip: Gossip): MemoryNode {
    for (const node of this.#nodes) if (node.peer === gossip.peerId) return node
    throw new Error(`no peer ${gossip.peerId} lives in this mesh`)
  }
}

class MeshNetwork implements Network {
  readonly connections: Connection[] = []
  #sides: Map<PeerId, number> | undefined

  constructor(
    readonly time: Time,
    readonly latencyMs: number,
  ) {}

  reaches(a: PeerId, b: PeerId): boolean {
    if (this.#sides === undefined) return true
    const side = this.#sides.get(a)
    return side !== undefined && side === this.#sides.get(b)
  }

  cut(sides: Map<PeerId, number>): void {
    this.#sides = sides
    for (const { of, peer, channel } of this.connections) {
      if (this.reaches(of, peer)) channel.release()
      else channel.hold()
    }
  }

  heal(): void {
    this.#sides = undefined
    for (const { channel } of this.connections) channel.release()
  }
}

/** A slip of the pen would give another mesh than was meant. */
function checkKeys(options: MeshOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('options must be an object.')
  for (const key of Object.keys(options))
    if (!KEYS.includes(key as keyof MeshOptions))
      throw new TypeError(`options has no ${key}; there are ${KEYS.join(', ')}.`)
}

/** Whether a message of anyone finds a way to everyone. */
function isConnected(peers: readonly MeshPeer[]): boolean {
  const neighbors = new Map(peers.map(({ gossip, topic }) => [gossip.peerId, topic.neighbors]))
  const [first] = neighbors.keys()
  const reached = new Set(first === undefined ? [] : [first])
  for (const peer of reached) for (const next of neighbors.get(peer) ?? []) reached.add(next)
  return [...neighbors.keys()].every(peer => reached.has(peer))
}

const KEYS: readonly (keyof MeshOptions)[] = ['seed', 'latencyMs', 'time']
const TIMES: readonly string[] = ['real', 'virtual']

/** A join takes milliseconds of real time, and after a loss some seconds of any. Guess. */
const PATIENCE_MS = 30_000
