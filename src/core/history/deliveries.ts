import type { Deadline } from '../deadline.js'
import { firstOf, formatMessageId, type MessageId, type Millis, type PeerId } from '../ids.js'
import type { TopicEvent } from '../io.js'
import type { Message } from '../message.js'
import type { HistoryConfig } from './config.js'
import type { Changes, OpLog } from './log.js'
import { type Orphan, Orphans } from './orphans.js'
import type { DeliveryOrder } from './records.js'

export type DeliveryOutput =
  /** New to the application. `round` is undefined where it came in an exchange. */
  | { type: 'deliver'; message: Message; from: PeerId; round: number | undefined }
  | { type: 'emit'; event: TopicEvent }
  | { type: 'count'; counter: string; by?: number }

/** What the application is given of what came, and when: each message once, and in causal order after its parents. */
export class Deliveries {
  readonly #log: OpLog
  readonly #isCausal: boolean
  readonly #out: (output: DeliveryOutput) => void
  readonly #orphans: Orphans
  /** Delivered while nothing was taken in, by name: when they come again, to be kept, they are not news. */
  readonly #shown = new Set<string>()

  constructor(
    log: OpLog,
    config: HistoryConfig,
    order: DeliveryOrder,
    out: (output: DeliveryOutput) => void,
  ) {
    this.#log = log
    this.#isCausal = order === 'causal'
    this.#orphans = new Orphans(config)
    this.#out = out
  }

  /** Ops without their parents. */
  get orphans(): Orphans {
    return this.#orphans
  }

  /** What the log took in; `own` is a message of ours among it. */
  took(
    now: Millis,
    { waiting, kept }: Changes,
    from: PeerId,
    round: number | undefined,
    own: Message | undefined,
  ): void {
    for (const op of waiting) {
      const isNews = this.#isNews(op.message)
      this.#orphans.add(now, { op, from, round, isHeld: this.#isCausal && isNews })
      if (!this.#isCausal && isNews) this.deliver(op.message, from, round)
    }
    for (const { op, waited } of kept) {
      const { message } = op
      if (message === own) continue
      const orphan = waited || this.#isCausal ? this.#orphans.take(message) : undefined
      if (orphan?.isHeld) this.deliver(message, orphan.from, orphan.round)
      else if (!waited && this.#isNews(message)) this.deliver(message, from, round)
    }
    while (this.#orphans.size > this.#log.waiting.size + SLACK) this.#dropOrphans()
  }

  /** It is not taken in now, and comes again when there is a place to keep it. */
  show(message: Message, from: PeerId, round: number): void {
    const name = formatMessageId(message)
    if (this.#log.has(message) || this.#shown.has(name)) return
    this.#shown.add(name)
    for (const oldest of this.#shown) {
      if (this.#shown.size <= MOST_SHOWN) break
      this.#shown.delete(oldest)
    }
    this.deliver(message, from, round)
  }

  deliver(message: Message, from: PeerId, round: number | undefined): void {
    this.#out({ type: 'deliver', message, from, round })
  }

  get nextDeadline(): Deadline | undefined {
    return this.#orphans.nextDeadline
  }

  wake(now: Millis): void {
    let overdue = this.#orphans.takeOverdue(now)
    for (; overdue !== undefined; overdue = this.#orphans.takeOverdue(now)) this.#giveUp(overdue)
  }

  #isNews(message: Message): boolean {
    return this.#shown.size === 0 || !this.#shown.delete(formatMessageId(message))
  }

  #dropOrphans(): void {
    const isWaiting = (id: MessageId) => this.#log.waiting.get(id) !== undefined
    for (const orphan of this.#orphans.drop(isWaiting)) if (orphan.isHeld) this.#giveUp(orphan)
  }

  /** It is delivered without its parents. */
  #giveUp({ op, from, round }: Orphan): void {
    const { author } = op.message
    const id = formatMessageId({ author, seq: firstOf(op.message) })
    this.#out({ type: 'count', counter: 'parents-missing' })
    const missing = this.#log.missingOf(op)
    this.#out({ type: 'emit', event: { type: 'parentsMissing', id, missing } })
    this.deliver(op.message, from, round)
  }
}

/** Ops that the log stopped waiting for are looked for when there may be so many. Guess. */
const SLACK = 64
/** Messages delivered while nothing is kept. Above it the oldest may be delivered once more. Guess: 256 KiB of names. */
const MOST_SHOWN = 4096
