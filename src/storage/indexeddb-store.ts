import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import { Database, ROOM_TABLES } from './database.js'
import type { OpStore } from './op-store.js'
import { type DatabaseOpStore, NO_OP_STORES, type OpStoresSource, opStoresOf } from './op-stores.js'
import { mergeRanges } from './ranges.js'
import {
  type PeersRecord,
  parseIdentity,
  parsePeers,
  parseSeen,
  type SeenRecord,
} from './records.js'
import { keepSeq, lastSeq } from './seq-rows.js'
import { blockAfter } from './seqs.js'
import { isUnreadable } from './storage-error.js'
import {
  noCounts,
  PEERS_PER_TOPIC,
  RANGES_PER_RECORD,
  SEEN_AHEAD_MS,
  StorageError,
  type Store,
  TOPICS_WITH_PEERS,
} from './store.js'

export interface IndexeddbOptions {
  opStores?: OpStoresSource
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
  const { openWithinMs = OPEN_WITHIN_MS, onCorrupt = () => {}, opStores = NO_OP_STORES } = options
  const db = await Database.open(name, openWithinMs, onCorrupt)
  const store = new IndexeddbStore(db, opStores)
  try {
    await store.probe()
  } catch (cause) {
    db.close()
    throw cause
  }
  return store
}

class IndexeddbStore implements Store {
  readonly #db: Database
  readonly kind = 'indexeddb'
  readonly counters = noCounts()
  readonly #opStores: OpStoresSource
  #ops: DatabaseOpStore | undefined

  constructor(db: Database, opStores: OpStoresSource) {
    this.#db = db
    this.#opStores = opStores
  }

  get ops(): OpStore {
    this.#ops ??= opStoresOf(this.#opStores).database(this.#db, this.counters)
    return this.#ops
  }

  async probe(): Promise<void> {
    await this.#db.within('opening the store', ['own'], 'readwrite', 'relaxed', tx =>
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
    await this.#db.within(
      'saving the identity',
      ['own', 'seqs'],
      'readwrite',
      'strict',
      async tx => {
        await Promise.all([
          tx.objectStore('own').put(keys, 'identity'),
          tx.objectStore('own').delete('seq-floor'),
          tx.objectStore('seqs').clear(),
        ])
      },
    )
  }

  async forgetIdentity(): Promise<void> {
    await this.#db.within('forgetting the identity', ['own'], 'readwrite', 'strict', tx =>
      tx.objectStore('own').delete('identity'),
    )
  }

  async reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }> {
    const block = await this.#db.within(
      'reserving sequence numbers',
      ROOM_TABLES,
      'readwrite',
      'strict',
      async tx => {
        const last = await lastSeq(tx, topic)
        if (last !== 'corrupt') {
          const next = blockAfter(last, count)
          await keepSeq(tx, topic, next.last, this.counters)
          return next
        }
        // No one knows any more which numbers this author used: the next run takes a new key, whose
        // saving clears the record. Until then the topic stays mute rather than repeat a number.
        await tx.objectStore('own').delete('identity')
        return undefined
      },
    )
    if (block !== undefined) {
      this.#ops?.seqsReserved(topic, block.last)
      return block
    }
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
    await this.#db.within('saving seen ids', ['seen'], 'readwrite', 'relaxed', async tx => {
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
        dropped = await this.#db.within(
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
    await this.#db.within('saving peers', ['peers'], 'readwrite', 'relaxed', async tx => {
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
    this.#db.close()
  }

  async #readOne(table: 'own' | 'peers', key: string): Promise<unknown> {
    try {
      return await this.#db.within(`reading ${table}`, [table], 'readonly', 'relaxed', tx =>
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
      return await this.#db.within(doing, [table], 'readonly', 'relaxed', tx =>
        tx.objectStore(table).getAll(range),
      )
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause
    }
    const keys = await this.#db.within(doing, [table], 'readonly', 'relaxed', tx =>
      tx.objectStore(table).getAllKeys(range),
    )
    const values: unknown[] = []
    for (const key of keys) {
      try {
        values.push(
          await this.#db.within(doing, [table], 'readonly', 'relaxed', tx =>
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

  #skip(what: string, records = 1): void {
    this.counters.corruptRecords += records
    this.#db.onCorrupt(what)
  }
}

/** `Gossip.open` waits 15 s for the worker: loading it may take some, the slot half a second, and 3 s this. */
const OPEN_WITHIN_MS = 3000

/** Ids deleted in one transaction, so that a long list does not hold up those who wait for the table. */
const DROPPED_AT_ONCE = 1000
