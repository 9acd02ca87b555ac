import { describe, expect, it } from 'vitest'
import type { MessageId } from '../../ids.js'
import {
  ancestry,
  areEqual,
  deliveredOnce,
  HistoryNetwork,
  type TestPeer,
} from '../network.suite.js'
import { Wavefront } from './wavefront.js'

const network = (seed: number, latencyMs = 20, order: 'arrival' | 'causal' = 'arrival') =>
  new HistoryNetwork({ reconciler: options => new Wavefront(options), seed, latencyMs, order })

describe('random pairs that meet, each with words of its own', () => {
  // Reference §3.1.7: 1.9, 3.2, 4.6 and 5.7 exchanges per node, in 50 runs of 50.
  it.each([
    [4, 4],
    [8, 5],
    [16, 7],
    [32, 8],
  ])(
    '%i authors converge in 50 runs of 50, in at most %i exchanges a node',
    (nodes, most) => {
      let [converged, exchanges] = [0, 0]
      for (let seed = 1; seed <= 50; seed++) {
        const net = network(seed)
        const peers = net.add(nodes)
        for (const peer of peers) net.say(peer)
        let met = 0
        while (met < 2 * most * nodes && !peers.every(peer => areEqual(peer, peers[0]!))) {
          const [a, b] = net.random.sample(peers, 2) as [TestPeer, TestPeer]
          net.link(a, b)
          net.run(400)
          net.cut(a, b)
          met++
        }
        if (peers.every(peer => areEqual(peer, peers[0]!) && deliveredOnce(peer))) converged++
        exchanges += peers.reduce((sum, peer) => sum + opened(peer), 0) / nodes
      }
      expect(converged).toBe(50)
      expect(exchanges / 50).toBeLessThanOrEqual(most)
    },
    30_000,
  )
})

describe('ancestry', () => {
  it('ten authors at 5 messages a second, 150 ms apart: each has all its author had seen among its ancestors', () => {
    const net = network(1, 150, 'causal')
    const peers = net.add(10)
    for (let i = 1; i < peers.length; i++) net.link(peers[0]!, peers[i]!)
    net.run(3_000)
    net.broadcastMs = () => net.random.between(75, 150)
    const said: { by: TestPeer; id: MessageId; seen: string[] }[] = []
    for (let i = 0; i < 500; i++) {
      const by = peers[i % 10]!
      const seen = by.delivered.map(({ message: { author, seq } }) => `${author}:${seq}`)
      said.push({ by, id: net.say(by), seen })
      net.run(20)
    }
    net.run(5_000)
    const lacking = said.filter(({ by, id, seen }) => {
      const ancestors = ancestry(by, id)
      return !seen.every(name => ancestors.has(name))
    })
    expect(lacking.length).toBe(0)
    for (const peer of peers) {
      expect(peer.delivered).toHaveLength(450)
      expect(deliveredOnce(peer)).toBe(true)
    }
  }, 30_000)
})

it('an exchange takes a round trip and a half', () => {
  const net = network(2, 100)
  const [a, b] = net.add(2) as [TestPeer, TestPeer]
  for (const peer of [a, b]) for (let i = 0; i < 5; i++) net.say(peer)
  net.link(a, b)
  net.run(5_000)
  net.cut(a, b)
  for (const peer of [a, b]) for (let i = 0; i < 5; i++) net.say(peer)
  let begunAt = 0
  net.filter = (_from, _to, { type }) => {
    if (type === 'tidal-wave') begunAt = net.now
    return true
  }
  net.link(a, b)
  net.runUntil(() => areEqual(a, b), 5_000)
  expect(net.now - begunAt).toBe(300)
})

function opened(peer: TestPeer): number {
  return peer.said.filter(({ message: { type } }) => type === 'sharp' || type === 'tidal-wave')
    .length
}
