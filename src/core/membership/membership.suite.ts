import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerId } from '../ids.js'
import { Random } from '../random.js'
import type { MembershipInput, MembershipOutput } from './membership.js'
import { type Make, Network, type NetworkOptions, testPeer } from './network.suite.js'

/** What the laws must know of a membership. */
export interface MembershipUnderTest<M extends { type: string }> {
  make: Make<M>
  knocks: (message: M) => boolean
  /** Any message at all, naming peers of the pool. */
  message: (peer: fc.Arbitrary<PeerId>) => fc.Arbitrary<M>
  /** What a peer could answer to a message we sent. */
  answers: (sent: M) => M[]
}

/** The laws every membership keeps. */
export function describeMembership<M extends { type: string }>(
  name: string,
  { make, knocks, message, answers }: MembershipUnderTest<M>,
): void {
  const network = (seed: number, more: Partial<NetworkOptions<M>> = {}) =>
    new Network<M>({ seed, make, knocks, ...more })

  /** So many peers that joined through the first, a fifth of a second apart. */
  const joined = (count: number, seed: number, more: Partial<NetworkOptions<M>> = {}) => {
    const world = network(seed, more)
    const peers = world.addMany(count)
    for (const peer of peers) {
      world.join(peer, ...(peer === peers[0] ? [] : [peers[0]!]))
      world.run(200)
    }
    world.run(60_000)
    return { world, peers }
  }

  describe(`${name} keeps the laws of memberships`, () => {
    it('a peer that joins through another becomes its neighbor, and each hears it once', () => {
      const world = network(1)
      const [a, b] = world.addMany(2) as [PeerId, PeerId]
      world.join(b, a)
      world.run(5_000)
      expect(world.neighbors(a)).toEqual([b])
      expect(world.neighbors(b)).toEqual([a])
      expect(world.happenings.map(({ peer, type }) => [peer, type])).toHaveLength(2)
    })

    it('joining over a link that stands for another topic makes neighbors too', () => {
      const { world } = joined(8, 2, { standing: true })
      expect(world.components).toBe(1)
      expect(world.asymmetric).toEqual([])
    })

    for (const [count, seed] of [
      [3, 1],
      [5, 2],
      [12, 3],
      [30, 4],
    ] as const) {
      it(`${count} peers that join through one are one overlay of symmetric links (seed ${seed})`, () => {
        const { world } = joined(count, seed)
        expect(world.components).toBe(1)
        expect(world.asymmetric).toEqual([])
      })
    }

    it('ups and downs of a neighbor alternate, and neighbors are those that are up', () => {
      const { world, peers } = joined(20, 5)
      for (const peer of peers.slice(1, 6)) world.crash(peer)
      world.quit(peers[6]!)
      world.run(60_000)
      for (const peer of world.alive) {
        const up = new Set<PeerId>()
        for (const { type, neighbor } of world.happenings.filter(one => one.peer === peer)) {
          expect(up.has(neighbor)).toBe(type === 'down')
          if (type === 'up') up.add(neighbor)
          else up.delete(neighbor)
        }
        expect([...up].sort()).toEqual(world.neighbors(peer))
      }
    })

    it('a peer that quits says why to both sides and is nobody’s neighbor', () => {
      const { world, peers } = joined(6, 6)
      const gone = peers[2]!
      const before = world.neighbors(gone)
      const since = world.happenings.length
      world.quit(gone)
      world.run(5_000)
      const downs = world.happenings.slice(since).filter(one => one.type === 'down')
      const own = downs.filter(one => one.peer === gone)
      const others = downs.filter(one => one.neighbor === gone)
      expect(own.map(one => [one.neighbor, one.reason]).sort()).toEqual(
        before.map(peer => [peer, 'closing']),
      )
      expect(others.map(one => [one.peer, one.reason]).sort()).toEqual(
        before.map(peer => [peer, 'left']),
      )
      for (const peer of world.alive) expect(world.machine(peer).known).not.toContain(gone)
      expect(world.components).toBe(1)
    })

    it('after quit nothing is put out, held or waited for', () => {
      const { world, peers } = joined(6, 7)
      const machine = world.machine(peers[1]!)
      world.input(peers[1]!, { type: 'quit' })
      expect(machine.nextDeadline).toBeUndefined()
      expect(machine.neighbors).toEqual([])
      expect(machine.busy).toBe(false)
      expect(world.heldForNothing(peers[1]!)).toEqual([])
      expect(machine.handle(world.now, { type: 'join', peers: [peers[0]!] })).toEqual([])
      expect(machine.handle(world.now + 1e6, { type: 'wake' })).toEqual([])
    })

    it('a crashed neighbor goes with link-lost, and the rest stay one overlay', () => {
      const { world, peers } = joined(20, 8)
      const since = world.happenings.length
      for (const peer of peers.slice(0, 6)) world.crash(peer)
      world.run(60_000)
      const dead = new Set(peers.slice(0, 6))
      const downs = world.happenings.slice(since).filter(one => one.type === 'down')
      const deaths = downs.filter(one => dead.has(one.neighbor))
      expect(deaths.length).toBeGreaterThan(0)
      expect(new Set(deaths.map(one => one.reason))).toEqual(new Set(['link-lost']))
      expect(world.components).toBe(1)
      expect(world.asymmetric).toEqual([])
    })

    it('is busy while it asks and links, and only then', () => {
      const world = network(9)
      const [a, b] = world.addMany(2) as [PeerId, PeerId]
      expect(world.machine(b).busy).toBe(false)
      world.join(b, a)
      expect(world.machine(b).busy).toBe(true)
      world.run(10_000)
      expect(world.machine(b).busy).toBe(false)
    })

    it('alone, it says again and again that nobody is left, with growing pauses', () => {
      const world = network(10)
      const peer = world.add()
      world.join(peer)
      world.run(300_000)
      const times = world.isolated(peer)
      expect(times[0]).toBe(1_000_000)
      expect(times.length).toBeGreaterThan(5)
      expect(times.length).toBeLessThan(40)
      expect(times.at(-1)! - times.at(-2)!).toBeGreaterThan(5 * (times[1]! - times[0]!))
    })

    for (const undeliverable of [true, false]) {
      it(`a contact that is not there is asked until it is (${undeliverable ? 'told' : 'silent'})`, () => {
        const world = network(11, { undeliverable })
        const [a, b] = world.addMany(2) as [PeerId, PeerId]
        world.crash(a)
        world.join(b, a)
        world.run(120_000)
        expect(world.isolated(b).length).toBeGreaterThan(0)
        world.start(a)
        world.run(60_000)
        expect(world.neighbors(b)).toEqual([a])
      })
    }

    it('its own name among the contacts is passed over', () => {
      const world = network(12)
      const [a, b] = world.addMany(2) as [PeerId, PeerId]
      world.join(b, b, a)
      world.run(10_000)
      expect(world.neighbors(b)).toEqual([a])
      expect(world.machine(b).known).not.toContain(b)
    })

    it('a banned neighbor goes with blamed and does not come back', () => {
      const { world, peers } = joined(3, 13)
      const [a, b] = peers as [PeerId, PeerId]
      const since = world.happenings.length
      world.input(a, { type: 'ban', peer: b })
      world.join(b, a)
      world.run(30_000)
      expect(world.neighbors(a)).not.toContain(b)
      expect(world.machine(a).known).not.toContain(b)
      const own = world.happenings.slice(since).filter(one => one.peer === a && one.neighbor === b)
      expect(own.map(one => one.reason)).toEqual(['blamed'])
    })

    it('a congested neighbor loses its place, here and there', () => {
      const { world, peers } = joined(3, 14)
      const [a, b] = peers as [PeerId, PeerId]
      const since = world.happenings.length
      world.input(a, { type: 'congested', peer: b })
      world.run(100)
      const downs = world.happenings.slice(since).filter(one => one.type === 'down')
      expect(downs.map(one => [one.peer, one.neighbor, one.reason])).toEqual([
        [a, b, 'congested'],
        [b, a, 'replaced'],
      ])
      world.run(60_000)
      expect(world.components).toBe(1)
    })

    it('links of strangers make no neighbors', () => {
      const world = network(15)
      const [a, b] = world.addMany(2) as [PeerId, PeerId]
      world.input(a, { type: 'link-up', peer: b })
      world.input(a, { type: 'link-down', peer: b, reason: 'closed' })
      world.input(a, { type: 'unreachable', peer: b })
      world.input(a, { type: 'congested', peer: b })
      expect(world.happenings).toEqual([])
    })

    it('a new link in place of an old one changes nothing', () => {
      const { world, peers } = joined(2, 16)
      const since = world.happenings.length
      world.input(peers[0]!, { type: 'link-up', peer: peers[1]! })
      world.run(1_000)
      expect(world.happenings).toHaveLength(since)
      expect(world.asymmetric).toEqual([])
    })

    it('the same seed replays the same run', () => {
      const run = () => {
        const world = network(17, { dialFailures: 0.2 })
        world.tracing = true
        const peers = world.addMany(15)
        for (const peer of peers) world.join(peer, peers[0]!)
        world.run(90_000)
        return world.trace
      }
      const first = run()
      expect(first.length).toBeGreaterThan(100)
      expect(run()).toEqual(first)
    })

    it('a deadline names its reason, and waking at it moves it on', () => {
      const { world, peers } = joined(4, 18)
      for (const peer of peers) {
        const deadline = world.machine(peer).nextDeadline!
        expect(deadline.reason).not.toBe('')
        expect(deadline.at).toBeGreaterThan(world.now)
        world.machine(peer).handle(deadline.at, { type: 'wake' })
        expect(world.machine(peer).nextDeadline!.at).toBeGreaterThan(deadline.at)
      }
    })

    it('no link is held for nothing', () => {
      const { world } = joined(30, 19, { dialFailures: 0.3, dialMs: [100, 2_000] })
      world.run(60_000)
      for (const peer of world.alive) expect(world.heldForNothing(peer)).toEqual([])
    })

    it('no sequence of inputs makes it throw, list itself, or repeat an up or a down', () => {
      const pool = Array.from({ length: 12 }, (_, i) => testPeer(i))
      const self = pool[0]!
      const peer = fc.constantFrom(...pool)
      const input: fc.Arbitrary<MembershipInput<M>> = fc.oneof(
        {
          weight: 1,
          arbitrary: fc.record({
            type: fc.constant('join' as const),
            peers: fc.array(peer, { maxLength: 6 }),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            type: fc.constant('remember' as const),
            peers: fc.array(peer, { maxLength: 6 }),
          }),
        },
        {
          weight: 12,
          arbitrary: fc.record({
            type: fc.constant('message' as const),
            from: peer,
            message: message(peer),
            linked: fc.boolean(),
          }),
        },
        { weight: 6, arbitrary: fc.record({ type: fc.constant('link-up' as const), peer }) },
        {
          weight: 2,
          arbitrary: fc.record({
            type: fc.constant('link-down' as const),
            peer,
            reason: fc.constant('failed' as const),
          }),
        },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('unreachable' as const), peer }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('congested' as const), peer }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('ban' as const), peer }) },
        { weight: 2, arbitrary: fc.constant({ type: 'wake' as const }) },
      )
      const step = fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ input, afterMs: fc.integer({ min: 0, max: 20_000 }) }),
        },
        {
          weight: 1,
          arbitrary: fc.record({ answer: fc.nat(), afterMs: fc.integer({ min: 0, max: 500 }) }),
        },
      )
      fc.assert(
        fc.property(fc.integer(), fc.array(step, { maxLength: 120 }), (seed, steps) => {
          const machine = make(self, new Random(seed))
          const sent: { to: PeerId; message: M }[] = []
          const up = new Set<PeerId>()
          const take = (outputs: MembershipOutput<M>[]) => {
            for (const output of outputs) {
              if (output.type === 'send') sent.push(output)
              if (output.type === 'neighbor-up') expect(up.size).toBe(up.add(output.peer).size - 1)
              if (output.type === 'neighbor-down') expect(up.delete(output.peer)).toBe(true)
            }
          }
          let now = 0
          for (const one of steps) {
            now += one.afterMs
            if ('input' in one) take(machine.handle(now, one.input))
            else {
              const last = sent.at(-1 - (one.answer % 4))
              const possible = last === undefined ? [] : answers(last.message)
              const chosen = possible[one.answer % Math.max(1, possible.length)]
              if (chosen === undefined) continue
              take(
                machine.handle(now, {
                  type: 'message',
                  from: last!.to,
                  message: chosen,
                  linked: false,
                }),
              )
              take(machine.handle(now, { type: 'link-up', peer: last!.to }))
            }
            expect([...up].sort()).toEqual([...machine.neighbors].sort())
            expect(machine.neighbors).not.toContain(self)
            expect(machine.known).not.toContain(self)
            for (const neighbor of machine.neighbors) expect(machine.known).not.toContain(neighbor)
          }
        }),
        { seed: 7, numRuns: 300 },
      )
    })
  })
}
