import type { Millis } from './ids.js'

/**
 * Deadlines of one machine, each under a name that is also its reason. Setting a name again moves it;
 * deadlines that fall due together come in the order in which they were set.
 */
export class Timers<Name extends string = string> {
  readonly #deadlines = new Map<Name, { at: Millis; order: number }>()
  #order = 0
  #soonest: { at: Millis; reason: Name } | undefined
  #stale = false

  set(name: Name, at: Millis): void {
    this.#deadlines.set(name, { at, order: this.#order++ })
    this.#stale = true
  }

  /** Sets the deadline only where none stands under that name. */
  ensure(name: Name, at: Millis): void {
    if (!this.#deadlines.has(name)) this.set(name, at)
  }

  clear(name: Name): void {
    if (this.#deadlines.delete(name)) this.#stale = true
  }

  clearAll(): void {
    this.#deadlines.clear()
    this.#stale = true
  }

  has(name: Name): boolean {
    return this.#deadlines.has(name)
  }

  get next(): { at: Millis; reason: Name } | undefined {
    if (this.#stale) {
      this.#stale = false
      this.#soonest = undefined
      for (const [reason, { at }] of this.#deadlines) {
        if (this.#soonest === undefined || at < this.#soonest.at) this.#soonest = { at, reason }
      }
    }
    return this.#soonest
  }

  /** Takes out and returns all names due at `now` (inclusive), earliest first, in order of setting on ties. */
  due(now: Millis): Name[] {
    const next = this.next
    if (next === undefined || next.at > now) return []
    const due = [...this.#deadlines].filter(([, { at }]) => at <= now)
    due.sort(([, x], [, y]) => x.at - y.at || x.order - y.order)
    for (const [name] of due) this.#deadlines.delete(name)
    this.#stale = true
    return due.map(([name]) => name)
  }
}
