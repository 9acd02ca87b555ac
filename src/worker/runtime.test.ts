import { describe, expect, it, vi } from 'vitest'
import { someBundle } from '../core/bundle.suite.js'
import { topicIdFromBytes } from '../core/ids.js'
import { canonicalBytes } from '../core/message.js'
import { Rogue } from './rogue.suite.js'
import { TERMS, TestClient, TOPIC, useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()

describe('peers of one topic', () => {
  it('find one another through the server and hear what is said, with who said it', async () => {
    const world = new World(time())
    const [a, b, c] = await world.joined(3)
    const [ref] = a!.topic.broadcast('hello')
    await time().until(() => [b, c].every(each => each!.topic.texts.length === 1))
    const author = a!.peer.id
    expect(a!.topic.outcomes).toEqual([{ ref, ok: true, id: `${author}:1`, neighbors: 2 }])
    expect(b!.topic.of('received')[0]).toMatchObject({
      author,
      verified: true,
      seq: 1,
      id: `${author}:1`,
      deliveredFrom: author,
      scope: { kind: 'swarm', round: 0 },
    })
    expect([a!.topic.texts, a!.topic.state]).toEqual([[], 'joined'])
    expect(a!.peer.page.of('rtc-dial')[0]!.iceServers).toEqual([{ urls: 'stun:stun.test' }])
  })

  it('do little while nothing is said: a ring ends where it began, and what asks for no answer ends nothing', async () => {
    await new World(time()).joined(2)
    await time().run(20_000)
    const tasks = vi.spyOn(time(), 'soon')
    await time().run(20_000)
    // A ping and its answer each second, and one end of a task: whose, that answered.
    expect(tasks.mock.calls.length).toBeLessThanOrEqual(80)
  })

  it('hear each author’s messages in the order in which they were said', async () => {
    const [a, b] = await new World(time()).joined(2)
    unevenly('sign')
    unevenly('verify')
    const said = Array.from({ length: 300 }, (_, n) => `number ${n}`)
    a!.topic.broadcast(...said.slice(0, 100))
    for (const each of said.slice(100)) a!.topic.broadcast(each)
    await time().until(() => b!.topic.texts.length === 300)
    expect(b!.topic.texts).toEqual(said)
    expect(a!.topic.outcomes.map(({ ref }) => ref)).toEqual(said.map((_, n) => n + 1))
  })

  it('hear what was said before the topic was open here, too', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    const [from, to] = [a.client.subscribe(), b.client.subscribe()]
    from.broadcast('early')
    from.say('neighbors', 'to nobody yet')
    await time().until(() => to.texts.length === 1)
    expect(to.texts).toEqual(['early'])
    expect(from.outcomes).toMatchObject([
      { ok: true, neighbors: 0 },
      { ok: true, neighbors: 0 },
    ])
  })

  it('hear the last words of who leaves at once when they were handed over', async () => {
    const [a, b] = await new World(time()).joined(2)
    const hear = b!.topic.hear.bind(b!.topic)
    b!.topic.hear = message => {
      hear(message)
      if (message.type === 'outcomes' && b!.topic.outcomes.length === 20) void b!.topic.leave()
    }
    b!.topic.broadcast(...Array.from({ length: 20 }, (_, n) => `last ${n}`))
    await time().until(() => a!.topic.of('neighborDown').length === 1)
    expect(a!.topic.texts).toHaveLength(20)
    expect(a!.topic.events.at(-1)).toMatchObject({ type: 'neighborDown', reason: 'left' })
  })

  it('hear what a peer says of itself', async () => {
    const world = new World(time())
    const [a, b] = [
      await world.peer(0, { peerData: new Uint8Array([1, 2, 3]) }),
      await world.peer(1),
    ]
    a.client.subscribe()
    const topic = b.client.subscribe()
    await time().until(() => topic.of('peerData').length > 0)
    expect(topic.of('peerData')[0]).toMatchObject({ peer: a.id, data: new Uint8Array([1, 2, 3]) })
  })

  it('with other terms are told of the difference on both sides, and are no neighbors', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0), await world.peer(1)]
    const ours = a.client.subscribe()
    const theirs = b.client.subscribe({ terms: { ...TERMS, signed: false } })
    await time().until(() => ours.of('mismatch').length + theirs.of('mismatch').length >= 2)
    expect(ours.of('mismatch')[0]).toMatchObject({ field: 'signed', ours: 'true', theirs: 'false' })
    expect([ours.neighbors, theirs.neighbors]).toEqual([[], []])
  })
})

describe('a neighbor that lies', () => {
  it('is blamed for a message of a bad signature, which is delivered nowhere; the others do not notice', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    const rogue = await Rogue.neighborOf(a!.peer, a!.topic, 3)
    const draft = {
      author: b!.peer.id,
      seq: 1,
      time: time().now,
      payload: new TextEncoder().encode('in b’s name'),
      extensions: new Uint8Array(0),
    }
    const signature = await rogue.identity.sign(canonicalBytes(TOPIC, draft))
    const message = { ...draft, signature }
    rogue.link.send({ type: 'topic', topic: TOPIC, message: { type: 'gossip', round: 0, message } })
    await time().until(() => rogue.down !== undefined)
    expect(a!.topic.of('peerBlamed')).toEqual([
      { type: 'peerBlamed', peer: rogue.id, reason: 'bad-signature', banned: true },
    ])
    expect(a!.topic.of('neighborDown')).toMatchObject([{ peer: rogue.id, reason: 'blamed' }])
    expect([a!.topic.texts, b!.topic.texts]).toEqual([[], []])

    b!.topic.broadcast('in my own name')
    await time().until(() => a!.topic.texts.length === 1)
    expect(a!.topic.texts).toEqual(['in my own name'])
    expect(a!.topic.neighbors).toEqual([b!.peer.id])
  })

  it('with rubbish is dropped, and the others do not notice', async () => {
    const [a, b] = await new World(time()).joined(2)
    const rogue = await Rogue.neighborOf(a!.peer, a!.topic, 3)
    rogue.rubbish()
    b!.topic.broadcast('still here')
    await time().until(() => a!.topic.texts.length === 1 && rogue.down !== undefined)
    expect(a!.topic.neighbors).toEqual([b!.peer.id])
    expect((await a!.peer.inspect()).blame).toMatchObject([{ peer: rogue.id, banned: true }])
    await time().run(30_000)
    expect(a!.topic.of('neighborDown')).toHaveLength(1)
  })

  it('about whom a message to neighbors is from, is blamed', async () => {
    const [a] = await new World(time()).joined(2)
    const rogue = await Rogue.neighborOf(a!.peer, a!.topic, 3)
    const message = { nonce: new Uint8Array(16), time: 1, payload: new Uint8Array(1) }
    const signature = new Uint8Array(64).fill(3)
    const said = { type: 'neighbor-gossip', ...message, signature } as const
    rogue.link.send({ type: 'topic', topic: TOPIC, message: said })
    await time().until(() => rogue.down !== undefined)
    expect([a!.topic.texts, a!.topic.of('peerBlamed').length]).toEqual([[], 1])
  })
})

describe('a server that means harm', () => {
  it('and brings all signals again, ever and again, costs nobody a neighbor or a connection', async () => {
    const world = new World(time())
    const all = await world.joined(4)
    await time().run(20_000)
    const dials = () => all.reduce((sum, { peer }) => sum + peer.page.of('rtc-dial').length, 0)
    const before = dials()
    for (let n = 0; n < 20; n++) {
      world.signaling.replay()
      await time().run(7_000)
    }
    expect(all.flatMap(({ topic }) => topic.of('neighborDown'))).toEqual([])
    expect(dials()).toBe(before)
    all[0]!.topic.broadcast('still here')
    await time().until(() => all.slice(1).every(({ topic }) => topic.texts.length === 1))
  })
})

describe('a message to neighbors', () => {
  it('reaches neighbors, verified, and nobody behind them', async () => {
    const world = new World(time())
    const options = { signaling: undefined }
    const peers = [0, 1, 2].map(n => world.peer(n, options))
    const [a, b, c] = [await peers[0]!, await peers[1]!, await peers[2]!]
    // A row of three: its ends make no connection of their own.
    for (const end of [a, c]) end.page.refuses = true
    const topics = [a, b, c].map(peer =>
      peer.client.subscribe({ bootstrap: peer === b ? [] : [b.id] }),
    )
    for (const end of [a, c]) world.connect(end, b)
    await time().until(() => topics[1]!.neighbors.length === 2)
    topics[0]!.say('neighbors', 'psst')
    topics[0]!.broadcast('everybody')
    await time().until(() => topics[2]!.texts.length > 0)
    await time().run(1_000)
    expect(topics.map(({ texts }) => texts)).toEqual([[], ['psst', 'everybody'], ['everybody']])
    expect(topics[1]!.of('received')[0]).toMatchObject({
      author: a.id,
      verified: true,
      seq: 0,
      scope: { kind: 'neighbors' },
    })
    expect(topics[0]!.outcomes).toMatchObject([{ neighbors: 1 }, { neighbors: 1 }])
  })
})

describe('two handles on one topic', () => {
  it('share it: both hear all, the newcomer hears who is there, and only the last leave leaves', async () => {
    const world = new World(time())
    const [a, b] = await world.joined(2)
    const second = a!.peer.client.subscribe()
    await time().quiet()
    expect(second.of('neighborUp')).toEqual([{ type: 'neighborUp', peer: b!.peer.id }])
    expect([second.state, second.neighbors]).toEqual(['joined', [b!.peer.id]])
    b!.topic.broadcast('to both')
    await time().until(() => a!.topic.texts.length === 1 && second.texts.length === 1)
    expect(world.signaling.of(a!.peer.id).filter(({ type }) => type === 'enter')).toHaveLength(1)

    await a!.topic.leave()
    b!.topic.broadcast('to one')
    await time().until(() => second.texts.length === 2)
    expect([a!.topic.texts, b!.topic.of('neighborDown')]).toEqual([['to both'], []])

    await second.leave()
    await time().until(() => b!.topic.of('neighborDown').length === 1)
    expect(b!.topic.of('neighborDown')[0]!.reason).toBe('left')
    expect(world.signaling.of(a!.peer.id)).toContainEqual({ type: 'leave', topic: TOPIC })
  })

  it('must agree on its terms: the second is refused by name and harms the first in nothing', async () => {
    const [a, b] = await new World(time()).joined(2)
    const second = a!.peer.client.subscribe({ terms: { ...TERMS, maxMessageSize: 99 } })
    expect(second.ended).toBe('terms-differ')
    b!.topic.broadcast('go on')
    await time().until(() => a!.topic.texts.length === 1)
  })
})

describe('a broadcast', () => {
  it('that is too large is refused by code, also through a foreign port; those beside it go out', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.topic.broadcast('one', new Uint8Array(4097), 'two')
    a!.peer.client.say({
      type: 'broadcast',
      handle: a!.topic.handle,
      scope: 'swarm',
      calls: [
        { ref: 77, payload: 'no bytes' as unknown as Uint8Array },
        { ref: 80, payload: someBundle(3), count: 2 },
        { ref: 90, payload: new Uint8Array(3), count: 2 },
        { ref: 92, payload: new Uint8Array(3), count: 0 },
      ],
    })
    a!.peer.client.say({
      type: 'broadcast',
      handle: a!.topic.handle,
      scope: 'neighbors',
      calls: [{ ref: 95, payload: someBundle(2), count: 2 }],
    })
    await time().until(() => b!.topic.texts.length === 2)
    expect(b!.topic.texts).toEqual(['one', 'two'])
    expect(a!.topic.outcomes).toMatchObject([
      { ref: 2, ok: false, code: 'message-too-large' },
      { ref: 77, ok: false, code: 'invalid-argument' },
      ...[80, 81, 90, 91, 95, 96].map(ref => ({ ref, ok: false, code: 'invalid-argument' })),
      { ref: 1, ok: true },
      { ref: 3, ok: true },
    ])
  })

  it('is not told as done while a neighbor does not keep up', async () => {
    const [a, b] = await new World(time()).joined(2)
    const { channel } = a!.peer.page.with(b!.peer.id)
    channel.isStuck = true
    const payloads = Array.from({ length: 160 }, () => new Uint8Array(4096))
    a!.topic.broadcast(...payloads)
    await time().quiet()
    // Two windows of 64 messages: one in the channel, one behind it.
    const told = a!.topic.outcomes.length
    expect(told).toBeLessThan(130)
    await time().run(1_000)
    expect(a!.topic.outcomes).toHaveLength(told)
    channel.release()
    await time().until(() => a!.topic.outcomes.length === 160, 1_000)
    await time().until(() => b!.topic.of('received').length === 160, 1_000)
  })

  it('reaches a neighbor that keeps up whole, however much is said at once', async () => {
    const [a, b] = await new World(time()).joined(2)
    const payloads = Array.from({ length: 1_500 }, (_, n) => new Uint8Array(4_096).fill(n & 255))
    a!.topic.broadcast(...payloads)
    await time().until(() => b!.topic.of('received').length === payloads.length)
    expect((await a!.peer.metrics())['link-live-dropped']).toBeUndefined()
    expect(a!.topic.outcomes.every(({ ok }) => ok)).toBe(true)
  })

  it('of many at once travels in few packets, though each signature comes back alone', async () => {
    const [a, b] = await new World(time()).joined(2)
    const channel = a!.peer.page.with(b!.peer.id).channel
    const before = channel.sent.length
    const sign = vi.mocked(crypto.subtle.sign).getMockImplementation()!
    let signed = 0
    vi.spyOn(crypto.subtle, 'sign').mockImplementation(async (...given) => {
      const signature = await sign(...given)
      await new Promise<void>(resolve => time().after(++signed / 100, resolve))
      return signature
    })
    a!.topic.broadcast(...Array.from({ length: 100 }, (_, n) => `${n}`))
    await time().until(() => b!.topic.texts.length === 100)
    // 100 times about 110 bytes fill one packet; the first goes alone.
    expect(channel.sent.length - before).toBeLessThan(10)
  })

  it('waits two seconds for a neighbor that takes nothing, which two more later loses its place', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.peer.page.with(b!.peer.id).channel.isStuck = true
    a!.topic.broadcast(...Array.from({ length: 700 }, () => new Uint8Array(4096)))
    await time().run(1_900)
    expect(a!.topic.outcomes.length).toBeLessThan(130)
    expect(a!.topic.neighbors).toHaveLength(1)
    await time().until(() => a!.topic.outcomes.length === 700, 1_200)
    await time().until(() => a!.topic.of('neighborDown').length === 1, 2_200)
    expect(a!.topic.of('neighborDown')).toMatchObject([{ peer: b!.peer.id, reason: 'congested' }])
    expect((await a!.peer.metrics())['link-live-dropped']).toBeGreaterThan(100)
  })
})

describe('a reader', () => {
  it('that gives no credit gets 256 events and then hears how many it missed', async () => {
    const [a, b] = await new World(time()).joined(2)
    const slow = b!.peer.client.subscribe({ capacity: 50, credits: false })
    const said = Array.from({ length: 400 }, (_, n) => `${n}`)
    for (const each of said) {
      a!.topic.broadcast(each)
      await time().quiet()
    }
    await time().until(() => b!.topic.texts.length === 400)
    // The first event was the neighbor.
    expect(slow.texts).toEqual(said.slice(0, 255))
    b!.peer.client.say({ type: 'credit', handle: slow.handle, count: 256 })
    await time().quiet()
    expect(slow.events[256]).toEqual({ type: 'lagged', count: 95 })
    expect(slow.texts.slice(255)).toEqual(said.slice(350))
    expect((await b!.peer.metrics())['events-dropped']).toBe(95)
    const { runtime } = b!.peer
    const other = new TestClient(runtime, time())
    runtime.removeClient(b!.peer.client.client)
    runtime.removeClient(b!.peer.client.client)
    expect(await other.call({ type: 'metrics' })).toMatchObject({ 'events-dropped': 95 })
  })

  it('that speaks nonsense is refused, and neither it nor others lose anything', async () => {
    const [a, b] = await new World(time()).joined(2)
    for (const nonsense of [null, 3, { type: 'sing' }, { type: 'credit', handle: 9 }]) {
      a!.peer.client.client.receive(nonsense as never)
    }
    const odd = { type: 'subscribe', handle: 50, topic: otherTopic(), capacity: 1, bootstrap: [] }
    a!.peer.client.say({ ...odd, terms: undefined } as never)
    const other = a!.peer.client.subscribe({ topic: otherTopic() })
    a!.topic.broadcast('all well')
    await time().until(() => b!.topic.texts.length === 1 && other.state === 'alone')
    expect((await a!.peer.metrics())['client-message-refused']).toBe(4)
  })

  it('whose port closed has left its topics', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.peer.runtime.removeClient(a!.peer.client.client)
    await time().until(() => b!.topic.of('neighborDown').length === 1)
    expect(b!.topic.of('neighborDown')[0]!.reason).toBe('left')
  })
})

/** Some take longer than others. */
function unevenly(name: 'sign' | 'verify') {
  const work = vi.mocked(crypto.subtle[name])
  const real = work.getMockImplementation() as (...given: unknown[]) => Promise<never>
  let turn = 0
  const uneven = async (...given: unknown[]) => {
    // As WebCrypto does, before it returns.
    const own = given.map(one => (one instanceof Uint8Array ? one.slice() : one))
    for (let n = turn++ % 3; n > 0; n--) await time().later(() => {})
    return real(...own)
  }
  work.mockImplementation(uneven as never)
}

function otherTopic() {
  return topicIdFromBytes(new Uint8Array(32).fill(8))
}
