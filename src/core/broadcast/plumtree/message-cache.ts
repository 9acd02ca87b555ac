import type { Millis, PeerId } from '../../ids.js'
import type { Message } from '../../message.js'
import { MessageShelf } from './message-shelf.js'
import type { Counts } from './outbox.js'

export interface CacheOptions {
  retentionMs: number
  /** Bytes held; the oldest go first. */
  bytes: number
  outbox: Counts
}

/** A message kept so that it can be announced and given to whoever asks. */
export interface Cached {
  readonly message: Message
  /** The round it carries when it leaves here. */
  readonly round: number
  /** Who gave it first; undefined for our own. */
  readonly giver: PeerId | undefined
  /** Who is known to hold it besides the giver: they announced it or gave it too. */
  holders: readonly PeerId[]
  /** The peers it waits to be announced to; emptied when that is done. */
  announceTo: readonly PeerId[]
  /** When it came. */
  readonly at: Millis
  /** When it was first announced, where that was before it came, and whether it was then asked for. */
  announcedAt: Millis | undefined
  asked: boolean
  /** How often each peer was given it on asking. */
  given: Map<PeerId, number> | undefined
  readonly bytes: number
  gone: boolean
  next: Cached | undefined
}

/** Payloads for a while, oldest first out, by age and by bytes. */
export class MessageCache {
  readonly #options: CacheOptions
  readonly #byId = new MessageShelf<Cached>()
  #oldest: Cached | undefined
  #newest: Cached | undefined
  #held = 0

  constructor(options: CacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  get bytes(): number {
    return this.#held
  }

  get(author: PeerId, seq: number): Cached | undefined {
    return this.#byId.get(author, seq)
  }

  put(now: Millis, message: Message, round: number, giver: PeerId | undefined): Cached {
    const bytes = bytesOf(message)
    // There are tens of thousands, and each lives long: what a field holds is a word, and looked at nowhere else.
    const cached: Cached = {
      message,
      round,
      giver,
      holders: NOBODY,
      announceTo: NOBODY,
      at: now,
      announcedAt: undefined,
      asked: false,
      given: undefined,
      bytes,
      gone: false,
      next: undefined,
    }
    const replaced = this.#byId.set(message.author, message.seq, cached)
    if (replaced !== undefined) this.#forget(replaced)
    if (this.#newest === undefined) this.#oldest = cached
    else this.#newest.next = cached
    this.#newest = cached
    this.#held += bytes
    while (this.#held > this.#options.bytes && this.#oldest !== undefined) {
      if (!this.#oldest.gone) {
        this.#drop(this.#oldest)
        this.#options.outbox.count('cache-overflowed')
      }
      this.#shift()
    }
    return cached
  }

  /** When the oldest falls due. */
  get nextExpiry(): Millis | undefined {
    return this.#oldest && this.#oldest.at + this.#options.retentionMs
  }

  /** Expiry is inclusive. */
  expire(now: Millis): void {
    while (this.#oldest !== undefined && this.#oldest.at + this.#options.retentionMs <= now) {
      if (!this.#oldest.gone) this.#drop(this.#oldest)
      this.#shift()
    }
  }

  /** The newest up to `max` that live beyond `until`, oldest first. */
  *newestLiving(max: number, until: Millis): IterableIterator<Cached> {
    let skip = this.#byId.size - max
    for (let at = this.#oldest; at !== undefined; at = at.next) {
      if (at.gone || skip-- > 0 || at.at + this.#options.retentionMs <= until) continue
      yield at
    }
  }

  #drop(cached: Cached): void {
    const { author, seq } = cached.message
    this.#byId.delete(author, seq)
    this.#forget(cached)
  }

  #forget(cached: Cached): void {
    cached.gone = true
    this.#held -= cached.bytes
  }

  #shift(): void {
    this.#oldest = this.#oldest?.next
    if (this.#oldest === undefined) this.#newest = undefined
  }
}

export const NOBODY: readonly PeerId[] = []

function bytesOf(message: Message): number {
  return message.payload.length + message.extensions.length + ENTRY_BYTES
}

/** What an entry weighs besides its bytes, so that empty payloads are bounded too. Guess. */
const ENTRY_BYTES = 512
