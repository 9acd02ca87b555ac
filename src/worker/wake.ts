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
  readonly #task: (act: () => void) => void
  readonly #sleepers = new Set<Sleeper>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #armedFor = Number.POSITIVE_INFINITY

  /** `task` runs what a ring does, and ends the task. */
  constructor(clock: () => Millis, task: (act: () => void) => void) {
    this.#clock = clock
    this.#task = task
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
      // Timers count whole milliseconds, and would ring before a fraction is over.
      Math.max(0, Math.min(Math.ceil(at - this.#clock()), LONGEST_MS)),
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
    const isDue = ({ nextDeadline }: Sleeper) =>
      nextDeadline !== undefined && nextDeadline.at <= now
    const due = [...this.#sleepers].filter(isDue)
    if (due.length > 0)
      this.#task(() => {
        // Who was woken may have woken or removed others.
        for (const sleeper of due)
          if (this.#sleepers.has(sleeper) && isDue(sleeper)) sleeper.wake(now)
      })
    this.arm()
  }
}

/** setTimeout counts in 32 bits. */
const LONGEST_MS = 0x7fff_ffff
