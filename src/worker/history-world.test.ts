import { beforeEach, describe, expect, it, vi } from 'vitest'
import { StorageError } from '../storage/store.js'
import { Rogue } from './rogue.suite.js'
import {
  type KeptStore,
  TERMS,
  type TestPeer,
  type TestTopic,
  TOPIC,
  useVirtualTime,
  World,
} from './world.suite.js'

const time = useVirtualTime()
const KEEPING = { ...TERMS, history: 'wavefront' } as const
const HISTORY = {
  retention: { maxAgeMs: 1e12, maxOps: 1e5, maxBytes: 1e9 },
  order: 'arrival',
} as const

let world: World
beforeEach(() => {
  world = new World(time())
})

describe('a latecomer', () => {
  it('gets what was said before, once each and marked, and is then in sync', async () => {
    const [a] = await keeping(1)
    a!.topic.broadcast(...texts(1, 600))
    await time().until(() => a!.topic.outcomes.length === 600)
    // Longer than the broadcast remembers.
    await time().run(100_000)
    const b = await joining(1)
    await time().until(() => b.topic.texts.length === 600)
    expect(b.topic.texts).toEqual(texts(1, 600))
    expect(b.topic.of('received').every(({ fromHistory }) => fromHistory)).toBe(true)
    await time().until(() => b.topic.history?.synced === true)
    expect(b.topic.history).toEqual({ synced: true, have: 600, known: 600 })
    const progress = b.topic.of('historyProgress').map(({ have, known }) => [have, known])
    expect(progress.at(-1)).toEqual([600, 600])
    expect(await all(b.topic)).toEqual(texts(1, 600))
    expect(b.topic.of('lagged')).toEqual([])
  })

  it('hears what is said meanwhile as well, and none of it twice', async () => {
    const [a] = await keeping(1)
    a!.topic.broadcast(...texts(1, 300))
    await time().until(() => a!.topic.outcomes.length === 300)
    const b = await joining(1)
    await time().until(() => b.topic.neighbors.length === 1)
    a!.topic.broadcast(...texts(301, 320))
    b.topic.broadcast(...texts(900, 905))
    await time().until(() => b.topic.texts.length === 320 && a!.topic.texts.length === 6)
    await time().run(5_000)
    expect([...b.topic.texts].sort()).toEqual(texts(1, 320).sort())
    expect(await all(a!.topic)).toHaveLength(326)
    expect((await all(b.topic)).sort()).toEqual((await all(a!.topic)).sort())
  })
})

describe('a reload', () => {
  it('knows what was said by what is kept: names of messages are stored nowhere else', async () => {
    const [a, b] = await keeping(2)
    a!.topic.broadcast(...texts(1, 20))
    await time().until(() => b!.topic.texts.length === 20)
    await time().run(1_000)
    for (const { peer } of [a!, b!]) {
      await peer.client.call({ type: 'shutdown' })
      expect(await peer.store.loadSeen(TOPIC, 0)).toEqual([])
    }
  })

  it('shows what was kept, alone and at once, and delivers none of it again', async () => {
    const [a, b] = await keeping(2)
    a!.topic.broadcast(...texts(1, 20))
    b!.topic.broadcast(...texts(21, 40))
    await time().until(() => b!.topic.texts.length === 20 && a!.topic.texts.length === 20)
    const before = await all(b!.topic)
    await b!.peer.client.call({ type: 'shutdown' })
    await a!.peer.client.call({ type: 'shutdown' })
    const again = await joining(1, b!.peer.store)
    await time().until(() => again.topic.history !== undefined)
    expect(await all(again.topic)).toEqual(before)
    expect(again.topic.texts).toEqual([])
    expect(again.topic.history).toEqual({ synced: false, have: 40, known: 40 })
  })

  it('asks nobody for what neighbors still have and retention has given up', async () => {
    const [a, b] = [await joining(0), await joining(1, undefined, 5)]
    await time().until(() => a.topic.neighbors.length + b.topic.neighbors.length === 2)
    for (const text of texts(1, 20)) {
      a.topic.broadcast(text)
      await time().run(100)
    }
    await b.peer.client.call({ type: 'shutdown' })
    await time().until(() => a.topic.neighbors.length === 0)
    const again = await joining(1, b.peer.store, 5)
    await time().until(() => again.topic.neighbors.length === 1)
    await time().run(10_000)
    expect(again.topic.texts).toEqual([])
    const counters = await again.peer.metrics()
    expect(counters['ihaves-received']).toBe(1)
    expect(counters.duplicates ?? 0).toBe(0)
  })

  it('goes on with the next number, and brings what was said meanwhile', async () => {
    const [a, b] = await keeping(2)
    b!.topic.broadcast('one', 'two')
    await time().until(() => a!.topic.texts.length === 2)
    await b!.peer.client.call({ type: 'shutdown' })
    await time().until(() => a!.topic.neighbors.length === 0)
    a!.topic.broadcast('three')
    const again = await joining(1, b!.peer.store)
    again.topic.broadcast('four')
    await time().until(() => again.topic.texts.length === 1 && a!.topic.texts.length === 3)
    expect(again.topic.texts).toEqual(['three'])
    expect(a!.topic.of('received').map(({ seq }) => seq)).toEqual([1, 2, 3])
    await time().run(3_000)
    expect((await all(again.topic)).sort()).toEqual(['four', 'one', 'three', 'two'])
  })
})

it('two that were cut apart are equal again after, and hear each message once', async () => {
  const [a, b] = await keeping(2)
  a!.topic.broadcast('before')
  await time().until(() => b!.topic.texts.length === 1)
  a!.peer.runtime.report({ type: 'page', state: 'leaving' })
  await time().until(() => b!.topic.neighbors.length === 0)
  b!.topic.broadcast(...texts(1, 30))
  await time().until(() => b!.topic.outcomes.length === 30)
  a!.peer.runtime.report({ type: 'page', state: 'restored' })
  a!.topic.broadcast(...texts(31, 60))
  await time().until(() => a!.topic.texts.length === 30 && b!.topic.texts.length === 31)
  await time().run(5_000)
  expect(a!.topic.texts).toEqual(texts(1, 30))
  expect(b!.topic.texts).toEqual(['before', ...texts(31, 60)])
  expect((await all(a!.topic)).sort()).toEqual((await all(b!.topic)).sort())
})

describe('waves', () => {
  it('from 1 KiB on travel in envelopes, and arrive whole', async () => {
    const [a] = await keeping(1)
    a!.topic.broadcast(...texts(1, 100).map(text => text.repeat(20)))
    await time().until(() => a!.topic.outcomes.length === 100)
    const compressions = vi.fn()
    const { CompressionStream: real } = globalThis
    vi.stubGlobal(
      'CompressionStream',
      class extends real {
        constructor(format: CompressionFormat) {
          super(format)
          compressions(format)
        }
      },
    )
    const b = await joining(1)
    await time().until(() => b.topic.texts.length === 100)
    expect(compressions).toHaveBeenCalledWith('deflate-raw')
    expect(await all(b.topic)).toEqual(await all(a!.topic))
  })
})

describe('a peer that brings wrong waves', () => {
  it.each<[string, (rogue: Rogue) => void]>([
    [
      'an envelope that is none',
      rogue =>
        rogue.link.send({
          type: 'envelope',
          inflatedBytes: 5000,
          deflated: new Uint8Array(40).fill(9),
        }),
    ],
    [
      'ops that nobody signed',
      rogue =>
        rogue.link.send({
          type: 'topic',
          topic: TOPIC,
          message: {
            type: 'ripple',
            exchange: 1,
            left: 0,
            ops: [
              {
                author: rogue.id,
                seq: 1,
                time: 1,
                payload: new Uint8Array(3),
                extensions: new Uint8Array(0),
                signature: new Uint8Array(64),
              },
            ],
          },
        }),
    ],
  ])('%s is blamed, and nothing of it is kept', async (_, say) => {
    const [a] = await keeping(1)
    const rogue = await Rogue.neighborOf(a!.peer, a!.topic, 2, KEEPING)
    say(rogue)
    await time().until(() => a!.topic.of('peerBlamed').length > 0)
    expect(await all(a!.topic)).toEqual([])
  })
})

it('a store that is full is told, and the mesh goes on', async () => {
  const [a, b] = await keeping(2)
  vi.spyOn(b!.peer.store.ops, 'append').mockRejectedValue(new StorageError('full', 'no room'))
  a!.topic.broadcast('one', 'two')
  await time().until(() => b!.topic.texts.length === 2)
  await time().until(() => b!.topic.of('historyFailed').length > 0)
})

it('what is said leaves only once it is kept', async () => {
  const [a, b] = await keeping(2)
  const append = vi.spyOn(a!.peer.store.ops, 'append')
  let keep = () => {}
  append.mockImplementationOnce(
    () => new Promise((_, reject) => (keep = () => reject(new StorageError('failed', 'later')))),
  )
  a!.topic.broadcast('one')
  await time().run(1_000)
  expect(b!.topic.texts).toEqual([])
  keep()
  await time().until(() => b!.topic.texts.length === 1)
  expect(a!.topic.outcomes).toHaveLength(1)
})

interface Keeper {
  peer: TestPeer
  topic: TestTopic
}

async function joining(n: number, store?: KeptStore, maxOps = 1e5): Promise<Keeper> {
  const peer = await world.peer(n, {}, store)
  const history = { ...HISTORY, retention: { ...HISTORY.retention, maxOps } }
  return { peer, topic: peer.client.subscribe({ terms: KEEPING, history }) }
}

async function keeping(count: number): Promise<Keeper[]> {
  const all: Keeper[] = []
  for (let n = 0; n < count; n++) all.push(await joining(n))
  await time().until(() =>
    all.every(({ topic }) => topic.neighbors.length === count - 1 && topic.history !== undefined),
  )
  return all
}

/** All that is kept, page by page. */
async function all(topic: TestTopic): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for (let position = 1; ; ) {
    const page = await topic.kept({ position })
    if (page.length === 0) return found
    found.push(...page)
    position += page.length
  }
}

function texts(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `message ${first + i}`)
}
