import { describe, expect, it } from 'vitest'
import type { MessageId, PeerId } from '../ids.js'
import { Random } from '../random.js'
import type { Broadcast, BroadcastOutput } from './broadcast.js'
import { ALICE, BOB, CAROL, type Content, messageOf, Network } from './network.suite.js'

export interface BroadcastUnderTest<M> {
  make: (self: PeerId, random: Random) => Broadcast<M>
  contentOf: (message: M) => Content
}

/** The laws every broadcast keeps, whatever its tree. */
export function describeBroadcast<M>(
  name: string,
  { make, contentOf }: BroadcastUnderTest<M>,
): void {
  const network = (peers: number, seed = 7) => new Network({ peers, seed, make, contentOf })
  const mesh = (peers: number, seed = 7) => {
    const made = network(peers, seed)
    made.linkRegular(5)
    made.run(1_000)
    return made
  }
  const alone = () => make(ALICE, new Random(1))

  describe(`${name} keeps the laws of broadcast`, () => {
    it('a message reaches everyone exactly once and never its author', () => {
      const net = mesh(24)
      const id = net.publish(net.peers[3]!)
      net.run(5_000)
      expectOnceEach(net, id)
    })

    it('of a thousand messages by eight concurrent senders each reaches everyone exactly once', () => {
      const net = mesh(24, 11)
      const senders = net.peers.slice(0, 8)
      const ids: MessageId[] = []
      for (let i = 0; i < 1_000; i++) {
        ids.push(net.publish(senders[i % senders.length]!))
        if (i % 3 === 0) net.run(2)
      }
      net.run(10_000)
      const expected = ids.length * (net.peers.length - 1)
      const all = [...net.deliveries.values()].flat()
      expect(all).toHaveLength(expected)
      const distinct = [...net.deliveries].flatMap(([peer, deliveries]) =>
        deliveries.map(({ message: { author, seq } }) => `${peer} ${author}:${seq}`),
      )
      expect(new Set(distinct).size).toBe(expected)
      expect(net.blames).toEqual([])
    }, 30_000)

    it('the same bytes said twice arrive twice', () => {
      const net = mesh(12)
      const payload = new Uint8Array([1, 2, 3])
      const first = net.publish(net.peers[0]!, payload)
      net.run(1_000)
      const second = net.publish(net.peers[0]!, payload)
      net.run(1_000)
      expectOnceEach(net, first)
      expectOnceEach(net, second)
    })

    it('round 0 is straight from the author, and rounds grow with the distance', () => {
      const net = network(4)
      const [a, b, c, d] = net.peers as [PeerId, PeerId, PeerId, PeerId]
      net.link(a, b)
      net.link(b, c)
      net.link(c, d)
      net.publish(a)
      net.run(5_000)
      expect([b, c, d].map(peer => net.deliveries.get(peer)![0]?.round)).toEqual([0, 1, 2])
    })

    it('what a stranger sends is delivered and spread', () => {
      const machine = alone()
      machine.handle(0, { type: 'neighbor-up', peer: BOB })
      const outputs = machine.handle(1, {
        type: 'message',
        from: CAROL,
        message: messageOf(CAROL, 1, 0),
        round: 0,
      })
      expect(outputs.filter(({ type }) => type === 'deliver')).toHaveLength(1)
      // Pushed at once, or announced soon.
      const { at } = machine.nextDeadline!
      const told = [...outputs, ...machine.handle(at, { type: 'wake' })]
      const sends = told.filter(({ type }) => type === 'send')
      expect(sends).toHaveLength(1)
      expect(sends).toMatchObject([{ to: BOB }])
    })

    it('a second copy is not delivered, whoever brings it and however it is handed in', () => {
      const machine = alone()
      machine.handle(0, { type: 'neighbor-up', peer: BOB })
      const message = messageOf(CAROL, 1, 0)
      machine.handle(1, { type: 'message', from: BOB, message, round: 0 })
      const again = [
        ...machine.handle(2, { type: 'message', from: BOB, message, round: 0 }),
        ...machine.handle(3, { type: 'duplicate', from: CAROL, id: message, round: 0 }),
      ]
      expect(again.filter(({ type }) => type === 'deliver')).toEqual([])
      expect(payloadsTo(BOB, again, contentOf)).toBe(0)
    })

    it('knows what is its own, remembered or not, and what it heard, and nothing else', () => {
      const machine = alone()
      machine.handle(0, { type: 'publish', message: messageOf(ALICE, 1, 0) })
      machine.handle(0, { type: 'message', from: BOB, message: messageOf(BOB, 5, 0), round: 0 })
      expect(machine.knows({ author: ALICE, seq: 1 })).toBe(true)
      expect(machine.knows({ author: BOB, seq: 5 })).toBe(true)
      expect(machine.knows({ author: ALICE, seq: 2 })).toBe(true)
      expect(machine.knows({ author: BOB, seq: 4 })).toBe(false)
      expect(machine.knows({ author: CAROL, seq: 1 })).toBe(false)
    })

    it('what came another way is known, and is not asked for', () => {
      const run = (isHeld: boolean) => {
        const net = network(2)
        const [a, b] = net.peers as [PeerId, PeerId]
        const id = net.publish(a)
        if (isHeld) net.input(b, { type: 'held', from: a, ids: [id] })
        net.link(a, b)
        if (!isHeld) net.input(b, { type: 'held', from: a, ids: [] })
        net.run(5_000)
        expect(net.machines.get(b)!.knows(id)).toBe(true)
        return net.deliveriesOf(id)
      }
      expect([...run(true)].map(([, times]) => times)).toEqual([0, 0])
      expect([...run(false)].map(([, times]) => times)).toEqual([0, 1])
    })

    it('what was asked for and came another way is not asked for again', () => {
      const machine = alone()
      machine.handle(0, { type: 'neighbor-up', peer: BOB })
      const ihave = {
        type: 'ihave',
        announcements: [{ author: CAROL, first: 1, count: 1, round: 1 }],
      }
      machine.handle(1, { type: 'control', from: BOB, message: ihave as never })
      expect(machine.nextDeadline).toBeDefined()
      machine.handle(2, { type: 'held', from: BOB, ids: [{ author: CAROL, seq: 1 }] })
      const asked = machine.handle(1_000, { type: 'wake' })
      expect(asked.filter(({ type }) => type === 'send')).toEqual([])
    })

    it('a message to neighbors reaches all of them, and nobody else', () => {
      const net = mesh(24)
      // Some links carry no payload once the tree stands: those neighbors must hear it too.
      for (let i = 0; i < 3; i++) {
        net.publish(net.peers[0]!)
        net.run(1_000)
      }
      const self = net.peers[0]!
      const fields = { nonce: new Uint8Array(16), time: 0, signature: undefined }
      net.input(self, { type: 'publish-neighbors', payload: new Uint8Array(3), ...fields })
      net.run(1_000)
      const neighbors = net.peers.filter(peer => peer !== self && net.isLinked(self, peer))
      expect([...net.neighborMessages]).toEqual(
        expect.arrayContaining(neighbors.map(peer => [peer, 1])),
      )
      expect(net.neighborMessages.size).toBe(5)
    })

    it('what was said before there was a neighbor reaches the one that comes', () => {
      const net = network(3)
      const [a, b, c] = net.peers as [PeerId, PeerId, PeerId]
      const id = net.publish(a)
      net.run(10_000)
      net.link(a, b)
      net.link(b, c)
      net.run(2_000)
      expectOnceEach(net, id)
    })

    it('a link that dies while a message crosses it loses nothing', () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const net = mesh(16, seed)
        net.publish(net.peers[0]!)
        net.run(2_000)
        const id = net.publish(net.peers[0]!)
        const dying = net.peers.filter(peer => net.isLinked(net.peers[0]!, peer))
        net.run(5)
        for (const peer of dying.slice(0, 4)) net.cut(net.peers[0]!, peer, 500)
        net.run(5_000)
        expectOnceEach(net, id, `seed ${seed}`)
      }
    })

    it('a peer cut off while others talk catches up when it is linked again', () => {
      const net = mesh(16)
      const lost = net.peers[5]!
      const neighbors = net.peers.filter(peer => net.isLinked(lost, peer))
      for (const peer of neighbors) net.cut(lost, peer)
      const ids = Array.from({ length: 50 }, () => net.publish(net.peers[0]!))
      ids.push(net.publish(lost))
      net.run(10_000)
      for (const peer of neighbors) net.link(lost, peer)
      net.run(5_000)
      for (const id of ids) expectOnceEach(net, id)
    })

    it('fresh ids are given once, and recalled by another life they are known and not fresh', () => {
      const machine = alone()
      for (const seq of [1, 2, 3, 5]) {
        const message = messageOf(BOB, seq, 0)
        machine.handle(12_345, { type: 'message', from: BOB, message, round: 0 })
      }
      machine.handle(12_345, { type: 'publish', message: messageOf(ALICE, 1, 0) })
      const fresh = machine.takeFresh()
      const ranges = new Map(fresh.map(seen => [seen.author, seen.ranges]))
      expect(ranges.get(BOB)).toEqual([
        [1, 3],
        [5, 5],
      ])
      expect(ranges.get(ALICE)).toEqual([[1, 1]])
      expect(machine.takeFresh()).toEqual([])

      const next = alone()
      next.handle(20_000, { type: 'recall', seen: fresh })
      for (const seq of [1, 2, 3, 5]) expect(next.knows({ author: BOB, seq })).toBe(true)
      expect(next.knows({ author: BOB, seq: 4 })).toBe(false)
      expect(next.takeFresh()).toEqual([])
      const message = messageOf(BOB, 5, 0)
      const replay = next.handle(20_001, { type: 'message', from: BOB, message, round: 0 })
      expect(replay.filter(({ type }) => type === 'deliver')).toEqual([])
    })

    it('sleeps when there is nothing to do, and again when all is forgotten', () => {
      const net = network(3)
      const [a, b, c] = net.peers as [PeerId, PeerId, PeerId]
      net.link(a, b)
      net.link(b, c)
      net.link(a, c)
      const deadlines = () => net.peers.map(peer => net.machines.get(peer)!.nextDeadline)
      net.run(60_000)
      expect(deadlines()).toEqual([undefined, undefined, undefined])
      net.publish(a)
      net.run(1_000)
      expect(deadlines().every(deadline => deadline !== undefined)).toBe(true)
      net.run(10 * 60_000)
      expect(deadlines()).toEqual([undefined, undefined, undefined])
    })

    it('the same seed gives the same run', () => {
      const run = () => {
        const net = mesh(16, 99)
        for (let i = 0; i < 40; i++) {
          net.publish(net.peers[i % 5]!)
          net.run(17)
          if (i === 20) net.cut(net.peers[0]!, neighborOf(net, net.peers[0]!), 100)
        }
        net.run(5_000)
        return {
          counters: [...net.counters],
          deliveries: [...net.deliveries.values()].map(all =>
            all.map(({ from, at, round, message }) => [
              from,
              at,
              round,
              message.author,
              message.seq,
            ]),
          ),
        }
      }
      expect(run()).toEqual(run())
    })
  })
}

/** Everyone but the author has it once; the message names who has not. */
export function expectOnceEach<M>(net: Network<M>, id: MessageId, about = ''): void {
  const wrong = [...net.deliveriesOf(id)]
    .filter(([peer, times]) => times !== (peer === id.author ? 0 : 1))
    .map(([peer, times]) => `${peer.slice(0, 8)} has it ${times} times`)
  expect(wrong, about).toEqual([])
}

function neighborOf<M>(net: Network<M>, peer: PeerId): PeerId {
  return net.peers.find(other => other !== peer && net.isLinked(peer, other))!
}

function payloadsTo<M>(
  peer: PeerId,
  outputs: readonly BroadcastOutput<M>[],
  contentOf: (message: M) => Content,
): number {
  return outputs.filter(
    output =>
      output.type === 'send' && output.to === peer && contentOf(output.message).kind === 'payload',
  ).length
}
