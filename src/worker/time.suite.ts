import { KeyObject, sign, verify } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { vi } from 'vitest'
import { concat } from '../codec/bytes.js'
import { Random } from '../core/random.js'

/**
 * Time that passes only when everything else has come to rest: crypto, tasks, messages. So a test of a
 * timeout of ten seconds takes none, and a busy machine changes nothing. Dice are seeded too.
 */
export class VirtualTime {
  now = 1_700_000_000_000
  private busy = 0
  private nextTimer = 1
  private readonly timers = new Map<number, { at: number; act: () => void }>()

  /** Stands in for setTimeout, MessageChannel and the dice until `vi.unstubAllGlobals` and `vi.restoreAllMocks`. */
  static install(seed = 1): VirtualTime {
    const time = new VirtualTime()
    vi.stubGlobal('setTimeout', (act: () => void, ms = 0) => time.after(ms, act))
    vi.stubGlobal('clearTimeout', (timer: number | undefined) => time.timers.delete(timer ?? 0))
    vi.stubGlobal(
      'MessageChannel',
      class extends TimedChannel {
        constructor() {
          super(time)
        }
      },
    )
    // Their threads, too, would be waited for by nobody.
    vi.stubGlobal('CompressionStream', streamOf(time, deflateRawSync))
    vi.stubGlobal('DecompressionStream', streamOf(time, inflateRawSync))
    // The threads behind WebCrypto would end their work in another order each time.
    vi.spyOn(crypto.subtle, 'sign').mockImplementation((_, key, given) => {
      const bytes = copyOf(given)
      return time.later(() => new Uint8Array(sign(null, bytes, KeyObject.from(key))).buffer)
    })
    vi.spyOn(crypto.subtle, 'verify').mockImplementation((_, key, signature, given) => {
      const bytes = copyOf(given)
      return time.later(() => verify(null, bytes, KeyObject.from(key), copyOf(signature)))
    })
    for (const name of ['importKey', 'exportKey', 'generateKey'] as const) {
      const real = crypto.subtle[name] as (...given: unknown[]) => Promise<unknown>
      const watched = (...given: unknown[]) => time.watch(real.apply(crypto.subtle, given))
      vi.spyOn(crypto.subtle, name).mockImplementation(watched as never)
    }
    const random = new Random(seed)
    vi.spyOn(crypto, 'getRandomValues').mockImplementation(array => {
      const view = array as unknown as Uint8Array
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(
        random.bytes(view.byteLength),
      )
      return array
    })
    return time
  }

  readonly clock = () => this.now

  /** In a task of its own, after those asked for before. */
  soon(act: () => void): void {
    this.busy++
    setImmediate(() => {
      this.busy--
      act()
    })
  }

  /** Its result, from a task of its own. */
  later<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.soon(() => {
        try {
          resolve(work())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** As browsers do it: whole milliseconds, at least one. */
  after(ms: number, act: () => void): number {
    const timer = this.nextTimer++
    this.timers.set(timer, { at: this.now + Math.max(1, Math.trunc(ms)), act })
    return timer
  }

  /** Nothing happens any more but by the clock. */
  async quiet(): Promise<void> {
    do await new Promise(resolve => setImmediate(resolve))
    while (this.busy > 0)
  }

  /** Lets so much time pass, with all that happens in it. */
  async run(ms: number): Promise<void> {
    const end = this.now + ms
    while (await this.step(end));
    this.now = end
  }

  /** Lets time pass until it is so; throws where that takes longer than `withinMs`. */
  async until(condition: () => boolean, withinMs = 30_000): Promise<void> {
    const end = this.now + withinMs
    for (;;) {
      await this.quiet()
      if (condition()) return
      if (!(await this.step(end))) throw new Error(`not so within ${withinMs} ms: ${condition}`)
    }
  }

  /** What the promise gives, after as much time as it takes. */
  async result<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => (isSettled = true)
    promise.then(settled, settled)
    await this.until(() => isSettled)
    return promise
  }

  private async step(end: number): Promise<boolean> {
    await this.quiet()
    let first: number | undefined
    for (const [timer, { at }] of this.timers) {
      if (first === undefined || at < this.timers.get(first)!.at) first = timer
    }
    if (first === undefined || this.timers.get(first)!.at > end) return false
    const { at, act } = this.timers.get(first)!
    this.timers.delete(first)
    this.now = Math.max(this.now, at)
    act()
    return true
  }

  private watch<T>(work: Promise<T>): Promise<T> {
    this.busy++
    return work.finally(() => this.busy--)
  }
}

/** Of a message channel as much as the runtime uses. */
class TimedChannel {
  readonly port1 = { onmessage: () => {}, close: () => {} }
  readonly port2 = { postMessage: () => this.time.soon(() => this.port1.onmessage()) }

  constructor(private readonly time: VirtualTime) {}
}

/** A class of streams that have it all before they do anything. */
function streamOf(time: VirtualTime, work: (bytes: Uint8Array) => Uint8Array) {
  return class extends TransformStream<Uint8Array, Uint8Array> {
    constructor() {
      const parts: Uint8Array[] = []
      super({
        transform: part => void parts.push(part),
        flush: async controller =>
          controller.enqueue(new Uint8Array(await time.later(() => work(concat(...parts))))),
      })
    }
  }
}

/** WebCrypto takes its copy before it returns. */
function copyOf(bytes: BufferSource): Uint8Array {
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes.slice())
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice()
}
