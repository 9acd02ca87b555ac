import { openIndexeddbStore } from './indexeddb-store.js'
import { NO_OP_STORES, type OpStoresSource } from './op-stores.js'
import { SteadyStore, type StorageNotice } from './steady-store.js'
import { StorageError, type Store } from './store.js'

export interface OpenStoreOptions {
  kind: 'indexeddb' | 'memory'
  /** Which application's store: two of one origin with different names share nothing. */
  name: string
  /** The identity slot; whoever opens a slot's database must hold the slot. */
  slot: number
  /** False where no lock guards the slot: then only memory is safe. Default true. */
  held?: boolean
  opStores?: OpStoresSource
  /** Makes the store that forgets everything with its worker; asked where there is no other. */
  memory: (opStores: OpStoresSource) => Promise<Store>
  onNotice: (notice: StorageNotice) => void
}

/**
 * The store of one identity slot. Where IndexedDB can't be had, the twin in memory and a
 * `storage-unavailable` notice that says why; rejects for the world's failures only as `memory` does.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { kind, name, slot, held = true, opStores = NO_OP_STORES, onNotice, memory } = options
  if (kind === 'memory') return memory(opStores)
  if (!held) {
    onNotice({ code: 'storage-unavailable', message: `${UNGUARDED}. ${WHAT_FOLLOWS}` })
    return memory(opStores)
  }
  let steady: SteadyStore | undefined
  try {
    const store = await openIndexeddbStore(`gossamer:${name}:${slot}`, {
      opStores,
      onCorrupt: what => steady?.corrupt(what),
    })
    steady = new SteadyStore(store, onNotice, { opStores })
    return steady
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause
    onNotice({
      code: 'storage-unavailable',
      message: `${WHY[cause.code]} (${cause.message}). ${WHAT_FOLLOWS}`,
    })
    return memory(opStores)
  }
}

const WHY: Record<StorageError['code'], string> = {
  missing: 'This browser does not let the page store anything',
  blocked: 'Another tab keeps the storage busy',
  full: 'The storage of this browser is full',
  corrupt: 'The storage of this browser is damaged',
  failed: 'The storage of this browser does not work',
}

const UNGUARDED =
  'Without Web Locks, or with too many tabs open, two tabs could write to one storage'

const WHAT_FOLLOWS =
  'All is kept in memory only: after a reload this peer has a new identity and may be given messages again.'
