import { describe, expect, it } from 'vitest'
import { someBundle } from '../core/bundle.suite.js'
import {
  fiveKeys,
  type KeptStore,
  TestClient,
  TOPIC,
  useVirtualTime,
  World,
} from './world.suite.js'

const time = useVirtualTime()

describe('shutting down', () => {
  it('says goodbye, ends every subscription, lets go of all connections and closes the store', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    const port = new TestClient(a!.peer.runtime, time())
    const foreign = port.subscribe()
    await a!.peer.client.call({ type: 'shutdown' })
    await time().until(() => b!.topic.of('neighborDown').length === 1, 1)
    expect(b!.topic.of('neighborDown')[0]).toMatchObject({ peer: a!.peer.id, reason: 'left' })
    expect([a!.topic.ended, foreign.ended]).toEqual(['closed', 'closed'])
    expect(a!.peer.page.connections.size).toBe(0)
    expect([a!.peer.store.closes, a!.peer.hasEnded]).toEqual([1, true])
    const orders = a!.peer.page.orders.length
    await time().run(60_000)
    expect(a!.peer.page.orders).toHaveLength(orders)
    expect(a!.peer.store.closes).toBe(1)
  })

  it('lets what was said before leave first, also over a slow channel', async () => {
    const [a, b] = await new World(time()).joined(2)
    const { channel } = a!.peer.page.with(b!.peer.id)
    a!.topic.broadcast('last words')
    await time().until(() => a!.topic.outcomes.length === 1)
    channel.isStuck = true
    const ended = a!.peer.client.call({ type: 'shutdown' })
    time().after(300, () => channel.release())
    await ended
    expect([a!.peer.hasEnded, b!.topic.texts]).toEqual([true, ['last words']])
    await time().quiet()
    expect(b!.topic.of('neighborDown')[0]!.reason).toBe('left')
  })

  it('waits not much longer than a second for a neighbor that takes nothing', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.peer.page.with(b!.peer.id).channel.isStuck = true
    const before = time().now
    await a!.peer.client.call({ type: 'shutdown' })
    expect(time().now - before).toBeLessThan(1_300)
    expect(a!.peer.hasEnded).toBe(true)
  })

  it('happens once however often it is asked for, and nothing can be opened after it', async () => {
    const [a] = await new World(time()).joined(2)
    await Promise.all([
      a!.peer.client.call({ type: 'shutdown' }),
      a!.peer.client.call({ type: 'shutdown' }),
    ])
    expect(a!.peer.store.closes).toBe(1)
    expect(a!.peer.client.subscribe().ended).toBe('closed')
  })
})

describe('a page that is put away', () => {
  it('has left for its neighbors, and is back among them with the same handles when it is shown again', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    a!.peer.page.leave()
    await time().until(() => b!.topic.of('neighborDown').length === 1, 1)
    expect(b!.topic.of('neighborDown')[0]!.reason).toBe('left')
    await time().run(5_000)
    expect([b!.topic.neighbors, a!.peer.page.connections.size]).toEqual([[], 0])

    a!.topic.broadcast('said while away')
    a!.peer.page.report({ type: 'page', state: 'restored' })
    await time().until(() => b!.topic.neighbors.length === 1)
    await time().until(() => b!.topic.texts.length === 1)
    b!.topic.broadcast('welcome back')
    await time().until(() => a!.topic.texts.length === 1)
    expect(a!.topic.ended).toBeUndefined()
  })

  it('does not say any more what it said just before: of a bundle each message is rejected', async () => {
    const [a, b] = await new World(time()).joined(2)
    const calls = [{ ref: 70, payload: someBundle(3), count: 3 }]
    a!.peer.client.say({ type: 'broadcast', handle: a!.topic.handle, scope: 'swarm', calls })
    a!.peer.page.leave()
    await time().until(() => a!.topic.outcomes.length === 3)
    const closed = { ok: false, code: 'closed' }
    expect(a!.topic.outcomes).toMatchObject([70, 71, 72].map(ref => ({ ref, ...closed })))
    await time().run(1_000)
    expect(b!.topic.texts).toEqual([])
  })

  it('and is not there any more, without a word, is missed after five seconds', async () => {
    const [a, b] = await new World(time()).joined(2)
    await time().run(10_000)
    a!.peer.page.crash()
    const before = time().now
    await time().until(() => b!.topic.of('neighborDown').length === 1)
    expect(b!.topic.of('neighborDown')[0]!.reason).toBe('link-lost')
    expect(b!.topic.state).toBe('isolated')
    expect(time().now - before).toBeLessThanOrEqual(6_000)
  })
})

describe('what outlives a node', () => {
  it('are the ids it saw: nothing is delivered twice across a reload, and all is to a stranger', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    a!.topic.broadcast('one', 'two')
    await time().until(() => b!.topic.texts.length === 2)
    await b!.peer.client.call({ type: 'shutdown' })

    const again = await world.peer(1, {}, b!.peer.store)
    const topic = again.client.subscribe()
    const stranger = (await world.peer(2)).client.subscribe()
    await time().until(() => topic.neighbors.length === 2 && stranger.texts.length === 2)
    a!.topic.broadcast('three')
    await time().until(() => stranger.texts.length === 3)
    await time().run(5_000)
    expect([again.id, topic.texts]).toEqual([b!.peer.id, ['three']])
  })

  it('are the numbers it used: its messages after a reload are new ones to everybody', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    b!.topic.broadcast('before')
    await time().until(() => a!.topic.texts.length === 1)
    await b!.peer.client.call({ type: 'shutdown' })
    const topic = (await world.peer(1, {}, b!.peer.store)).client.subscribe()
    await time().until(() => topic.neighbors.length === 1)
    topic.broadcast('after')
    await time().until(() => a!.topic.texts.length === 2)
    expect(a!.topic.of('received').map(({ seq }) => seq)).toEqual([1, 4097])
  })

  it('are the peers it knew: they are asked where nobody is introduced and the bootstrap peer is gone', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    await time().run(2_000)
    await b!.peer.client.call({ type: 'shutdown' })
    expect(await b!.peer.store.loadPeers(TOPIC)).toEqual([a!.peer.id])
    world.signaling.introduces = false
    const absent = (await fiveKeys())[4]!.id.peerId
    const again = await world.peer(1, {}, b!.peer.store)
    const topic = again.client.subscribe({ bootstrap: [absent] })
    await time().until(() => topic.neighbors.length === 1)
  })
})

describe('a store that fails', () => {
  it('to give numbers delays what is said, and no number is ever used twice', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    const failures = failing(a!.peer.store, 'reserveSeqs', 3)
    const before = time().now
    a!.topic.broadcast('late', 'later')
    await time().run(3_000)
    expect([b!.topic.texts, a!.topic.outcomes]).toEqual([[], []])
    await time().until(() => b!.topic.texts.length === 2)
    expect(time().now - before).toBe(500 + 1_000 + 2_000)
    expect([failures.left, b!.topic.texts]).toEqual([0, ['late', 'later']])
    expect(new Set(b!.topic.of('received').map(({ seq }) => seq)).size).toBe(2)
    expect((await a!.peer.metrics())['storage-failures']).toBe(3)
  })

  it('to give numbers is asked no more once the topic is left', async () => {
    const [a] = await new World(time()).joined(2)
    const failures = failing(a!.peer.store, 'reserveSeqs', 1_000)
    a!.topic.broadcast('never')
    await time().run(2_000)
    await a!.topic.leave()
    await time().run(2_000)
    const { left } = failures
    await time().run(120_000)
    expect(failures.left).toBe(left)
  })

  it('to read what was seen or known, or to keep it, opens the topic all the same', async () => {
    const world = new World(time())
    const a = await world.peer(0)
    for (const name of ['loadSeen', 'loadPeers', 'saveSeen', 'savePeers'] as const) {
      failing(a.store, name, 1_000)
    }
    const topic = a.client.subscribe()
    const other = (await world.peer(1)).client.subscribe()
    await time().until(() => topic.neighbors.length === 1)
    other.broadcast('heard')
    await time().until(() => topic.texts.length === 1)
    await time().run(2_000)
    expect((await a.metrics())['storage-failures']).toBeGreaterThanOrEqual(4)
    await a.client.call({ type: 'shutdown' })
    expect(a.hasEnded).toBe(true)
  })

  it('with what no store may give ends the topic with a word, and the next call opens it', async () => {
    const { client, store } = await new World(time()).peer(0)
    const real = store.loadSeen
    store.loadSeen = async () => 1 as never
    const topic = client.subscribe()
    await time().until(() => topic.ended !== undefined)
    store.loadSeen = real
    const next = client.subscribe()
    await time().until(() => next.state !== undefined)
    expect(next.ended).toBeUndefined()
  })
})

describe('a signaling server that is gone', () => {
  it.each(['online', 'visible'] as const)(
    'takes no neighbor away; the topic says so, and is whole at once when it is back and the page %s',
    async state => {
      const world = new World(time())
      const [a, b] = await world.joined(2)
      world.signaling.isDown = true
      world.signaling.drop()
      await time().until(() => a!.topic.state === 'degraded')
      a!.topic.broadcast('still here')
      await time().until(() => b!.topic.texts.length === 1)
      expect(a!.peer.client.notices).toEqual(['signaling-lost'])
      world.signaling.isDown = false
      // Some failures later the next try is half a minute away.
      a!.peer.page.report({ type: 'page', state })
      await time().until(() => a!.topic.state === 'joined', 100)
      expect(a!.peer.client.notices).toEqual(['signaling-lost', 'signaling-open'])
    },
  )

  it('is not needed by who is in the mesh: signals travel through it', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    world.signaling.isDown = true
    world.signaling.drop()
    await time().until(() => b!.topic.state === 'degraded')
    const c = await world.peer(2, { signaling: undefined })
    const topic = c.client.subscribe({ bootstrap: [a!.peer.id] })
    world.connect(a!.peer, c)
    await time().until(() => topic.neighbors.length === 2)
    expect([...topic.neighbors].sort()).toEqual([a!.peer.id, b!.peer.id].sort())
    expect(c.page.of('rtc-dial').map(({ peer }) => peer)).toEqual([b!.peer.id])
  })
})

/** The store's next so many calls of this name reject. */
function failing(
  store: KeptStore,
  name: 'reserveSeqs' | 'loadSeen' | 'loadPeers' | 'saveSeen' | 'savePeers',
  times: number,
): { left: number } {
  const failures = { left: times }
  const real = store[name].bind(store) as (...given: unknown[]) => Promise<never>
  store[name] = ((...given: unknown[]) => {
    if (failures.left === 0) return real(...given)
    failures.left--
    return Promise.reject(new Error('the disk is full'))
  }) as never
  return failures
}
