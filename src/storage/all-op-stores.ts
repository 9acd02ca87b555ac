import { IndexeddbOpStore } from './indexeddb-op-store.js'
import { MemoryOpStore } from './memory-op-store.js'
import type { OpStores } from './op-stores.js'
import { SteadyOpStore } from './steady-op-store.js'

export const OP_STORES: OpStores = {
  memory: seqs => new MemoryOpStore(seqs),
  database: (db, counters) => new IndexeddbOpStore(db, counters),
  steady: (disk, steady) => new SteadyOpStore(disk, steady),
}
