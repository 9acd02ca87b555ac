import { openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import { TOPIC } from './chain.suite.js'
import { filled, OPTIONS, open, opStores, useFreshDisk } from './indexeddb-op-store.suite.js'
import { openIndexeddbStore } from './indexeddb-store.js'
import { MIGRATIONS } from './migrations.js'
import { describeOpStore, MUCH } from './op-store.suite.js'
import { newKeys, peer } from './store.suite.js'

let names = 0

describeOpStore('IndexedDB store', () => openIndexeddbStore(`op-laws-${names++}`, { opStores }))

describe('IndexedDB store: ops', () => {
  useFreshDisk()

  it('a store of before ops gets their tables, and keeps the rest', async () => {
    const old = await openDB('s', 1, {
      upgrade: db => MIGRATIONS[0]!(db as never, undefined as never),
    })
    const keys = await newKeys()
    await old.put('own', keys, 'identity')
    old.close()
    const store = await open()
    expect(await store.loadIdentity()).toBeDefined()
    expect((await store.ops.open(TOPIC, OPTIONS)).position).toBe(0)
  })

  it('everything is there after a reload', async () => {
    const { store, chain, said } = await filled()
    await store.close()
    const after = await open()
    const index = await after.ops.open(TOPIC, OPTIONS)
    expect(index).toMatchObject({ position: 20, nextSeq: 1, heads: [{ author: peer(2), seq: 10 }] })
    expect(index.lanes).toEqual(expect.arrayContaining(chain.lanes()))
    const kept = await after.ops.loadFrom(TOPIC, 1, MUCH)
    expect(kept.map(({ message }) => message)).toEqual(said.map(({ message }) => message))
  })
})
