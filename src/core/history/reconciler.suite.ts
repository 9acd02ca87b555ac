import { describe, expect, it } from 'vitest'
import {
  areEqual,
  deliveredOnce,
  HistoryNetwork,
  type MakeReconciler,
  type NetworkOptions,
  type TestPeer,
} from './network.suite.js'

/** The laws every reconciler keeps, whatever it says. */
export function describeReconciler(name: string, reconciler: MakeReconciler): void {
  const network = (options: Partial<NetworkOptions> = {}) =>
    new HistoryNetwork({ reconciler, ...options })

  /** Two that kept the same, and then each something of its own. */
  const parted = (each: number, options: Partial<NetworkOptions> = {}) => {
    const net = network(options)
    const [a, b] = net.add(2) as [TestPeer, TestPeer]
    for (let i = 0; i < 10; i++) net.say(i % 2 === 0 ? a : b)
    net.link(a, b)
    net.run(5_000)
    expect(areEqual(a, b)).toBe(true)
    net.cut(a, b)
    for (let i = 0; i < each; i++) {
      net.say(a)
      net.say(b)
    }
    return { net, a, b }
  }

  describe(`${name} keeps the laws of reconciliation`, () => {
    it('two peers converge, and each op is delivered once', () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const { net, a, b } = parted(20, { seed })
        net.link(a, b)
        net.run(3_000)
        expect(areEqual(a, b), `seed ${seed}`).toBe(true)
        expect(a.shelf.size).toBe(50)
        expect(a.delivered).toHaveLength(25)
        expect(b.delivered).toHaveLength(25)
        expect(deliveredOnce(a) && deliveredOnce(b)).toBe(true)
        expect([...a.blames, ...b.blames]).toEqual([])
      }
    })

    it('one that is new gets everything, parents before children', () => {
      const net = network()
      const [a, b] = net.add(2) as [TestPeer, TestPeer]
      for (let i = 0; i < 700; i++) net.say(a)
      net.link(a, b)
      net.run(5_000)
      expect(areEqual(a, b)).toBe(true)
      expect(b.delivered.map(({ message }) => message.seq)).toEqual(
        Array.from({ length: 700 }, (_, i) => i + 1),
      )
    })

    it('several that were apart become equal along a chain of links', () => {
      const net = network()
      const peers = net.add(6)
      for (const peer of peers) for (let i = 0; i < 5; i++) net.say(peer)
      for (let i = 1; i < peers.length; i++) net.link(peers[i - 1]!, peers[i]!)
      net.run(60_000)
      for (const peer of peers) {
        expect(areEqual(peer, peers[0]!)).toBe(true)
        expect(peer.shelf.size).toBe(30)
        expect(deliveredOnce(peer)).toBe(true)
        expect(peer.blames).toEqual([])
      }
    })

    it('equal peers say nothing, and sleep', () => {
      const { net, a, b } = parted(3)
      net.link(a, b)
      net.run(10_000)
      const said = a.said.length + b.said.length
      net.run(10 * 60_000)
      expect(a.said.length + b.said.length).toBe(said)
      expect(a.history.nextDeadline).toBeUndefined()
      expect(b.history.nextDeadline).toBeUndefined()
    })

    it('a link between equal peers costs no exchange', () => {
      const { net, a, b } = parted(3)
      net.link(a, b)
      net.run(10_000)
      net.cut(a, b)
      const said = a.said.length + b.said.length
      net.link(a, b)
      net.run(10_000)
      const since = [...a.said, ...b.said].slice(said - a.said.length - b.said.length)
      expect(since.map(({ message }) => message.type).every(type => type === 'frontier')).toBe(true)
      expect(a.history.snapshot().isSynced).toBe(true)
    })

    it('what is said while both are linked and does not arrive is found missing', () => {
      const { net, a, b } = parted(0)
      net.link(a, b)
      net.run(5_000)
      net.say(a)
      net.run(10_000)
      expect(areEqual(a, b)).toBe(true)
    })

    it('what arrives as it is said takes no exchange', () => {
      const { net, a, b } = parted(0)
      net.link(a, b)
      net.run(5_000)
      const before = a.count('exchanges') + b.count('exchanges')
      net.broadcastMs = () => 20
      for (let i = 0; i < 50; i++) {
        net.say(i % 3 === 0 ? b : a)
        net.run(100)
      }
      net.run(10_000)
      expect(areEqual(a, b)).toBe(true)
      expect(a.count('exchanges') + b.count('exchanges')).toBe(before)
    })

    it('a stranger is not heard', () => {
      const { net, a, b } = parted(2)
      const { digest } = a.history.snapshot()
      net.inject(a, b, { type: 'frontier', digest, ready: true })
      net.run(5_000)
      expect(b.count('history-from-strangers')).toBe(1)
      expect(b.said.filter(({ to }) => to === a.id).length).toBe(
        b.said.length - b.said.filter(({ to }) => to !== a.id).length,
      )
      expect(areEqual(a, b)).toBe(false)
    })

    it('silence ends an exchange, and the next one goes well', () => {
      const { net, a, b } = parted(5)
      let deaf = true
      net.filter = (_from, _to, message) => !deaf || message.type === 'frontier'
      net.link(a, b)
      net.run(30_000)
      expect(areEqual(a, b)).toBe(false)
      expect(a.count('exchange-timeouts') + b.count('exchange-timeouts')).toBeGreaterThan(0)
      deaf = false
      net.run(90_000)
      expect(areEqual(a, b)).toBe(true)
      expect(a.history.snapshot().exchanges).toEqual([])
      expect([...a.blames, ...b.blames]).toEqual([])
    })

    it('an exchange that loses any one message ends, and the next one makes up for it', () => {
      for (let lost = 0; lost < 6; lost++) {
        const { net, a, b } = parted(300, { seed: lost + 1 })
        let passed = 0
        net.filter = (_from, _to, message) => message.type === 'frontier' || passed++ !== lost
        net.link(a, b)
        net.run(90_000)
        expect(areEqual(a, b), `message ${lost}`).toBe(true)
        expect(deliveredOnce(a) && deliveredOnce(b)).toBe(true)
        expect([...a.blames, ...b.blames], `message ${lost}`).toEqual([])
      }
    })

    it('an exchange killed at any step resumes cleanly', () => {
      for (let step = 0; step < 12; step++) {
        const { net, a, b } = parted(300, { seed: step + 1 })
        let passed = 0
        net.filter = (_from, _to, message) => {
          if (message.type !== 'frontier' && passed++ === step) net.later(0, () => net.cut(a, b))
          return true
        }
        net.link(a, b)
        net.run(5_000)
        net.filter = () => true
        if (!a.links.has(b.id)) net.link(a, b)
        net.run(5_000)
        expect(areEqual(a, b), `step ${step}`).toBe(true)
        expect(a.shelf.size).toBe(610)
        expect(deliveredOnce(a) && deliveredOnce(b)).toBe(true)
        expect([...a.blames, ...b.blames], `step ${step}`).toEqual([])
      }
    })

    it('a reload in the midst of an exchange loses nothing and delivers nothing twice', () => {
      for (let step = 0; step < 8; step++) {
        const { net, a, b } = parted(300, { seed: step + 1 })
        b.storeMs = 3
        net.link(a, b)
        net.run(20 + step * 13)
        net.reload(b)
        net.link(a, b)
        net.run(30_000)
        expect(areEqual(a, b), `step ${step}`).toBe(true)
        expect(b.shelf.size).toBe(610)
        expect(deliveredOnce(a) && deliveredOnce(b), `step ${step}`).toBe(true)
      }
    })

    it('a slow store slows an exchange down and breaks nothing', () => {
      const { net, a, b } = parted(600)
      a.storeMs = 400
      b.storeMs = 700
      net.link(a, b)
      net.run(30_000)
      expect(areEqual(a, b)).toBe(true)
      expect([...a.blames, ...b.blames]).toEqual([])
    })

    it('a store that can not read ends the exchange, and nobody is blamed', () => {
      const { net, a, b } = parted(5)
      a.isBroken = true
      net.link(a, b)
      net.run(5_000)
      expect(areEqual(a, b)).toBe(false)
      expect([...a.blames, ...b.blames]).toEqual([])
      a.isBroken = false
      net.run(60_000)
      expect(areEqual(a, b)).toBe(true)
    })

    it('a store that is full is reported once, and what it lacks is not claimed', () => {
      const { net, a, b } = parted(5)
      b.isFull = true
      net.link(a, b)
      net.run(60_000)
      expect(b.events.filter(({ type }) => type === 'historyFailed')).toHaveLength(1)
      const said = b.said.length
      net.run(60_000)
      expect(b.said.slice(said).every(({ message }) => message.type === 'frontier')).toBe(true)
    })

    it('a store that fails is tried again, and in the end nothing is missing or delivered twice', () => {
      const { net, a, b } = parted(300)
      b.isFull = true
      net.link(a, b)
      net.run(20_000)
      // Live messages go on meanwhile.
      net.broadcastMs = () => 10
      for (let i = 0; i < 5; i++) net.say(a)
      net.run(1_000)
      const shown = b.delivered.slice(-5).map(({ round }) => round)
      expect(shown).toEqual([1, 1, 1, 1, 1])
      b.isFull = false
      net.run(120_000)
      expect(areEqual(a, b)).toBe(true)
      expect(b.shelf.size).toBe(a.shelf.size)
      expect(deliveredOnce(a) && deliveredOnce(b)).toBe(true)
      const told = b.events
        .map(({ type }) => type)
        .filter(type => type.startsWith('historyF') || type === 'historyResumed')
      expect(told).toEqual(['historyFailed', 'historyResumed'])
      expect([...a.blames, ...b.blames]).toEqual([])
    })

    it('a store that stays broken is tried ever more rarely', () => {
      const { net, a, b } = parted(5)
      b.isFull = true
      net.link(a, b)
      net.run(10 * 60_000)
      // After 2, 4, 8, 16 and 32 s, then once a minute.
      expect(b.refused).toBeGreaterThan(8)
      expect(b.refused).toBeLessThan(20)
    })

    it('what could not be kept is kept with all that came after, over a reload too', () => {
      const { net, a, b } = parted(5)
      b.isFull = true
      net.link(a, b)
      net.run(3_000)
      for (let i = 0; i < 3; i++) net.say(b)
      b.isFull = false
      net.run(70_000)
      const { size } = b.shelf
      net.reload(b)
      expect(b.history.snapshot().ops).toBe(size)
      expect(areEqual(a, b)).toBe(true)
    })

    it('no exchange is begun while much of what came is being stored', () => {
      const { net, a, b } = parted(0)
      net.broadcastMs = () => 10
      net.link(a, b)
      net.run(5_000)
      b.storeMs = 60_000
      for (let i = 0; i < 513; i++) net.say(a)
      net.run(1_000)
      const c = net.add()[0]!
      net.broadcastMs = () => undefined
      net.say(c)
      const begun = () =>
        b.history.snapshot().exchanges.filter(({ opened, peer }) => opened && peer === c.id)
      net.link(b, c)
      for (let i = 0; i < 5; i++) {
        net.inject(c, b, { type: 'frontier', digest: new Uint8Array(8).fill(i), ready: true })
        expect(begun()).toEqual([])
        net.run(1_000)
      }
      net.run(60_000)
      for (let i = 0; i < 8 && begun().length === 0; i++) {
        net.inject(c, b, { type: 'frontier', digest: new Uint8Array(8).fill(i), ready: true })
      }
      expect(begun()).toHaveLength(1)
    })

    it('who gained something tells its other neighbors at once', () => {
      const { net, a, b } = parted(3)
      const c = net.add()[0]!
      net.link(b, c)
      net.run(5_000)
      expect(areEqual(b, c)).toBe(true)
      net.link(a, b)
      net.runUntil(() => areEqual(a, b), 10_000)
      // No heartbeat later, but with the end of the exchange.
      net.run(2 * net.latencyMs)
      const told = b.said.filter(({ to, message }) => to === c.id && message.type === 'frontier')
      expect(told.at(-1)!.message).toMatchObject({ digest: b.history.snapshot().digest })
    })

    it('nobody begins two exchanges with one peer', () => {
      const { net, a, b } = parted(300)
      const begun = new Map<TestPeer, number>()
      net.filter = from => {
        const mine = from.history.snapshot().exchanges.filter(({ opened }) => opened)
        begun.set(from, Math.max(begun.get(from) ?? 0, mine.length))
        return true
      }
      net.link(a, b)
      net.run(5_000)
      expect(Math.max(...begun.values())).toBe(1)
    })

    it('the same seed gives the same run', () => {
      const run = () => {
        const { net, a, b } = parted(50, { seed: 9 })
        net.link(a, b)
        net.run(5_000)
        return [a, b].map(({ said, delivered }) => [
          said.map(({ message }) => message),
          delivered.map(({ message, at }) => [message.author, message.seq, at]),
        ])
      }
      expect(run()).toEqual(run())
    })
  })
}
