import type { IDBPDatabase, IDBPTransaction, StoreNames } from 'idb'
import type { Tables } from './records.js'

/** Steps of the database, oldest first; its version is their number. Append only. */
export const MIGRATIONS: readonly ((db: IDBPDatabase<Tables>, tx: Upgrade) => void)[] = [
  db => {
    db.createObjectStore('own')
    db.createObjectStore('seqs', { keyPath: 'topic' }).createIndex('last' as never, 'last')
    db.createObjectStore('seen', { keyPath: ['topic', 'since', 'author'] }).createIndex(
      'since',
      'since',
    )
    db.createObjectStore('peers', { keyPath: 'topic' }).createIndex('saved', 'saved')
  },
  db => {
    db.createObjectStore('lanes', { keyPath: ['r', 'l'] })
    db.createObjectStore('rooms', { keyPath: 'topic' })
  },
  db => {
    for (const table of ['ops', 'lanes', 'rooms'] as const) {
      if (db.objectStoreNames.contains(table)) db.deleteObjectStore(table)
    }
    const ops = db.createObjectStore('ops', { keyPath: ['r', 'p'] })
    ops.createIndex('lane', 'k', { multiEntry: true })
    ops.createIndex('hash' as never, 'h', { multiEntry: true })
    ops.createIndex('earliest', ['r', 'm'])
    ops.createIndex('latest', ['r', 'x'])
    db.createObjectStore('lanes', { keyPath: ['r', 'l'] })
    db.createObjectStore('rooms', { keyPath: 'topic' })
  },
  (_, tx) => {
    // Chromium notes each key of a transaction twice, and each of the next looks at half of these notes: with an entry
    // for each op's hash a small transaction cost five times as much after 20,000 ops (measured).
    tx.objectStore('ops').deleteIndex('hash' as never)
    tx.objectStore('seqs').deleteIndex('last' as never)
  },
]

type Upgrade = IDBPTransaction<Tables, StoreNames<Tables>[], 'versionchange'>
