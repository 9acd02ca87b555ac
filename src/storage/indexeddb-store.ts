import { type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb'
import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import { MIGRATIONS } from './migrations.js'
import { mergeRanges } from './ranges.js'
import {
  isCount,
  type PeersRecord,
  parseIdentity,
  parseLast,
  parsePeers,
  parseSeen,
  type SeenRecord,
  type SeqRecord,
  type Tables,
} from './records.js'
import { blockAfter } from './seqs.js'
import { isUnreadable, storageError } from './storage-error.js'
import {
  noCounts,
  PEERS_PER_TOPIC,
  RANGES_PER_RECORD,
  SEEN_AHEAD_MS,
  StorageError,
  type Store,
  TOPICS_WITH_PEERS,
  TOPICS_WITH_SEQS,
} from './store.js'

export interface IndexeddbOptions {
  /** A record was skipped because it could not be read; told what it was. */
  onCorrupt?: (what: string) => void
  /** How long opening may take. */
  openWithinMs?: number
}

/**
 * Opens or creates the database `name`, and writes to it once, so that a full disk shows here and not in
 * the middle of a conversation. Rejects with `StorageError`: `missing`, `blocked`, `full` or `failed`.
 */
export async function openIndexeddbStore(
  name: string,
  options: IndexeddbOptions = {},
): Promise<Store> {
  const connection: Connection = { lost: undefined }
  const db = await connect(name, connection, options.openWithinMs ?? OPEN_WITHIN_MS)
  const store = new IndexeddbStore(db, connection, options.onCorrupt ?? (() => {}))
  try {
    await store.probe()
  } catch (cause) {
    db.close()
    throw cause
  }
  return store
}

interface Connection {
  /** Why the database can no longer be used. */
  lost: string | undefined
}

async function connect(
  name: string,
  connection: Connection,
  withinMs: number,
): Promise<IDBPDatabase<Tables>> {
  if (!hasIndexeddb()) throw new StorageError('missing', 'this browser gives the page no IndexedDB')
  const opening = (async () =>
    openDB<Tables>(name, MIGRATIONS.length, {
      upgrade(db, oldVersion) {
        for (const migrate of MIGRATIONS.slice(oldVersion)) migrate(db)
      },
      // Another tab deletes or upgrades the database: whoever holds on makes it wait for ever.
      blocking(_current, _blocked, event) {
        connection.lost = 'another tab deleted or upgraded the database'
        ;(event.target as IDBDatabase).close()
      },
      terminated() {
        connection.lost = 'the browser closed the database'
      },
    }))()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(resolve, withinMs, 'late')
  })
  try {
    const first = await Promise.race([opening, late])
    if (first !== 'late') return first
  } catch (cause) {
    throw storageError(cause, `opening the database ${name}`)
  } finally {
    clearTimeout(timer)
  }
  // Its failure would be news to nobody: the caller has been told.
  opening.then(db => db.close()).catch(() => {})
  throw new StorageError(
    'blocked',
    `the database ${name} did not open within ${withinMs} ms; another tab may hold an older version or be deleting it`,
  )
}

/** Firefox throws at the mere mention where cookies are off. */
function hasIndexeddb(): boolean {
  try {
    return globalThis.indexedDB !== undefined && globalThis.indexedDB !== null
  } catch {
    return false
  }
}

class IndexeddbStore implements Store {
  readonly #db: IDBPDatabase<Tables>
  readonly #connection: Connection
  readonly #onCorrupt: (what: string) => void
  readonly kind = 'indexeddb'
  readonly counters = noCounts()

  constructor(db: IDBPDatabase<Tables>, connection: Connection, onCorrupt: (what: string) => void) {
    this.#db = db
    this.#connection = connection
    this.#onCorrupt = onCorrupt
  }

  async probe(): Promise<void> {
    await this.#within('opening the store', ['own'], 'readwrite', 'relaxed', tx =>
      tx.objectStore('own').put(Date.now(), 'opened'),
    )
  }

  async loadIdentity(): Promise<CryptoKeyPair | undefined> {
    const value = await this.#readOne('own', 'identity')
    if (value === undefined) return undefined
    const keys = parseIdentity(value)
    if (keys === undefined) this.#skip('the identity')
    return keys
  }

  async saveIdentity(keys: CryptoKeyPair): Promise<void> {
    await this.#within('saving the identity', ['own', 'seqs'], 'readwrite', 'strict', async tx => {
      await Promise.all([
        tx.objectStore('own').put(keys, 'identity'),
        tx.objectStore('own').delete('seq-floor'),
        tx.objectStore('seqs').clear(),
      ])
    })
  }

  async reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }> {
    const block = await this.#within(
      'reserving sequence numbers',
      ['seqs', 'own'],
      'readwrite',
      'strict',
      async tx => {
        const last = await this.#lastSeq(tx, topic)
        if (last !== 'corrupt') {
          const next = blockAfter(last, count)
          const record: SeqRecord = { topic, last: next.last }
          await tx.objectStore('seqs').put(record)
          return next
        }
        // No one knows any more which numbers this author used: the next run takes a new key, whose
        // saving clears the record. Until then the topic stays mute rather than repeat a number.
        await tx.objectStore('own').delete('identity')
        return undefined
      },
    )
    if (block !== undefined) return block
    this.#skip(`the last sequence number of topic ${topic}`)
    throw new StorageError(
      'corrupt',
      `the last sequence number of topic ${topic} is unreadable; a new identity is taken at the next start`,
    )
  }

  async loadSeen(topic: TopicId, since: Millis): Promise<SeenIds[]> {
    const seen: SeenIds[] = []
    for (const value of await this.#readAll(
      'seen',
      IDBKeyRange.bound([topic, since], [topic, []]),
    )) {
      const ids = parseSeen(value)
      if (ids === undefined) this.#skip(`seen ids of topic ${topic}`)
      else seen.push(ids)
    }
    return seen
  }

  async saveSeen(topic: TopicId, seen: readonly SeenIds[]): Promise<void> {
    if (seen.length === 0) return
    const byKey = new Map<string, SeenRecord>()
    for (const { since, author, ranges } of seen) {
      const key = `${since} ${author}`
      const both = [...(byKey.get(key)?.ranges ?? []), ...ranges]
      byKey.set(key, { topic, since, author, ranges: both })
    }
    await this.#within('saving seen ids', ['seen'], 'readwrite', 'relaxed', async tx => {
      const table = tx.objectStore('seen')
      await Promise.all(
        [...byKey.values()].map(async record => {
          const before = await table.get([topic, record.since, record.author])
          const kept = before === undefined ? undefined : parseSeen(before)
          if (before !== undefined && kept === undefined) this.#skip(`seen ids of topic ${topic}`)
          const { ranges, cut } = mergeRanges(kept?.ranges ?? [], record.ranges, RANGES_PER_RECORD)
          this.counters.rangesCut += cut
          await table.put({ ...record, ranges })
        }),
      )
    })
  }

  async dropSeen(before: Millis): Promise<void> {
    const tooOld = IDBKeyRange.upperBound(before, true)
    const tooNew = IDBKeyRange.lowerBound(before + SEEN_AHEAD_MS, true)
    for (const range of [tooOld, tooNew]) {
      let dropped: number
      do {
        dropped = await this.#within(
          'dropping seen ids',
          ['seen'],
          'readwrite',
          'relaxed',
          async tx => {
            const table = tx.objectStore('seen')
            const keys = await table.index('since').getAllKeys(range, DROPPED_AT_ONCE)
            await Promise.all(keys.map(key => table.delete(key)))
            return keys.length
          },
        )
      } while (dropped === DROPPED_AT_ONCE)
    }
  }

  async loadPeers(topic: TopicId): Promise<PeerId[]> {
    const value = await this.#readOne('peers', topic)
    if (value === undefined) return []
    const { peers, corrupt } = parsePeers(value)
    if (corrupt > 0) this.#skip(`${corrupt} peers of topic ${topic}`, corrupt)
    return peers
  }

  async savePeers(topic: TopicId, peers: readonly PeerId[]): Promise<void> {
    const distinct = [...new Set(peers)]
    const record: PeersRecord = {
      topic,
      saved: Date.now(),
      peers: distinct.slice(0, PEERS_PER_TOPIC),
    }
    this.counters.peersCut += distinct.length - record.peers.length
    await this.#within('saving peers', ['peers'], 'readwrite', 'relaxed', async tx => {
      const table = tx.objectStore('peers')
      await table.put(record)
      if ((await table.count()) <= TOPICS_WITH_PEERS) return
      const [oldest] = await table.index('saved').getAllKeys(null, 1)
      if (oldest === undefined) return
      await table.delete(oldest)
      this.counters.peerTopicsForgotten++
    })
  }

  async close(): Promise<void> {
    this.#connection.lost ??= 'the store is closed'
    this.#db.close()
  }

  async #lastSeq(
    tx: IDBPTransaction<Tables, ('seqs' | 'own')[], 'readwrite'>,
    topic: TopicId,
  ): Promise<number | 'corrupt'> {
    const seqs = tx.objectStore('seqs')
    const value = await seqs.get(topic)
    if (value !== undefined) return parseLast(value) ?? 'corrupt'
    const floor = (await tx.objectStore('own').get('seq-floor')) ?? 0
    if (!isCount(floor)) return 'corrupt'
    if ((await seqs.count()) >= TOPICS_WITH_SEQS) {
      // New topics begin above the floor, so a forgotten one that comes back repeats nothing.
      const lowest = await seqs.index('last').openCursor()
      if (lowest !== null) {
        await tx.objectStore('own').put(Math.max(floor, lowest.key), 'seq-floor')
        await lowest.delete()
        this.counters.seqTopicsForgotten++
      }
    }
    return floor
  }

  async #readOne(table: 'own' | 'peers', key: string): Promise<unknown> {
    try {
      return await this.#within(`reading ${table}`, [table], 'readonly', 'relaxed', tx =>
        tx.objectStore(table).get(key),
      )
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause
      this.#skip(`a record of ${table}`)
      return undefined
    }
  }

  /** All values at once; where one of them can't be read, one by one, without it. */
  async #readAll(table: 'seen', range: IDBKeyRange): Promise<unknown[]> {
    const doing = `reading ${table}`
    try {
      return await this.#within(doing, [table], 'readonly', 'relaxed', tx =>
        tx.objectStore(table).getAll(range),
      )
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause
    }
    const keys = await this.#within(doing, [table], 'readonly', 'relaxed', tx =>
      tx.objectStore(table).getAllKeys(range),
    )
    const values: unknown[] = []
    for (const key of keys) {
      try {
        values.push(
          await this.#within(doing, [table], 'readonly', 'relaxed', tx =>
            tx.objectStore(table).get(key),
          ),
        )
      } catch (cause) {
        if (!isUnreadable(cause)) throw cause
        this.#skip(`a record of ${table}`)
      }
    }
    return values
  }

  /**
   * One transaction: what `work` did has committed when this resolves, and none of it when it rejects.
   */
  async #within<N extends StoreNames<Tables>, M extends 'readonly' | 'readwrite', T>(
    doing: string,
    tables: N[],
    mode: M,
    durability: 'strict' | 'relaxed',
    work: (tx: IDBPTransaction<Tables, N[], M>) => Promise<T>,
  ): Promise<T> {
    if (this.#connection.lost !== undefined) {
      throw new StorageError('failed', `${doing}: ${this.#connection.lost}`)
    }
    let tx: IDBPTransaction<Tables, N[], M>
    try {
      tx = this.#db.transaction(tables, mode, { durability })
    } catch (cause) {
      throw storageError(cause, doing)
    }
    const done = tx.done.then(
      () => undefined,
      (cause: unknown) => ({ cause }),
    )
    try {
      const result = await work(tx)
      const failed = await done
      if (failed !== undefined) throw failed.cause
      return result
    } catch (cause) {
      abort(tx)
      // A full disk aborts the transaction; its requests then only say that they were aborted.
      const failed = await done
      const reason = storageError(cause, doing)
      const end = failed === undefined ? reason : storageError(failed.cause, doing)
      throw end.code === 'full' ? end : reason
    }
  }

  #skip(what: string, records = 1): void {
    this.counters.corruptRecords += records
    this.#onCorrupt(what)
  }
}

function abort(tx: { abort(): void }): void {
  try {
    tx.abort()
  } catch {
    // It has ended already.
  }
}

/** `Gossip.open` waits 5 s for the worker: 500 ms of them go to the slot, 3 s here, the rest is spare. */
const OPEN_WITHIN_MS = 3000

/** Ids deleted in one transaction, so that a long list does not hold up those who wait for the table. */
const DROPPED_AT_ONCE = 1000
