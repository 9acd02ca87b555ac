import type { PeerId } from '../../ids.js'

/** A map by message id, author first and then seq, so that no lookup builds a string. */
export class MessageMap<T> {
  #byAuthor: Map<PeerId, Map<number, T>> | undefined
  #held = 0

  get size(): number {
    return this.#held
  }

  get(author: PeerId, seq: number): T | undefined {
    return this.#byAuthor?.get(author)?.get(seq)
  }

  set(author: PeerId, seq: number, value: T): void {
    this.#byAuthor ??= new Map()
    let bySeq = this.#byAuthor.get(author)
    if (bySeq === undefined) this.#byAuthor.set(author, (bySeq = new Map()))
    const before = bySeq.size
    bySeq.set(seq, value)
    this.#held += bySeq.size - before
  }

  delete(author: PeerId, seq: number): void {
    const bySeq = this.#byAuthor?.get(author)
    if (bySeq === undefined || !bySeq.delete(seq)) return
    this.#held--
    if (bySeq.size === 0) this.#byAuthor!.delete(author)
  }

  *values(): IterableIterator<T> {
    for (const bySeq of this.#byAuthor?.values() ?? []) yield* bySeq.values()
  }
}
