import { type MessageId, type Millis, type PeerId, peerIdFromBytes } from '../ids.js'
import type { HistoryMessage, TopicEvent } from '../io.js'
import type { Message } from '../message.js'
import { Random } from '../random.js'
import { signed, TOPIC } from './author.suite.js'
import { HISTORY_DEFAULTS, type HistoryConfig } from './config.js'
import { History } from './history.js'
import type { HistoryOutput } from './history-output.js'
import { parentsOf } from './op.js'
import { OpShelf } from './op-shelf.suite.js'
import type { Reconciler, ReconcilerOptions } from './reconciler.js'
import { type DeliveryOrder, EMPTY_INDEX, type HistoryIndex } from './records.js'
import type { WaveMessage } from './wavefront/messages.js'

export type MakeReconciler = (options: ReconcilerOptions) => Reconciler<WaveMessage>

export interface Delivered {
  message: Message
  from: PeerId
  at: Millis
  /** Undefined where it came in an exchange. */
  round: number | undefined
}

export class TestPeer {
  history: History
  shelf = new OpShelf()
  readonly delivered: Delivered[] = []
  readonly events: TopicEvent[] = []
  readonly published: Message[] = []
  readonly blames: { peer: PeerId; reason: string }[] = []
  readonly counters = new Map<string, number>()
  readonly said: { to: PeerId; message: HistoryMessage }[] = []
  readonly links = new Map<PeerId, Millis>()
  /** How long the store takes, milliseconds. */
  storeMs = 0
  /** Writes fail, loads fail. */
  isFull = false
  isBroken = false
  /** Writes that failed. */
  refused = 0

  constructor(
    readonly id: PeerId,
    readonly make: (index: HistoryIndex) => History,
  ) {
    this.history = make(EMPTY_INDEX)
  }

  count(counter: string): number {
    return this.counters.get(counter) ?? 0
  }

  has(id: MessageId): boolean {
    return this.history.has(id)
  }
}

export interface NetworkOptions {
  reconciler: MakeReconciler
  seed?: number
  latencyMs?: number
  order?: DeliveryOrder
  config?: Partial<HistoryConfig>
}

/** Peers with their histories and shelves, and links between some of them; one clock. */
export class HistoryNetwork {
  now: Millis = 1_700_000_000_000
  readonly peers: TestPeer[] = []
  readonly random: Random
  readonly latencyMs: number
  /** Messages on their way are shown to this first; false drops one. */
  filter: (from: TestPeer, to: TestPeer, message: HistoryMessage) => boolean = () => true
  /** How long a broadcast takes from a peer to another; undefined: it never arrives. */
  broadcastMs: (from: TestPeer, to: TestPeer) => Millis | undefined = () => undefined
  readonly #options: NetworkOptions
  readonly #byId = new Map<PeerId, TestPeer>()
  readonly #deadlines = new Map<TestPeer, Millis>()
  #agenda: { at: Millis; order: number; act: () => void }[] = []
  #order = 0
  #ref = 1

  constructor(options: NetworkOptions) {
    this.#options = options
    this.random = new Random(options.seed ?? 1)
    this.latencyMs = options.latencyMs ?? 20
  }

  add(count = 1): TestPeer[] {
    const added: TestPeer[] = []
    const { order = 'arrival', config, reconciler } = this.#options
    for (let i = 0; i < count; i++) {
      const id = peerIdFromBytes(this.random.bytes(32))
      const random = new Random(this.random.u32())
      const make = (index: HistoryIndex) =>
        new History({
          self: id,
          topic: TOPIC,
          config: { ...HISTORY_DEFAULTS, ...config },
          random,
          maxMessageSize: 4096,
          index,
          order,
          reconciler,
        })
      const peer = new TestPeer(id, make)
      this.peers.push(peer)
      this.#byId.set(id, peer)
      added.push(peer)
    }
    return added
  }

  peer(id: PeerId): TestPeer {
    return this.#byId.get(id)!
  }

  link(a: TestPeer, b: TestPeer, latencyMs = this.latencyMs): void {
    a.links.set(b.id, latencyMs)
    b.links.set(a.id, latencyMs)
    this.act(a, history => history.neighborUp(this.now, b.id))
    this.act(b, history => history.neighborUp(this.now, a.id))
  }

  cut(a: TestPeer, b: TestPeer): void {
    a.links.delete(b.id)
    b.links.delete(a.id)
    this.act(a, history => history.neighborDown(this.now, b.id))
    this.act(b, history => history.neighborDown(this.now, a.id))
  }

  /** A reload: what is in memory is gone, what is on the shelf is there. */
  reload(peer: TestPeer): void {
    for (const id of [...peer.links.keys()]) this.cut(peer, this.peer(id))
    peer.history = peer.make(peer.shelf.index(peer.id))
    this.act(peer, () => {})
  }

  /** Returns its id; heard by others where `broadcastMs` lets it. */
  say(peer: TestPeer, payload = this.random.bytes(8)): MessageId {
    const before = peer.published.length
    this.act(peer, history => history.draft(this.now, this.#ref++, payload))
    const { author, seq } = peer.published[before] ?? { author: peer.id, seq: 0 }
    return { author, seq }
  }

  /** As if it came from there by broadcast. */
  live(peer: TestPeer, message: Message, from: TestPeer): void {
    this.act(peer, history => {
      if (history.has(message)) return
      const op = history.opOf(message)
      if (op !== undefined) history.live(this.now, from.id, op, 1)
    })
  }

  /** It kept these from an earlier visit. */
  fill(peer: TestPeer, messages: readonly Message[]): void {
    for (const message of messages) this.live(peer, message, peer)
    peer.delivered.length = 0
    this.reload(peer)
  }

  /** Words put into a peer's mouth. */
  inject(from: TestPeer, to: TestPeer, message: HistoryMessage): void {
    this.act(to, history => history.hear(this.now, from.id, message))
  }

  act(peer: TestPeer, act: (history: History) => void): void {
    act(peer.history)
    for (let out = peer.history.take(); out.length > 0; out = peer.history.take()) {
      for (const output of out) this.#perform(peer, output)
    }
    const deadline = peer.history.nextDeadline
    if (deadline === undefined) this.#deadlines.delete(peer)
    else this.#deadlines.set(peer, deadline.at)
  }

  run(ms: Millis): void {
    this.runUntil(() => false, ms)
  }

  runUntil(holds: () => boolean, ms: Millis): boolean {
    const until = this.now + ms
    while (!holds()) {
      const next = this.#next(until)
      if (next === undefined) {
        this.now = until
        return holds()
      }
      next()
    }
    return true
  }

  #next(until: Millis): (() => void) | undefined {
    let soonest: { at: Millis; act: () => void } | undefined
    const [first] = this.#agenda
    if (first !== undefined && first.at <= until) {
      soonest = { at: first.at, act: () => this.#agenda.shift()!.act() }
    }
    for (const [peer, at] of this.#deadlines) {
      if (at > until || (soonest !== undefined && soonest.at <= at)) continue
      soonest = { at, act: () => this.act(peer, history => history.wake(this.now)) }
    }
    if (soonest === undefined) return undefined
    this.now = Math.max(this.now, soonest.at)
    return soonest.act
  }

  later(ms: Millis, act: () => void): void {
    const entry = { at: this.now + ms, order: this.#order++, act }
    let at = this.#agenda.length
    while (at > 0 && this.#agenda[at - 1]!.at > entry.at) at--
    this.#agenda.splice(at, 0, entry)
  }

  #perform(peer: TestPeer, output: HistoryOutput): void {
    switch (output.type) {
      case 'send':
        return this.#carry(peer, output.to, output.message)
      case 'deliver':
        peer.delivered.push({ ...output, at: this.now })
        return
      case 'publish':
        peer.published.push(output.message)
        return this.#spread(peer, output.message)
      case 'emit':
        peer.events.push(output.event)
        return
      case 'blame':
        peer.blames.push(output)
        return
      case 'count':
        peer.counters.set(output.counter, peer.count(output.counter) + (output.by ?? 1))
        return
      case 'held':
        return
      case 'out':
        return this.#keep(peer, output.output)
    }
  }

  #keep(peer: TestPeer, output: Extract<HistoryOutput, { type: 'out' }>['output']): void {
    switch (output.type) {
      case 'seal': {
        const message = signed(output.draft)
        return this.act(peer, history => history.sealed(this.now, output.ref, message))
      }
      case 'store-ops': {
        const { ops, lanes, heads, own, ref } = output
        const ok = own || !peer.isFull
        if (ok) peer.shelf.store(ops, lanes, heads)
        else peer.refused++
        return this.#after(peer, history => history.stored(this.now, ref, ok))
      }
      case 'load-ops': {
        const { ref, wants, maxOps, maxBytes } = output
        const ops = peer.isBroken ? undefined : peer.shelf.load(wants, maxOps, maxBytes)
        return this.#after(peer, history => history.loaded(this.now, ref, ops))
      }
    }
  }

  #after(peer: TestPeer, act: (history: History) => void): void {
    const { history, storeMs } = peer
    const still = () => {
      if (peer.history === history) this.act(peer, act)
    }
    if (storeMs === 0) still()
    else this.later(storeMs, still)
  }

  #carry(from: TestPeer, to: PeerId, message: HistoryMessage): void {
    from.said.push({ to, message })
    const latency = from.links.get(to)
    const receiver = this.peer(to)
    if (latency === undefined || receiver === undefined) return
    if (!this.filter(from, receiver, message)) return
    const { history } = receiver
    this.later(latency, () => {
      if (receiver.history !== history || !receiver.links.has(from.id)) return
      this.inject(from, receiver, message)
    })
  }

  #spread(from: TestPeer, message: Message): void {
    for (const to of this.peers) {
      const ms = to === from ? undefined : this.broadcastMs(from, to)
      if (ms !== undefined) this.later(ms, () => this.live(to, message, from))
    }
  }
}

/** Whether two keep the same. */
export function areEqual(a: TestPeer, b: TestPeer): boolean {
  const [one, other] = [a.history.snapshot(), b.history.snapshot()]
  return one.ops === other.ops && String(one.digest) === String(other.digest)
}

/** The whole ancestry of an op, as far as its peer keeps it, itself included; `author:seq` each. */
export function ancestry(peer: TestPeer, id: MessageId): Set<string> {
  const found = new Set<string>()
  const open = [id]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const name = `${at.author}:${at.seq}`
    if (found.has(name)) continue
    found.add(name)
    const op = peer.shelf.ops.get(at.author)?.get(at.seq)
    if (op === undefined) continue
    const parents = parentsOf(op.message)!
    open.push(...parents.others)
    if (parents.mother !== undefined) open.push({ author: at.author, seq: at.seq - 1 })
  }
  return found
}

/** No op was delivered twice, and none of one's own. */
export function deliveredOnce(peer: TestPeer): boolean {
  const names = peer.delivered.map(({ message: { author, seq } }) => `${author}:${seq}`)
  return new Set(names).size === names.length && !names.some(name => name.startsWith(peer.id))
}
