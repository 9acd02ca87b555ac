/** How far pushed copies came behind the first announcement: the detour of a tree, as one peer sees it. */
export class Lag {
  #count: number
  #highestMs: number
  #beforeMs: number

  /** A copied tree has its model's detours. */
  constructor(model?: Lag) {
    this.#count = model === undefined ? 0 : model.#count
    this.#highestMs = model === undefined ? 0 : model.#highestMs
    this.#beforeMs = model === undefined ? 0 : model.#beforeMs
  }

  note(ms: number): void {
    if (this.#count >= 2 * WINDOW) {
      this.#beforeMs = this.#highestMs
      this.#highestMs = 0
      this.#count = WINDOW
    }
    this.#count++
    if (ms > this.#highestMs) this.#highestMs = ms
  }

  /** The highest of the last 32 to 64; undefined while too few are known. */
  get highestMs(): number | undefined {
    return this.#count < LEAST ? undefined : Math.max(this.#highestMs, this.#beforeMs)
  }
}

/** Guess. */
const WINDOW = 32

/** Guess. */
const LEAST = 8
