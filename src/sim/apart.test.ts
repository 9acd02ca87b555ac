import { describe, expect, it } from 'vitest'
import { utf8 } from '../codec/bytes.js'
import type { TopicId } from '../core/ids.js'
import { uniformLatency } from './latency.js'
import type { Peer } from './peer.js'
import { World } from './world.js'

// WebRTC finds no way between some pairs. A full mesh then lacks a link, and nothing else.

describe('a full mesh in which two find no way to each other', () => {
  it('has what one says at the other through those between, at any time', () => {
    const { world, topic, peers } = room(4)
    const [one, other] = peers as [Peer, Peer]
    const late: number[] = []
    const seen: number[] = []
    world.listen((peer, _topic, event) => {
      if (event.type !== 'received' || peer !== other) return
      seen.push(event.seq)
      if (world.now - event.time > 2_000) late.push(world.now - event.time)
    })
    for (let i = 0; i < 240; i++) {
      world.broadcast(one, topic, utf8(`${i}`))
      world.run(500)
    }
    world.run(5_000)
    expect(other.neighbors(topic)).not.toContain(one.id)
    expect(late).toEqual([])
    expect(seen).toHaveLength(240)
  })

  it('shows each what the other shows', () => {
    const { world, topic, peers } = room(4)
    const [one, other] = peers as [Peer, Peer]
    const shown: string[] = []
    world.listen((peer, _topic, event) => {
      if (event.type !== 'presence' || peer !== other || event.peer !== one.id) return
      shown.push(event.value === undefined ? '' : new TextDecoder().decode(event.value))
    })
    world.setPresence(one, topic, utf8('here'))
    world.run(20_000)
    expect(shown).toEqual(['here'])
    world.run(300_000)
    expect(shown).toEqual(['here'])
    world.leave(one, topic)
    world.run(2_000)
    expect(shown).toEqual(['here', ''])
  })
})

function room(count: number): { world: World; topic: TopicId; peers: Peer[] } {
  const world = new World({ seed: 3, latency: uniformLatency(10, 50, 3) })
  const topic = world.topic('room', {
    signed: true,
    membership: 'full-mesh',
    history: 'none',
    maxMessageSize: 4096,
  })
  world.network.keepApart(0, 1)
  const peers = world.add(count)
  for (const peer of peers) {
    world.join(peer, topic)
    world.run(200)
  }
  world.run(30_000)
  return { world, topic, peers }
}
