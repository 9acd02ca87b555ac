import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemoryStore } from './memory-store.js'
import { openStore } from './open-store.js'
import { SteadyStore, type StorageNotice } from './steady-store.js'
import { StorageError } from './store.js'
import { newKeys, peer, seen, topic } from './store.suite.js'

const memory = async () => new MemoryStore()
const notices: StorageNotice[] = []
const onNotice = (notice: StorageNotice) => notices.push(notice)

beforeEach(() => {
  notices.splice(0)
  vi.stubGlobal('indexedDB', new IDBFactory())
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('openStore', () => {
  const open = (slot = 0, name = 'app') =>
    openStore({ kind: 'indexeddb', name, slot, memory, onNotice })

  it('gives IndexedDB, without a word, where it works', async () => {
    const store = await open()
    expect(store.kind).toBe('indexeddb')
    expect(notices).toEqual([])
    await store.close()
  })

  it('keeps slots and names apart', async () => {
    const stores = [await open(0), await open(1), await open(0, 'other')]
    for (const store of stores) {
      expect(await store.reserveSeqs(topic(1), 3)).toEqual({ first: 1, last: 3 })
      await store.close()
    }
  })

  it('gives memory without a word where memory was asked for', async () => {
    expect((await openStore({ kind: 'memory', name: 'app', slot: 0, memory, onNotice })).kind).toBe(
      'memory',
    )
    expect(notices).toEqual([])
  })

  it('gives memory and a notice where no lock guards the slot', async () => {
    const store = await openStore({
      kind: 'indexeddb',
      name: 'a',
      slot: 99,
      held: false,
      memory,
      onNotice,
    })
    expect(store.kind).toBe('memory')
    expect(notices.map(({ code }) => code)).toEqual(['storage-unavailable'])
    expect(await indexedDB.databases()).toEqual([])
  })

  it('gives memory and a notice where IndexedDB is missing', async () => {
    vi.stubGlobal('indexedDB', undefined)
    expect((await open()).kind).toBe('memory')
    expect(notices).toHaveLength(1)
    expect(notices[0]).toMatchObject({
      code: 'storage-unavailable',
      message: expect.stringMatching(/does not let the page store anything.*new identity/s),
    })
  })

  it('gives memory and a notice where the disk is full', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError')
    })
    expect((await open()).kind).toBe('memory')
    expect(notices[0]).toMatchObject({
      code: 'storage-unavailable',
      message: expect.stringContaining('is full'),
    })
  })

  it('gives memory and a notice where the database does not open', async () => {
    vi.stubGlobal('indexedDB', {
      open() {
        throw new DOMException('broken', 'UnknownError')
      },
    })
    expect((await open()).kind).toBe('memory')
    expect(notices[0]!.code).toBe('storage-unavailable')
  })
})

describe('steady store over a store that fails', () => {
  let now = 1_000_000
  async function failing(): Promise<SteadyStore> {
    const store = new MemoryStore()
    const fail = async () => {
      throw new StorageError('full', 'no room')
    }
    Object.assign(store, {
      loadIdentity: fail,
      saveIdentity: fail,
      reserveSeqs: fail,
      loadSeen: fail,
      saveSeen: fail,
      dropSeen: fail,
      loadPeers: fail,
      savePeers: fail,
    })
    return new SteadyStore(store, onNotice, { now: () => now })
  }

  it('bookkeeping goes on with nothing', async () => {
    const store = await failing()
    await store.saveSeen(topic(1), [seen(1, 0, [1, 1])])
    await store.dropSeen(1)
    await store.savePeers(topic(1), [peer(1)])
    expect(await store.loadSeen(topic(1), 0)).toEqual([])
    expect(await store.loadPeers(topic(1))).toEqual([])
  })

  it('identity and numbers reject: a number from anywhere else might repeat', async () => {
    const store = await failing()
    await expect(store.reserveSeqs(topic(1), 1)).rejects.toMatchObject({ code: 'full' })
    await expect(store.loadIdentity()).rejects.toMatchObject({ code: 'full' })
    await expect(store.saveIdentity(await newKeys())).rejects.toMatchObject({ code: 'full' })
  })

  it('a failure is noticed at once, and again only after a minute', async () => {
    const store = await failing()
    await store.savePeers(topic(1), [])
    await store.savePeers(topic(1), [])
    now += 59_999
    await store.dropSeen(1)
    expect(notices).toHaveLength(1)
    expect(notices[0]).toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('no room'),
    })
    now += 1
    await store.dropSeen(1)
    expect(notices).toHaveLength(2)
  })

  it('a corrupt record is noticed too', async () => {
    const store = await failing()
    store.corrupt('the identity')
    expect(notices[0]).toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('the identity'),
    })
  })

  it('a mistake of ours is no failure of the disk', async () => {
    const store = new SteadyStore(new MemoryStore(), onNotice)
    await expect(store.reserveSeqs(topic(1), 0)).rejects.toBeInstanceOf(RangeError)
    expect(notices).toEqual([])
  })
})
