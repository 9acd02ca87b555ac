import { describe, expect, it } from 'vitest'
import { Rogue } from './rogue.suite.js'
import { useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()
const OFFLINE = { signaling: undefined }

describe('a channel given to handleConnection', () => {
  it.each<['lent' | 'relayed', boolean]>([
    ['lent', false],
    ['relayed', true],
  ])('%s, proves its peer and is usable as bootstrap', async (kind, relayed) => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    const there = b.client.subscribe()
    world.connect(a, b, relayed)
    const here = a.client.subscribe({ bootstrap: [b.id] })
    await time().until(() => here.neighbors.length === 1 && there.neighbors.length === 1)
    here.broadcast('over a borrowed wire')
    there.broadcast('and back', new Uint8Array(4096))
    await time().until(() => there.texts.length === 1 && here.texts.length === 2)
    expect((await a.inspect()).links).toMatchObject([{ peer: b.id, state: 'up', kind }])
    expect([...a.page.of('rtc-dial'), ...b.page.of('rtc-dial')]).toEqual([])
  })

  it('may come after the topic was opened with its peer as bootstrap', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    b.client.subscribe()
    const here = a.client.subscribe({ bootstrap: [b.id] })
    await time().run(5_000)
    world.connect(a, b)
    await time().until(() => here.neighbors.length === 1)
  })

  it('stays when no topic uses it, and serves the next', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    world.connect(a, b)
    const first = a.client.subscribe({ bootstrap: [b.id] })
    const there = b.client.subscribe()
    await time().until(() => there.neighbors.length === 1)
    await first.leave()
    await time().run(60_000)
    expect((await a.inspect()).links).toHaveLength(1)
    const second = a.client.subscribe({ bootstrap: [b.id] })
    await time().until(() => second.neighbors.length === 1)
  })

  it('behind which is another peer than was said is no link, and that peer is none of the neighbors', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    const topic = a.client.subscribe({ bootstrap: [b.id] })
    const { rogue, channel } = await Rogue.behind(time(), 3, a.id)
    a.page.adopt(b.id, channel)
    channel.open()
    await time().until(() => rogue.down !== undefined)
    await time().run(1_000)
    expect([rogue.isProven, topic.neighbors, (await a.inspect()).links]).toEqual([false, [], []])
  })

  it('that breaks is a lost neighbor', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    b.client.subscribe()
    const topic = a.client.subscribe({ bootstrap: [b.id] })
    world.connect(a, b)
    await time().until(() => topic.neighbors.length === 1)
    b.page.with(a.id).channel.close()
    await time().until(() => topic.of('neighborDown').length === 1, 100)
    expect(topic.of('neighborDown')[0]!.reason).toBe('link-lost')
  })

  it('given again takes the place of the one before', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, OFFLINE), await world.peer(1, OFFLINE)]
    const there = b.client.subscribe()
    const topic = a.client.subscribe({ bootstrap: [b.id] })
    world.connect(a, b)
    await time().until(() => topic.neighbors.length === 1)
    const first = a.page.with(b.id).channel
    await time().run(1_000)
    world.connect(a, b)
    await time().until(() => first.readyState === 'closed')
    await time().until(() => topic.neighbors.length === 1 && there.neighbors.length === 1)
    there.broadcast('over the new one')
    await time().until(() => topic.texts.length === 1)
    expect([a.page.with(b.id).channel.readyState, a.page.connections.size]).toEqual(['open', 1])
  })
})

describe('connections whose bytes the page relays', () => {
  it('carry the same mesh, and say what they are', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2, { link: 'relayed' })
    a!.topic.broadcast('by hand', ...Array.from({ length: 100 }, () => new Uint8Array(4096)))
    await time().until(() => b!.topic.of('received').length === 101)
    expect(a!.peer.page.of('rtc-dial')[0]!.relayed).toBe(true)
    expect((await a!.peer.inspect()).links[0]!.kind).toBe('relayed')
    await b!.topic.leave()
    await time().until(() => a!.topic.of('neighborDown').length === 1, 100)
    expect(a!.topic.of('neighborDown')[0]!.reason).toBe('left')
    expect([a!.peer.page.connections.size, b!.peer.page.connections.size]).toEqual([0, 0])
  })
})

describe('connections that are not made', () => {
  it('because the page refuses, are tried again until it does not', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    a.page.refuses = true
    const topic = a.client.subscribe()
    b.client.subscribe()
    await time().run(5_000)
    expect(topic.neighbors).toEqual([])
    a.page.refuses = false
    await time().until(() => topic.neighbors.length === 1, 60_000)
  })

  it('because channels never open, are tried again until they do', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    b.page.neverOpens = true
    const topic = a.client.subscribe()
    b.client.subscribe()
    await time().run(25_000)
    expect([topic.neighbors, a.page.of('rtc-dial').length >= 2]).toEqual([[], true])
    b.page.neverOpens = false
    await time().until(() => topic.neighbors.length === 1, 120_000)
    expect([a.page.connections.size, b.page.connections.size]).toEqual([1, 1])
  })

  it('because signals get lost, leave no connection behind', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    world.signaling.passes = (from, to) => !(from === b.id && to === a.id)
    const topic = a.client.subscribe()
    b.client.subscribe()
    await time().run(60_000)
    expect(topic.neighbors).toEqual([])
    world.signaling.passes = () => true
    await time().until(() => topic.neighbors.length === 1, 120_000)
    expect([a.page.connections.size, b.page.connections.size]).toEqual([1, 1])
  })
})

describe('a network with delays', () => {
  it('is one mesh all the same, and its round trips are known', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    const topics = [a.client.subscribe(), b.client.subscribe()]
    await time().until(() => topics[0]!.neighbors.length === 1)
    for (const end of [a.page.with(b.id), b.page.with(a.id)]) end.channel.delayMs = 40
    // Of two that are at rest one pings, so each measures every other second.
    await time().run(40_000)
    topics[0]!.broadcast('late but whole')
    await time().until(() => topics[1]!.texts.length === 1, 100)
    expect((await a.inspect()).links[0]!.rttMs).toBeGreaterThan(60)
  })
})
