/**
 * Notices that the other side stopped answering. Most deaths are told by an event; a worker killed from
 * outside dies without one, and its channels would stay open for good (browser-facts §2).
 */
export class Watch {
  readonly #ask: (timeoutMs: number) => Promise<unknown>
  readonly #gone: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #misses = 0

  /** `ask` rejects when there was no answer within the time given. */
  constructor(ask: (timeoutMs: number) => Promise<unknown>, gone: () => void) {
    this.#ask = ask
    this.#gone = gone
  }

  start(): void {
    this.#misses = 0
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS)
    // Node would stay alive for it.
    ;(this.#timer as { unref?(): void }).unref?.()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Any answer is a sign of life. */
  heard(): void {
    this.#misses = 0
  }

  async #look(): Promise<void> {
    const isAnswered = await this.#ask(ANSWER_WITHIN_MS).then(
      () => true,
      (reason: unknown) => (reason as { code?: unknown } | undefined)?.code !== 'no-answer',
    )
    if (this.#timer === undefined) return
    const misses = isAnswered ? 0 : this.#misses + 1
    if (misses >= MISSES) {
      this.stop()
      return this.#gone()
    }
    this.start()
    this.#misses = misses
  }
}

/** Guess: it is a safety net; the mesh notices dead peers by itself. */
const LOOK_EVERY_MS = 10_000
/** Guess: longer than any pause of a worker that lives. */
const ANSWER_WITHIN_MS = 15_000
/** One may be missed by a machine that slept: its timers all end at once. */
const MISSES = 2
