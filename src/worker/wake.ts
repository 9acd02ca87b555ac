import type { Deadline } from '../core/deadline.js'
import { sooner } from '../core/deadline.js'
import type { Millis } from '../core/ids.js'

/** Something that wants to be woken. */
export interface Sleeper {
  readonly nextDeadline: Deadline | undefined
  wake(now: Millis): void
}

/** One timer for everybody's next deadline; the only setTimeout that the protocols hang on. */
export class WakeUp {
  readonly #clock: () => Millis
  readonly #afterwards: () => void
  readonly #sleepers = new Set<Sleeper>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: () => Millis, afterwards: () => void) {
    this.#clock = clock
    this.#afterwards = afterwards
  }

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper)
  }

  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper)
  }

  /** To be called after anything that may have moved a deadline. */
  arm(): void {
    const next = this.next
    const at = next?.at ?? Number.POSITIVE_INFINITY
    // A timer that rings too early costs less than setting one anew after every task.
    if (next !== undefined && this.#timer !== undefined && this.#armedFor <= at) return
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#armedFor = at
    if (next === undefined) return
    this.#timer = setTimeout(
      () => this.#ring(),
      Math.max(0, Math.min(at - this.#clock(), LONGEST_MS)),
    )
  }

  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sleepers.clear()
  }

  get next(): Deadline | undefined {
    let next: Deadline | undefined
    for (const sleeper of this.#sleepers) next = sooner(next, sleeper.nextDeadline)
    return next
  }

  #ring(): void {
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = this.#clock()
    for (const sleeper of [...this.#sleepers]) {
      const deadline = sleeper.nextDeadline
      if (deadline !== undefined && deadline.at <= now) sleeper.wake(now)
    }
    this.#afterwards()
    this.arm()
  }
}

/** setTimeout counts in 32 bits. */
const LONGEST_MS = 0x7fff_ffff
