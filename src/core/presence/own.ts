import type { Millis } from '../ids.js'
import type { PresenceDraft, PresenceStatement } from './statement.js'

/** What we show ourselves, and the statements of it: each later than all before, also after a reload. */
export class Own {
  value: Uint8Array | undefined
  #statement: PresenceStatement | undefined
  /** Signed beforehand, for when there is no time to. */
  #farewell: PresenceStatement | undefined
  readonly #farewellTimes = new Set<number>()
  #lastTime = 0

  /** The newest that came back sealed. */
  get statement(): PresenceStatement | undefined {
    return this.#statement
  }

  /** The one that takes back the newest. */
  get farewell(): PresenceStatement | undefined {
    return this.#farewell
  }

  /** The value as it is now; and where there is one, its farewell. */
  drafts(now: Millis, lifetimeMs: number): PresenceDraft[] {
    const { value } = this
    // Two, for between them lies the farewell.
    const time = Math.max(Math.floor(now), this.#lastTime + 2)
    this.#lastTime = time
    this.#farewell = undefined
    if (value === undefined) return [{ value, time, lifetimeMs }]
    const times = this.#farewellTimes
    times.add(time + 1)
    if (times.size > MOST_FAREWELLS) times.delete(times.values().next().value!)
    return [
      { value, time, lifetimeMs },
      { value: undefined, time: time + 1, lifetimeMs },
    ]
  }

  /** True where there is something new to say. */
  sealed(statement: PresenceStatement): boolean {
    const { time } = statement
    if (this.#farewellTimes.delete(time)) {
      if (time === this.#lastTime + 1) this.#farewell = statement
      return false
    }
    if (time <= (this.#statement?.time ?? -1)) return false
    this.#statement = statement
    return true
  }

  knows(time: number): boolean {
    return time <= this.#lastTime
  }

  /** A statement of ours from before a reload, by a clock that was ahead: those that come are to be newer. */
  heard(time: number): void {
    this.#lastTime = time
  }
}

/** Under signature at once; at four a second that is a quarter of a minute. Guess. */
const MOST_FAREWELLS = 64
