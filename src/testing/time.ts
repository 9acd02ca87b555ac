import { Random } from '../core/random.js'

/** What the mesh in memory asks of time. */
export interface Time {
  now(): number
  /** In a task of its own, after those asked for before. */
  soon(act: () => void): void
  after(ms: number, act: () => void): void
  /** Lets so much time pass. */
  run(ms: number): Promise<void>
  /** Lets time pass until it is so; rejects where that takes longer. */
  until(condition: () => boolean, withinMs: number): Promise<void>
  /** What the promise gives, after as much time as it takes. */
  result<T>(promise: Promise<T>, withinMs: number): Promise<T>
  /** Gives back what was taken from the platform. */
  end(): void
}

/** The time of the machine. */
export class RealTime implements Time {
  readonly #origin = Date.now() - performance.now()

  now(): number {
    return this.#origin + performance.now()
  }

  soon(act: () => void): void {
    if (typeof setImmediate === 'function') setImmediate(act)
    else setTimeout(act, 0)
  }

  after(ms: number, act: () => void): void {
    setTimeout(act, ms)
  }

  run(ms: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, ms))
  }

  async until(condition: () => boolean, withinMs: number): Promise<void> {
    const end = this.now() + withinMs
    while (!condition()) {
      if (this.now() > end) throw notSo(condition, withinMs)
      await this.run(LOOK_EVERY_MS)
    }
  }

  result<T>(promise: Promise<T>): Promise<T> {
    return promise
  }

  end(): void {}
}

/**
 * Time that stands still but for `run`, `until` and `result`, which let it leap from one timer to the next when
 * everything else has come to rest: tasks, messages, crypto. While it lasts it is the whole program's time: `setTimeout`,
 * `setInterval` and `Date.now` go by it, and the platform's dice are seeded. Needs Node (`setImmediate`).
 */
export class VirtualTime implements Time {
  #now = START_MS
  readonly #timers = new Map<number, { at: number; act: () => void }>()
  readonly #tasks: (() => void)[] = []
  #nextTimer = 1
  #busy = 0
  #isPumping = false
  #crypto: Promise<unknown> = Promise.resolve()
  readonly #restore: (() => void)[] = []

  constructor(seed: number) {
    const random = new Random(seed)
    const time = this
    this.#replace(
      globalThis,
      'setTimeout',
      (act: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
        this.#timer(ms, () => act(...given)),
    )
    this.#replace(
      globalThis,
      'setInterval',
      (act: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
        const again = () => {
          this.#timers.set(timer.id, { at: this.#now + atLeastOne(ms), act: again })
          act(...given)
        }
        const timer = this.#timer(ms, again)
        return timer
      },
    )
    for (const name of ['clearTimeout', 'clearInterval'] as const) {
      this.#replace(globalThis, name, (timer: unknown) => void this.#timers.delete(Number(timer)))
    }
    this.#replace(Date, 'now', () => Math.floor(this.#now))
    this.#replace(
      globalThis,
      'MessageChannel',
      class extends TimedChannel {
        constructor() {
          super(time)
        }
      },
    )
    this.#replace(crypto, 'getRandomValues', (array: ArrayBufferView) => {
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(
        random.bytes(array.byteLength),
      )
      return array
    })
    // One after the other: the threads behind WebCrypto would end their work in another order each time.
    for (const name of [
      'sign',
      'verify',
      'digest',
      'importKey',
      'exportKey',
      'generateKey',
    ] as const) {
      const real = (crypto.subtle[name] as (...given: unknown[]) => Promise<unknown>).bind(
        crypto.subtle,
      )
      this.#replace(crypto.subtle, name, (...given: unknown[]) => {
        this.#busy++
        // WebCrypto takes its copy before it returns.
        const own = given.map(one => (one instanceof Uint8Array ? one.slice() : one))
        const done = this.#crypto.then(() => real(...own)).finally(() => this.#busy--)
        this.#crypto = done.catch(() => {})
        return done
      })
    }
  }

  now(): number {
    return this.#now
  }

  soon(act: () => void): void {
    this.#tasks.push(act)
    if (!this.#isPumping) void this.#pump()
  }

  after(ms: number, act: () => void): void {
    this.#timer(ms, act)
  }

  async run(ms: number): Promise<void> {
    const end = this.#now + ms
    while (await this.#step(end));
    this.#now = end
  }

  async until(condition: () => boolean, withinMs: number): Promise<void> {
    const end = this.#now + withinMs
    for (;;) {
      await this.#quiet()
      if (condition()) return
      if (!(await this.#step(end))) throw notSo(condition, withinMs)
    }
  }

  async result<T>(promise: Promise<T>, withinMs: number): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.until(() => isSettled, withinMs)
    return promise
  }

  end(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore()
  }

  /** Tasks one at a time, each with all that follows from it at once. */
  async #pump(): Promise<void> {
    this.#isPumping = true
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      task()
      do await turn()
      while (this.#busy > 0)
    }
    this.#isPumping = false
  }

  async #quiet(): Promise<void> {
    do await turn()
    while (this.#isPumping || this.#busy > 0)
  }

  /** To the next timer, if it rings by then. */
  async #step(end: number): Promise<boolean> {
    await this.#quiet()
    let first: number | undefined
    for (const [timer, { at }] of this.#timers) {
      if (first === undefined || at < this.#timers.get(first)!.at) first = timer
    }
    const next = first === undefined ? undefined : this.#timers.get(first)!
    if (next === undefined || next.at > end) return false
    this.#timers.delete(first!)
    this.#now = Math.max(this.#now, next.at)
    next.act()
    return true
  }

  #timer(ms: number, act: () => void): Timer {
    const id = this.#nextTimer++
    this.#timers.set(id, { at: this.#now + atLeastOne(ms), act })
    return new Timer(id)
  }

  #replace<T extends object>(owner: T, name: string & keyof T, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true })
    this.#restore.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, before)
    })
  }
}

/** As Node's timers are: a number to browsers' code, with a few methods to Node's. */
class Timer {
  constructor(readonly id: number) {}
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  [Symbol.toPrimitive](): number {
    return this.id
  }
}

/** Of a message channel as much as the node uses. */
class TimedChannel {
  readonly port1 = { onmessage: () => {}, close: () => {} }
  readonly port2 = { postMessage: () => this.time.soon(() => this.port1.onmessage()) }
  constructor(private readonly time: VirtualTime) {}
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** As browsers do it: whole milliseconds, at least one. */
function atLeastOne(ms: number): number {
  return Math.max(1, Math.trunc(ms))
}

function notSo(condition: () => boolean, withinMs: number): Error {
  return new Error(`not so within ${withinMs} ms: ${condition}`)
}

/** Some time in 2023: as many digits as real clocks have. */
const START_MS = 1_700_000_000_000
const LOOK_EVERY_MS = 5
