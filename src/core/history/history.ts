// Long, and one file: what comes, what neighbors have and when to compare are decided by each other. Log, exchanges, keeping and the
// reconcilers are files beside it.

import type { SeenIds } from '../broadcast/broadcast.js'
import { type Deadline, sooner } from '../deadline.js'
import { firstOf, type MessageId, type Millis, type PeerId, type TopicId } from '../ids.js'
import type { HistoryMessage, NodeInput, NodeOutput, TopicEvent } from '../io.js'
import type { Draft, Message } from '../message.js'
import type { Random } from '../random.js'
import { Timers } from '../timers.js'
import type { HistoryConfig } from './config.js'
import { Deliveries, type DeliveryOutput } from './deliveries.js'
import { Frontier, type Said } from './frontier.js'
import type { HistoryOutput, HistorySnapshot } from './history-output.js'
import { Keeping, type Publication } from './keeping.js'
import { OpLog } from './log.js'
import { type Op, opHash, opOf, withParents } from './op.js'
import type { ExchangeEnd, Reconciler, ReconcilerInput, ReconcilerOptions } from './reconciler.js'
import type { DeliveryOrder, HistoryIndex, TrimmedLane } from './records.js'
import type { WaveMessage } from './wavefront/messages.js'

export interface HistoryOptions {
  self: PeerId
  topic: TopicId
  config: HistoryConfig
  random: Random
  /** Payload bytes. */
  maxMessageSize: number
  index: HistoryIndex
  order: DeliveryOrder
  reconciler: (options: ReconcilerOptions) => Reconciler<WaveMessage>
}

export type KeptInput = Extract<NodeInput, { type: 'ops-stored' | 'ops-loaded' | 'ops-trimmed' }>

/**
 * A topic's history: what is kept of it, what neighbors keep, and when it is time to compare. Which ops are new is
 * the log's to say, how two peers become equal the reconciler's.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #log: OpLog
  readonly #reconciler: Reconciler<WaveMessage>
  readonly #neighbors = new Map<PeerId, Frontier>()
  readonly #timers = new Timers<'heartbeat' | 'patience'>()
  /** Exchanges to begin, in this order, once none that we began is under way. */
  readonly #wanted = new Set<PeerId>()
  #active: PeerId | undefined
  readonly #keeping: Keeping
  readonly #deliveries: Deliveries
  #isSynced = false
  #out: HistoryOutput[] = []

  constructor(options: HistoryOptions) {
    const { self, topic, config, random, maxMessageSize, index } = options
    this.#options = options
    this.#log = new OpLog(self, index)
    const heads = () => this.#log.heads
    const out = (output: DeliveryOutput) => void this.#out.push(output)
    this.#deliveries = new Deliveries(this.#log, config, options.order, out)
    const isWaiting = (id: MessageId) => this.#log.waiting.get(id) !== undefined
    this.#keeping = new Keeping(topic, config, heads, isWaiting, output => this.#emitOut(output))
    for (const message of index.waiting) {
      const op = opOf(topic, message)
      if (op !== undefined) this.#log.recall(op)
    }
    const neighbors = () => this.#neighbors.size
    this.#reconciler = options.reconciler({
      ...{ self, topic, config, random, maxMessageSize, neighbors },
      hasRoom: () => this.#keeping.hasRoom,
      log: this.#log,
    })
    this.#settle(0, self, undefined)
  }

  /** Whether it is here, and so was delivered. */
  has(id: MessageId): boolean {
    return this.#log.has(id)
  }

  /** All that is here, waits or was, for who is told what there is by names: what was given up comes not again either. */
  seen(since: Millis): SeenIds[] {
    const { lanes, waiting } = this.#log
    const known = [...lanes.values()].map(({ author, height }) => ({ author, first: 1, height }))
    for (const { op } of waiting) {
      const { author, seq: height } = op.message
      known.push({ author, first: firstOf(op.message), height })
    }
    return known.map(({ author, first, height }) => ({ author, since, ranges: [[first, height]] }))
  }

  /** Asked before signatures are verified. */
  expects(from: PeerId, exchange: number): boolean {
    return this.#neighbors.has(from) && this.#reconciler.isOpen(from, exchange)
  }

  /** Undefined where it can't be kept: its author broke the terms. */
  opOf(message: Message): Op | undefined {
    return opOf(this.#options.topic, message)
  }

  take(): HistoryOutput[] {
    const out = this.#out
    this.#out = []
    return out
  }

  // ——— one's own messages

  /** Numbers a message and names its parents; it comes back sealed, in turn. */
  draft(now: Millis, ref: number, payload: Uint8Array, count?: number): void {
    const { topic, self } = this.#options
    this.#log.draft((seq, parents) => {
      const extensions = withParents(parents)
      const draft: Draft = { author: self, seq, time: Math.floor(now), payload, extensions }
      if (count !== undefined) draft.count = count
      this.#emitOut({ type: 'seal', topic, ref, draft })
      return opHash(topic, draft)
    }, count)
  }

  /** Kept before it leaves, in one transaction with its number. */
  sealed(now: Millis, ref: number, message: Message): void {
    const op = this.opOf(message)
    if (op !== undefined) this.#log.take(op)
    const isStored = this.#settle(now, this.#options.self, 0, { ref, message })
    // Of a lane of one's own that is forked nothing is kept any more; it is said all the same.
    if (!isStored) this.#out.push({ type: 'publish', ref, message })
  }

  /** What the runtime says of what it kept and read. */
  kept(now: Millis, input: KeptInput): void {
    if (input.type === 'ops-stored') this.stored(now, input.ref, input.ok)
    else if (input.type === 'ops-loaded') this.loaded(now, input.ref, input.ops)
    else this.trimmed(input.lanes)
  }

  stored(now: Millis, call: number, ok: boolean): void {
    const came = this.#keeping.stored(now, call, ok)
    if (typeof came === 'object') this.#out.push({ type: 'publish', ...came })
    else if (came === 'failed') this.#emit({ type: 'historyFailed', reason: FAILED })
    else if (came !== undefined) {
      if (came === 'resumed') this.#emit({ type: 'historyResumed' })
      this.#reconcile(now, { type: 'room' })
    }
  }

  loaded(now: Millis, ref: number, ops: readonly Message[] | undefined): void {
    this.#reconcile(now, { type: 'loaded', ref, ops })
  }

  trimmed(lanes: readonly TrimmedLane[]): void {
    this.#log.trim(lanes)
  }

  // ——— what comes

  /** A message came by broadcast, new to it. */
  live(now: Millis, from: PeerId, op: Op, round: number): void {
    const { message } = op
    if (this.#keeping.isSuspended) {
      return this.#deliveries.show(message, from, round)
    }
    const taken = this.#log.take(op)
    this.#settle(now, from, round)
    if (taken !== 'refused') return
    this.#count('ops-refused')
    if (!this.#log.lanes.get(message.author)?.frozen) {
      this.#deliveries.deliver(message, from, round)
    }
  }

  hear(now: Millis, from: PeerId, message: HistoryMessage): void {
    const frontier = this.#neighbors.get(from)
    if (frontier === undefined) return this.#count('history-from-strangers')
    if (message.type === 'frontier') return this.#hearFrontier(now, from, frontier, message)
    if (this.#keeping.isSuspended && message.type !== 'exchange-error') {
      const { exchange } = message
      const { type } = message
      // So that nobody waits for us in vain.
      const isOpening = type === 'sharp' || type === 'tidal-wave'
      if (isOpening || type === 'wave-part')
        this.#tell(from, { type: 'exchange-error', exchange, code: 'failed' })
      return
    }
    this.#reconcile(now, { type: 'message', from, message }, from)
  }

  neighborUp(now: Millis, peer: PeerId): void {
    if (this.#neighbors.has(peer)) this.neighborDown(now, peer)
    const frontier = new Frontier(this.#options.config, peer)
    this.#neighbors.set(peer, frontier)
    this.#tellFrontier(peer, frontier)
    this.#beat(now)
  }

  neighborDown(now: Millis, peer: PeerId): void {
    if (!this.#neighbors.delete(peer)) return
    this.#wanted.delete(peer)
    if (this.#active === peer) this.#active = undefined
    this.#reconcile(now, { type: 'neighbor-down', peer })
  }

  /** The topic is left. */
  leave(): void {
    this.#keeping.storeLate()
  }

  // ——— time

  get nextDeadline(): Deadline | undefined {
    let at: Deadline | undefined = this.#timers.next
    at = sooner(at, this.#deliveries.nextDeadline)
    at = sooner(at, this.#keeping.nextDeadline)
    return sooner(at, this.#reconciler.nextDeadline)
  }

  wake(now: Millis): void {
    for (const timer of this.#timers.due(now)) {
      if (timer === 'heartbeat') this.#heartbeat(now)
      else {
        this.#active = undefined
        this.#begin(now)
      }
    }
    this.#deliveries.wake(now)
    this.#keeping.wake(now)
    const deadline = this.#reconciler.nextDeadline
    if (deadline !== undefined && deadline.at <= now) this.#reconcile(now, { type: 'wake' })
  }

  snapshot(): HistorySnapshot {
    const { size, lanes, waiting } = this.#log
    return {
      ...this.#reconciler.snapshot(),
      ...{ ops: size, lanes: lanes.size, waiting: waiting.size, isSynced: this.#isSynced },
      digest: this.#log.digest,
    }
  }

  // ——— frontiers

  get #said(): Said {
    return { digest: this.#log.digest, ready: this.#reconciler.isReady }
  }

  #hearFrontier(now: Millis, from: PeerId, frontier: Frontier, theirs: Said): void {
    const { self } = this.#options
    const begins = frontier.hear(now, self, this.#said, theirs, this.#log.version)
    if (frontier.equals(this.#said)) {
      this.#wanted.delete(from)
      if (theirs.ready || this.#log.size > 0) {
        this.#reconcile(now, { type: 'level' })
        this.#synced(from)
      }
    }
    if (begins) this.#want(now, from)
    this.#beat(now)
  }

  /** Who does not know itself equal is told; where all do, nothing is said. */
  #heartbeat(now: Millis): void {
    this.#tellAll()
    const isReady = (each: PeerId) => this.#neighbors.get(each)?.isReady ?? false
    const peer = this.#deliveries.orphans.toAsk(now, isReady)
    if (peer !== undefined) this.#want(now, peer)
    this.#beat(now)
  }

  #tellAll(): void {
    const ours = this.#said
    for (const [peer, frontier] of this.#neighbors) {
      if (!frontier.isLevel(ours)) this.#tellFrontier(peer, frontier)
    }
  }

  #tellFrontier(to: PeerId, frontier: Frontier): void {
    const said = this.#said
    frontier.tell(said)
    this.#tell(to, { type: 'frontier', ...said })
  }

  #beat(now: Millis): void {
    if (this.#timers.has('heartbeat')) return
    const ours = this.#said
    const isLevel = [...this.#neighbors.values()].every(frontier => frontier.isLevel(ours))
    if (isLevel && this.#deliveries.orphans.size === 0) return
    const { config, random } = this.#options
    // Never in step.
    this.#timers.set('heartbeat', now + config.heartbeatMs * random.between(0.9, 1))
  }

  #synced(peer: PeerId): void {
    if (this.#isSynced) return
    this.#isSynced = true
    this.#emit({ type: 'synced', peer })
  }

  // ——— exchanges

  #want(now: Millis, peer: PeerId): void {
    this.#isSynced = false
    this.#wanted.add(peer)
    this.#begin(now)
  }

  /** One at a time of those begun here, so that the same ops are not given twice; and not while they are stored. */
  #begin(now: Millis): void {
    if (this.#active !== undefined || !this.#keeping.hasRoom) return
    for (const peer of this.#wanted) {
      this.#wanted.delete(peer)
      // Who is new asks first, and hears at once when it can.
      if (this.#reconciler.isReady && !this.#neighbors.get(peer)?.isReady) continue
      this.#active = peer
      this.#bePatient(now)
      this.#reconcile(now, { type: 'start', peer })
      return
    }
  }

  #bePatient(now: Millis): void {
    this.#timers.set('patience', now + this.#options.config.patienceMs)
  }

  #ended(now: Millis, end: ExchangeEnd): void {
    const { peer, opened, again, level } = end
    const frontier = this.#neighbors.get(peer)
    frontier?.ended(now, end)
    if (opened && this.#active === peer) {
      this.#active = undefined
      this.#timers.clear('patience')
    }
    if (end.gained > 0) this.#isSynced = false
    if (frontier !== undefined && again) {
      const others = [...this.#wanted]
      this.#wanted.clear()
      // After first contact at once; who gave something lets others give too.
      for (const each of end.gained > 0 ? [...others, peer] : [peer, ...others])
        this.#wanted.add(each)
      this.#isSynced = false
    } else if (level) this.#synced(peer)
    if (end.gained > 0 && !again) this.#tellAll()
  }

  #reconcile(now: Millis, input: ReconcilerInput<WaveMessage>, from?: PeerId): void {
    const wasReady = this.#reconciler.isReady
    const outputs = this.#reconciler.handle(now, input)
    // First what came is kept, then what follows from it.
    if (from !== undefined) this.#settle(now, from, undefined)
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          this.#tell(output.to, output.message)
          break
        case 'load': {
          const { topic } = this.#options
          const { ref, wants, maxOps, maxBytes } = output
          this.#emitOut({ type: 'load-ops', topic, ref, wants, maxOps, maxBytes })
          break
        }
        case 'progress': {
          const { size: have } = this.#log
          // Whoever still gives is not slow, but for one who lets it drip.
          if (from === this.#active && output.isSteady) this.#bePatient(now)
          this.#emit({ type: 'historyProgress', have, known: have + output.left })
          break
        }
        case 'ended':
          this.#ended(now, output.end)
          break
        default:
          this.#out.push(output)
      }
    }
    this.#begin(now)
    // Others may have waited for that; but not while we have to ask for more ourselves.
    if (this.#reconciler.isReady && !wasReady && this.#active === undefined) this.#tellAll()
    this.#beat(now)
  }

  // ——— what the log took in

  /** `own`: one of ours that was just taken; it is stored first and alone. True where it is being stored. */
  #settle(now: Millis, from: PeerId, round: number | undefined, own?: Publication): boolean {
    const changes = this.#log.takeChanges()
    if (changes === undefined) return false
    this.#deliveries.took(now, changes, from, round, own?.message)
    if (round === undefined) {
      const ids = changes.kept.map(({ op }) => op.message).filter(each => each !== own?.message)
      if (ids.length > 0) this.#out.push({ type: 'held', from, ids })
    }
    for (const fork of changes.forks) this.#emit({ type: 'fork', ...fork })
    for (const gap of changes.gaps) this.#emit({ type: 'historyGap', ...gap })
    const { records, lanes } = changes
    const ours = records.filter(({ message }) => message === own?.message)
    if (ours.length > 0) this.#keeping.storeOwn(own!, { ops: ours, lanes })
    const ops = records.filter(({ message, position }) => position > 0 && message !== own?.message)
    if (ops.length > 0 || (ours.length === 0 && lanes.length > 0))
      this.#keeping.store({ ops, lanes })
    this.#keeping.storeLater(
      now,
      records.filter(({ position }) => position === 0),
    )
    this.#beat(now)
    return ours.length > 0
  }

  #tell(to: PeerId, message: HistoryMessage): void {
    this.#out.push({ type: 'send', to, message })
  }

  #emit(event: TopicEvent): void {
    this.#out.push({ type: 'emit', event })
  }

  #emitOut(output: NodeOutput): void {
    this.#out.push({ type: 'out', output })
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }
}

const FAILED =
  'What came could not be stored. It is tried again; until then nothing more is kept of what others say.'
