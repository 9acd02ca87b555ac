import { OP_STORES } from './all-op-stores.js'
import 'fake-indexeddb/auto'
import { IDBFactory, IDBIndex, IDBObjectStore } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { IndexeddbOpStore } from './indexeddb-op-store.js'
import { openIndexeddbStore } from './indexeddb-store.js'
import { MIGRATIONS } from './migrations.js'
import { type Pack, packsOf, unpack } from './op-records.js'
import { Chain, describeOpStore, MUCH, NOW, PLENTY, TOPIC } from './op-store.suite.js'
import type { Store } from './store.js'
import { newKeys, peer } from './store.suite.js'

let names = 0
const opStores = () => ({
  ...OP_STORES,
  database: (...[db, counters]: Parameters<typeof OP_STORES.database>) =>
    new IndexeddbOpStore(db, counters, 0, () => 0),
})

describeOpStore('IndexedDB store', () => openIndexeddbStore(`op-laws-${names++}`, { opStores }))

describe('IndexedDB store: ops', () => {
  const opened: Store[] = []
  const corrupt: string[] = []
  beforeEach(() => {
    corrupt.splice(0)
    vi.stubGlobal('indexedDB', new IDBFactory())
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const store of opened.splice(0)) await store.close()
    vi.unstubAllGlobals()
  })

  async function open(): Promise<Store> {
    const store = await openIndexeddbStore('s', { opStores, onCorrupt: what => corrupt.push(what) })
    opened.push(store)
    return store
  }

  /** One that is given time between transactions. */
  async function breathing(pauseMs = 0) {
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

  it('what others say within a breath is written together, when somebody asks for it', async () => {
    const { store, chain, say } = await breathing()
    const kept = Promise.all([say(), say(), say()])
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(store.ops.counters).toMatchObject({ opCommits: 1, opsStored: 1 })
    expect(await store.ops.load(TOPIC, [chain.all(1)], MUCH)).toHaveLength(4)
    await kept
    expect(store.ops.counters).toMatchObject({ opCommits: 2, opsStored: 4 })
  })

  it('is not written for a reader who asks for something else', async () => {
    const { store, chain, say } = await breathing()
    const kept = say()
    const range = { ...chain.all(1), last: 1 }
    expect(await store.ops.load(TOPIC, [range], MUCH)).toHaveLength(1)
    expect(store.ops.counters).toMatchObject({ opCommits: 1 })
    await store.ops.load(TOPIC, [chain.all(1)], MUCH)
    await kept
  })

  it('our own word waits for no breath, and takes along what waits', async () => {
    const { store, say, sayOwn } = await breathing()
    const kept = say()
    await sayOwn()
    await kept
    expect(store.ops.counters).toMatchObject({ opCommits: 2, opsStored: 3 })
  })

  it('words of ours that come by themselves go together, the first of them at once', async () => {
    const { store, sayOwn } = await breathing(60)
    await sayOwn()
    expect(store.ops.counters).toMatchObject({ opCommits: 2 })
    const kept = [sayOwn()]
    await new Promise(resolve => setTimeout(resolve, 40))
    kept.push(sayOwn(), sayOwn())
    await Promise.all(kept)
    expect(store.ops.counters).toMatchObject({ opCommits: 3, opsStored: 5 })
  })

  it('who waits for each word before the next is held up once in a while, and no more', async () => {
    const { store, sayOwn } = await breathing(500)
    const since = performance.now()
    for (let n = 0; n < 12; n++) await sayOwn()
    expect(store.ops.counters).toMatchObject({ opCommits: 13 })
    expect(performance.now() - since).toBeLessThan(2 * 500)
  })

  it('what waits for company is written for who asks for it, and with a wave', async () => {
    const { store, chain, sayOwn } = await breathing(60_000)
    await sayOwn()
    const second = sayOwn()
    expect(await store.ops.load(TOPIC, [chain.all(0)], MUCH)).toHaveLength(2)
    await second
    const third = sayOwn()
    const said = Array.from({ length: 512 }, () => chain.say(1))
    await store.ops.append(TOPIC, chain.batch(...said), NOW)
    await third
    expect(store.ops.counters).toMatchObject({ opCommits: 4 })
  })

  it('who opens a topic anew is told of what waits, too: no number and no position is given twice', async () => {
    const { store, say, sayOwn } = await breathing(60_000)
    await sayOwn()
    const waiting = [say(), sayOwn()]
    const index = await store.ops.open(TOPIC, OPTIONS)
    expect(index).toMatchObject({ position: 4, nextSeq: 3 })
    expect(index.lanes.map(({ height }) => height)).toEqual([2, 2])
    await Promise.all(waiting)
  })

  it('what may be unkept while more comes is worth a transaction at once', async () => {
    const { store, chain } = await breathing()
    const said = Array.from({ length: 512 }, () => chain.say(1))
    await store.ops.append(TOPIC, chain.batch(...said), NOW)
    expect(store.ops.counters).toMatchObject({ opCommits: 2 })
  })

  /** A store with ten ops of each of two authors, in turn. */
  async function filled() {
    const store = await open()
    await store.ops.open(TOPIC, OPTIONS)
    const chain = new Chain()
    const said = Array.from({ length: 20 }, (_, n) => chain.say(1 + (n % 2)))
    await store.ops.append(TOPIC, chain.batch(...said), NOW)
    return { store, chain, said }
  }

  /** Changes the pack in which all of them lie. */
  async function spoil(change: (pack: Pack) => unknown): Promise<void> {
    const db = await openDB('s', MIGRATIONS.length)
    for (const pack of await db.getAll('ops')) await db.put('ops', change(pack))
    db.close()
  }

  /** Changes one op of it, leaving the others as they are. */
  function atPosition(p: number, change: (pack: Pack, i: number) => void): (pack: Pack) => Pack {
    return pack => {
      if (p >= pack.p && p < pack.p + pack.e.length) change(pack, p - pack.p)
      return pack
    }
  }

  async function spoilTable(table: 'rooms' | 'lanes'): Promise<void> {
    const db = await openDB('s', MIGRATIONS.length)
    const [row] = await db.getAll(table)
    await db.put(table, table === 'rooms' ? { topic: row.topic } : { r: row.r, l: row.l, lane: 7 })
    db.close()
  }

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

  it('what comes together lies together: a wave is one row', async () => {
    const { store } = await filled()
    const db = await openDB('s', MIGRATIONS.length)
    expect(await db.count('ops')).toBe(1)
    db.close()
    const ops = unpack((await readPacks())[0])!
    expect(
      packsOf(
        1,
        ops.filter(({ p }) => p !== 7),
      ).map(({ p, e }) => [p, e.length]),
    ).toEqual([
      [1, 6],
      [8, 13],
    ])
    expect(store.ops.counters.opCommits).toBe(1)
  })

  async function readPacks(): Promise<unknown[]> {
    const db = await openDB('s', MIGRATIONS.length)
    const packs = await db.getAll('ops')
    db.close()
    return packs
  }

  it('ops of ours are written through to the disk, those of others may wait', async () => {
    const { store, chain } = await filled()
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await store.ops.append(TOPIC, { ...chain.batch(chain.say(0)), own: true }, NOW)
    await store.ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
    expect(transaction.mock.calls.map(([, , options]) => options?.durability)).toEqual([
      'strict',
      'relaxed',
    ])
  })

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

  const OPTIONS = { self: peer(0), retention: PLENTY }
})
