import { describe, expect, it } from 'vitest'
import type { PeerId, TopicId } from '../core/ids.js'
import type { TopicMessage } from '../core/io.js'
import { testPeer } from '../core/membership/network.suite.js'
import { Random } from '../core/random.js'
import { graphOf } from './graph.js'
import { parseLatency } from './latency.js'
import type { Peer } from './peer.js'
import { World } from './world.js'

// Nobody signs the name of a component: who lies may cost the others requests, but not their room.

describe('a room of twenty, cut in two for longer than names are in doubt, in which one', () => {
  it.each<[string, (room: Room) => void]>([
    [
      'knocks at everyone in the names of many, each with another component',
      ({ others, knock }) => {
        for (const peer of others) knock(peer, stranger())
      },
    ],
    [
      'knocks at everyone with another component each time',
      ({ liar, others, knock }) => {
        for (const peer of others) knock(peer, liar.id)
      },
    ],
    [
      'tells its neighbors of a component that is smaller than any',
      ({ tell }) => tell({ ...NAME, name: SMALLEST, beat: fresh++, ageSeconds: 0 }),
    ],
    [
      'tells its neighbors that theirs was heard of in a far future',
      // With the name of the other side the sides seem to be one: that nobody can tell (decision 6).
      ({ tell, side }) => {
        const name = side.map(({ id }) => id).sort()[0]!
        tell({ ...NAME, name, beat: Number.MAX_SAFE_INTEGER, ageSeconds: 0 })
      },
    ],
  ])(
    '%s, is one within a minute of healing',
    (_, lie) => {
      const room = makeRoom(4)
      const { world, topic, side } = room
      const lieOn = () => {
        lie(room)
        world.later(2_000, lieOn)
      }
      lieOn()
      world.cut(peer => (side.includes(peer) ? 1 : 0), 0)
      world.run(400_000)
      expect(graphOf(world, topic).components.length).toBeGreaterThan(1)
      world.heal()
      world.run(60_000)
      expect(graphOf(world, topic).components).toEqual([20])
      const { dials } = world.traffic
      world.run(60_000)
      // Who asks for a place in earnest costs more.
      expect((world.traffic.dials - dials) / 20).toBeLessThan(8)
    },
    TIMEOUT_MS,
  )
})

interface Room {
  world: World
  topic: TopicId
  liar: Peer
  /** Half of the room; the liar is in it. */
  side: Peer[]
  others: Peer[]
  knock(at: Peer, from: PeerId): void
  tell(message: TopicMessage): void
}

function makeRoom(seed: number): Room {
  fresh = 4_000_000_000
  const world = new World({ seed, wire: 'off', latency: parseLatency('regions', seed)! })
  const topic = world.topic('town')
  const random = new Random(seed)
  for (let i = 0; i < 20; i++) {
    const contact = random.pick(world.peers)
    const [peer] = world.add()
    world.join(peer!, topic, { bootstrap: contact === undefined ? [] : [contact] })
    world.run(700)
  }
  world.run(120_000)
  const members = world.peers
  const liar = members[3]!
  const sides = new Random(81)
  const sideOf = new Map(members.map(peer => [peer, sides.below(2)]))
  return {
    world,
    topic,
    liar,
    side: members.filter(peer => sideOf.get(peer) === sideOf.get(liar)),
    others: members.filter(peer => peer !== liar),
    knock(at, from) {
      const said = { ...NAME, name: stranger(), beat: 1, ageSeconds: 0, requestId: fresh++ }
      at.do({ type: 'knock', from, topic, knock: said })
    },
    tell(message) {
      for (const end of [...liar.linkEnds]) end.send({ type: 'topic', topic, message })
      liar.settle()
    },
  }
}

/** Numbers never used before; each room begins anew. */
let fresh = 0
const stranger = () => testPeer(fresh++ % 200)
const NAME = { type: 'component', requestId: 1 } as const
/** For busy machines: by itself each takes less than a second. */
const TIMEOUT_MS = 60_000
const SMALLEST = `${'2'.repeat(51)}a` as PeerId
