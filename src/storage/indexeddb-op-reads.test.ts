import { IDBIndex, IDBObjectStore } from 'fake-indexeddb'
import { describe, expect, it, vi } from 'vitest'
import { NOW, TOPIC } from './chain.suite.js'
import { filled, OPTIONS, useFreshDisk } from './indexeddb-op-store.suite.js'
import type { Pack } from './op-records.js'
import { PLENTY } from './op-store.suite.js'
import { peer } from './store.suite.js'

describe('IndexedDB store: ops', () => {
  useFreshDisk()

  it('opening reads no op, however many there are', async () => {
    const { store } = await filled()
    const reads = [
      vi.spyOn(IDBObjectStore.prototype, 'get'),
      vi.spyOn(IDBObjectStore.prototype, 'getAll'),
      vi.spyOn(IDBObjectStore.prototype, 'openCursor'),
      vi.spyOn(IDBIndex.prototype, 'getAll'),
      vi.spyOn(IDBIndex.prototype, 'openCursor'),
    ]
    await store.ops.open(TOPIC, OPTIONS)
    const tables = reads.flatMap(({ mock }) =>
      mock.contexts.map(context => (context as unknown as { name: string }).name),
    )
    // The ops that wait are read whole; there are none.
    expect(tables.filter(name => !['lanes', 'rooms', 'seqs', 'own'].includes(name))).toEqual([
      'ops',
    ])
  })

  it('no read brings more into memory than it may give, but for a constant', async () => {
    const { store, chain } = await filled()
    for (let n = 0; n < 300; n++) {
      const wave = Array.from({ length: 1 + (n % 13) }, (_, i) => chain.say(1 + ((n + i) % 40)))
      await store.ops.append(TOPIC, chain.batch(...wave), NOW)
    }
    let read = 0
    const getAll = IDBObjectStore.prototype.getAll
    vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(function (
      this: IDBObjectStore,
      ...given
    ) {
      const request = getAll.apply(this, given)
      request.addEventListener('success', () => {
        for (const pack of request.result as Pack[]) read += pack.e.length
      })
      return request
    })
    const wants = Array.from({ length: 40 }, (_, n) => chain.all(1 + n))
    expect(await store.ops.load(TOPIC, wants, { ops: 64, bytes: 1e6 })).toHaveLength(64)
    expect(read).toBeLessThanOrEqual(64 * 3)
    read = 0
    expect(await store.ops.loadFrom(TOPIC, 700, { ops: 64, bytes: 1e6 })).toHaveLength(64)
    expect(read).toBeLessThanOrEqual(64 * 3)
    read = 0
    // One author among forty: what lies between is passed over.
    expect(await store.ops.load(TOPIC, [chain.all(7)], { ops: 8, bytes: 1e6 })).toHaveLength(8)
    expect(read).toBeLessThanOrEqual(8 * 40)
  })

  it('who reads page by page reads no pack twice', async () => {
    const { store, said } = await filled()
    const getAll = vi.spyOn(IDBObjectStore.prototype, 'getAll')
    const wants = [1, 2].map(n => ({ author: peer(n), first: 1, last: 10 }))
    const found: unknown[] = []
    for (let pages = 0; pages < 4; pages++) {
      const page = await store.ops.load(TOPIC, wants, { ops: 6, bytes: 1e6 })
      found.push(...page)
      for (const { author, seq } of page)
        for (const want of wants) if (want.author === author) want.first = seq + 1
    }
    expect(found).toEqual(said.map(({ message }) => message))
    expect(getAll).toHaveBeenCalledTimes(1)
  })

  it('a page after another that asks for something else begins anew', async () => {
    const { store, chain, said } = await filled()
    const bound = { ops: 6, bytes: 1e6 }
    await store.ops.load(TOPIC, [chain.all(1), chain.all(2)], bound)
    const first = said.slice(0, 6).map(({ message }) => message)
    expect(await store.ops.load(TOPIC, [chain.all(1), chain.all(2)], bound)).toEqual(first)
    const rest = { ...chain.all(1), first: 4 }
    const theirs = said.filter(({ message }) => message.author === rest.author).slice(3, 9)
    expect(await store.ops.load(TOPIC, [rest], bound)).toEqual(theirs.map(op => op.message))
  })

  it('what was trimmed between two pages is in neither', async () => {
    const { store, chain } = await filled()
    await store.ops.open(TOPIC, { ...OPTIONS, retention: { ...PLENTY, maxOps: 20 } })
    const bound = { ops: 6, bytes: 1e6 }
    await store.ops.load(TOPIC, [chain.all(1), chain.all(2)], bound)
    const said = Array.from({ length: 8 }, () => chain.say(3))
    await store.ops.append(TOPIC, chain.batch(...said), NOW)
    const wants = [1, 2].map(n => ({ ...chain.all(n), first: 4 }))
    const page = await store.ops.load(TOPIC, wants, { ops: 4, bytes: 1e6 })
    expect(page.map(({ seq }) => seq)).toEqual([5, 5, 6, 6])
  })
})
