import { OP_STORES } from './all-op-stores.js'
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, vi } from 'vitest'
import { Chain, NOW, TOPIC } from './chain.suite.js'
import { IndexeddbOpStore } from './indexeddb-op-store.js'
import { openIndexeddbStore } from './indexeddb-store.js'
import { MIGRATIONS } from './migrations.js'
import type { Pack } from './op-records.js'
import { PLENTY } from './op-store.suite.js'
import type { Store } from './store.js'
import { peer } from './store.suite.js'

export const OPTIONS = { self: peer(0), retention: PLENTY }

export const opStores = () => ({
  ...OP_STORES,
  database: (...[db, counters]: Parameters<typeof OP_STORES.database>) =>
    new IndexeddbOpStore(db, counters, 0, () => 0),
})

const opened: Store[] = []
export const corrupt: string[] = []

/** Gives each test of a `describe` a disk of its own, and closes what it opened there. */
export function useFreshDisk(): void {
  beforeEach(() => {
    corrupt.splice(0)
    vi.stubGlobal('indexedDB', new IDBFactory())
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    for (const store of opened.splice(0)) await store.close()
    vi.unstubAllGlobals()
  })
}

export async function open(): Promise<Store> {
  const store = await openIndexeddbStore('s', { opStores, onCorrupt: what => corrupt.push(what) })
  opened.push(store)
  return store
}

/** One that is given time between transactions. Its timers are the test's; IndexedDB's own tasks go on. */
export async function breathing(pauseMs = 0) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const store = await openIndexeddbStore('s', {
    opStores: () => ({
      ...OP_STORES,
      database: (...[db, counters]: Parameters<typeof OP_STORES.database>) =>
        new IndexeddbOpStore(db, counters, 60_000, () => pauseMs),
    }),
  })
  opened.push(store)
  await store.ops.open(TOPIC, OPTIONS)
  const chain = new Chain()
  await store.ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
  const say = (author = 1) => store.ops.append(TOPIC, chain.batch(chain.say(author)), NOW)
  const sayOwn = () => store.ops.append(TOPIC, { ...chain.batch(chain.say(0)), own: true }, NOW)
  return { store, chain, say, sayOwn }
}

/** A store with ten ops of each of two authors, in turn. */
export async function filled() {
  const store = await open()
  await store.ops.open(TOPIC, OPTIONS)
  const chain = new Chain()
  const said = Array.from({ length: 20 }, (_, n) => chain.say(1 + (n % 2)))
  await store.ops.append(TOPIC, chain.batch(...said), NOW)
  return { store, chain, said }
}

/** Changes the pack in which all of them lie. */
export async function spoil(change: (pack: Pack) => unknown): Promise<void> {
  const db = await openDB('s', MIGRATIONS.length)
  for (const pack of await db.getAll('ops')) await db.put('ops', change(pack))
  db.close()
}

/** Changes one op of it, leaving the others as they are. */
export function atPosition(
  p: number,
  change: (pack: Pack, i: number) => void,
): (pack: Pack) => Pack {
  return pack => {
    if (p >= pack.p && p < pack.p + pack.e.length) change(pack, p - pack.p)
    return pack
  }
}

export async function spoilTable(table: 'rooms' | 'lanes'): Promise<void> {
  const db = await openDB('s', MIGRATIONS.length)
  const [row] = await db.getAll(table)
  await db.put(table, table === 'rooms' ? { topic: row.topic } : { r: row.r, l: row.l, lane: 7 })
  db.close()
}

export async function readPacks(): Promise<unknown[]> {
  const db = await openDB('s', MIGRATIONS.length)
  const packs = await db.getAll('ops')
  db.close()
  return packs
}
