import type { TopicId } from '../core/ids.js'
import type { Database } from './database.js'
import type { OwnSeqs } from './memory-op-store.js'
import type { OpStore } from './op-store.js'
import type { SteadyOps } from './steady-op-store.js'
import type { StoreCounters } from './store.js'

/** How the ops of a slot are kept. Only histories ask for it, so it need not be there before the first of them. */
export interface OpStores {
  memory(seqs: OwnSeqs): OpStore
  database(db: Database, counters: StoreCounters): DatabaseOpStore
  steady(disk: OpStore, steady: SteadyOps): OpStore
}

export interface DatabaseOpStore extends OpStore {
  /** Numbers that went elsewhere than to ops. */
  seqsReserved(topic: TopicId, last: number): void
}

/** Asked when ops are asked for the first time. */
export type OpStoresSource = () => OpStores | undefined

/** Of a store that is never asked for ops. */
export const NO_OP_STORES: OpStoresSource = () => undefined

/** Throws where nothing was handed over: that is to be done before. */
export function opStoresOf(source: OpStoresSource): OpStores {
  const opStores = source()
  if (opStores === undefined) throw new Error('This store was not told how ops are kept.')
  return opStores
}
