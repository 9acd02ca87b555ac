// Long, and one file: it is the worker's runtime without a worker, and one queue as that is.

import { ALL_PROTOCOLS } from '../core/all-protocols.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { NodeInput, NodeMetrics, NodeOutput, TopicMessage, TopicStatus } from '../core/io.js'
import { isKnock, isKnockAnswer } from '../core/knocks.js'
import type { LinkDownReason } from '../core/membership/membership.js'
import type { Knock, KnockAnswer } from '../core/membership/messages.js'
import { Node } from '../core/node.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { Frame, OutgoingFrame } from '../wire/frame.js'
import type { Occurrence } from './agenda.js'
import { Dialing } from './dialing.js'
import { isOfHistory } from './history-words.js'
import type { LinkEnd } from './link-end.js'
import { OpShelf } from './op-shelf.js'
import { decodeSignal, encodeSignal, type SignalBody } from './signals.js'
import type { World } from './world.js'

/** One simulated peer: the same core as in the worker, and around it what the worker's runtime does. */
export class Peer implements Occurrence {
  readonly world: World
  /** Ends with something to flush at the end of the task, each with the next: a row would be made anew for every task. */
  #firstDirty: LinkEnd | undefined
  #lastDirty: LinkEnd | undefined
  /** Ends whose heartbeats count. */
  watched: LinkEnd[] = []
  /** A hidden tab's timers ring at whole multiples of this, milliseconds; 0 for those on time. */
  clampMs = 0
  /** When it came, and when it went. */
  readonly since: Millis
  #goneAt: Millis | undefined
  #isSilent = false
  /** Until it goes: worlds keep all that ever came. */
  #node: Node | undefined
  /** Few: looking along a row is as fast as a map, and smaller. */
  #links: readonly LinkEnd[] = []
  readonly #statuses = new Map<TopicId, TopicStatus>()
  /** Made when needed, as all of which ten thousand would be empty. */
  #seqs: Map<TopicId, number> | undefined
  #shelves: Map<TopicId, OpShelf> | undefined
  #dialing: Dialing | undefined
  #queue: NodeInput[] = []
  #isDraining = false
  /** Times at which it will be woken, the soonest last. */
  #alarms: Millis[] = []

  constructor(
    world: World,
    readonly index: number,
    readonly id: PeerId,
  ) {
    this.world = world
    this.since = world.now
    this.#node = new Node(id, world.settings.config, ALL_PROTOCOLS, world.newRandom().u32())
  }

  get isAlive(): boolean {
    return this.#goneAt === undefined
  }

  /** Gone without a word, and not longer ago than this. */
  isSilentlyGone(withinMs: number): boolean {
    return this.#isSilent && this.#goneAt !== undefined && this.world.now - this.#goneAt < withinMs
  }

  neighbors(topic: TopicId): readonly PeerId[] {
    return this.#statuses.get(topic)?.neighbors ?? NOBODY
  }

  status(topic: TopicId): TopicStatus | undefined {
    return this.#statuses.get(topic)
  }

  /** What its store would hold. */
  shelf(topic: TopicId): OpShelf {
    this.#shelves ??= new Map()
    let shelf = this.#shelves.get(topic)
    if (shelf === undefined) this.#shelves.set(topic, (shelf = new OpShelf()))
    return shelf
  }

  putShelf(topic: TopicId, shelf: OpShelf): void {
    this.#shelves ??= new Map()
    this.#shelves.set(topic, shelf)
  }

  /** What an earlier life of it has stored. */
  inherit(before: Peer): void {
    this.#seqs = before.#seqs
    this.#shelves = before.#shelves
  }

  /** What its core says of itself. Throws for a peer that is gone. */
  snapshot(): NodeSnapshot {
    return this.#core.snapshot(this.world.now)
  }

  /** Throws for a peer that is gone. */
  metrics(): NodeMetrics {
    return this.#core.metrics()
  }

  get linkEnds(): Iterable<LinkEnd> {
    return this.#links
  }

  wantsLink(peer: PeerId): boolean {
    return this.#node?.wantsLink(peer) ?? false
  }

  // ——— a task: inputs, then what follows from them

  /** An input from outside, as a task of its own. */
  do(input: NodeInput): void {
    this.take(input)
    this.settle()
  }

  /** An input within a task; who calls it calls `settle` in the end. */
  take(input: NodeInput): void {
    if (!this.isAlive) return
    if (this.#isDraining) {
      this.#queue.push(input)
      return
    }
    this.#isDraining = true
    this.#handle(input)
    if (this.#queue.length > 0) this.#drain()
    this.#isDraining = false
  }

  /** What the outputs before have led to. */
  #drain(): void {
    for (let i = 0; i < this.#queue.length; i++) this.#handle(this.#queue[i]!)
    this.#queue = []
  }

  #handle(input: NodeInput): void {
    for (const output of this.#core.handle(this.world.now, input)) this.#perform(output)
  }

  toFlush(end: LinkEnd): void {
    if (this.#lastDirty === undefined) this.#firstDirty = end
    else this.#lastDirty.nextDirty = end
    this.#lastDirty = end
  }

  /** The end of a task: what was coalesced goes out, and the alarm is set. */
  settle(): void {
    for (let end = this.#firstDirty; end !== undefined; end = this.#firstDirty) {
      // Out of the row first: to flush it may put it in again.
      this.#firstDirty = end.nextDirty
      if (this.#firstDirty === undefined) this.#lastDirty = undefined
      end.nextDirty = undefined
      end.isDirty = false
      end.flush()
    }
    this.#arm()
  }

  /** An alarm rings. */
  happen(): void {
    this.#alarms.pop()
    if (!this.isAlive) return
    const { world } = this
    const { now } = world
    const deadline = this.#core.nextDeadline
    if (deadline !== undefined && deadline.at <= now) {
      world.traffic.events++
      world.trace.note(now, this.index, TRACE_WAKE, deadline.reason.length)
      this.take(WAKE)
    }
    if (this.#dialing !== undefined && (this.#dialing.nextDeadline?.at ?? Infinity) <= now) {
      this.#dialing.wake(now)
    }
    if (this.watched.length > 0) {
      for (const end of [...this.watched]) end.wake(now)
      this.watched = this.watched.filter(end => end.nextDeadline !== undefined)
    }
    this.settle()
  }

  #arm(): void {
    if (!this.isAlive) return
    let at = this.#core.nextDeadline?.at ?? Number.POSITIVE_INFINITY
    if (this.#dialing !== undefined) {
      if (this.#dialing.isIdle) this.#dialing = undefined
      else at = Math.min(at, this.#dialing.nextDeadline?.at ?? Number.POSITIVE_INFINITY)
    }
    for (const end of this.watched) at = Math.min(at, end.nextDeadline?.at ?? at)
    if (at === Number.POSITIVE_INFINITY) return
    if (this.clampMs > 0) {
      // Its own phase, so that tabs hidden at the same time don't wake in step.
      const phase = (this.index * 137) % this.clampMs
      at = Math.ceil((at - phase) / this.clampMs) * this.clampMs + phase
    }
    const alarms = this.#alarms
    if (alarms.length > 0 && alarms[alarms.length - 1]! <= at) return
    at = Math.max(at, this.world.now)
    // A row that grows by `push` gets room for seventeen.
    if (alarms.length === 0) this.#alarms = [at]
    else alarms.push(at)
    this.world.agenda.add(at, this)
  }

  // ——— links

  frame({ remote: from, epoch }: LinkEnd, frame: Frame): void {
    const { world } = this
    world.traffic.events++
    switch (frame.type) {
      case 'topic': {
        const { topic, message } = frame
        if (message.type !== 'gossip') {
          return this.take({ type: 'frame', from, epoch, topic, message })
        }
        world.traffic.copies++
        const { round } = message
        return this.#node?.knows(topic, message.message)
          ? this.take({ type: 'duplicate', from, epoch, topic, id: message.message, round })
          : this.take({ type: 'message', from, epoch, topic, message: message.message, round })
      }
      case 'topic-hello': {
        const { topic, terms } = frame
        return this.take({ type: 'topic-hello', from, epoch, topic, terms })
      }
      case 'relay':
        return this.take({ type: 'relay', from, epoch, relay: frame.relay })
    }
  }

  proven(end: LinkEnd): void {
    const { remote, epoch } = end
    if (this.#dialing?.proven(end) !== true) return end.close()
    const before = this.#linkTo(remote)
    this.#links =
      before === undefined
        ? this.#links.concat(end)
        : this.#links.map(other => (other === before ? end : other))
    before?.close()
    this.take({ type: 'link-up', peer: remote, epoch })
    this.world.proven(end)
  }

  down(end: LinkEnd, reason: LinkDownReason): void {
    const { remote, epoch } = end
    if (this.#links.includes(end)) {
      this.#unlist(end)
      this.take({ type: 'link-down', peer: remote, epoch, reason })
    } else this.#dialing?.down(end)
  }

  get handshakes(): Dialing {
    this.#dialing ??= new Dialing(this)
    return this.#dialing
  }

  #hangUp(remote: PeerId, reason: 'unused' | 'blamed'): void {
    this.#dialing?.callOff(remote)
    const end = this.#linkTo(remote)
    if (end === undefined) return
    this.#unlist(end)
    if (reason === 'blamed') end.close()
    else end.closeSoon()
  }

  #send(to: PeerId, epoch: number, frame: OutgoingFrame): void {
    const end = this.#linkTo(to)
    if (end?.epoch === epoch) end.send(frame)
  }

  #linkTo(remote: PeerId): LinkEnd | undefined {
    for (const end of this.#links) if (end.remote === remote) return end
    return undefined
  }

  #unlist(end: LinkEnd): void {
    this.#links = this.#links.filter(other => other !== end)
  }

  // ——— signals

  signal(to: PeerId, body: SignalBody): void {
    this.take({ type: 'signal-out', to, body: encodeSignal({ from: this.id, to, body }) })
  }

  #knock(to: PeerId, topic: TopicId, message: Knock | KnockAnswer): void {
    const { network } = this.world
    if (network.chance(network.settings.knockLoss)) return this.world.count('knocks-lost')
    this.signal(to, { type: 'knock', topic, message })
  }

  hearSignal(encoded: Uint8Array, via: 'server' | 'mesh'): void {
    if (!this.isAlive) return
    const { from, body } = decodeSignal(encoded)
    this.world.trace.note(this.world.now, this.index, TRACE_SIGNAL, encoded.length)
    if (via === 'server') this.take({ type: 'signal-heard', from, via })
    if (body.type === 'knock') {
      const { topic, message } = body
      if (isKnock(message)) this.take({ type: 'knock', from, topic, knock: message })
      else if (isKnockAnswer(message)) {
        this.take({ type: 'knock-answer', from, topic, answer: message })
      }
    } else this.handshakes.hear(from, body)
    if (via === 'server') this.settle()
  }

  hearSignaling(state: 'open' | 'lost'): void {
    if (!this.isAlive) return
    this.take({ type: 'signaling', state })
    if (state === 'open') {
      for (const topic of this.#statuses.keys()) this.world.server.enter(this, topic)
    }
    this.settle()
  }

  // ——— the end

  /** Gone at once: no parting word. `silent`: only heartbeats will tell. */
  vanish(isSilent: boolean): void {
    this.#goneAt = this.world.now
    this.#isSilent = isSilent
    for (const end of this.#links) {
      if (isSilent) end.vanish()
      else end.close()
    }
    if (!isSilent) this.#dialing?.vanish()
    this.#links = []
    this.#dialing = undefined
    this.watched = []
    this.#queue = []
    this.#node = undefined
    this.#statuses.clear()
  }

  get #core(): Node {
    if (this.#node === undefined) throw new Error(`peer ${this.index} is gone`)
    return this.#node
  }

  /** After as long as a store takes. */
  #whenDone(input: NodeInput): void {
    const { storageMs } = this.world.settings
    if (storageMs === 0) return this.take(input)
    this.world.later(storageMs, () => this.do(input))
  }

  #perform(output: NodeOutput): void {
    const { world } = this
    switch (output.type) {
      case 'send': {
        const { to, epoch, topic, message } = output
        countSent(world, message)
        return this.#send(to, epoch, { type: 'topic', topic, message })
      }
      case 'send-topic-hello': {
        const { to, epoch, topic, terms } = output
        return this.#send(to, epoch, { type: 'topic-hello', topic, terms })
      }
      case 'send-relay':
        world.traffic.relays++
        return this.#send(output.to, output.epoch, { type: 'relay', relay: output.relay })
      case 'knock': {
        world.traffic.knocks++
        if (output.knock.type === 'neighbor-request') world.traffic.requests++
        return this.#knock(output.to, output.topic, output.knock)
      }
      case 'answer-knock':
        return this.#knock(output.to, output.topic, output.answer)
      case 'signal':
        return world.server.carry(this, output.to, output.body)
      case 'signal-in':
        return this.hearSignal(output.body, 'mesh')
      case 'dial':
        return this.handshakes.dial(output.peer)
      case 'hang-up':
        return this.#hangUp(output.peer, output.reason)
      case 'seal': {
        // At once, and with as many bytes as a signature has.
        const { topic, ref, draft } = output
        const signature = world.isSigned(topic) ? SIGNATURE : undefined
        return this.take({ type: 'sealed', topic, ref, message: { ...draft, signature } })
      }
      case 'seal-presence': {
        const { topic, draft } = output
        const signature = world.isSigned(topic) ? SIGNATURE : undefined
        return this.take({ type: 'presence-sealed', topic, statement: { ...draft, signature } })
      }
      case 'seal-neighbors': {
        const { topic, ref, payload } = output
        const nonce = world.newRandom().bytes(16)
        const signature = world.isSigned(topic) ? SIGNATURE : undefined
        const time = Math.floor(world.now)
        return this.take({ type: 'neighbors-sealed', topic, ref, payload, nonce, time, signature })
      }
      case 'reserve-seqs': {
        const { topic, count } = output
        this.#seqs ??= new Map()
        const first = this.#seqs.get(topic) ?? 1
        this.#seqs.set(topic, first + count)
        return this.take({ type: 'seqs-reserved', topic, first, last: first + count - 1 })
      }
      case 'store-ops': {
        const { topic, ref, ops, lanes, heads } = output
        this.shelf(topic).store(ops, lanes, heads)
        return this.#whenDone({ type: 'ops-stored', topic, ref, ok: true })
      }
      case 'load-ops': {
        const { topic, ref, wants, maxOps, maxBytes } = output
        const ops = this.shelf(topic).load(wants, maxOps, maxBytes)
        return this.#whenDone({ type: 'ops-loaded', topic, ref, ops })
      }
      case 'emit':
        return world.heard(this, output.topic, output.event)
      case 'status':
        this.#statuses.set(output.topic, output.status)
        return
      case 'enter':
        return world.server.enter(this, output.topic)
      case 'exit':
        this.#statuses.delete(output.topic)
        return world.server.exit(this, output.topic)
      case 'blamed':
        return world.count(`blamed-${output.reason}`)
      case 'remember-ids':
      case 'remember-peers':
      case 'broadcast-done':
    }
  }
}

function countSent({ traffic }: World, message: TopicMessage): void {
  switch (message.type) {
    case 'gossip':
      traffic.pushes++
      return
    case 'ihave':
      traffic.ihaves++
      return
    case 'graft':
      traffic.grafts++
      return
    case 'prune':
      traffic.prunes++
      return
    case 'graft-refused':
      traffic.refusals++
      return
    case 'root-path':
      traffic.rootPaths++
      return
    case 'neighbor-request':
      traffic.requests++
      return
  }
  if (!isOfHistory(message)) return
  traffic.historyFrames++
  if (!('exchange' in message)) return
  traffic.exchangeFrames++
  if (message.type === 'sharp' || message.type === 'tidal-wave') traffic.exchanges++
}

const WAKE: NodeInput = { type: 'wake' }
const NOBODY: readonly PeerId[] = []
const SIGNATURE = new Uint8Array(64)
const TRACE_WAKE = 3
const TRACE_SIGNAL = 4
