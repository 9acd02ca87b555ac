import type { QueueLimits } from './config.js'

/** Frames of one class that wait for room in the channel. The first may have left in part. */
export class FrameQueue {
  readonly #limits: QueueLimits
  #frames = NO_FRAMES
  #start = 0
  /** How much of the first frame has left, bytes. */
  #left = 0
  #held = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Frames that wait, the one under way included. */
  get length(): number {
    return this.#frames.length - this.#start
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#held
  }

  /** True where the frame would go over a limit; an empty queue takes any. */
  wouldOverflow(frame: Uint8Array): boolean {
    if (this.length === 0) return false
    return this.length >= this.#limits.frames || this.#held + frame.length > this.#limits.bytes
  }

  get isHalfEmpty(): boolean {
    return this.length * 2 <= this.#limits.frames && this.#held * 2 <= this.#limits.bytes
  }

  /** An eighth full: whoever fills it should wait for room. */
  get isPressed(): boolean {
    return this.length * 8 > this.#limits.frames || this.#held * 8 > this.#limits.bytes
  }

  push(frame: Uint8Array): void {
    // A row that grows by `push` gets room for seventeen, and most queues hold one frame at a time.
    if (this.#frames === NO_FRAMES) this.#frames = [frame]
    else this.#frames.push(frame)
    this.#held += frame.length
  }

  /** The rest of the first frame. */
  get first(): Uint8Array | undefined {
    const frame = this.#frames[this.#start]
    return frame === undefined || this.#left === 0 ? frame : frame.subarray(this.#left)
  }

  get firstIsUnderWay(): boolean {
    return this.#left > 0
  }

  /** So many bytes of the first frame have left. */
  advance(bytes: number): void {
    this.#left += bytes
    this.#held -= bytes
    if (this.#left === this.#frames[this.#start]!.length) {
      this.#left = 0
      this.#forget(this.#start)
    }
  }

  /** Drops the oldest frame that is not under way, and gives it back; undefined where there is none. */
  dropOldest(): Uint8Array | undefined {
    const at = this.#left > 0 ? this.#start + 1 : this.#start
    const frame = this.#frames[at]
    if (frame === undefined) return undefined
    this.#held -= frame.length
    this.#forget(at)
    return frame
  }

  clear(): void {
    this.#frames = NO_FRAMES
    this.#start = 0
    this.#left = 0
    this.#held = 0
  }

  /** `at` is the first place or the one after it. */
  #forget(at: number): void {
    if (at > this.#start) this.#frames[at] = this.#frames[this.#start]!
    this.#frames[this.#start] = NOTHING
    this.#start++
    if (this.#start === this.#frames.length) {
      this.#frames = NO_FRAMES
      this.#start = 0
    } else if (this.#start >= COMPACT_AT && this.#start * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#start)
      this.#start = 0
    }
  }
}

/** Never pushed to. */
const NO_FRAMES: Uint8Array[] = []
const NOTHING = new Uint8Array(0)
/** Places left behind before the row is moved up: moving costs, and waiting keeps memory. Guess. */
const COMPACT_AT = 256
