import 'fake-indexeddb/auto'
import { forceCloseDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { deleteDB, openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openIndexeddbStore } from './indexeddb-store.js'
import { MIGRATIONS } from './migrations.js'
import { StorageError, type Store } from './store.js'
import { describeStore, newKeys, peer, seen, topic } from './store.suite.js'

let names = 0
describeStore('IndexedDB store', () => openIndexeddbStore(`laws-${names++}`))

describe('IndexedDB store', () => {
  const opened: Store[] = []
  beforeEach(() => {
    vi.stubGlobal('indexedDB', new IDBFactory())
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const store of opened.splice(0)) await store.close()
    vi.unstubAllGlobals()
  })

  async function open(onCorrupt?: (what: string) => void, openWithinMs = 3000): Promise<Store> {
    const store = await openIndexeddbStore('s', { openWithinMs, ...(onCorrupt && { onCorrupt }) })
    opened.push(store)
    return store
  }

  it('keeps everything over a reload', async () => {
    const before = await open()
    const keys = await newKeys()
    await before.saveIdentity(keys)
    await before.reserveSeqs(topic(1), 4096)
    await before.saveSeen(topic(1), [seen(1, 10_000, [1, 5])])
    await before.savePeers(topic(1), [peer(2), peer(1)])
    await before.close()

    const after = await open()
    const raw = async (pair: CryptoKeyPair | undefined) =>
      new Uint8Array(await crypto.subtle.exportKey('raw', pair!.publicKey))
    expect(await raw(await after.loadIdentity())).toEqual(await raw(keys))
    expect((await after.reserveSeqs(topic(1), 1)).first).toBe(4097)
    expect(await after.loadSeen(topic(1), 0)).toEqual([seen(1, 10_000, [1, 5])])
    expect(await after.loadPeers(topic(1))).toEqual([peer(2), peer(1)])
  })

  it('two connections never give out the same number', async () => {
    const [a, b] = [await open(), await open()]
    const blocks = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? a : b).reserveSeqs(topic(1), 10)),
    )
    expect(new Set(blocks.map(block => block.first)).size).toBe(20)
    expect(Math.max(...blocks.map(block => block.last))).toBe(200)
  })

  it('numbers and identity are written through to the disk, the rest may wait', async () => {
    const store = await open()
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    const durabilityOf = async (call: () => Promise<unknown>) => {
      transaction.mockClear()
      await call()
      return transaction.mock.calls.map(([, , options]) => options?.durability)
    }
    expect(await durabilityOf(() => store.reserveSeqs(topic(1), 1))).toEqual(['strict'])
    const keys = await newKeys()
    expect(await durabilityOf(() => store.saveIdentity(keys))).toEqual(['strict'])
    expect(await durabilityOf(() => store.saveSeen(topic(1), [seen(1, 0, [1, 1])]))).toEqual([
      'relaxed',
    ])
    expect(await durabilityOf(() => store.savePeers(topic(1), [peer(1)]))).toEqual(['relaxed'])
  })

  describe('one corrupt record never costs the rest', () => {
    const corrupt: string[] = []
    beforeEach(() => corrupt.splice(0))

    async function spoil(table: string, value: unknown, key?: string): Promise<void> {
      const db = await openDB('s', MIGRATIONS.length)
      await db.put(table, value, key)
      db.close()
    }

    it.each([
      ['no ranges', {}],
      ['ranges that are none', { ranges: [[1]] }],
      ['ranges of text', { ranges: [['1', '2']] }],
      ['a range backwards', { ranges: [[5, 4]] }],
      ['a negative range', { ranges: [[-1, 4]] }],
      ['a hole', { ranges: Object.assign([[1, 4]], { 2: [6, 7] }) }],
    ])('seen ids with %s are skipped, counted and told', async (_, wrong) => {
      const store = await open(what => corrupt.push(what))
      await store.saveSeen(topic(1), [seen(1, 0, [1, 1]), seen(3, 0, [3, 3])])
      await spoil('seen', { topic: topic(1), since: 0, author: peer(2), ...wrong })
      expect(await store.loadSeen(topic(1), 0)).toEqual([seen(1, 0, [1, 1]), seen(3, 0, [3, 3])])
      expect(store.counters.corruptRecords).toBe(1)
      expect(corrupt).toHaveLength(1)
    })

    it('seen ids of an author that is none are skipped', async () => {
      const store = await open()
      await spoil('seen', { topic: topic(1), since: 0, author: 'someone', ranges: [[1, 1]] })
      expect(await store.loadSeen(topic(1), 0)).toEqual([])
      expect(store.counters.corruptRecords).toBe(1)
    })

    it('corrupt seen ids give way to what is saved over them', async () => {
      const store = await open()
      await spoil('seen', { topic: topic(1), since: 0, author: peer(2), ranges: 'all' })
      await store.saveSeen(topic(1), [seen(2, 0, [7, 7])])
      expect(await store.loadSeen(topic(1), 0)).toEqual([seen(2, 0, [7, 7])])
    })

    it('a record whose value the disk lost is left out, the others are read', async () => {
      const store = await open(what => corrupt.push(what))
      await store.saveSeen(topic(1), [seen(1, 0, [1, 1]), seen(2, 0, [2, 2]), seen(3, 0, [3, 3])])
      const get = IDBObjectStore.prototype.get
      vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(() => {
        throw new DOMException('lost', 'NotReadableError')
      })
      vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (
        this: IDBObjectStore,
        key,
      ) {
        if (String(key).endsWith(peer(2))) throw new DOMException('lost', 'NotReadableError')
        return get.call(this, key)
      })
      expect(await store.loadSeen(topic(1), 0)).toEqual([seen(1, 0, [1, 1]), seen(3, 0, [3, 3])])
      expect(store.counters.corruptRecords).toBe(1)
      expect(corrupt).toHaveLength(1)
    })

    it('the peers of a list that can be read are kept, the others counted', async () => {
      const store = await open()
      await spoil('peers', { topic: topic(1), saved: 1, peers: [peer(1), 'x', 7, peer(2)] })
      expect(await store.loadPeers(topic(1))).toEqual([peer(1), peer(2)])
      expect(store.counters.corruptRecords).toBe(2)
      await spoil('peers', { topic: topic(1), saved: 1, peers: null })
      expect(await store.loadPeers(topic(1))).toEqual([])
    })

    it.each([
      ['text', 'keys'],
      ['half a pair', { publicKey: 1 }],
    ])('an identity that is %s is none', async (_, wrong) => {
      const store = await open(what => corrupt.push(what))
      await spoil('own', wrong, 'identity')
      expect(await store.loadIdentity()).toBeUndefined()
      expect(corrupt).toEqual(['the identity'])
    })

    it('a topic whose last number is unreadable stays mute until the author has a new key', async () => {
      const store = await open()
      await store.saveIdentity(await newKeys())
      await store.reserveSeqs(topic(1), 10)
      await spoil('seqs', { topic: topic(1), last: 'ten' })
      await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'corrupt' })
      await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'corrupt' })
      expect(await store.reserveSeqs(topic(2), 1)).toEqual({ first: 1, last: 1 })
      expect(await store.loadIdentity()).toBeUndefined()
      await store.saveIdentity(await newKeys())
      expect(await store.reserveSeqs(topic(1), 1)).toEqual({ first: 1, last: 1 })
    })
  })

  describe('a failing disk', () => {
    it('that is full rejects with `full` and gives out no number', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 10)
      const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
        throw new DOMException('no room', 'QuotaExceededError')
      })
      await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'full' })
      await expect(store.saveSeen(topic(1), [seen(1, 0, [1, 1])])).rejects.toMatchObject({
        code: 'full',
      })
      put.mockRestore()
      expect((await store.reserveSeqs(topic(1), 1)).first).toBe(11)
    })

    it('that is full is `full` also where only the transaction says so', async () => {
      const store = await open()
      const put = IDBObjectStore.prototype.put
      const spy = vi.spyOn(IDBObjectStore.prototype, 'put')
      spy.mockImplementation(function (this: IDBObjectStore, ...given) {
        const request = put.apply(this, given)
        // What a browser does: the pending requests fail with AbortError, the transaction with its reason.
        ;(this.transaction as unknown as { _abort(reason: string): void })._abort(
          'QuotaExceededError',
        )
        return request
      })
      await expect(store.reserveSeqs(topic(1), 5)).rejects.toMatchObject({ code: 'full' })
    })

    it('that is full shows at the opening', async () => {
      vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
        throw new DOMException('no room', 'QuotaExceededError')
      })
      await expect(open()).rejects.toMatchObject({ code: 'full' })
    })

    it('whose transaction is aborted after the requests succeeded gives out no number', async () => {
      const store = await open()
      const put = IDBObjectStore.prototype.put
      const spy = vi.spyOn(IDBObjectStore.prototype, 'put')
      spy.mockImplementation(function (this: IDBObjectStore, ...given) {
        const request = put.apply(this, given)
        request.addEventListener('success', () => this.transaction.abort())
        return request
      })
      await expect(store.reserveSeqs(topic(1), 5)).rejects.toBeInstanceOf(StorageError)
      spy.mockRestore()
      expect((await store.reserveSeqs(topic(1), 1)).first).toBe(1)
    })

    it('half of a failed save is not there', async () => {
      const store = await open()
      const put = IDBObjectStore.prototype.put
      const spy = vi.spyOn(IDBObjectStore.prototype, 'put')
      spy.mockImplementation(function (this: IDBObjectStore, value, key) {
        if (value.author === peer(2)) throw new DOMException('broken', 'UnknownError')
        return put.call(this, value, key)
      })
      const both = [seen(1, 0, [1, 1]), seen(2, 0, [2, 2])]
      await expect(store.saveSeen(topic(1), both)).rejects.toMatchObject({ code: 'failed' })
      spy.mockRestore()
      expect(await store.loadSeen(topic(1), 0)).toEqual([])
    })
  })

  describe('other tabs', () => {
    it('one that deletes the database is not held up; the store rejects from then on', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 1)
      await deleteDB('s')
      const failure = await store.reserveSeqs(topic(1), 1).catch((cause: unknown) => cause)
      expect(failure).toBeInstanceOf(StorageError)
      expect(failure).toMatchObject({ code: 'failed', message: expect.stringContaining('deleted') })
    })

    it('one that holds an older version makes the opening reject with `blocked`', async () => {
      const migrations = MIGRATIONS as unknown as (() => void)[]
      const old = indexedDB.open('s', MIGRATIONS.length)
      await new Promise(resolve => (old.onsuccess = resolve))
      migrations.push(() => {})
      try {
        await expect(open(undefined, 30)).rejects.toMatchObject({ code: 'blocked' })
      } finally {
        old.result.close()
        migrations.pop()
      }
    })

    it('one with a newer version makes the opening reject with `failed`', async () => {
      const newer = await openDB('s', MIGRATIONS.length + 1)
      newer.close()
      await expect(open()).rejects.toMatchObject({ code: 'failed' })
    })

    it('an opening that comes through too late leaves no connection behind', async () => {
      const db = await openDB('s', 1, { upgrade: db => MIGRATIONS[0]!(db as never, 0 as never) })
      const close = vi.spyOn(IDBDatabase.prototype, 'close')
      const migrations = MIGRATIONS as unknown as (() => void)[]
      migrations.push(() => {})
      await expect(open(undefined, 30)).rejects.toMatchObject({ code: 'blocked' })
      migrations.pop()
      db.close()
      await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(2))
      await deleteDB('s')
    })
  })

  describe('a browser that closes the database of its own accord', () => {
    let last: IDBDatabase | undefined
    beforeEach(() => {
      const transaction = IDBDatabase.prototype.transaction
      vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
        this: IDBDatabase,
        ...given
      ) {
        last = this
        return transaction.apply(this, given)
      })
    })
    afterEach(() => void vi.useRealTimers())
    const closedByBrowser = () => forceCloseDatabase(last as never)

    it('is asked for it again, once by all who ask, and numbers go on where they were', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 10)
      closedByBrowser()
      const opening = vi.spyOn(indexedDB, 'open')
      const blocks = await Promise.all([1, 2, 3].map(() => store.reserveSeqs(topic(1), 10)))
      expect(blocks.map(({ first }) => first).sort((a, b) => a - b)).toEqual([11, 21, 31])
      expect(opening).toHaveBeenCalledOnce()
      closedByBrowser()
      expect((await store.reserveSeqs(topic(1), 1)).first).toBe(41)
    })

    it('is asked again after a second where it does not give it, and not by a store that is closed', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 1)
      closedByBrowser()
      const opening = vi.spyOn(indexedDB, 'open')
      opening.mockImplementationOnce(() => {
        throw new DOMException('Internal error.', 'UnknownError')
      })
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      for (const afterMs of [0, 999]) {
        vi.advanceTimersByTime(afterMs)
        await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'failed' })
      }
      expect(opening).toHaveBeenCalledOnce()
      vi.advanceTimersByTime(1)
      expect((await store.reserveSeqs(topic(1), 1)).first).toBe(2)
      closedByBrowser()
      await store.close()
      await expect(store.reserveSeqs(topic(1), 1)).rejects.toThrow('the store is closed')
      expect(opening).toHaveBeenCalledTimes(2)
    })

    it('when another tab had deleted it is not asked for it', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 10)
      await deleteDB('s')
      closedByBrowser()
      await expect(store.reserveSeqs(topic(1), 1)).rejects.toThrow('deleted')
    })

    it('and deletes it gives out no number twice: nothing is made in its place', async () => {
      const store = await open()
      await store.reserveSeqs(topic(1), 10)
      closedByBrowser()
      await deleteDB('s')
      for (let n = 0; n < 2; n++)
        await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'failed' })
      expect(await indexedDB.databases()).toEqual([])
    })
  })

  it('without IndexedDB the opening rejects with `missing`', async () => {
    vi.stubGlobal('indexedDB', undefined)
    await expect(open()).rejects.toMatchObject({ code: 'missing' })
  })

  it('an IndexedDB whose mere mention throws is missing', async () => {
    vi.unstubAllGlobals()
    const there = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')!
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        throw new DOMException('not allowed', 'SecurityError')
      },
    })
    try {
      await expect(open()).rejects.toMatchObject({ code: 'missing' })
    } finally {
      Object.defineProperty(globalThis, 'indexedDB', there)
    }
  })
})
