import type { Millis } from '../core/ids.js'

/** The end of a task: what has gathered in it goes out at once, as packets, posts and a timer. */
export class Settling {
  readonly #clock: () => Millis
  readonly #isBusy: () => boolean
  readonly #settled: () => void
  readonly #channel = new MessageChannel()
  /** A task is under way, and its end will come. */
  #isSettling = false
  #settledAt: Millis = 0
  #putOff: ReturnType<typeof setTimeout> | undefined
  #taskTime: Millis | undefined

  /** `isBusy`: signatures are on their way, and will be tasks of their own. `settled` sends what has gathered. */
  constructor(clock: () => Millis, isBusy: () => boolean, settled: () => void) {
    this.#clock = clock
    this.#isBusy = isBusy
    this.#settled = settled
    this.#channel.port1.onmessage = () => this.#endSoon()
  }

  /** The time of the task: looking at the clock for each of a thousand messages costs more than they do. */
  get time(): Millis {
    if (!this.#isSettling) return this.#clock()
    this.#taskTime ??= this.#clock()
    return this.#taskTime
  }

  /** Something has gathered. */
  settle(): void {
    if (this.#isSettling) {
      if (this.#putOff === undefined || this.#isBusy()) return
      clearTimeout(this.#putOff)
      this.#putOff = undefined
    }
    this.#isSettling = true
    this.#taskTime = undefined
    this.#channel.port2.postMessage(0)
  }

  /** A ring ends where it began: to hear of its end by a message costs as much again as what it does. */
  ring(act: () => void): void {
    const isUnderWay = this.#isSettling
    this.#isSettling = true
    this.#taskTime = undefined
    try {
      act()
    } finally {
      if (!isUnderWay) this.#endSoon()
    }
  }

  /**
   * In a burst each signature comes back in a task of its own: packets and posts of one message each would cost
   * more than the message. So while more are under way, an end is put off, a little.
   */
  #endSoon(): void {
    if (!this.#isBusy() || this.#clock() - this.#settledAt >= PUT_OFF_MS) this.end()
    else this.#putOff ??= setTimeout(() => this.end(), PUT_OFF_MS)
  }

  /** Now, without waiting for the task to be over. */
  end(): void {
    clearTimeout(this.#putOff)
    this.#putOff = undefined
    this.#settledAt = this.#clock()
    this.#isSettling = false
    this.#settled()
  }

  /** An open port would keep a Node process alive. */
  stop(): void {
    this.#channel.port1.close()
  }
}

/** What a burst may add to the delay of a hop. */
const PUT_OFF_MS = 2
