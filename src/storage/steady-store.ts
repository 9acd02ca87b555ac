import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { OpStore } from './op-store.js'
import { NO_OP_STORES, type OpStoresSource, opStoresOf } from './op-stores.js'
import { StorageError, type Store, type StoreCounters } from './store.js'

/** Something about storage that the user of the node should know. */
export interface StorageNotice {
  code: 'storage-unavailable' | 'storage-failed' | 'storage-full'
  /** Sentences for people: what happened and what follows from it. */
  message: string
}

/**
 * A store whose bookkeeping never rejects: what could not be saved or loaded is said in a notice, at most
 * once a minute, and the mesh goes on without it. Identity and sequence numbers do reject, after the same
 * notice. A number from memory in place of a reserved one might repeat one that the store gave out in an
 * earlier run, so there is none: broadcasts wait until the store gives some.
 */
export class SteadyStore implements Store {
  readonly #store: Store
  readonly #onNotice: (notice: StorageNotice) => void
  readonly #now: () => Millis
  readonly #opStores: OpStoresSource
  #ops: OpStore | undefined
  #noticedAt = Number.NEGATIVE_INFINITY

  constructor(
    store: Store,
    onNotice: (notice: StorageNotice) => void,
    {
      opStores = NO_OP_STORES,
      now = Date.now,
    }: { opStores?: OpStoresSource; now?: () => Millis } = {},
  ) {
    this.#store = store
    this.#onNotice = onNotice
    this.#now = now
    this.#opStores = opStores
  }

  get ops(): OpStore {
    this.#ops ??= opStoresOf(this.#opStores).steady(this.#store.ops, {
      notice: (code, message) =>
        code === 'storage-full' ? this.#onNotice({ code, message }) : this.#notice(message),
      forgetIdentity: () => this.#store.forgetIdentity(),
    })
    return this.#ops
  }

  get kind(): Store['kind'] {
    return this.#store.kind
  }

  get counters(): Readonly<StoreCounters> {
    return this.#store.counters
  }

  loadIdentity(): Promise<CryptoKeyPair | undefined> {
    return this.#told(
      this.#store.loadIdentity(),
      'This visit may have another identity than the last.',
    )
  }

  saveIdentity(keys: CryptoKeyPair): Promise<void> {
    return this.#told(this.#store.saveIdentity(keys), 'The identity will be gone after a reload.')
  }

  forgetIdentity(): Promise<void> {
    return this.#told(this.#store.forgetIdentity(), UNSENT)
  }

  reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }> {
    return this.#told(this.#store.reserveSeqs(topic, count), UNSENT)
  }

  loadSeen(topic: TopicId, since: Millis): Promise<SeenIds[]> {
    const loading = this.#told(this.#store.loadSeen(topic, since), DELIVERED_AGAIN)
    return loading.catch(() => [])
  }

  saveSeen(topic: TopicId, seen: readonly SeenIds[]): Promise<void> {
    return this.#told(this.#store.saveSeen(topic, seen), DELIVERED_AGAIN).catch(() => {})
  }

  dropSeen(before: Millis): Promise<void> {
    return this.#told(this.#store.dropSeen(before), 'Old records stay a while.').catch(() => {})
  }

  loadPeers(topic: TopicId): Promise<PeerId[]> {
    return this.#told(this.#store.loadPeers(topic), PEERS_UNKNOWN).catch(() => [])
  }

  savePeers(topic: TopicId, peers: readonly PeerId[]): Promise<void> {
    return this.#told(this.#store.savePeers(topic, peers), PEERS_UNKNOWN).catch(() => {})
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** A record was skipped; the store goes on without it. */
  corrupt(what: string): void {
    this.#notice(`A stored record could not be read and is skipped: ${what}.`)
  }

  /** Passes the outcome on; a failure is noticed before. */
  async #told<T>(outcome: Promise<T>, consequence: string): Promise<T> {
    try {
      return await outcome
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause
      this.#notice(`Storage failed: ${cause.message}. ${consequence}`)
      throw cause
    }
  }

  #notice(message: string): void {
    const now = this.#now()
    if (now - this.#noticedAt < QUIET_MS) return
    this.#noticedAt = now
    this.#onNotice({ code: 'storage-failed', message })
  }
}

const UNSENT = 'Soon no more messages can be sent, until it works or the page is reloaded.'
const DELIVERED_AGAIN = 'Some messages may be delivered again after a reload.'
const PEERS_UNKNOWN = 'After a reload known peers are asked for anew.'

/** A full disk fails every few seconds; once a minute is enough to see it. Guess. */
const QUIET_MS = 60_000
