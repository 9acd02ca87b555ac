import type { Millis } from './ids.js'

/**
 * Deadlines of one machine, each under a name that is also its reason. Setting a name again moves it;
 * deadlines that fall due together come in the order in which they were set.
 */
export class Timers<Name extends string = string> {
  /** Few at a time: looking along a row is faster than a map, and smaller. */
  #set: Entry<Name>[] = []
  #order = 0
  #soonest: { at: Millis; reason: Name } | undefined
  #stale = false

  set(name: Name, at: Millis): void {
    const order = this.#order++
    const entry = this.#find(name)
    // A row that grows by `push` keeps room for seventeen.
    if (entry === undefined) this.#set = this.#set.concat({ name, at, order })
    else {
      entry.at = at
      entry.order = order
    }
    this.#stale = true
  }

  /** Sets the deadline only where none stands under that name. */
  ensure(name: Name, at: Millis): void {
    if (!this.has(name)) this.set(name, at)
  }

  clear(name: Name): void {
    for (let i = 0; i < this.#set.length; i++) {
      if (this.#set[i]!.name !== name) continue
      this.#set.splice(i, 1)
      this.#stale = true
      return
    }
  }

  clearAll(): void {
    this.#set = []
    this.#stale = true
  }

  at(name: Name): Millis | undefined {
    return this.#find(name)?.at
  }

  has(name: Name): boolean {
    return this.#find(name) !== undefined
  }

  get next(): { at: Millis; reason: Name } | undefined {
    if (this.#stale) {
      this.#stale = false
      let soonest: Entry<Name> | undefined
      for (const entry of this.#set) {
        if (soonest === undefined || entry.at < soonest.at) soonest = entry
      }
      this.#soonest = soonest && { at: soonest.at, reason: soonest.name }
    }
    return this.#soonest
  }

  /** Takes out and returns all names due at `now` (inclusive), earliest first, in order of setting on ties. */
  due(now: Millis): Name[] {
    const next = this.next
    if (next === undefined || next.at > now) return []
    const due = this.#set.filter(({ at }) => at <= now)
    due.sort((x, y) => x.at - y.at || x.order - y.order)
    this.#set = this.#set.filter(({ at }) => at > now)
    this.#stale = true
    return due.map(({ name }) => name)
  }

  #find(name: Name): Entry<Name> | undefined {
    for (const entry of this.#set) if (entry.name === name) return entry
    return undefined
  }
}

interface Entry<Name> {
  readonly name: Name
  at: Millis
  order: number
}
