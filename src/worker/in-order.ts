/**
 * Results of asynchronous work, acted upon in the order the work was begun. What is already known is
 * acted upon at once where nothing stands before it.
 */
export class InOrder {
  readonly #queue: Entry[] = []
  #head = 0

  /** Work begun and not yet acted upon. */
  get waiting(): number {
    return this.#queue.length - this.#head
  }

  now(act: () => void): void {
    if (this.waiting === 0) act()
    else this.#queue.push({ act })
  }

  /** `work` must not reject; what can fail says so in its result. */
  later<T>(work: Promise<T>, act: (result: T) => void): void {
    const entry: Entry = { act: undefined }
    this.#queue.push(entry)
    void work.then(result => {
      entry.act = () => act(result)
      this.#release()
    })
  }

  #release(): void {
    for (;;) {
      const entry = this.#queue[this.#head]
      if (entry?.act === undefined) break
      this.#head++
      entry.act()
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
  }
}

interface Entry {
  act: (() => void) | undefined
}
