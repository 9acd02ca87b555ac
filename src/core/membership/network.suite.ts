// Long, and one file: what a test does, what it sees and how messages travel are one state.

import { type Millis, type PeerId, peerIdFromBytes } from '../ids.js'
import { Random } from '../random.js'
import type {
  LinkDownReason,
  Membership,
  MembershipInput,
  MembershipOutput,
  NeighborDownReason,
} from './membership.js'
import { Queue } from './queue.suite.js'

// A network for the laws of memberships: machines, latency, dials, links that stand or break. Deterministic:
// the same seed replays the same run.

export type Make<M> = (self: PeerId, random: Random) => Membership<M>

export interface NetworkOptions<M> {
  seed: number
  make: Make<M>
  /** Whether the message may travel to a peer without a link. */
  knocks: (message: M) => boolean
  /** One way, drawn once per pair. */
  latencyMs?: readonly [number, number]
  /** These stand together in a place far from the others. */
  far?: ReadonlySet<PeerId>
  dialMs?: readonly [number, number]
  /** The share of dials that fail. */
  dialFailures?: number
  /** A link stands between any two peers, as if another topic used it. */
  standing?: boolean
  /** Whether machines are told the round trips of new links. */
  rtts?: boolean
  /** Whether the server says that a peer is not there. Else the knock is lost without a word. */
  undeliverable?: boolean
}

export interface Happening {
  at: Millis
  peer: PeerId
  type: 'up' | 'down'
  neighbor: PeerId
  reason?: NeighborDownReason
}

interface Node<M> {
  machine: Membership<M>
  alive: boolean
  /** Links this peer asked for and did not give back. */
  holds: Set<PeerId>
  wakeAt: Millis | undefined
  sent: Map<string, number>
  counters: Map<string, number>
  isolated: Millis[]
}

interface Link {
  epoch: number
  /** The sides that believe it stands. */
  open: Set<PeerId>
  dialing: boolean
}

export class Network<M extends { type: string }> {
  now: Millis = 1_000_000
  readonly happenings: Happening[] = []
  /** What was sent, for traces; switched on by a test. */
  readonly trace: string[] = []
  tracing = false
  readonly ids: PeerId[] = []
  private readonly nodes = new Map<PeerId, Node<M>>()
  private readonly links = new Map<string, Link>()
  private readonly latencies = new Map<string, number>()
  private readonly random: Random
  private readonly queue = new Queue()
  private parts: ((peer: PeerId) => unknown) | undefined
  dialsMade = 0

  constructor(private readonly options: NetworkOptions<M>) {
    this.random = new Random(options.seed)
  }

  // ——— what a test does

  add(): PeerId {
    const peer = testPeer(this.ids.length)
    this.ids.push(peer)
    this.start(peer)
    return peer
  }

  addMany(count: number): PeerId[] {
    return Array.from({ length: count }, () => this.add())
  }

  /** Starts a peer, or starts it anew with nothing remembered. */
  start(peer: PeerId): void {
    this.nodes.set(peer, {
      machine: this.options.make(peer, new Random(this.random.u32())),
      alive: true,
      holds: new Set(),
      wakeAt: undefined,
      sent: new Map(),
      counters: new Map(),
      isolated: [],
    })
    if (!this.options.standing) return
    for (const other of this.ids) {
      if (other === peer || !this.node(other).alive) continue
      const link = this.link(peer, other)
      link.epoch++
      link.open = new Set([peer, other])
    }
  }

  join(peer: PeerId, ...contacts: PeerId[]): void {
    this.input(peer, { type: 'join', peers: contacts })
  }

  input(peer: PeerId, input: MembershipInput<M>): MembershipOutput<M>[] {
    const node = this.node(peer)
    if (!node.alive) return []
    const outputs = node.machine.handle(this.now, input)
    const next: MembershipInput<M>[] = []
    for (const output of outputs) this.perform(peer, node, output, next)
    const wakeAt = node.machine.nextDeadline?.at
    if (wakeAt !== undefined && wakeAt !== node.wakeAt) {
      this.at(Math.max(wakeAt, this.now), () => this.wake(peer, node, wakeAt))
    }
    node.wakeAt = wakeAt
    return [...outputs, ...next.flatMap(one => this.input(peer, one))]
  }

  quit(peer: PeerId): void {
    this.input(peer, { type: 'quit' })
    this.node(peer).alive = false
  }

  /** The peer is gone without a word; the others notice after a while. */
  crash(peer: PeerId, noticedAfterMs = 2_500): void {
    this.node(peer).alive = false
    for (const other of this.ids) {
      const link = this.links.get(pairOf(peer, other))
      if (!link?.open.has(other)) continue
      link.open.delete(peer)
      this.closeLater(link, other, peer, 'failed', noticedAfterMs)
    }
  }

  /** Only peers of the same part reach each other; without an argument all do again. */
  partition(partOf?: (peer: PeerId) => unknown): void {
    this.parts = partOf
    for (const a of this.ids) {
      for (const b of this.ids) {
        const link = this.links.get(pairOf(a, b))
        if (a >= b || link === undefined || this.reaches(a, b)) continue
        for (const [side, other] of [
          [a, b],
          [b, a],
        ] as const) {
          if (link.open.has(side)) this.closeLater(link, side, other, 'silent', 2_500)
        }
      }
    }
  }

  run(ms: number): void {
    const end = this.now + ms
    for (let next = this.queue.take(end); next !== undefined; next = this.queue.take(end)) {
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  // ——— what a test sees

  get alive(): PeerId[] {
    return this.ids.filter(peer => this.node(peer).alive)
  }

  machine(peer: PeerId): Membership<M> {
    return this.node(peer).machine
  }

  neighbors(peer: PeerId): PeerId[] {
    return [...this.node(peer).machine.neighbors].sort()
  }

  /** Links one side lists and the other doesn't. */
  get asymmetric(): string[] {
    const found: string[] = []
    for (const peer of this.alive) {
      for (const other of this.neighbors(peer)) {
        const there = this.nodes.get(other)
        if (!there?.alive || !there.machine.neighbors.includes(peer)) {
          found.push(`${this.name(peer)}→${this.name(other)}`)
        }
      }
    }
    return found
  }

  get meanActive(): number {
    const sizes = this.alive.map(peer => this.neighbors(peer).length)
    return sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  }

  get components(): number {
    const left = new Set(this.alive)
    let count = 0
    for (const start of left) {
      count++
      const border = [start]
      while (border.length > 0) {
        const peer = border.pop()!
        if (!left.delete(peer)) continue
        border.push(...this.neighbors(peer).filter(other => left.has(other)))
      }
    }
    return count
  }

  sent(type: string, peers: readonly PeerId[] = this.ids): number {
    return peers.reduce((sum, peer) => sum + (this.node(peer).sent.get(type) ?? 0), 0)
  }

  counted(counter: string, peers: readonly PeerId[] = this.ids): number {
    return peers.reduce((sum, peer) => sum + (this.node(peer).counters.get(counter) ?? 0), 0)
  }

  counters(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const { counters } of this.nodes.values()) {
      for (const [name, count] of counters) all[name] = (all[name] ?? 0) + count
    }
    return all
  }

  isolated(peer: PeerId): readonly Millis[] {
    return this.node(peer).isolated
  }

  /** Links a peer holds that are neither neighbors nor being made: each is a leak. */
  heldForNothing(peer: PeerId): PeerId[] {
    const { machine, holds } = this.node(peer)
    const used = new Set([
      ...machine.neighbors,
      ...machine.snapshot().requests.map(one => one.peer),
    ])
    return [...holds].filter(other => !used.has(other))
  }

  name(peer: PeerId): string {
    return `${this.ids.indexOf(peer)}`
  }

  // ——— how it works

  private perform(
    peer: PeerId,
    node: Node<M>,
    output: MembershipOutput<M>,
    next: MembershipInput<M>[],
  ): void {
    switch (output.type) {
      case 'send':
        increment(node.sent, output.message.type)
        this.send(peer, output.to, output.message)
        break
      case 'connect':
        node.holds.add(output.peer)
        if (this.link(peer, output.peer).open.has(peer))
          next.push({ type: 'link-up', peer: output.peer })
        else this.dial(peer, output.peer)
        break
      case 'release':
        node.holds.delete(output.peer)
        this.hangUp(peer, output.peer)
        break
      case 'neighbor-up':
        this.note(`${this.name(peer)} up ${this.name(output.peer)}`)
        this.happenings.push({ at: this.now, peer, type: 'up', neighbor: output.peer })
        break
      case 'neighbor-down': {
        const { reason } = output
        this.note(`${this.name(peer)} down ${this.name(output.peer)} ${reason}`)
        this.happenings.push({ at: this.now, peer, type: 'down', neighbor: output.peer, reason })
        break
      }
      case 'count':
        increment(node.counters, output.counter)
        break
      case 'isolated':
        node.isolated.push(this.now)
        break
      case 'blame':
        increment(node.counters, `blame ${output.reason}`)
        break
    }
  }

  private send(from: PeerId, to: PeerId, message: M): void {
    this.note(`${this.name(from)}→${this.name(to)} ${message.type}`)
    const link = this.link(from, to)
    const latency = this.latency(from, to)
    if (link.open.has(from)) {
      const { epoch } = link
      this.at(this.now + latency, () => {
        const arrives = link.epoch === epoch && link.open.has(to) && this.reaches(from, to)
        if (arrives) this.input(to, { type: 'message', from, message, linked: true })
      })
    } else if (this.options.knocks(message)) {
      // Through the server: there and on.
      this.at(this.now + 2 * latency, () => this.knock(from, to, message))
    } else {
      increment(this.node(from).counters, 'dropped unlinked')
    }
  }

  private knock(from: PeerId, to: PeerId, message: M): void {
    if (!this.nodes.get(to)?.alive || !this.reaches(from, to)) {
      if (this.options.undeliverable === false) return
      this.at(this.now + 2 * this.latency(from, to), () => {
        if (this.nodes.has(from)) this.input(from, { type: 'unreachable', peer: to })
      })
      return
    }
    // Who knocks has no link: the one this side still believes in is stale.
    const link = this.link(from, to)
    if (link.open.has(to) && !link.open.has(from)) this.close(link, to, from, 'superseded')
    this.input(to, { type: 'message', from, message, linked: link.open.has(to) })
  }

  private dial(a: PeerId, b: PeerId): void {
    const link = this.link(a, b)
    if (link.dialing || !this.node(a).holds.has(b) || !this.nodes.get(b)?.holds.has(a)) return
    link.dialing = true
    this.dialsMade++
    const fails = this.random.between(0, 1) < (this.options.dialFailures ?? 0)
    this.at(this.now + this.random.between(...(this.options.dialMs ?? [50, 50])), () => {
      link.dialing = false
      const sides = [a, b].filter(side => this.node(side).alive)
      const wanted = this.node(a).holds.has(b) && this.node(b).holds.has(a)
      if (fails || !wanted || sides.length < 2 || !this.reaches(a, b)) {
        for (const side of sides) {
          const other = side === a ? b : a
          if (this.node(side).holds.has(other))
            this.input(side, { type: 'unreachable', peer: other })
        }
        return
      }
      for (const side of sides) {
        if (link.open.has(side)) this.close(link, side, side === a ? b : a, 'superseded')
      }
      link.epoch++
      link.open = new Set(sides)
      this.input(a, { type: 'link-up', peer: b })
      this.input(b, { type: 'link-up', peer: a })
      if (!this.options.rtts) return
      const rttMs = 2 * this.latency(a, b)
      this.input(a, { type: 'rtt', peer: b, rttMs })
      this.input(b, { type: 'rtt', peer: a, rttMs })
    })
  }

  private hangUp(peer: PeerId, other: PeerId): void {
    if (this.options.standing) return
    const link = this.link(peer, other)
    if (!link.open.delete(peer)) return
    this.closeLater(link, other, peer, 'closed', this.latency(peer, other))
  }

  private closeLater(
    link: Link,
    side: PeerId,
    other: PeerId,
    reason: LinkDownReason,
    afterMs: number,
  ): void {
    const { epoch } = link
    this.at(this.now + afterMs, () => {
      if (link.epoch === epoch && link.open.has(side)) this.close(link, side, other, reason)
    })
  }

  private close(link: Link, side: PeerId, other: PeerId, reason: LinkDownReason): void {
    link.open.delete(side)
    this.input(side, { type: 'link-down', peer: other, reason })
  }

  private wake(peer: PeerId, node: Node<M>, at: Millis): void {
    if (node.wakeAt !== at || this.nodes.get(peer) !== node) return
    node.wakeAt = undefined
    this.input(peer, { type: 'wake' })
  }

  private reaches(a: PeerId, b: PeerId): boolean {
    return this.parts === undefined || this.parts(a) === this.parts(b)
  }

  private latency(a: PeerId, b: PeerId): number {
    const pair = pairOf(a, b)
    let ms = this.latencies.get(pair)
    if (ms === undefined) {
      ms = Math.round(this.random.between(...(this.options.latencyMs ?? [10, 50])))
      const { far } = this.options
      if (far !== undefined && far.has(a) !== far.has(b)) ms += FAR_MS
      this.latencies.set(pair, ms)
    }
    return ms
  }

  private link(a: PeerId, b: PeerId): Link {
    const pair = pairOf(a, b)
    let link = this.links.get(pair)
    if (link === undefined) {
      link = { epoch: 0, open: new Set(), dialing: false }
      this.links.set(pair, link)
    }
    return link
  }

  private node(peer: PeerId): Node<M> {
    return this.nodes.get(peer)!
  }

  private note(line: string): void {
    if (this.tracing) this.trace.push(line)
  }

  private at(at: Millis, run: () => void): void {
    this.queue.put(at, run)
  }
}

/** The ids of tests: readable by their number, and in its order. */
export function testPeer(index: number): PeerId {
  const bytes = new Uint8Array(32)
  bytes[0] = index >> 8
  bytes[1] = index & 255
  return peerIdFromBytes(bytes)
}

function pairOf(a: PeerId, b: PeerId): string {
  return a < b ? a + b : b + a
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Between continents, one way. */
const FAR_MS = 150
