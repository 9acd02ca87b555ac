import { type MessageId, type Millis, type PeerId, peerIdFromBytes } from '../ids.js'
import type { Message } from '../message.js'
import { Random } from '../random.js'
import type { Broadcast, BroadcastOutput } from './broadcast.js'

/** What a message on a link holds, seen from outside the protocol. */
export type Content =
  | { kind: 'payload'; message: Message; round: number }
  | { kind: 'neighbors' }
  | { kind: 'control' }

export interface NetworkOptions<M> {
  peers: number
  seed: number
  make: (self: PeerId, random: Random) => Broadcast<M>
  contentOf: (message: M) => Content
  /** One way, drawn once per link. */
  latencyMs?: readonly [low: number, high: number]
}

export interface Delivery {
  from: PeerId
  message: Message
  round: number
  at: Millis
}

/** A few machines and links with latency under a virtual clock. The same seed gives the same run. */
export class Network<M> {
  now: Millis = 1_000_000
  readonly peers: PeerId[]
  readonly counters = new Map<string, number>()
  readonly blames: { by: PeerId; peer: PeerId; reason: string }[] = []
  readonly neighborMessages = new Map<PeerId, number>()
  /** Payload copies that reached a peer. */
  payloads = 0
  readonly machines = new Map<PeerId, Broadcast<M>>()
  readonly deliveries = new Map<PeerId, Delivery[]>()
  private readonly links = new Map<PeerId, Map<PeerId, Link>>()
  private readonly flights = new Flights()
  /** The wake-up each peer waits for. */
  private readonly wakes = new Map<PeerId, Millis>()
  private readonly seqs = new Map<PeerId, number>()
  private readonly random: Random

  constructor(private readonly options: NetworkOptions<M>) {
    this.random = new Random(options.seed)
    this.peers = Array.from({ length: options.peers }, () => peerIdFromBytes(this.random.bytes(32)))
    for (const peer of this.peers) {
      this.machines.set(peer, options.make(peer, new Random(this.random.u32())))
      this.deliveries.set(peer, [])
      this.links.set(peer, new Map())
    }
  }

  /** A random graph where every peer has `degree` links. */
  linkRegular(degree: number): void {
    for (;;) {
      const stubs = this.random.sample(
        this.peers.flatMap(peer => Array.from({ length: degree }, () => peer)),
        this.peers.length * degree,
      )
      const pairs = new Map<string, [PeerId, PeerId]>()
      for (let i = 0; i + 1 < stubs.length; i += 2) {
        const [a, b] = [stubs[i]!, stubs[i + 1]!]
        if (a !== b) pairs.set(nameOf(a, b), [a, b])
      }
      // Pairs drawn twice or with oneself: draw again, rather than bend the graph.
      const wanted = (this.peers.length * degree) / 2
      if (pairs.size < wanted && !repair(pairs, this.peers, degree, this.random)) continue
      for (const [a, b] of pairs.values()) this.link(a, b)
      return
    }
  }

  link(a: PeerId, b: PeerId): void {
    const [low, high] = this.options.latencyMs ?? [10, 50]
    const latencyMs = this.random.between(low, high)
    const link = { latencyMs }
    this.links.get(a)!.set(b, link)
    this.links.get(b)!.set(a, link)
    this.input(a, { type: 'neighbor-up', peer: b })
    this.input(b, { type: 'neighbor-up', peer: a })
    this.input(a, { type: 'rtt', peer: b, rttMs: 2 * latencyMs })
    this.input(b, { type: 'rtt', peer: a, rttMs: 2 * latencyMs })
  }

  /** What is on its way is lost; both ends notice after `noticedMs`. */
  cut(a: PeerId, b: PeerId, noticedMs = 0): void {
    this.links.get(a)!.delete(b)
    this.links.get(b)!.delete(a)
    const notice = () => {
      if (this.isLinked(a, b)) return
      this.input(a, { type: 'neighbor-down', peer: b })
      this.input(b, { type: 'neighbor-down', peer: a })
    }
    if (noticedMs === 0) notice()
    else this.flights.push(this.now + noticedMs, notice)
  }

  isLinked(a: PeerId, b: PeerId): boolean {
    return this.links.get(a)!.has(b)
  }

  publish(author: PeerId, payload: Uint8Array = new Uint8Array(8)): MessageId {
    const seq = (this.seqs.get(author) ?? 0) + 1
    this.seqs.set(author, seq)
    this.input(author, { type: 'publish', message: messageOf(author, seq, this.now, payload) })
    return { author, seq }
  }

  input(peer: PeerId, input: Parameters<Broadcast<M>['handle']>[1]): BroadcastOutput<M>[] {
    const outputs = this.machines.get(peer)!.handle(this.now, input)
    for (const output of outputs) this.perform(peer, output)
    this.scheduleWake(peer)
    return outputs
  }

  /** Lets the clock run. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const flight = this.flights.first
      if (flight === undefined || flight.at > end) break
      this.flights.shift()
      this.now = Math.max(this.now, flight.at)
      flight.land()
    }
    this.now = end
  }

  deliveriesOf(id: MessageId): Map<PeerId, number> {
    const times = new Map<PeerId, number>()
    for (const [peer, deliveries] of this.deliveries) {
      const count = deliveries.filter(
        ({ message }) => message.seq === id.seq && message.author === id.author,
      ).length
      times.set(peer, count)
    }
    return times
  }

  private scheduleWake(peer: PeerId): void {
    const at = this.machines.get(peer)!.nextDeadline?.at
    if (at === undefined || at >= (this.wakes.get(peer) ?? Infinity)) return
    this.wakes.set(peer, at)
    this.flights.push(at, () => {
      // An earlier wake-up may have been put before this one; then this one is stale.
      if (this.wakes.get(peer) !== at) return
      this.wakes.delete(peer)
      const due = this.machines.get(peer)!.nextDeadline?.at ?? Infinity
      if (due <= this.now) this.input(peer, { type: 'wake' })
      else this.scheduleWake(peer)
    })
  }

  private perform(peer: PeerId, output: BroadcastOutput<M>): void {
    switch (output.type) {
      case 'send':
        this.fly(peer, output.to, output.message)
        break
      case 'deliver': {
        const { from, message, round } = output
        this.deliveries.get(peer)!.push({ from, message, round, at: this.now })
        break
      }
      case 'blame':
        this.blames.push({ by: peer, peer: output.peer, reason: output.reason })
        break
      case 'count':
        this.counters.set(
          output.counter,
          (this.counters.get(output.counter) ?? 0) + (output.by ?? 1),
        )
    }
  }

  private fly(from: PeerId, to: PeerId, message: M): void {
    const link = this.links.get(from)!.get(to)
    if (link === undefined) return
    this.flights.push(this.now + link.latencyMs, () => {
      if (this.links.get(from)!.get(to) === link) this.land(from, to, message)
    })
  }

  private land(from: PeerId, to: PeerId, message: M): void {
    const content = this.options.contentOf(message)
    switch (content.kind) {
      case 'payload': {
        this.payloads++
        const id = { author: content.message.author, seq: content.message.seq }
        const known = this.machines.get(to)!.knows(id)
        if (known) this.input(to, { type: 'duplicate', from, id, round: content.round })
        else
          this.input(to, { type: 'message', from, message: content.message, round: content.round })
        break
      }
      case 'neighbors':
        this.neighborMessages.set(to, (this.neighborMessages.get(to) ?? 0) + 1)
        break
      case 'control':
        this.input(to, { type: 'control', from, message })
    }
  }
}

export const ALICE = peerIdFromBytes(new Uint8Array(32).fill(1))
export const BOB = peerIdFromBytes(new Uint8Array(32).fill(2))
export const CAROL = peerIdFromBytes(new Uint8Array(32).fill(3))
export const DAVE = peerIdFromBytes(new Uint8Array(32).fill(4))
export const ERIN = peerIdFromBytes(new Uint8Array(32).fill(5))

export function messageOf(
  author: PeerId,
  seq: number,
  time: Millis,
  payload: Uint8Array = new Uint8Array(8),
): Message {
  return { author, seq, time, payload, extensions: new Uint8Array(0), signature: undefined }
}

/** Swaps ends until nobody is linked twice or to itself; false where that does not come about. */
function repair(
  pairs: Map<string, [PeerId, PeerId]>,
  peers: readonly PeerId[],
  degree: number,
  random: Random,
): boolean {
  const degrees = new Map(peers.map(peer => [peer, 0]))
  for (const ends of pairs.values()) for (const end of ends) degrees.set(end, degrees.get(end)! + 1)
  for (let tries = 0; tries < 10_000; tries++) {
    const short = peers.filter(peer => degrees.get(peer)! < degree)
    if (short.length === 0) return true
    const a = random.pick(short)!
    const b = random.pick(short)!
    const [c, d] = random.pick([...pairs.values()])!
    if ([a, b].includes(c) || [a, b].includes(d)) continue
    if (pairs.has(nameOf(a, c)) || pairs.has(nameOf(b, d))) continue
    if (a === b && degrees.get(a)! > degree - 2) continue
    pairs.delete(nameOf(c, d))
    pairs.set(nameOf(a, c), [a, c])
    pairs.set(nameOf(b, d), [b, d])
    degrees.set(a, degrees.get(a)! + 1)
    degrees.set(b, degrees.get(b)! + 1)
  }
  return false
}

function nameOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

/** One link; a later one between the same two is another. */
interface Link {
  readonly latencyMs: number
}

interface Flight {
  at: Millis
  order: number
  land: () => void
}

/** What is on its way, soonest first, in order of departure on ties. */
class Flights {
  private readonly heap: Flight[] = []
  private order = 0

  get first(): Flight | undefined {
    return this.heap[0]
  }

  push(at: Millis, land: () => void): void {
    const { heap } = this
    heap.push({ at, order: this.order++, land })
    for (let i = heap.length - 1; i > 0; ) {
      const above = (i - 1) >>> 1
      if (!sooner(heap[i]!, heap[above]!)) break
      ;[heap[i], heap[above]] = [heap[above]!, heap[i]!]
      i = above
    }
  }

  shift(): Flight | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    heap[0] = last
    for (let i = 0; ; ) {
      const left = i * 2 + 1
      if (left >= heap.length) break
      const right = left + 1
      const below = right < heap.length && sooner(heap[right]!, heap[left]!) ? right : left
      if (!sooner(heap[below]!, heap[i]!)) break
      ;[heap[i], heap[below]] = [heap[below]!, heap[i]!]
      i = below
    }
    return first
  }
}

function sooner(a: Flight, b: Flight): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
