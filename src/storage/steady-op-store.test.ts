import { beforeEach, describe, expect, it, vi } from 'vitest'
import { OP_STORES } from './all-op-stores.js'
import { Chain, NOW, TOPIC } from './chain.suite.js'
import { MemoryStore } from './memory-store.js'
import { describeOpStore, MUCH, PLENTY } from './op-store.suite.js'
import { SteadyStore, type StorageNotice } from './steady-store.js'
import { StorageError } from './store.js'
import { newKeys, peer } from './store.suite.js'

const opStores = () => OP_STORES

describeOpStore(
  'steady store',
  async () => new SteadyStore(new MemoryStore(opStores), () => {}, { opStores }),
)

describe('a steady op store', () => {
  let disk: MemoryStore
  let steady: SteadyStore
  let chain: Chain
  const notices: StorageNotice['code'][] = []
  beforeEach(async () => {
    notices.splice(0)
    disk = new MemoryStore(opStores)
    await disk.saveIdentity(await newKeys())
    steady = new SteadyStore(disk, ({ code }) => notices.push(code), { opStores })
    chain = new Chain()
    await steady.ops.open(TOPIC, OPTIONS)
    await steady.ops.append(TOPIC, chain.batch(chain.say(1), chain.say(2)), NOW)
  })

  const full = () =>
    vi.spyOn(disk.ops, 'append').mockRejectedValue(new StorageError('full', 'no room'))

  it('on a full disk says so once and keeps in memory what comes', async () => {
    full()
    for (const author of [1, 2, 1]) {
      await steady.ops.append(TOPIC, chain.batch(chain.say(author)), NOW)
    }
    expect(notices).toEqual(['storage-full'])
    expect(await disk.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(2)
    const kept = await steady.ops.loadFrom(TOPIC, 1, MUCH)
    expect(kept.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
    const wants = [chain.all(1), chain.all(2)]
    expect(await steady.ops.load(TOPIC, wants, MUCH)).toEqual(chain.said.map(op => op.message))
    expect(await steady.ops.load(TOPIC, wants, { ops: 4, bytes: 1e6 })).toHaveLength(4)
    const index = await steady.ops.open(TOPIC, OPTIONS)
    expect(index).toMatchObject({ position: 5, lanes: chain.lanes() })
  })

  it('on a full disk passes over nothing where a page ends on the disk, however small what follows is', async () => {
    await steady.ops.append(TOPIC, chain.batch(chain.say(1, 500), chain.say(1)), NOW)
    full()
    await steady.ops.append(TOPIC, chain.batch(chain.say(2), chain.say(1)), NOW)
    const page = { ops: 10, bytes: 300 }
    const seen: number[] = []
    for (let from = 1; ; from = seen.at(-1)! + 1) {
      const ops = await steady.ops.loadFrom(TOPIC, from, page)
      if (ops.length === 0) break
      seen.push(...ops.map(({ position }) => position))
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6])
    const first = await steady.ops.load(TOPIC, [chain.all(1), chain.all(2)], page)
    expect(first).toEqual(chain.said.slice(0, 2).map(({ message }) => message))
  })

  it('on a full disk finds what came late in its place', async () => {
    full()
    const [early, late] = [chain.say(1), chain.say(2)]
    await steady.ops.append(TOPIC, chain.batch(late), NOW)
    await steady.ops.append(TOPIC, chain.batch(early), NOW)
    const kept = await steady.ops.loadFrom(TOPIC, 1, MUCH)
    expect(kept.map(({ position }) => position)).toEqual([1, 2, 3, 4])
  })

  it('on a full disk counts the newest over both', async () => {
    full()
    await steady.ops.append(TOPIC, chain.batch(chain.say(1), chain.say(2)), NOW)
    expect(await steady.ops.positionSince(TOPIC, 0, 3)).toBe(2)
    expect(await steady.ops.positionSince(TOPIC, 0, 1)).toBe(4)
    expect(await steady.ops.positionSince(TOPIC, 0, 9)).toBe(1)
  })

  it('on a full disk speaks only once the next visit is sure to have another key', async () => {
    full()
    const forget = vi.spyOn(disk, 'forgetIdentity').mockRejectedValueOnce(FAILED)
    const own = { ...chain.batch(chain.say(0)), own: true }
    await expect(steady.ops.append(TOPIC, own, NOW)).rejects.toBe(FAILED)
    expect(await disk.loadIdentity()).toBeDefined()
    await steady.ops.append(TOPIC, own, NOW)
    expect(await disk.loadIdentity()).toBeUndefined()
    expect(forget).toHaveBeenCalledTimes(2)
    expect((await steady.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(2)
  })

  it('on a full disk keeps words of ours that were refused together in their order, or none of them', async () => {
    full()
    const own = [1, 2, 3].map(() => ({ ...chain.batch(chain.say(0)), own: true }))
    const all = async () => {
      const kept = await Promise.allSettled(own.map(one => steady.ops.append(TOPIC, one, NOW)))
      return kept.map(({ status }) => status)
    }
    vi.spyOn(disk, 'forgetIdentity').mockRejectedValueOnce(FAILED)
    expect(await all()).toEqual(Array(3).fill('rejected'))
    expect(await all()).toEqual(Array(3).fill('fulfilled'))
    expect((await steady.ops.open(TOPIC, OPTIONS)).nextSeq).toBe(4)
  })

  it('on a full disk that only takes what others say keeps its key', async () => {
    full()
    await steady.ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
    expect(await disk.loadIdentity()).toBeDefined()
  })

  it('on a disk that fails rejects, with a notice, and tries the disk again next time', async () => {
    vi.spyOn(disk.ops, 'append').mockRejectedValueOnce(FAILED)
    const batch = chain.batch(chain.say(1))
    await expect(steady.ops.append(TOPIC, batch, NOW)).rejects.toBe(FAILED)
    expect(notices).toEqual(['storage-failed'])
    await steady.ops.append(TOPIC, batch, NOW)
    expect(await disk.ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(3)
  })

  const OPTIONS = { self: peer(0), retention: PLENTY }
  const FAILED = new StorageError('failed', 'broken')
})
