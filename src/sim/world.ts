// Long, and one file: peers, links and the clock of a run are one state. What can be told apart (agenda, network, channels, dialing,
// server) is a file beside it.

import { utf8 } from '../codec/bytes.js'
import { encode } from '../codec/schema.js'
import { sha256 } from '../codec/sha256.js'
import { PLUMTREE_DEFAULTS } from '../core/broadcast/plumtree/config.js'
import type { NodeConfig } from '../core/config.js'
import type { DeliveryOrder } from '../core/history/records.js'
import type { PeerId, TopicId } from '../core/ids.js'
import { expectIds, type Millis, peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import type { TopicEvent } from '../core/io.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from '../core/membership/full-mesh/config.js'
import { HYPARVIEW_DEFAULTS } from '../core/membership/hyparview/config.js'
import { type Message, message } from '../core/message.js'
import { Random } from '../core/random.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { Agenda } from './agenda.js'
import { BareEnd } from './bare-end.js'
import { type LatencyModel, uniformLatency } from './latency.js'
import type { LinkEnd } from './link-end.js'
import { NETWORK_DEFAULTS, Network, type NetworkSettings } from './network.js'
import type { OpShelf } from './op-shelf.js'
import { Peer } from './peer.js'
import { Act, type ServerSettings, SignalingServer } from './server.js'
import { Trace } from './trace.js'
import { WiredEnd } from './wired-end.js'

export interface WorldSettings {
  /** The same seed and the same calls replay the same run, bit for bit. */
  seed: number
  /** `off`: messages are handed over without being encoded. Default `on`. */
  wire: 'on' | 'off'
  network: NetworkSettings
  server: ServerSettings
  /** `elided`: no pings on links that are well, which changes nothing but the speed. */
  heartbeats: 'elided' | 'driven'
  config: NodeConfig
  /** How long a store takes to write or to read, milliseconds. */
  storageMs: number
}

/** What is left unsaid has a default; what can't be is refused with a `RangeError`. */
export interface WorldOptions {
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  wire?: 'on' | 'off'
  /** Default: 10 to 50 ms one way, drawn once for each pair. */
  latency?: LatencyModel
  network?: Partial<Omit<NetworkSettings, 'latency'>>
  server?: Partial<ServerSettings>
  heartbeats?: 'elided' | 'driven'
  membership?: Partial<NodeConfig['membership']>
  broadcast?: Partial<NodeConfig['broadcast']>
  history?: NonNullable<NodeConfig['history']>
  storageMs?: number
  fullMesh?: Partial<FullMeshConfig>
}

/** Everything that is counted as it passes; see observer.ts for what is made of it. */
export interface Traffic {
  /** Frames other than heartbeats and deadlines that went through a peer's `handle`. */
  events: number
  packets: number
  packetBytes: number
  /** Bytes of encoded frames, greetings and definitions of names included. */
  frameBytes: number
  /** Messages sent whole, and such as arrived, duplicates included. */
  pushes: number
  copies: number
  ihaves: number
  grafts: number
  prunes: number
  refusals: number
  rootPaths: number
  /** Neighbor requests, whether over a link or as knocks; knocks of any kind; relayed signals. */
  requests: number
  knocks: number
  relays: number
  /** Handshakes begun. */
  dials: number
  /** Words of history, and their bytes with the definitions of names they needed. */
  historyFrames: number
  historyBytes: number
  /** Of these what exchanges took: without frontiers. */
  exchangeFrames: number
  /** Exchanges begun. */
  exchanges: number
}

/**
 * A town of simulated peers: one clock, one network, one signaling server. Peers come, join topics, speak,
 * crash and leave as they are told; between, time runs.
 */
export class World {
  readonly agenda = new Agenda(START)
  readonly trace = new Trace()
  readonly traffic: Traffic = newTraffic()
  readonly settings: WorldSettings
  readonly network: Network
  readonly server: SignalingServer
  readonly counters = new Map<string, number>()
  /** All that ever came, by their number. */
  readonly peers: Peer[] = []
  readonly #byId = new Map<PeerId, Peer>()
  /** Of these who was alive when last somebody asked, and who came since. */
  #living: Peer[] = []
  #hasDead = false
  readonly #terms = new Map<TopicId, TopicTerms>()
  readonly #random: Random
  readonly #listeners: ((peer: Peer, topic: TopicId, event: TopicEvent) => void)[] = []
  #epoch = 1
  #ref = 1

  constructor(options: WorldOptions) {
    const { seed, latency = uniformLatency(10, 50, seed), storageMs = STORAGE_MS } = options
    if (seed >>> 0 !== seed) {
      throw new RangeError(`seed is a whole number from 0 to 2^32 - 1, not ${seed}`)
    }
    if (!(storageMs >= 0 && storageMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`storageMs is milliseconds, not ${storageMs}`)
    }
    const { loss = 0 } = options.network ?? {}
    this.#random = new Random(seed)
    this.settings = {
      seed,
      wire: options.wire ?? 'on',
      network: { ...NETWORK_DEFAULTS, ...options.network, latency },
      server: { up: true, introductions: INTRODUCTIONS, ...options.server },
      // Lost packets can make a link suspect, so there heartbeats are never left out.
      heartbeats: options.heartbeats ?? (loss > 0 ? 'driven' : 'elided'),
      config: {
        membership: { ...HYPARVIEW_DEFAULTS, ...options.membership },
        broadcast: { ...PLUMTREE_DEFAULTS, ...options.broadcast },
        history: options.history ?? {},
        fullMesh: { ...FULL_MESH_DEFAULTS, ...options.fullMesh },
      },
      storageMs,
    }
    this.network = new Network(this.settings.network, this.newRandom())
    this.server = new SignalingServer(this, this.newRandom(), this.settings.server)
  }

  get now(): Millis {
    return this.agenda.now
  }

  /** Those alive, in the order of coming. */
  get living(): Peer[] {
    if (this.#hasDead) this.#living = this.#living.filter(({ isAlive }) => isAlive)
    this.#hasDead = false
    return this.#living.slice()
  }

  peer(id: PeerId): Peer | undefined {
    return this.#byId.get(id)
  }

  /** Dice of one's own: what one part draws moves no other's. */
  newRandom(): Random {
    return new Random(this.#random.u32())
  }

  newEpoch(): number {
    return this.#epoch++
  }

  // ——— who is there

  add(count = 1): Peer[] {
    const added: Peer[] = []
    expectIds(this.peers.length + count)
    for (let i = 0; i < count; i++) {
      const id = peerIdFromBytes(this.#random.bytes(32))
      const peer = new Peer(this, this.peers.length, id)
      this.#take(peer)
      added.push(peer)
    }
    return added
  }

  #take(peer: Peer): void {
    this.peers.push(peer)
    this.#living.push(peer)
    this.#byId.set(peer.id, peer)
  }

  /** Another life of that peer, as after a reload: the same key and the same store. */
  again(before: Peer): Peer {
    const peer = new Peer(this, this.peers.length, before.id)
    peer.inherit(before)
    this.#take(peer)
    return peer
  }

  /**
   * A topic whose id is the SHA-256 of its name. Unless told, it is signed, of HyParView's kind, without history, and takes
   * 4096 bytes a message.
   */
  topic(name: string, terms: Partial<TopicTerms> = {}): TopicId {
    const topic = topicIdFromBytes(sha256(utf8(name)))
    this.#terms.set(topic, { ...TERMS, ...terms })
    return topic
  }

  isSigned(topic: TopicId): boolean {
    return this.#terms.get(topic)?.signed ?? true
  }

  join(
    peer: Peer,
    topic: TopicId,
    { bootstrap = [], remembered = [], shelf, order }: JoinOptions = {},
  ): void {
    if (shelf !== undefined) peer.putShelf(topic, shelf)
    const terms = this.#terms.get(topic) ?? TERMS
    peer.take({ type: 'signaling', state: this.server.serves(peer) ? 'open' : 'none' })
    peer.do({
      type: 'subscribe',
      topic,
      terms,
      bootstrap: bootstrap.map(({ id }) => id),
      remembered: remembered.map(({ id }) => id),
      seen: [],
      ...(terms.history !== 'none' && { history: peer.shelf(topic).index(peer.id) }),
      ...(order && { order }),
    })
  }

  leave(peer: Peer, topic: TopicId): void {
    peer.do({ type: 'leave', topic })
  }

  /** Throws a `RangeError` where the topic takes no payload of that size. */
  broadcast(peer: Peer, topic: TopicId, payload: Uint8Array): void {
    const { maxMessageSize } = this.#terms.get(topic) ?? TERMS
    if (payload.length > maxMessageSize) {
      throw new RangeError(
        `maxMessageSize is ${maxMessageSize} bytes, the payload ${payload.length}`,
      )
    }
    peer.do({ type: 'broadcast', topic, ref: this.#ref++, payload })
  }

  setPresence(peer: Peer, topic: TopicId, value: Uint8Array | undefined): void {
    peer.do({ type: 'set-presence', topic, value })
  }

  /** With notice its links close, and the others hear so one latency later; silent, heartbeats must tell. */
  crash(peer: Peer, { silent = false } = {}): void {
    if (!peer.isAlive) return
    const ends = [...peer.linkEnds]
    peer.vanish(silent)
    this.#hasDead = true
    this.server.forget(peer, silent)
    if (silent) for (const { other } of ends) this.#fallSilent(other)
  }

  // ——— what happens to the network

  /** Cuts the peers into sides that can't reach each other; `serverSide` is the one with the server, if any. */
  cut(sideOf: (peer: Peer) => number, serverSide?: number): void {
    const { living } = this
    this.network.cut(
      living.map(({ index }) => index),
      index => sideOf(this.peers[index]!),
      serverSide,
    )
    for (const peer of living) {
      for (const end of peer.linkEnds) {
        if (!this.#isCut(end)) continue
        this.#fallSilent(end)
        this.#fallSilent(end.other)
      }
    }
    this.server.tellState()
  }

  heal(): void {
    this.network.heal()
    for (const peer of this.living) for (const end of peer.linkEnds) end.release()
    this.server.tellState()
  }

  // ——— time

  run(ms: Millis): void {
    this.agenda.run(this.now + ms)
  }

  /** Runs until the condition holds or the time is over; the condition is asked after everything that happens. */
  runUntil(holds: () => boolean, ms: Millis): boolean {
    const until = this.now + ms
    while (!holds()) {
      if (!this.agenda.next(until)) {
        this.agenda.run(until)
        return holds()
      }
    }
    return true
  }

  later(ms: Millis, act: () => void): void {
    this.agenda.add(this.now + ms, new Act(act))
  }

  // ——— what is seen

  /** Whole messages, written out: no names are short. */
  encodedBytes(messages: readonly Message[]): number {
    const bytes = messages.map(each => encode(message, each).length)
    return bytes.reduce((sum, each) => sum + each, 0)
  }

  /** Everything that applications would hear. */
  listen(listener: (peer: Peer, topic: TopicId, event: TopicEvent) => void): () => void {
    this.#listeners.push(listener)
    return () => void this.#listeners.splice(this.#listeners.indexOf(listener), 1)
  }

  heard(peer: Peer, topic: TopicId, event: TopicEvent): void {
    for (const listener of this.#listeners) listener(peer, topic, event)
  }

  count(counter: string, by = 1): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by)
  }

  // ——— links

  /** The answer came back: after the rest of the handshake the channel opens at both ends, or does not. */
  open(peer: Peer, remote: PeerId, epoch: number, begunAt: Millis): void {
    const other = this.peer(remote)
    if (other === undefined) return
    const latencyMs = this.network.latency.between(peer.index, other.index)
    const { dialMs, dialFailure } = this.settings.network
    const at = Math.max(begunAt + dialMs, this.now + 2 * latencyMs)
    this.later(at - this.now, () => {
      const isWanted = (one: Peer, another: PeerId) =>
        one.isAlive && one.handshakes.isCurrent(another, epoch)
      // Without the other side ICE finds no way; the pacing's time limit says so.
      if (!this.network.reaches(peer.index, other.index)) return
      if (!isWanted(peer, remote) || !isWanted(other, peer.id)) return
      if (this.network.chance(dialFailure)) {
        peer.handshakes.failed(remote, epoch)
        other.handshakes.failed(peer.id, epoch)
      } else this.#connect(peer, other, epoch, latencyMs)
      peer.settle()
      other.settle()
    })
  }

  #connect(a: Peer, b: Peer, epoch: number, latencyMs: number): void {
    if (this.settings.wire === 'on') {
      const one = new WiredEnd(a, b.id, epoch, latencyMs)
      const another = new WiredEnd(b, a.id, epoch, latencyMs)
      a.handshakes.opened(b.id, one)
      b.handshakes.opened(a.id, another)
      one.open(another)
      another.open(one)
    } else {
      const one = new BareEnd(a, b.id, epoch, latencyMs)
      const another = new BareEnd(b, a.id, epoch, latencyMs)
      a.handshakes.opened(b.id, one)
      b.handshakes.opened(a.id, another)
      one.open(another)
      another.open(one)
    }
  }

  /** A link stands at this end. What was on its way when the network was cut may have made it. */
  proven(end: LinkEnd): void {
    if (this.#isCut(end)) this.#fallSilent(end)
  }

  #isCut({ place, other }: LinkEnd): boolean {
    return other !== undefined && !this.network.reaches(place, other.place)
  }

  /**
   * Nothing comes from the far end's peer any more. This end last heard a ping or a pong of it, of which one goes out
   * about every second.
   */
  #fallSilent(end: LinkEnd | undefined): void {
    if (end === undefined) return
    const { pingIntervalMs } = LINK_DEFAULTS
    const sinceMs = this.#random.between(0, pingIntervalMs)
    end.fallSilent(this.now + end.latencyMs - sinceMs)
  }
}

export interface JoinOptions {
  bootstrap?: readonly Peer[]
  remembered?: readonly Peer[]
  /** What it kept from an earlier visit. */
  shelf?: OpShelf
  order?: DeliveryOrder
}

export function newTraffic(): Traffic {
  return {
    events: 0,
    packets: 0,
    packetBytes: 0,
    frameBytes: 0,
    pushes: 0,
    copies: 0,
    ihaves: 0,
    grafts: 0,
    prunes: 0,
    refusals: 0,
    rootPaths: 0,
    requests: 0,
    knocks: 0,
    relays: 0,
    dials: 0,
    historyFrames: 0,
    historyBytes: 0,
    exchangeFrames: 0,
    exchanges: 0,
  }
}

export const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}

/** Some time in 2023: clocks have as many digits as real ones. */
const START = 1_700_000_000_000
/** Guess: a transaction of IndexedDB on a quiet machine. */
const STORAGE_MS = 2
/** As the server of this project (signaling-server/limits.ts). */
const INTRODUCTIONS = 5
