import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { HistoryPage, HistoryRequest, ReadRequest } from '../bridge/node-messages.js'
import type { NodeInput } from '../core/io.js'
import { OP_STORES } from '../storage/all-op-stores.js'
import { Chain, TOPIC } from '../storage/chain.suite.js'
import { MemoryStore } from '../storage/memory-store.js'
import type { OpBatch } from '../storage/op-store.js'
import { PLENTY } from '../storage/op-store.suite.js'
import { StorageError } from '../storage/store.js'
import { peer } from '../storage/store.suite.js'
import { Histories } from './history.js'
import { useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let store: MemoryStore
let test: Histories
let inputs: NodeInput[]
let counted: string[]
let tracked: Promise<unknown>[]
let chain: Chain
beforeEach(async () => {
  store = new MemoryStore(() => OP_STORES)
  inputs = []
  counted = []
  tracked = []
  chain = new Chain()
  test = new Histories({
    self: peer(0),
    ops: store.ops,
    clock: time().clock,
    input: input => void inputs.push(input),
    count: counter => void counted.push(counter),
    track: work => void tracked.push(work),
    say: () => {},
  })
  await test.open(TOPIC, request())
})

describe('what is asked', () => {
  const read = { since: 5, limit: 10, position: undefined, live: false }

  it.each([
    ['no request', undefined],
    ['a time that is none', { ...read, since: 'now' }],
    ['a limit that is none', { ...read, limit: -1 }],
    ['a position that is none', { ...read, position: 0.5 }],
  ])('in reading with %s is refused', async (_, wrong) => {
    const reading = test.read(TOPIC, wrong as ReadRequest)
    await expect(reading).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('in opening needs a retention and an order', async () => {
    const { retention } = request()
    for (const wrong of [
      undefined,
      { retention: { ...retention, maxOps: Number.NaN }, order: 'arrival' },
      { retention, order: 'any' },
    ]) {
      const opening = test.open(TOPIC, wrong as HistoryRequest)
      await expect(opening).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    expect(await test.open(TOPIC, { retention, order: 'causal' })).toBeDefined()
  })
})

describe('what is to be kept', () => {
  it('is answered in its order when it is on disk', async () => {
    const hold = held(store)
    keep(1, chain.batch(chain.say(1)))
    keep(2, chain.batch(chain.say(1)))
    await time().quiet()
    expect(inputs).toEqual([])
    hold.release(1)
    await time().quiet()
    expect(inputs).toEqual([])
    hold.release(0)
    await time().quiet()
    expect(inputs).toEqual([stored(1, true), stored(2, true)])
    expect(tracked).toHaveLength(2)
  })

  it('and can not be is answered so, where others said it', async () => {
    fail(1)
    keep(1, chain.batch(chain.say(1)))
    keep(2, chain.batch(chain.say(1)))
    await time().quiet()
    expect(inputs).toEqual([stored(1, false), stored(2, true)])
    expect(counted).toEqual(['storage-failures'])
  })

  it('and is our own is tried until it can be, and what comes after it waits', async () => {
    const append = fail(3)
    keep(1, { ...chain.batch(chain.say(0)), own: true })
    keep(2, { ...chain.batch(chain.say(0)), own: true })
    await Promise.resolve()
    await time().until(() => append.mock.calls.length === 3)
    expect(inputs).toEqual([])
    keep(3, chain.batch(chain.say(1)))
    await time().until(() => inputs.length === 3)
    expect(inputs).toEqual([stored(1, true), stored(2, true), stored(3, true)])
    const written = append.mock.calls.map(([, { ops, heads }]) => [ops[0]!.message.seq, heads])
    expect(written.slice(0, 3).map(([seq]) => seq)).toEqual([1, 2, 1])
    expect(written.slice(3)).toEqual([
      [1, [{ author: peer(1), seq: 1 }]],
      [2, [{ author: peer(1), seq: 1 }]],
      [1, [{ author: peer(1), seq: 1 }]],
    ])
  })

  it('and waits for one of ours is not kept any more where the topic was left or opened anew', async () => {
    const append = fail(2)
    keep(1, { ...chain.batch(chain.say(0)), own: true })
    await time().quiet()
    keep(2, { ...chain.batch(chain.say(0)), own: true })
    keep(3, chain.batch(chain.say(1)))
    await test.open(TOPIC, request())
    await time().run(1_000)
    expect(append).toHaveBeenCalledTimes(2)
    keep(4, chain.batch(chain.say(1)))
    await time().until(() => inputs.length === 1)
    expect(inputs).toEqual([stored(4, true)])
  })

  it('is not answered any more where the topic was left or opened anew', async () => {
    const hold = held(store)
    keep(1, chain.batch(chain.say(1)))
    hold.release(0)
    await test.open(TOPIC, request())
    keep(2, chain.batch(chain.say(1)))
    test.close(TOPIC)
    hold.release(1)
    await time().quiet()
    expect(inputs).toEqual([])
  })
})

describe('what is to be read', () => {
  it('is given to the core, and its absence where the store fails', async () => {
    keep(1, chain.batch(chain.say(1), chain.say(1)))
    await time().quiet()
    const load = { type: 'load-ops', topic: TOPIC, wants: [chain.all(1)], maxOps: 1, maxBytes: 99 }
    await test.load({ ...load, ref: 7 } as never)
    vi.spyOn(store.ops, 'load').mockRejectedValue(FAILED)
    await test.load({ ...load, ref: 8 } as never)
    expect(inputs.slice(1)).toEqual([
      { type: 'ops-loaded', topic: TOPIC, ref: 7, ops: [chain.said[0]!.message] },
      { type: 'ops-loaded', topic: TOPIC, ref: 8, ops: undefined },
    ])
  })

  it('at the opening is tried until it can be', async () => {
    const open = vi.spyOn(store.ops, 'open')
    open.mockRejectedValueOnce(FAILED).mockRejectedValueOnce(FAILED)
    let index: unknown
    void test.open(TOPIC, request()).then(opened => (index = opened))
    await time().until(() => index !== undefined)
    expect(open).toHaveBeenCalledTimes(3)
  })

  it('what retention cost is told', async () => {
    await test.open(TOPIC, request({ maxOps: 1 }))
    keep(1, chain.batch(chain.say(1), chain.say(1)))
    await time().quiet()
    const lanes = [{ author: peer(1), oldest: 2, oldestHash: chain.said[1]!.hash }]
    expect(inputs).toContainEqual({ type: 'ops-trimmed', topic: TOPIC, lanes })
  })
})

describe('pages', () => {
  const all = { since: 0, limit: 1e6, position: undefined, live: false }

  it('hold what is kept, in causal order, and the last is empty', async () => {
    const said = Array.from({ length: 300 }, (_, n) => chain.say(n % 3))
    keep(1, chain.batch(...said))
    await time().quiet()
    const seqs: unknown[] = []
    let position: number | undefined
    for (;;) {
      const page: HistoryPage = await test.read(TOPIC, { ...all, position })
      if (page.seqs.length === 0) break
      expect(page.seqs.length).toBeLessThanOrEqual(256)
      seqs.push(...page.seqs.map((seq, i) => [page.authors[i], seq]))
      position = page.position
    }
    expect(seqs).toEqual(said.map(({ message: { author, seq } }) => [author, seq]))
  })

  it('asked for while the topic is being opened wait for that', async () => {
    keep(1, chain.batch(chain.say(1)))
    await time().quiet()
    vi.spyOn(store.ops, 'open').mockRejectedValueOnce(FAILED)
    void test.open(TOPIC, request())
    const positionSince = vi.spyOn(store.ops, 'positionSince')
    let page: HistoryPage | undefined
    void test.read(TOPIC, all).then(read => (page = read))
    await Promise.resolve()
    expect(positionSince).not.toHaveBeenCalled()
    await time().until(() => page !== undefined)
    expect(page!.seqs).toEqual([1])
  })

  it('leave out what was said before, also where it arrived after', async () => {
    keep(1, chain.batch(...[10, 30, 20, 40].map(at => chain.say(1, 5, at))))
    await time().quiet()
    expect((await test.read(TOPIC, { ...all, since: 25 })).seqs).toEqual([2, 4])
  })

  it('hold the messages of a bundle one by one, of the newest so many as were asked for', async () => {
    keep(1, chain.batch(chain.say(1), chain.bundle(1, 5), chain.say(2), chain.bundle(1, 200)))
    await time().quiet()
    const seqs = async (limit: number, since = 0) => {
      const { seqs } = await test.read(TOPIC, { ...all, limit, since })
      return seqs.length === 0 ? [] : [seqs[0], seqs.at(-1), seqs.length]
    }
    expect(await seqs(1e6)).toEqual([1, 206, 207])
    expect(await seqs(1)).toEqual([206, 206, 1])
    expect(await seqs(200)).toEqual([7, 206, 200])
    expect(await seqs(201)).toEqual([1, 206, 201])
    expect(await seqs(204)).toEqual([4, 206, 204])
    expect(await seqs(Number.MAX_SAFE_INTEGER)).toEqual([1, 206, 207])
    expect(await seqs(3, Date.now() * 2)).toEqual([])
  })

  it('of many full bundles the newest are found behind as many messages as there are in several pages', async () => {
    const bundles = Array.from({ length: 48 }, () => chain.bundle(1, 256, 60))
    keep(1, chain.batch(...bundles, ...Array.from({ length: 16 }, () => chain.say(1))))
    await time().quiet()
    const { seqs } = await test.read(TOPIC, { ...all, limit: 100 })
    const last = 48 * 256 + 16
    expect([seqs[0], seqs.at(-1)]).toEqual([last - 99, last])
  })

  it('wait for more where that is wanted, and go on with it', async () => {
    const pages: HistoryPage[] = []
    const read = (position?: number) =>
      void test.read(TOPIC, { ...all, live: true, position }).then(page => pages.push(page))
    read()
    await time().quiet()
    expect(pages).toEqual([])
    keep(1, chain.batch(chain.say(1), chain.say(2)))
    await time().quiet()
    expect(pages.map(({ seqs }) => seqs)).toEqual([[1, 1]])
    read(pages[0]!.position)
    await time().quiet()
    expect(pages).toHaveLength(1)
    // A page put away and back is the same reader.
    await test.open(TOPIC, request())
    keep(2, chain.batch(chain.say(1)))
    await time().quiet()
    expect(pages[1]?.seqs).toEqual([2])
    read(pages[1]!.position)
    await time().quiet()
    test.close(TOPIC)
    await time().quiet()
    expect(pages[2]?.seqs).toEqual([])
  })
})

it('who follows what is kept is not shown what stands after an op that is stored late, before that', async () => {
  const pages: HistoryPage[] = []
  const request = { since: 0, limit: 1e6, position: undefined, live: true }
  fail(1)
  const late = chain.batch(chain.say(1))
  keep(1, late)
  keep(2, { ...chain.batch(chain.say(0)), own: true })
  await time().quiet()
  void test.read(TOPIC, request).then(page => pages.push(page))
  await time().quiet()
  expect(pages).toEqual([])
  keep(3, late)
  await time().quiet()
  expect(pages.map(({ authors }) => authors)).toEqual([[peer(1), peer(0)]])
})

it('what has become too old is given up, a while after', async () => {
  await test.open(TOPIC, request({ maxAgeMs: 60_000 }))
  keep(1, chain.batch(chain.say(1, 5, time().now), chain.say(1, 5, time().now)))
  await time().quiet()
  const { at } = test.nextDeadline!
  test.wake(at - 1)
  await time().quiet()
  expect(store.ops.counters.opsTrimmed).toBe(0)
  test.wake(at)
  await time().quiet()
  expect(store.ops.counters.opsTrimmed).toBe(1)
  expect(test.nextDeadline!.at).toBeGreaterThan(at)
})

function keep(ref: number, batch: OpBatch): void {
  test.store({ type: 'store-ops', topic: TOPIC, ref, ...batch })
}

function stored(ref: number, ok: boolean): NodeInput {
  return { type: 'ops-stored', topic: TOPIC, ref, ok }
}

/** The next `times` writes fail. */
function fail(times: number) {
  const append = vi.spyOn(store.ops, 'append')
  for (let n = 0; n < times; n++) append.mockRejectedValueOnce(FAILED)
  return append
}

/** Writes end when they are told to. */
function held({ ops }: MemoryStore) {
  const releases: (() => void)[] = []
  vi.spyOn(ops, 'append').mockImplementation(
    () => new Promise<void>(resolve => void releases.push(resolve)),
  )
  return { release: (n: number) => releases[n]!() }
}

function request(retention: Partial<typeof PLENTY> = {}): HistoryRequest {
  return { retention: { ...PLENTY, ...retention }, order: 'arrival' }
}

const FAILED = new StorageError('failed', 'broken')
