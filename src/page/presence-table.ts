import { GossamerError } from '../bridge/errors.js'
import type { PresenceChange } from '../bridge/node-messages.js'
import type { PeerId } from '../core/ids.js'
import { Reader } from './event-queue.js'

/** What a peer shows of itself. */
export interface Shown {
  value: Uint8Array
  /** Of its word, by its own clock: epoch milliseconds. */
  time: number
}

/** The newest word of each of the others, and readers who are told what changes. */
export class PresenceTable {
  readonly shown = new Map<PeerId, Shown>()
  readonly #readers = new Map<Reader<PresenceChange>, Reading>()
  #ended = false
  #failure: GossamerError | undefined

  take(change: PresenceChange): void {
    const { peer, value, time } = change
    if (value === undefined) this.shown.delete(peer)
    else this.shown.set(peer, { value, time })
    for (const [reader, reading] of this.#readers) {
      if (reader.give(change)) reading.took(change)
      else reading.waits(change)
    }
  }

  /** First what is shown, then what changes. */
  read(signal: AbortSignal | undefined): AsyncIterableIterator<PresenceChange, undefined> {
    if (this.#readers.size >= MOST_READERS) {
      throw new GossamerError('busy', `${MOST_READERS} read this presence already.`)
    }
    signal?.throwIfAborted()
    const reading = new Reading()
    for (const [peer, shown] of this.shown) reading.waits({ peer, ...shown })
    const reader = new Reader<PresenceChange>(
      () => reading.next(),
      () => {
        if (this.#ended && this.#failure !== undefined) throw this.#failure
        return this.#ended
      },
      () => {
        signal?.removeEventListener('abort', abort)
        this.#readers.delete(reader)
      },
    )
    const abort = () => reader.abort(signal?.reason)
    signal?.addEventListener('abort', abort)
    this.#readers.set(reader, reading)
    return reader
  }

  /** Nobody is shown any more; reading ends, or throws the failure. */
  end(failure?: GossamerError): void {
    this.#ended = true
    this.#failure = failure
    this.shown.clear()
    for (const reader of [...this.#readers.keys()]) reader.finish()
  }
}

/**
 * What a reader did not take yet: the newest of each peer, and that one is gone only where the reader knows it. So one
 * that stopped costs no more than twice the table, whoever comes and goes.
 */
class Reading {
  readonly #waiting = new Map<PeerId, PresenceChange>()
  /** Whom it saw shown last. */
  readonly #seen = new Set<PeerId>()

  waits(change: PresenceChange): void {
    const { peer, value } = change
    if (value === undefined && !this.#seen.has(peer)) this.#waiting.delete(peer)
    else this.#waiting.set(peer, change)
  }

  next(): PresenceChange | undefined {
    for (const [peer, change] of this.#waiting) {
      this.#waiting.delete(peer)
      this.took(change)
      return change
    }
    return undefined
  }

  took({ peer, value }: PresenceChange): void {
    if (value === undefined) this.#seen.delete(peer)
    else this.#seen.add(peer)
  }
}

/** Guess: views of one page that each read for themselves. */
const MOST_READERS = 64
