import { type Deadline, sooner } from '../deadline.js'
import { formatMessageId, type MessageId, type Millis, type PeerId, type TopicId } from '../ids.js'
import type { HistoryMessage, NodeOutput, TopicEvent } from '../io.js'
import type { Draft, Message } from '../message.js'
import type { Random } from '../random.js'
import { Timers } from '../timers.js'
import type { HistoryConfig } from './config.js'
import { Frontier, type Said } from './frontier.js'
import { OpLog } from './log.js'
import { type Op, opHash, opOf, withParents } from './op.js'
import type {
  ExchangeEnd,
  Reconciler,
  ReconcilerInput,
  ReconcilerOptions,
  ReconcilerOutput,
  ReconcilerSnapshot,
} from './reconciler.js'
import type { DeliveryOrder, HistoryIndex, OpRecord, TrimmedLane } from './records.js'
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

export type HistoryOutput =
  | { type: 'tell'; to: PeerId; message: HistoryMessage }
  /** New to the application. */
  | { type: 'deliver'; message: Message; from: PeerId; round: number | undefined }
  /** One's own message is kept: now it may leave. */
  | { type: 'publish'; ref: number; message: Message }
  /** These came in an exchange; the broadcast need not ask for them. */
  | { type: 'held'; from: PeerId; ids: readonly MessageId[] }
  | { type: 'emit'; event: TopicEvent }
  | { type: 'out'; output: NodeOutput }
  | Extract<ReconcilerOutput<WaveMessage>, { type: 'blame' | 'count' }>

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
  /** Ops that came before their parents, by name. */
  readonly #orphans = new Map<string, Orphan>()
  /** Own messages that are being stored: their calls, and theirs. */
  readonly #own = new Map<number, { ref: number; message: Message }>()
  /** Ops of others that are being stored, by call. */
  readonly #storing = new Map<number, number>()
  #unstored = 0
  #failed = false
  #isSynced = false
  #ref = 1
  #out: HistoryOutput[] = []

  constructor(options: HistoryOptions) {
    const { self, topic, config, random, maxMessageSize, index } = options
    this.#options = options
    this.#log = new OpLog(self, index)
    for (const message of index.waiting) {
      const op = opOf(topic, message)
      if (op !== undefined) this.#log.recall(op)
    }
    const neighbors = () => this.#neighbors.size
    this.#reconciler = options.reconciler({
      ...{ self, topic, config, random, maxMessageSize, neighbors },
      hasRoom: () => this.#unstored <= MOST_UNSTORED,
      log: this.#log,
    })
    this.#settle(0, self, undefined)
  }

  /** Whether it is here, and so was delivered. */
  has(id: MessageId): boolean {
    return this.#log.has(id)
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
  draft(now: Millis, ref: number, payload: Uint8Array): void {
    const { topic, self } = this.#options
    this.#log.draft((seq, parents) => {
      const extensions = withParents(parents)
      const draft: Draft = { author: self, seq, time: Math.floor(now), payload, extensions }
      this.#emitOut({ type: 'seal', topic, ref, draft })
      return opHash(topic, draft)
    })
  }

  /** Kept before it leaves, in one transaction with its number. */
  sealed(now: Millis, ref: number, message: Message): void {
    const op = this.opOf(message)
    if (op !== undefined) this.#log.take(op)
    const call = this.#settle(now, this.#options.self, 0, message)
    // Of a lane of one's own that is forked nothing is kept any more; it is said all the same.
    if (call === undefined) this.#out.push({ type: 'publish', ref, message })
    else this.#own.set(call, { ref, message })
  }

  stored(now: Millis, call: number, ok: boolean): void {
    const own = this.#own.get(call)
    if (own !== undefined) {
      this.#own.delete(call)
      this.#out.push({ type: 'publish', ...own })
      return
    }
    this.#unstored -= this.#storing.get(call) ?? 0
    this.#storing.delete(call)
    if (ok) return this.#reconcile(now, { type: 'room' })
    if (this.#failed) return
    // What can't be kept is not claimed: others would ask for it.
    this.#failed = true
    const reason =
      'What came could not be stored. Nothing more is kept until the topic is opened again.'
    this.#emit({ type: 'historyFailed', reason })
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
    if (this.#failed) {
      if (!this.#log.has(message)) this.#deliver(message, from, round)
      return
    }
    const taken = this.#log.take(op)
    this.#settle(now, from, round)
    if (taken !== 'refused') return
    this.#count('ops-refused')
    if (!this.#log.lanes.get(message.author)?.frozen) this.#deliver(message, from, round)
  }

  hear(now: Millis, from: PeerId, message: HistoryMessage): void {
    const frontier = this.#neighbors.get(from)
    if (frontier === undefined) return this.#count('history-from-strangers')
    if (message.type === 'frontier') return this.#hearFrontier(now, from, frontier, message)
    if (this.#failed && message.type !== 'exchange-error') {
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

  // ——— time

  get nextDeadline(): Deadline | undefined {
    let at: Deadline | undefined = this.#timers.next
    const [first] = this.#orphans.values()
    if (first?.isHeld) at = sooner(at, { at: this.#heldUntil(first), reason: 'causal order' })
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
    this.#deliverOverdue(now)
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
    this.#askForOrphans(now)
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
    if (isLevel && this.#orphans.size === 0) return
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
    if (this.#active !== undefined || this.#failed || this.#unstored > MOST_UNSTORED) return
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
      for (const each of [peer, ...others]) this.#wanted.add(each)
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
          // Whoever still gives is not slow.
          if (from !== undefined && from === this.#active) this.#bePatient(now)
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

  /** `own`: a message of ours that was just taken; it is stored first and alone. Returns the number of that call. */
  #settle(now: Millis, from: PeerId, round: number | undefined, own?: Message): number | undefined {
    const changes = this.#log.takeChanges()
    if (changes === undefined) return undefined
    const isCausal = this.#options.order === 'causal'
    const held: MessageId[] = []
    for (const op of changes.waiting) {
      const { message } = op
      const orphan = { op, from, round, since: now, askedAt: now, isHeld: isCausal }
      this.#orphans.set(formatMessageId(message), orphan)
      if (!isCausal) this.#deliver(message, from, round)
    }
    for (const { op, waited } of changes.kept) {
      const { message } = op
      if (message === own) continue
      if (round === undefined) held.push(message)
      const orphan = waited || isCausal ? this.#orphans.get(formatMessageId(message)) : undefined
      if (orphan !== undefined) this.#orphans.delete(formatMessageId(message))
      if (orphan?.isHeld) this.#deliver(message, orphan.from, orphan.round)
      else if (!waited) this.#deliver(message, from, round)
    }
    while (this.#orphans.size > this.#log.waiting.size + SLACK) this.#dropOrphans()
    if (held.length > 0) this.#out.push({ type: 'held', from, ids: held })
    for (const fork of changes.forks) this.#emit({ type: 'fork', ...fork })
    for (const gap of changes.gaps) this.#emit({ type: 'historyGap', ...gap })
    const { records, lanes } = changes
    const ours = records.filter(({ message }) => message === own)
    const call = ours.length > 0 ? this.#store(ours, lanes, true) : undefined
    if (records.length > ours.length || ours.length === 0) {
      const rest = records.filter(({ message }) => message !== own)
      this.#store(rest, lanes, false)
    }
    this.#beat(now)
    return call
  }

  #store(ops: readonly OpRecord[], lanes: HistoryIndex['lanes'], own: boolean): number {
    const ref = this.#ref++
    if (!own) {
      this.#storing.set(ref, ops.length)
      this.#unstored += ops.length
    }
    const { topic } = this.#options
    const { heads } = this.#log
    this.#emitOut({ type: 'store-ops', topic, ref, own, ops, lanes, heads })
    return ref
  }

  // ——— ops without parents

  /** The broadcast mends itself first; what is missing then has to be asked for with whoever brought its children. */
  #askForOrphans(now: Millis): void {
    for (const orphan of this.#orphans.values()) {
      if (now - orphan.askedAt < this.#options.config.orphanAfterMs) continue
      orphan.askedAt = now
      if (this.#neighbors.get(orphan.from)?.isReady) return this.#want(now, orphan.from)
    }
  }

  #deliverOverdue(now: Millis): void {
    for (const orphan of this.#orphans.values()) {
      if (!orphan.isHeld || this.#heldUntil(orphan) > now) return
      orphan.isHeld = false
      const { op, from, round } = orphan
      this.#giveUp(orphan)
      this.#deliver(op.message, from, round)
      // Behind those that are still held, which are looked at from the first on.
      this.#orphans.delete(formatMessageId(op.message))
    }
  }

  #giveUp({ op }: Orphan): void {
    const id = formatMessageId(op.message)
    this.#count('parents-missing')
    this.#emit({ type: 'parentsMissing', id, missing: this.#log.missingOf(op) })
  }

  /** Those that the log does not wait for any more: their lane is frozen, or they gave way to others. */
  #dropOrphans(): void {
    for (const [id, orphan] of this.#orphans) {
      if (this.#log.waiting.get(orphan.op.message) !== undefined) continue
      this.#orphans.delete(id)
      if (!orphan.isHeld) continue
      this.#giveUp(orphan)
      this.#deliver(orphan.op.message, orphan.from, orphan.round)
    }
  }

  #heldUntil({ since }: Orphan): Millis {
    return since + this.#options.config.causalWaitMs
  }

  #deliver(message: Message, from: PeerId, round: number | undefined): void {
    this.#out.push({ type: 'deliver', message, from, round })
  }

  #tell(to: PeerId, message: HistoryMessage): void {
    this.#out.push({ type: 'tell', to, message })
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

export interface HistorySnapshot extends ReconcilerSnapshot {
  /** Kept. */
  ops: number
  lanes: number
  /** Ops whose parents are missing. */
  waiting: number
  isSynced: boolean
  /** Equal where two peers keep the same. */
  digest: Uint8Array
}

/** An op that came before its parents. */
interface Orphan {
  readonly op: Op
  readonly from: PeerId
  readonly round: number | undefined
  readonly since: Millis
  askedAt: Millis
  /** In causal order: it is yet to be delivered. */
  isHeld: boolean
}

/** Ops handed to the store and not confirmed; above it no exchange is begun. Two full waves. */
const MOST_UNSTORED = 512
const SLACK = 64
