import type { MessageId, Millis, TopicId } from '../ids.js'
import type { NodeOutput } from '../io.js'
import type { Message } from '../message.js'
import { Timers } from '../timers.js'
import type { HistoryConfig } from './config.js'
import { type LaneRecord, MOST_WAITING_OPS, type OpRecord } from './records.js'

/**
 * Hands what the log took in to the store. Where that fails, what others said is held and tried again, ever more rarely;
 * meanwhile nothing more of theirs is to be taken in, for who keeps nothing must not claim to.
 */
export class Keeping {
  readonly #topic: TopicId
  readonly #config: HistoryConfig
  readonly #heads: () => readonly MessageId[]
  readonly #isWaiting: (id: MessageId) => boolean
  readonly #out: (output: NodeOutput) => void
  /** Own messages that are being stored: their calls, and theirs. */
  readonly #own = new Map<number, Publication>()
  /** Ops of others that are being stored, by call. */
  readonly #storing = new Map<number, Batch>()
  /** What the store did not take, oldest first. */
  #refused: Batch[] = []
  /** Ops without their parents that are not stored yet, oldest first. */
  #late: OpRecord[] = []
  #isSuspended = false
  readonly #timers = new Timers<'retry' | 'late'>()
  #pauseMs = 0
  #unstored = 0
  #ref = 1

  constructor(
    topic: TopicId,
    config: HistoryConfig,
    heads: () => readonly MessageId[],
    isWaiting: (id: MessageId) => boolean,
    out: (output: NodeOutput) => void,
  ) {
    this.#topic = topic
    this.#config = config
    this.#heads = heads
    this.#isWaiting = isWaiting
    this.#out = out
  }

  /** Nothing of others is taken in. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  /** More may come: not much is being stored. */
  get hasRoom(): boolean {
    return !this.#isSuspended && this.#unstored <= MOST_UNSTORED
  }

  /** One of ours leaves once it is kept. */
  storeOwn(publication: Publication, batch: Batch): void {
    this.#own.set(this.#ref, publication)
    this.#store(batch, true)
  }

  store(batch: Batch): void {
    this.#unstored += batch.ops.length
    if (this.#isSuspended) this.#refused.push(batch)
    else this.#storeOthers(batch)
  }

  /**
   * Ops without their parents. Those of most come soon, and then they would be written anew, each by itself: who joins a
   * room where much is said would write little else. Who is lost with them meanwhile hears them again.
   */
  storeLater(now: Millis, ops: readonly OpRecord[]): void {
    if (ops.length === 0) return
    this.#late.push(...ops)
    if (this.#late.length > 2 * MOST_WAITING_OPS) this.#late = this.#late.filter(this.#isLate)
    this.#timers.ensure('late', now + STORED_AFTER_MS)
  }

  /** Now: who knows whether there is a later. */
  storeLate(): void {
    this.#timers.clear('late')
    const ops = this.#late.filter(this.#isLate)
    this.#late = []
    if (ops.length > 0) this.store({ ops, lanes: [] })
  }

  readonly #isLate = ({ message }: OpRecord) => this.#isWaiting(message)

  /** What came of a call: one of ours that may leave now, or news of what others said. */
  stored(
    now: Millis,
    call: number,
    ok: boolean,
  ): Publication | 'kept' | 'failed' | 'resumed' | undefined {
    const own = this.#own.get(call)
    if (own !== undefined) {
      this.#own.delete(call)
      return own
    }
    const batch = this.#storing.get(call)
    if (batch === undefined) return undefined
    this.#storing.delete(call)
    if (!ok) return this.#failed(now, batch)
    this.#unstored -= batch.ops.length
    if (!batch.isRetry) return 'kept'
    this.#pauseMs = 0
    if (this.#refused.length > 0) return this.#retryLater(now)
    this.#isSuspended = false
    return 'resumed'
  }

  get nextDeadline(): { at: Millis; reason: string } | undefined {
    return this.#timers.next
  }

  wake(now: Millis): void {
    for (const timer of this.#timers.due(now)) {
      if (timer === 'late') this.storeLate()
      else this.#retry()
    }
  }

  #failed(now: Millis, batch: Batch): 'failed' | undefined {
    this.#refused.push(batch)
    if (this.#isSuspended) return batch.isRetry ? this.#retryLater(now) : undefined
    this.#isSuspended = true
    this.#retryLater(now)
    return 'failed'
  }

  #retryLater(now: Millis): undefined {
    const { idlePauseMs, longestPauseMs } = this.#config
    this.#pauseMs = Math.min(longestPauseMs, Math.max(idlePauseMs, 2 * this.#pauseMs))
    this.#timers.set('retry', now + this.#pauseMs)
  }

  /** All of it in one call: lanes as they came to be, ops in their order. */
  #retry(): void {
    const refused = this.#refused
    this.#refused = []
    const ops = refused.flatMap(batch => batch.ops).sort((a, b) => a.position - b.position)
    const rising = refused.flatMap(batch => batch.lanes).sort((a, b) => a.height - b.height)
    const lanes = new Map(rising.map(lane => [lane.author, lane]))
    this.#storeOthers({ ops, lanes: [...lanes.values()], isRetry: true })
  }

  #storeOthers(batch: Batch): void {
    this.#storing.set(this.#ref, batch)
    this.#store(batch, false)
  }

  #store({ ops, lanes }: Batch, own: boolean): void {
    const [topic, ref, heads] = [this.#topic, this.#ref++, this.#heads()]
    this.#out({ type: 'store-ops', topic, ref, own, ops, lanes, heads })
  }
}

export interface Publication {
  ref: number
  message: Message
}

interface Batch {
  readonly ops: readonly OpRecord[]
  readonly lanes: readonly LaneRecord[]
  readonly isRetry?: boolean
}

/** Ops handed to the store and not confirmed; above it no exchange is begun and no part asked for. Two full waves. */
const MOST_UNSTORED = 512
/** Guess: a page of history every 20 ms brings 60,000 ops meanwhile. */
const STORED_AFTER_MS = 5_000
