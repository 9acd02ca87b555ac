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
  /** What each reader did not take yet: the newest of each peer, so a slow one costs no more than the table. */
  readonly #readers = new Map<Reader<PresenceChange>, Map<PeerId, PresenceChange>>()
  #ended = false
  #failure: GossamerError | undefined

  take(change: PresenceChange): void {
    const { peer, value, time } = change
    if (value === undefined) this.shown.delete(peer)
    else this.shown.set(peer, { value, time })
    for (const [reader, waiting] of this.#readers) {
      if (!reader.give(change)) waiting.set(peer, change)
    }
  }

  /** First what is shown, then what changes. */
  read(signal: AbortSignal | undefined): AsyncIterableIterator<PresenceChange, undefined> {
    if (this.#readers.size >= MOST_READERS) {
      throw new GossamerError('busy', `${MOST_READERS} read this presence already.`)
    }
    signal?.throwIfAborted()
    const waiting = new Map<PeerId, PresenceChange>()
    for (const [peer, shown] of this.shown) waiting.set(peer, { peer, ...shown })
    const reader = new Reader<PresenceChange>(
      () => {
        for (const [peer, change] of waiting) {
          waiting.delete(peer)
          return change
        }
        return undefined
      },
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
    this.#readers.set(reader, waiting)
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

/** Guess: views of one page that each read for themselves. */
const MOST_READERS = 64
