import { IDBObjectStore } from 'fake-indexeddb'
import { openDB } from 'idb'
import { describe, expect, it, vi } from 'vitest'
import { NOW, TOPIC } from './chain.suite.js'
import {
  atPosition,
  corrupt,
  filled,
  OPTIONS,
  spoil,
  spoilTable,
  useFreshDisk,
} from './indexeddb-op-store.suite.js'
import { MIGRATIONS } from './migrations.js'
import { type Pack, unpack } from './op-records.js'
import { MUCH, PLENTY } from './op-store.suite.js'
import { peer } from './store.suite.js'

describe('IndexedDB store: ops', () => {
  useFreshDisk()

  describe('one corrupt record never costs the rest', () => {
    it.each<[string, (pack: Pack, i: number) => void]>([
      ['with one bit turned', ({ b, e }, i) => (b[e[i]! - 70]! ^= 1)],
      ['with another checksum', ({ c }, i) => (c[i]! ^= 1)],
      ['of another author', ({ l }, i) => (l[i]! += 1)],
      ['of another number', ({ s }, i) => (s[i]! += 100)],
    ])('an op %s is skipped, counted, removed, and its lane begins after it', async (_, change) => {
      const { store, said } = await filled()
      await spoil(atPosition(5, change))
      const kept = await store.ops.loadFrom(TOPIC, 1, MUCH)
      expect(kept.map(({ position }) => position)).toEqual(
        said.map(({ position }) => position).filter(position => position !== 5),
      )
      await vi.waitFor(() => expect(corrupt).toHaveLength(1))
      expect(store.ops.counters.corruptOps).toBe(1)
      await store.ops.loadFrom(TOPIC, 1, MUCH)
      expect(store.ops.counters.corruptOps).toBe(1)
      const db = await openDB('s', MIGRATIONS.length)
      const left = (await db.getAll('ops')).flatMap(pack => unpack(pack)!)
      expect(left.some(({ p }) => p === 5)).toBe(false)
      db.close()
    })

    it('a lane with a hole in it begins after the hole', async () => {
      const trimmed: unknown[] = []
      const { store, said } = await filled()
      store.ops.onTrimmed = (_, lanes) => trimmed.push(...lanes)
      await spoil(atPosition(5, ({ c }, i) => (c[i]! ^= 1)))
      await store.ops.loadFrom(TOPIC, 1, MUCH)
      await vi.waitFor(() => expect(trimmed).toHaveLength(1))
      expect(trimmed).toEqual([{ author: peer(1), oldest: 4, oldestHash: said[6]!.hash }])
    })

    it.each<[string, (pack: Pack) => unknown]>([
      ['no bytes', ({ b: _, ...pack }) => pack],
      ['bytes that are none', pack => ({ ...pack, b: 'text' })],
      ['a column too short', pack => ({ ...pack, s: pack.s.slice(1) })],
      ['a column that is none', pack => ({ ...pack, t: 'now' })],
      [
        'a hole in a column',
        pack => {
          Reflect.deleteProperty(pack.e, 1)
          return pack
        },
      ],
    ])('a pack with %s is removed, and reading ends', async (_, change) => {
      const { store, chain } = await filled()
      await spoil(change as (pack: Pack) => unknown)
      const after = Array.from({ length: 3 }, () => chain.say(1))
      await store.ops.append(TOPIC, chain.batch(...after), NOW)
      const wants = [chain.all(1), chain.all(2)]
      expect(await store.ops.load(TOPIC, wants, MUCH)).toEqual(after.map(op => op.message))
      await vi.waitFor(() => expect(store.ops.counters.corruptOps).toBeGreaterThan(0))
      const kept = await store.ops.loadFrom(TOPIC, 1, MUCH)
      expect(kept.map(({ message }) => message)).toEqual(after.map(op => op.message))
    })

    it('a pack that the disk lost is left out, the others are read', async () => {
      const { store, chain } = await filled()
      const after = [chain.say(1), chain.say(2)]
      await store.ops.append(TOPIC, chain.batch(...after), NOW)
      const get = IDBObjectStore.prototype.get
      vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(() => {
        throw new DOMException('lost', 'NotReadableError')
      })
      vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (
        this: IDBObjectStore,
        key,
      ) {
        if ((key as number[])[1] === 1) throw new DOMException('lost', 'NotReadableError')
        return get.call(this, key)
      })
      const kept = await store.ops.loadFrom(TOPIC, 1, MUCH)
      expect(kept.map(({ message }) => message)).toEqual(after.map(op => op.message))
      await vi.waitFor(() => expect(corrupt).toHaveLength(1))
    })

    it('a lane is told again by its ops', async () => {
      const { store, chain } = await filled()
      await store.ops.append(TOPIC, chain.batch(chain.bundle(1, 9), chain.say(1)), NOW)
      await spoilTable('lanes')
      const index = await store.ops.open(TOPIC, OPTIONS)
      expect(index.lanes).toEqual(expect.arrayContaining(chain.lanes()))
      expect(corrupt).toHaveLength(1)
    })

    it('our last number is told again by our lane, and the next is taken', async () => {
      const { store, chain } = await filled()
      const own = () => ({ ...chain.batch(chain.say(0)), own: true })
      await store.ops.append(TOPIC, own(), NOW)
      const db = await openDB('s', MIGRATIONS.length)
      await db.put('seqs', { topic: TOPIC, last: 'many' })
      db.close()
      expect((await store.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(2)
      await store.ops.append(TOPIC, own(), NOW)
      expect((await store.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(3)
    })

    it('sums are counted again, and every lane ends in a head', async () => {
      const { store, chain } = await filled()
      await spoilTable('rooms')
      const index = await store.ops.open(TOPIC, { ...OPTIONS, retention: { ...PLENTY, maxOps: 5 } })
      expect(index.heads).toHaveLength(2)
      await store.ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
      expect(await store.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(5)
    })
  })

  describe('a failing disk', () => {
    it('that is full rejects with `full`, keeps nothing of it, and goes on when there is room', async () => {
      const { store, chain } = await filled()
      const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
        throw new DOMException('no room', 'QuotaExceededError')
      })
      const batch = { ...chain.batch(chain.say(0)), own: true }
      await expect(store.ops.append(TOPIC, batch, NOW)).rejects.toMatchObject({ code: 'full' })
      put.mockRestore()
      expect((await store.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(1)
      await store.ops.append(TOPIC, batch, NOW)
      expect((await store.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(2)
      expect(await store.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(21)
    })

    it('on which one of our numbers fails takes none after it, and the same ones when it works again', async () => {
      const { store, chain } = await filled()
      const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
      const own = [1, 2, 3].map(() => ({ ...chain.batch(chain.say(0)), own: true }))
      // For all of them together, and for the first alone.
      transaction.mockImplementation(() => {
        throw new DOMException('no room', 'QuotaExceededError')
      })
      const all = () => Promise.allSettled(own.map(batch => store.ops.append(TOPIC, batch, NOW)))
      const outcomes = await all()
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      transaction.mockRestore()
      expect((await all()).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'))
      expect((await store.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(4)
    })

    it('on which ops of a topic fail takes none of those given after them, which may build on them', async () => {
      const { store, chain } = await filled()
      const [first, second] = [chain.batch(chain.say(1)), chain.batch(chain.say(1))]
      const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
      const fail = () => {
        throw new DOMException('broken', 'UnknownError')
      }
      // Both together, and the first alone.
      transaction.mockImplementationOnce(fail).mockImplementationOnce(fail)
      const all = [first, second].map(batch => store.ops.append(TOPIC, batch, NOW))
      const outcomes = await Promise.allSettled(all)
      transaction.mockRestore()
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(await store.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(20)
    })

    it('whose transaction is aborted after its requests succeeded keeps nothing', async () => {
      const { store, chain } = await filled()
      const put = IDBObjectStore.prototype.put
      const spy = vi.spyOn(IDBObjectStore.prototype, 'put')
      spy.mockImplementation(function (this: IDBObjectStore, ...given) {
        const request = put.apply(this, given)
        if (this.name === 'rooms') {
          request.addEventListener('success', () => this.transaction.abort())
        }
        return request
      })
      const batch = chain.batch(chain.say(1))
      await expect(store.ops.append(TOPIC, batch, NOW)).rejects.toMatchObject({ code: 'failed' })
      spy.mockRestore()
      expect(await store.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(20)
      await store.ops.append(TOPIC, batch, NOW)
      expect(await store.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(21)
    })
  })
})
