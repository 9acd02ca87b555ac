import type { PeerId } from '../../ids.js'

/**
 * A map by message id, for many that live long: numbers of one author lie side by side in pages. A large table of
 * single entries is spread all over the memory, and is made anew again and again while its oldest go.
 */
export class MessageShelf<T> {
  #byAuthor: Map<PeerId, Map<number, Page<T>>> | undefined
  #held = 0
  /** Where the last look was: the next is mostly beside it. */
  #last: Place<T> | undefined

  get size(): number {
    return this.#held
  }

  get(author: PeerId, seq: number): T | undefined {
    return this.#page(author, seq)?.slots[seq % PAGE]
  }

  /** Gives what was there before. */
  set(author: PeerId, seq: number, value: T): T | undefined {
    const page = this.#page(author, seq) ?? this.#newPage(author, seq)
    const before = page.slots[seq % PAGE]
    page.slots[seq % PAGE] = value
    if (before === undefined) {
      page.held++
      this.#held++
    }
    return before
  }

  delete(author: PeerId, seq: number): void {
    const page = this.#page(author, seq)
    if (page?.slots[seq % PAGE] === undefined) return
    page.slots[seq % PAGE] = undefined
    this.#held--
    if (--page.held > 0) return
    this.#last = undefined
    const pages = this.#byAuthor!.get(author)!
    pages.delete(Math.floor(seq / PAGE))
    if (pages.size === 0) this.#byAuthor!.delete(author)
  }

  #page(author: PeerId, seq: number): Page<T> | undefined {
    const number = Math.floor(seq / PAGE)
    const last = this.#last
    if (last?.number === number && last.author === author) return last.page
    const page = this.#byAuthor?.get(author)?.get(number)
    if (page !== undefined) this.#last = { author, number, page }
    return page
  }

  #newPage(author: PeerId, seq: number): Page<T> {
    this.#byAuthor ??= new Map()
    let pages = this.#byAuthor.get(author)
    if (pages === undefined) this.#byAuthor.set(author, (pages = new Map()))
    const page = { slots: new Array<T | undefined>(PAGE).fill(undefined), held: 0 }
    pages.set(Math.floor(seq / PAGE), page)
    return page
  }
}

interface Page<T> {
  readonly slots: (T | undefined)[]
  held: number
}

interface Place<T> {
  readonly author: PeerId
  readonly number: number
  readonly page: Page<T>
}

/** An author whose numbers lie far apart costs a page of 64 bytes for each: an eighth of what one entry is taken for. */
const PAGE = 8
