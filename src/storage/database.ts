import { type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb'
import { MIGRATIONS } from './migrations.js'
import type { Tables } from './records.js'
import { storageError } from './storage-error.js'
import { StorageError } from './store.js'

/** What is written where ops or numbers are: both commit together. */
export const ROOM_TABLES: ('rooms' | 'lanes' | 'ops' | 'seqs' | 'own')[] = [
  'rooms',
  'lanes',
  'ops',
  'seqs',
  'own',
]
export type RoomTransaction = IDBPTransaction<Tables, typeof ROOM_TABLES, 'readwrite'>

/** One connection to the database of an identity slot, by which all stores of the slot read and write. */
export class Database {
  readonly #open: () => Promise<Connection>
  #connection: Connection
  #reopening: Promise<void> | undefined
  #isClosed = false
  /** A record was skipped because it could not be read; told what it was. */
  readonly onCorrupt: (what: string) => void

  private constructor(
    connection: Connection,
    open: () => Promise<Connection>,
    onCorrupt: (what: string) => void,
  ) {
    this.#connection = connection
    this.#open = open
    this.onCorrupt = onCorrupt
  }

  /** Opens or creates it. Rejects with `StorageError`: `missing`, `blocked` or `failed`. */
  static async open(
    name: string,
    withinMs: number,
    onCorrupt: (what: string) => void,
  ): Promise<Database> {
    const open = (isNew: boolean) => connect(name, isNew, withinMs)
    return new Database(await open(true), () => open(false), onCorrupt)
  }

  close(): void {
    this.#isClosed = true
    this.#connection.db.close()
  }

  /** Rejects where it is not there any more, or does not open: then whoever asks within a second hears the same at once. */
  #reopen(): Promise<void> {
    const again = () => {
      this.#reopening = undefined
    }
    this.#reopening ??= this.#open().then(
      connection => {
        again()
        this.#connection = connection
        if (this.#isClosed) connection.db.close()
      },
      cause => {
        setTimeout(again, REOPEN_AGAIN_MS)
        throw cause
      },
    )
    return this.#reopening
  }

  /**
   * One transaction: what `work` did has committed when this resolves, and none of it when it rejects.
   */
  async within<N extends StoreNames<Tables>, M extends 'readonly' | 'readwrite', T>(
    doing: string,
    tables: N[],
    mode: M,
    durability: 'strict' | 'relaxed',
    work: (tx: IDBPTransaction<Tables, N[], M>) => Promise<T>,
  ): Promise<T> {
    if (this.#connection.isTerminated && !this.#isClosed) await this.#reopen()
    const lost = this.#isClosed ? 'the store is closed' : this.#connection.lost
    if (lost !== undefined) throw new StorageError('failed', `${doing}: ${lost}`)
    let tx: IDBPTransaction<Tables, N[], M>
    try {
      tx = this.#connection.db.transaction(tables, mode, { durability })
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
}

interface Connection {
  readonly db: IDBPDatabase<Tables>
  /** The browser closed it of its own accord: what is in it is there again when it is opened. */
  isTerminated: boolean
  /** Why the database can no longer be used. */
  lost: string | undefined
}

/**
 * `isNew`: it may be made. One made anew in place of ours would give out its sequence numbers again; and nobody else makes it, for
 * whoever has it open holds the lock of its slot.
 */
async function connect(name: string, isNew: boolean, withinMs: number): Promise<Connection> {
  const state: Omit<Connection, 'db'> = { isTerminated: false, lost: undefined }
  if (!hasIndexeddb()) throw new StorageError('missing', 'this browser gives the page no IndexedDB')
  const opening = (async () =>
    openDB<Tables>(name, MIGRATIONS.length, {
      upgrade(db, oldVersion, _newVersion, tx) {
        if (isNew) for (const migrate of MIGRATIONS.slice(oldVersion)) migrate(db, tx)
        else {
          // Told by the opening.
          tx.done.catch(() => {})
          tx.abort()
        }
      },
      // Another tab deletes or upgrades the database: whoever holds on makes it wait for ever.
      blocking(_current, _blocked, event) {
        state.lost = 'another tab deleted or upgraded the database'
        ;(event.target as IDBDatabase).close()
      },
      terminated() {
        state.isTerminated = state.lost === undefined
      },
    }))()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(resolve, withinMs, 'late')
  })
  try {
    const first = await Promise.race([opening, late])
    if (first !== 'late') return Object.assign(state, { db: first })
  } catch (cause) {
    throw storageError(cause, `opening the database ${name}`)
  } finally {
    clearTimeout(timer)
  }
  // Its failure would be news to nobody: the caller has been told.
  opening.then(db => db.close()).catch(() => {})
  throw new StorageError('blocked', `the database ${name} did not open within ${withinMs} ms`)
}

/** Firefox throws at the mere mention where cookies are off. */
function hasIndexeddb(): boolean {
  try {
    return globalThis.indexedDB !== undefined && globalThis.indexedDB !== null
  } catch {
    return false
  }
}

function abort(tx: { abort(): void }): void {
  try {
    tx.abort()
  } catch {
    // It has ended already.
  }
}

/** Where one that hangs held up each who asks in turn, nothing would ever be refused. Guess. */
const REOPEN_AGAIN_MS = 1_000
