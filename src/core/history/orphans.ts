import type { Deadline } from '../deadline.js'
import { formatMessageId, type MessageId, type Millis, type PeerId } from '../ids.js'
import type { HistoryConfig } from './config.js'
import type { Op } from './op.js'

/** An op that came before its parents. */
export interface Orphan {
  readonly op: Op
  readonly from: PeerId
  readonly round: number | undefined
  readonly since: Millis
  askedAt: Millis
  /** In causal order: it is yet to be delivered. */
  readonly isHeld: boolean
}

/** Ops without their parents, in the order in which they came; the log says which of them it still waits for. */
export class Orphans {
  readonly #config: HistoryConfig
  readonly #orphans = new Map<string, Orphan>()

  constructor(config: HistoryConfig) {
    this.#config = config
  }

  get size(): number {
    return this.#orphans.size
  }

  add(now: Millis, orphan: Omit<Orphan, 'since' | 'askedAt'>): void {
    const name = formatMessageId(orphan.op.message)
    this.#orphans.set(name, { ...orphan, since: now, askedAt: now })
  }

  /** All it builds on has come. */
  take(id: MessageId): Orphan | undefined {
    const name = formatMessageId(id)
    const orphan = this.#orphans.get(name)
    this.#orphans.delete(name)
    return orphan
  }

  /**
   * The broadcast mends itself first; what is missing then has to be asked for with whoever brought its children, if it can
   * be asked.
   */
  toAsk(now: Millis, canBeAsked: (peer: PeerId) => boolean): PeerId | undefined {
    for (const orphan of this.#orphans.values()) {
      if (now - orphan.askedAt < this.#config.orphanAfterMs) continue
      orphan.askedAt = now
      if (canBeAsked(orphan.from)) return orphan.from
    }
    return undefined
  }

  /** The next that was held for too long, taken out: it is not looked at again. */
  takeOverdue(now: Millis): Orphan | undefined {
    const [first] = this.#orphans
    if (first === undefined || !first[1].isHeld || this.#heldUntil(first[1]) > now) return undefined
    this.#orphans.delete(first[0])
    return first[1]
  }

  /** Those that are not waited for any more: their lane is frozen, or they gave way to others. */
  drop(isWaiting: (id: MessageId) => boolean): Orphan[] {
    const dropped: Orphan[] = []
    for (const [name, orphan] of this.#orphans) {
      if (isWaiting(orphan.op.message)) continue
      this.#orphans.delete(name)
      dropped.push(orphan)
    }
    return dropped
  }

  get nextDeadline(): Deadline | undefined {
    const [first] = this.#orphans.values()
    return first?.isHeld ? { at: this.#heldUntil(first), reason: 'causal order' } : undefined
  }

  #heldUntil({ since }: Orphan): Millis {
    return since + this.#config.causalWaitMs
  }
}
