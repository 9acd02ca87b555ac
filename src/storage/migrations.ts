import type { IDBPDatabase } from 'idb'
import type { Tables } from './records.js'

/** Steps of the database, oldest first; its version is their number. Append only. */
export const MIGRATIONS: readonly ((db: IDBPDatabase<Tables>) => void)[] = [
  db => {
    db.createObjectStore('own')
    db.createObjectStore('seqs', { keyPath: 'topic' }).createIndex('last', 'last')
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
    ops.createIndex('hash', 'h', { multiEntry: true })
    ops.createIndex('earliest', ['r', 'm'])
    ops.createIndex('latest', ['r', 'x'])
    db.createObjectStore('lanes', { keyPath: ['r', 'l'] })
    db.createObjectStore('rooms', { keyPath: 'topic' })
  },
]
