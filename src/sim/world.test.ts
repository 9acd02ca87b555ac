// Long, and one file: the laws of one world, most of a few lines.

import { queryObjects } from 'node:v8'
import { describe, expect, it, vi } from 'vitest'
import type { TopicEvent } from '../core/io.js'
import { Node } from '../core/node.js'
import { graphOf } from './graph.js'
import { constantLatency } from './latency.js'
import type { Peer } from './peer.js'
import { World, type WorldOptions } from './world.js'

/** For busy machines: by itself the dearest takes a second. */
vi.setConfig({ testTimeout: 120_000 })

describe('a simulated world', () => {
  it.each(['on', 'off'] as const)('replays a run bit for bit from its seed, wire %s', wire => {
    const [one, again, other] = [run(5, wire), run(5, wire), run(6, wire)]
    expect(again).toEqual(one)
    expect(other.digest).not.toBe(one.digest)
  })

  it.each<[Partial<WorldOptions>, RegExp]>([
    [{ network: { loss: 2 } }, /network.loss is a share from 0 to 1, not 2/],
    [{ network: { loss: -0.1 } }, /network.loss/],
    [{ network: { knockLoss: Number.NaN } }, /network.knockLoss/],
    [{ network: { dialFailure: 1.1 } }, /network.dialFailure/],
    [{ network: { dialMs: -1 } }, /network.dialMs is milliseconds, not -1/],
    [{ network: { parallelDials: 0 } }, /network.parallelDials is a whole number from 1, not 0/],
    [{ storageMs: Number.NaN }, /storageMs/],
    [{ seed: 2 ** 32 }, /seed is a whole number from 0/],
    [{ seed: 1.5 }, /seed/],
    [{ latency: 'regions' as never }, /latency.largestMs/],
  ])('refuses %j', (options, words) => {
    expect(() => new World({ seed: 1, ...options })).toThrow(words)
  })

  it('is the same with heartbeats as without', () => {
    const figures = (heartbeats: 'driven' | 'elided') => {
      const { world, topic, peers } = town(12, { seed: 3, heartbeats })
      const said = hear(world)
      for (const peer of peers) world.broadcast(peer, topic, new Uint8Array(9))
      world.run(5_000)
      return { heard: said.length, edges: peers.map(peer => [...peer.neighbors(topic)].sort()) }
    }
    expect(figures('elided').heard).toBe(12 * 11)
    expect(figures('driven')).toEqual(figures('elided'))
  })

  it.each(['on', 'off'] as const)(
    'tells of a crash with notice after one latency, wire %s',
    wire => {
      const { world, topic, peers } = town(2, { wire })
      world.crash(peers[1]!)
      world.run(60)
      expect(peers[0]!.neighbors(topic)).toEqual([])
    },
  )

  it.each([
    ['on', 'elided'],
    ['on', 'driven'],
    ['off', 'elided'],
  ] as const)(
    'lets heartbeats tell of a silent crash within 4 to 6 s, wire %s, %s',
    (wire, heartbeats) => {
      const { world, topic, peers } = town(2, { wire, heartbeats })
      world.crash(peers[1]!, { silent: true })
      world.run(3_900)
      expect(peers[0]!.neighbors(topic)).toEqual([peers[1]!.id])
      world.run(2_100)
      expect(peers[0]!.neighbors(topic)).toEqual([])
    },
  )

  it('names to who returns others alone, not its former life', () => {
    for (let seed = 0; seed < 5; seed++) {
      const { world, topic, peers } = town(2, { seed, server: { introductions: 1 } })
      world.crash(peers[1]!, { silent: true })
      const returned = world.again(peers[1]!)
      const told = vi.spyOn(returned, 'do')
      world.join(returned, topic)
      world.run(1_000)
      expect(told).toHaveBeenCalledWith({ type: 'introduced', topic, peers: [peers[0]!.id] })
    }
  })

  it('has the crashed send nothing again: what was lost of their last words never comes', () => {
    const { world, topic, peers } = town(2, { network: { loss: 0.2 } })
    const heard = hear(world)
    for (let i = 0; i < 100; i++) {
      world.broadcast(peers[0]!, topic, new Uint8Array(9))
      world.run(10)
    }
    const before = heard.length
    world.crash(peers[0]!, { silent: true })
    world.run(60)
    const onTheWay = heard.length
    world.run(60_000)
    expect(heard.length).toBe(onTheWay)
    expect([before > 0, onTheWay < 100]).toEqual([true, true])
  })

  it('keeps order and loses nothing where packets are lost, and delays it by 400 ms and more', () => {
    const { world, topic, peers } = town(2, { network: { loss: 0.2 } })
    const delays: number[] = []
    const seqs: number[] = []
    world.listen((peer, _topic, event) => {
      if (event.type !== 'received' || peer !== peers[1]) return
      delays.push(world.now - event.time)
      seqs.push(event.seq)
    })
    for (let i = 0; i < 100; i++) {
      world.broadcast(peers[0]!, topic, new Uint8Array(9))
      world.run(50)
    }
    world.run(30_000)
    expect(seqs).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(delays.filter(ms => ms >= 400).length).toBeGreaterThan(10)
  })

  it.each([false, true])('forgets what had not left when its link died, silently %s', silent => {
    const world = new World({ seed: 7 })
    const topic = world.topic('t')
    const [slow, ...others] = world.add(5)
    world.network.limit(slow!.index, 10)
    for (const peer of [slow!, ...others]) {
      world.join(peer, topic)
      world.run(500)
    }
    world.run(20_000)
    for (let i = 0; i < 200; i++) {
      for (const peer of others) world.broadcast(peer, topic, new Uint8Array(4000).fill(i))
      world.run(1)
    }
    for (const peer of others) world.crash(peer, { silent })
    world.run(8_000)
    const [late] = world.add()
    world.join(late!, topic)
    expect(world.runUntil(() => slow!.neighbors(topic).includes(late!.id), 10_000)).toBe(true)
    world.run(10_000)
    expect(slow!.neighbors(topic)).toEqual([late!.id])
  })

  it('carries on a limited link what it takes, and no more', () => {
    const world = new World({ seed: 1 })
    const topic = world.topic('slow')
    const peers = world.add(2)
    world.network.limit(peers[1]!.index, 10)
    for (const peer of peers) world.join(peer, topic)
    world.run(5_000)
    let received = 0
    world.listen((_peer, _topic, { type }) => {
      if (type === 'received') received++
    })
    for (let i = 0; i < 100; i++) world.broadcast(peers[0]!, topic, new Uint8Array(1_000))
    world.run(5_000)
    expect(received).toBeGreaterThan(38)
    expect(received).toBeLessThan(50)
    world.run(10_000)
    expect(received).toBe(100)
  })

  it('shares among all links of a peer, those that stand too, what its connection takes in and gives out', () => {
    const { world, topic, peers } = town(6, { latency: constantLatency(10) })
    const [slow] = peers as [Peer]
    expect(slow.neighbors(topic)).toHaveLength(5)
    world.network.limit(slow.index, 10)
    let [taken, given] = [0, 0]
    world.listen((peer, _topic, event) => {
      if (event.type !== 'received') return
      if (peer === slow) taken += event.content.length
      else if (event.author === slow.id) given += event.content.length
    })
    const payload = new Uint8Array(1_000)
    for (let i = 0; i < 100; i++) {
      for (const peer of peers) peer.do({ type: 'broadcast-neighbors', topic, ref: i, payload })
    }
    world.run(10_000)
    for (const bytes of [taken, given]) {
      expect(bytes).toBeGreaterThan(80_000)
      expect(bytes).toBeLessThan(100_000)
    }
    world.run(60_000)
    expect([taken, given]).toEqual([500_000, 500_000])
  })

  it('takes a second to make a link, and begins two at a time', () => {
    const world = new World({
      seed: 2,
      latency: constantLatency(30),
      server: { introductions: 0 },
    })
    const topic = world.topic('rush')
    // Of two it is the one with the lower key that offers.
    const [first, ...others] = world.add(6).sort((a, b) => (a.id < b.id ? -1 : 1))
    world.join(first!, topic)
    for (const peer of others) world.join(peer, topic, { bootstrap: [first!] })
    world.run(1_000)
    expect([first!.neighbors(topic).length, world.traffic.dials]).toEqual([0, 2])
    world.run(400)
    expect([first!.neighbors(topic).length, world.traffic.dials]).toEqual([2, 4])
  })

  it('brings what was said in a short cut 400 ms and more after it', () => {
    const { world, topic, peers } = town(2, { latency: constantLatency(30) })
    const heard = hear(world)
    world.cut(({ index }) => index)
    world.broadcast(peers[0]!, topic, new Uint8Array(9))
    world.run(1_000)
    world.heal()
    world.run(420)
    expect(heard.length).toBe(0)
    world.run(100)
    expect(heard.length).toBe(1)
  })

  it.each(['on', 'off'] as const)('brings all that was said in a short cut, wire %s', wire => {
    const { world, topic, peers } = town(2, { wire, latency: constantLatency(30) })
    const heard = hear(world)
    world.cut(({ index }) => index)
    for (let i = 0; i < 5_000; i++) world.broadcast(peers[0]!, topic, new Uint8Array(9))
    world.run(1_000)
    world.heal()
    world.run(1_000)
    expect(heard.length).toBe(5_000)
  })

  it('refuses a payload larger than the topic takes', () => {
    const { world, topic, peers } = town(2, {})
    const say = (bytes: number) => world.broadcast(peers[0]!, topic, new Uint8Array(bytes))
    say(4096)
    expect(() => say(4097)).toThrow(
      new RangeError('maxMessageSize is 4096 bytes, the payload 4097'),
    )
  })

  it.each(['on', 'off'] as const)('carries more at once than a channel holds, wire %s', wire => {
    const world = new World({ seed: 1, wire })
    const topic = world.topic('large', { maxMessageSize: 1 << 20 })
    const peers = world.add(2)
    for (const peer of peers) world.join(peer, topic)
    world.run(5_000)
    const heard = hear(world)
    world.broadcast(peers[0]!, topic, new Uint8Array(1 << 20))
    world.broadcast(peers[0]!, topic, new Uint8Array(9))
    world.run(1_000)
    expect(heard.length).toBe(2)
  })

  it('tries a dial again that came to nothing', () => {
    const { world, topic, peers } = town(10, { network: { dialFailure: 0.3 } })
    expect(peers.every(peer => peer.neighbors(topic).length > 0)).toBe(true)
    expect(world.traffic.dials).toBeGreaterThan(10)
    const never = town(2, { network: { dialFailure: 1 } })
    expect(never.peers.map(peer => peer.neighbors(never.topic).length)).toEqual([0, 0])
    expect(never.world.traffic.dials).toBeGreaterThan(1)
  })

  it('has no more handshakes of one peer under way than two', () => {
    const world = new World({ seed: 2, network: { dialMs: 2_000 } })
    const topic = world.topic('rush')
    const [first] = world.add()
    world.join(first!, topic)
    for (const peer of world.add(5)) world.join(peer, topic, { bootstrap: [first!] })
    world.run(2_900)
    expect(first!.neighbors(topic).length).toBeLessThanOrEqual(2 + 4)
    world.run(10_000)
    expect(first!.neighbors(topic).length).toBeGreaterThan(2)
  })

  it('cuts a network in two and heals it', () => {
    const { world, topic, peers } = town(12, {})
    world.cut(peer => peer.index % 2)
    world.run(10_000)
    for (const peer of peers) {
      for (const neighbor of peer.neighbors(topic)) {
        expect(world.peer(neighbor)!.index % 2).toBe(peer.index % 2)
      }
    }
    world.heal()
    world.run(600_000)
    expect(graphOf(world, topic).components).toEqual([12])
  })

  it.each([
    ['on', 'before a cut'],
    ['on', 'during a cut'],
    ['on', 'without a cut'],
    ['off', 'before a cut'],
    ['off', 'during a cut'],
    ['off', 'without a cut'],
  ] as const)(
    'brings back to life, healing, nobody who died silently, wire %s, %s',
    (wire, when) => {
      const { world, topic, peers } = town(6, { wire })
      const gone = peers[3]!
      const cut = () => world.cut(({ index }) => index % 2)
      if (when === 'during a cut') cut()
      world.crash(gone, { silent: true })
      if (when === 'before a cut') cut()
      world.run(1_000)
      world.heal()
      world.run(10_000)
      for (const peer of world.living) expect(peer.neighbors(topic)).not.toContain(gone.id)
      expect(graphOf(world, topic).components).toEqual([5])
    },
  )

  it.each(['on', 'off'] as const)(
    'lets nobody keep a neighbor across a cut, however new the link, wire %s',
    wire => {
      for (let ms = 1_100; ms < 1_200; ms += 10) {
        const world = new World({ seed: 1, wire, latency: constantLatency(30) })
        const topic = world.topic('town')
        const peers = world.add(2)
        for (const peer of peers) world.join(peer, topic, { bootstrap: peers.slice(0, peer.index) })
        world.run(ms)
        world.cut(({ index }) => index)
        world.run(10_000)
        expect(peers.map(peer => peer.neighbors(topic))).toEqual([[], []])
      }
    },
  )

  it('keeps the cores of the living alone, however many came and went', () => {
    const count = () => queryObjects(Node, { format: 'count' })
    const before = count()
    const { world, topic } = town(10, { wire: 'off' })
    for (let i = 0; i < 30; i++) {
      world.crash(world.living[(7 * i) % 10]!, { silent: i % 2 === 0 })
      world.join(world.add()[0]!, topic)
      world.run(2_000)
    }
    // Until silent ones are found out.
    world.run(60_000)
    expect([world.peers.length, world.living.length]).toEqual([40, 10])
    expect(count() - before).toBeLessThanOrEqual(10)
    expect(world.living).toEqual(world.peers.filter(({ isAlive }) => isAlive))
    const gone = world.peers[0]!
    expect([gone.neighbors(topic), gone.status(topic)]).toEqual([[], undefined])
    expect(() => gone.snapshot()).toThrow('peer 0 is gone')
  })

  it('wakes a hidden tab once a second', () => {
    const { world, topic, peers } = town(3, { heartbeats: 'driven' })
    for (const peer of peers) peer.clampMs = 1_000
    world.run(60_000)
    expect(peers.every(peer => peer.neighbors(topic).length === 2)).toBe(true)
    expect(world.counters.get('link-suspect') ?? 0).toBe(0)
  })

  it('has an id for each name of a topic, the same in every world', () => {
    const ids = (seed: number) => {
      const world = new World({ seed })
      // Two that agree in many a short hash.
      return ['Aa', 'BB', '', 'town'].map(name => world.topic(name))
    }
    expect(new Set(ids(1)).size).toBe(4)
    expect(ids(2)).toEqual(ids(1))
  })

  it('carries several topics over one link', () => {
    const { world, topic, peers } = town(2, {})
    const other = world.topic('another')
    for (const peer of peers) world.join(peer, other)
    world.run(5_000)
    expect(world.traffic.dials).toBe(1)
    const heard = hear(world)
    world.broadcast(peers[0]!, topic, new Uint8Array(9))
    world.broadcast(peers[0]!, other, new Uint8Array(9))
    world.run(1_000)
    expect(heard.length).toBe(2)
  })

  it('wakes a newcomer whose first contact is gone without a word', () => {
    const { world, topic, peers } = town(4, {})
    for (const peer of peers.slice(1)) world.crash(peer, { silent: true })
    const [fresh] = world.add()
    const signal = vi.spyOn(fresh!, 'signal')
    world.join(fresh!, topic)
    // Sooner than anybody notices that silence and asks the newcomer.
    world.run(5_000)
    expect(new Set(signal.mock.calls.map(([to]) => to)).size).toBeGreaterThan(1)
  })

  it('lives on without its server', () => {
    const { world, topic, peers } = town(20, {})
    world.server.stop()
    for (const peer of peers.slice(0, 6)) world.crash(peer)
    world.run(60_000)
    expect(graphOf(world, topic).components).toEqual([14])
  })
})

function town(count: number, options: Partial<WorldOptions>) {
  const world = new World({ seed: 1, ...options })
  const topic = world.topic('town')
  const peers: Peer[] = []
  for (let i = 0; i < count; i++) {
    const [peer] = world.add()
    world.join(peer!, topic)
    peers.push(peer!)
    world.run(500)
  }
  world.run(30_000)
  return { world, topic, peers }
}

function hear(world: World): TopicEvent[] {
  const heard: TopicEvent[] = []
  world.listen((_peer, _topic, event) => {
    if (event.type === 'received') heard.push(event)
  })
  return heard
}

function run(seed: number, wire: 'on' | 'off') {
  const { world, topic, peers } = town(10, {
    seed,
    wire,
    network: { loss: 0.01, dialFailure: 0.1 },
  })
  const heard = hear(world)
  for (const peer of peers.slice(0, 5)) world.broadcast(peer, topic, new Uint8Array(20))
  world.crash(peers[3]!, { silent: true })
  world.crash(peers[4]!)
  world.run(8_000)
  world.cut(peer => peer.index % 2, 1)
  world.run(6_000)
  world.heal()
  peers[5]!.clampMs = 1_000
  world.run(6_000)
  return {
    digest: world.trace.digest,
    traffic: { ...world.traffic },
    // The digest knows when packets came and how long they were; this, what they said.
    state: JSON.stringify([heard, world.living.map(peer => peer.snapshot())]),
  }
}
