import type { Time } from './time.js'

/** One end of a data channel in memory: reliable, in order, and as slow as its network. */
export class MemoryChannel {
  binaryType = 'arraybuffer'
  readyState: 'connecting' | 'open' | 'closed' = 'connecting'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onbufferedamountlow: (() => void) | null = null
  #other: MemoryChannel | undefined
  readonly #time: Time
  readonly #latencyMs: number
  /** What the network holds back while it is cut. */
  #held: (() => void)[] | undefined

  constructor(time: Time, latencyMs: number) {
    this.#time = time
    this.#latencyMs = latencyMs
  }

  /** Two ends that belong together; they open soon. */
  static join(a: MemoryChannel, b: MemoryChannel): void {
    a.#other = b
    b.#other = a
    for (const end of [a, b]) {
      end.#time.soon(() => {
        if (end.readyState !== 'connecting') return
        end.readyState = 'open'
        end.onopen?.()
      })
    }
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'open') throw new Error('InvalidStateError')
    const { buffer } = bytes.slice()
    this.#carry(() => {
      const other = this.#other
      if (other?.readyState === 'open') other.onmessage?.({ data: buffer })
    })
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#carry(() => this.#other?.ended())
    this.#time.soon(() => this.onclose?.())
  }

  ended(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.onclose?.()
  }

  /** What this end says goes nowhere until `release`. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held
    this.#held = undefined
    for (const act of held ?? []) this.#carry(act)
  }

  #carry(act: () => void): void {
    if (this.#held !== undefined) {
      // A link that is silent for so long is given up; what it still said is of no use to anybody.
      if (this.#held.length < MOST_HELD) this.#held.push(act)
    } else if (this.#latencyMs > 0) this.#time.after(this.#latencyMs, act)
    else this.#time.soon(act)
  }
}

const MOST_HELD = 10_000
