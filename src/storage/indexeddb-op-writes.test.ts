import { openDB } from 'idb'
import { describe, expect, it, vi } from 'vitest'
import { NOW, TOPIC } from './chain.suite.js'
import { Database } from './database.js'
import { breathing, filled, OPTIONS, readPacks, useFreshDisk } from './indexeddb-op-store.suite.js'
import { MIGRATIONS } from './migrations.js'
import { packsOf, unpack } from './op-records.js'
import { MUCH } from './op-store.suite.js'
import { StorageError } from './store.js'

describe('IndexedDB store: ops', () => {
  useFreshDisk()

  it('what others say within a breath is written together, when somebody asks for it', async () => {
    const { store, chain, say } = await breathing()
    const kept = Promise.all([say(), say(), say()])
    await timer()
    vi.advanceTimersByTime(59_999)
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
    await timer()
    vi.advanceTimersByTime(40)
    kept.push(sayOwn(), sayOwn())
    vi.advanceTimersByTime(20)
    await Promise.all(kept)
    expect(store.ops.counters).toMatchObject({ opCommits: 3, opsStored: 5 })
    // It was worth the pause: the next waits again.
    const next = sayOwn()
    await timer()
    vi.advanceTimersByTime(59)
    expect(store.ops.counters).toMatchObject({ opCommits: 3 })
    vi.advanceTimersByTime(1)
    await next
    expect(store.ops.counters).toMatchObject({ opCommits: 4 })
  })

  it('who waits for each word before the next is held up once in a while, and no more', async () => {
    const { store, sayOwn } = await breathing(500)
    const since = performance.now()
    for (let n = 0; n < 12; n++) {
      let isKept = false
      void sayOwn().then(() => {
        isKept = true
      })
      while (!isKept) {
        await turn()
        vi.advanceTimersByTime(1)
      }
    }
    expect(store.ops.counters).toMatchObject({ opCommits: 13 })
    const took = performance.now() - since
    expect(took).toBeGreaterThan(500)
    expect(took).toBeLessThan(2 * 500)
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

  it('our own word is kept once where the disk has it though its transaction is said to have failed', async () => {
    const { store, chain } = await filled()
    const batch = { ...chain.batch(chain.say(0)), own: true }
    const { within } = Database.prototype
    vi.spyOn(Database.prototype, 'within').mockImplementationOnce(async function (
      this: Database,
      ...given: unknown[]
    ) {
      await within.apply(this, given as never)
      throw new StorageError('failed', 'the browser closed the database')
    } as never)
    await expect(store.ops.append(TOPIC, batch, NOW)).rejects.toThrow('closed the database')
    await store.ops.append(TOPIC, { ...batch }, NOW)
    expect(await store.ops.load(TOPIC, [chain.all(0)], MUCH)).toHaveLength(1)
    const other = { ...chain.batch(chain.said.at(-1)!), own: true }
    const again = { ...other, ops: other.ops.map(op => ({ ...op })) }
    await expect(store.ops.append(TOPIC, again, NOW)).rejects.toThrow('was used')
    expect((await store.reserveSeqs(TOPIC, 1)).first).toBe(2)
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
})

/** Until the store waits for time to pass. */
async function timer(): Promise<void> {
  while (vi.getTimerCount() === 0) await turn()
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
