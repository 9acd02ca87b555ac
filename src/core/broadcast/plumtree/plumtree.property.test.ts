import fc from 'fast-check'
import { expect, it } from 'vitest'
import { firstOf, type PeerId, peerIdFromBytes } from '../../ids.js'
import { Random } from '../../random.js'
import type { BroadcastInput } from '../broadcast.js'
import { ALICE, messageOf } from '../network.suite.js'
import { PLUMTREE_DEFAULTS } from './config.js'
import type { PlumtreeMessage } from './messages.js'
import { Plumtree } from './plumtree.js'
import { counted } from './plumtree.suite.js'

type Input = BroadcastInput<PlumtreeMessage>

it('whatever comes in: nothing throws, the tree is made of neighbors, each number is delivered once, alone or in a bundle, memory stays bounded', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ after: fc.nat(3_000), input: anyInput() }), { maxLength: 400 }),
      fc.boolean(),
      (steps, floors) => {
        const config = {
          ...PLUMTREE_DEFAULTS,
          missingCapacity: 50,
          cacheBytes: 20_000,
          seenAuthors: 4,
          // Longer than any run: what is forgotten may be delivered again, and that is another law.
          messageIdRetentionMs: 10_000_000,
        }
        // As many authors as are kept, for the same reason.
        const machine = new Plumtree({
          self: ALICE,
          config,
          random: new Random(5),
          floors,
          sourceTrees: floors,
        })
        const neighbors = new Set<PeerId>()
        const delivered = new Set<string>()
        let now = 1_000_000
        for (const { after, input } of steps) {
          now += after
          if (input.type === 'neighbor-up') neighbors.add(input.peer)
          if (input.type === 'neighbor-down') neighbors.delete(input.peer)
          const outputs = machine.handle(now, input)
          for (const output of outputs) {
            if (output.type === 'deliver') {
              const { author, seq: last } = output.message
              for (let seq = firstOf(output.message); seq <= last; seq++) {
                const id = `${author}:${seq}`
                expect(delivered.has(id)).toBe(false)
                delivered.add(id)
                expect(machine.knows({ author, seq })).toBe(true)
              }
            }
            if (output.type === 'send') expect(output.to).not.toBe(ALICE)
            if (output.type === 'send') expect(neighbors).toContain(output.to)
          }
          const { eager, lazy, missing, cached } = machine.snapshot()
          expect(new Set([...eager, ...lazy])).toEqual(neighbors)
          expect(eager.length + lazy.length).toBe(neighbors.size)
          expect(missing).toBeLessThanOrEqual(config.missingCapacity)
          expect(cached).toBeLessThanOrEqual(config.cacheBytes / 500)
          expect(counted('seen-authors-dropped', outputs)).toBe(0)
        }
        for (const peer of neighbors) machine.handle(now, { type: 'neighbor-down', peer })
        machine.handle(now, { type: 'wake' })
        // Whatever was left in it runs out: a deadline that stands for ever would be a wake-up for ever.
        for (let wakes = 0; machine.nextDeadline !== undefined; wakes++) {
          expect(wakes).toBeLessThan(1_000)
          expect(machine.nextDeadline.at).toBeGreaterThanOrEqual(now - 3_000)
          now = Math.max(now, machine.nextDeadline.at)
          machine.handle(now, { type: 'wake' })
        }
        expect(machine.snapshot()).toMatchObject({ eager: [], lazy: [], missing: 0, cached: 0 })
      },
    ),
    { seed: 2_024, numRuns: 300 },
  )
}, 60_000)

const PEERS = [2, 3, 4, 5, 6].map(n => peerIdFromBytes(new Uint8Array(32).fill(n)))
const AUTHORS = [ALICE, ...PEERS.slice(0, 3)]

function anyInput(): fc.Arbitrary<Input> {
  const peer = fc.constantFrom(...PEERS)
  const author = fc.constantFrom(...AUTHORS)
  const seq = fc.integer({ min: 1, max: 40 })
  const round = fc.oneof(fc.nat(20), fc.constant(0xffff))
  const source = fc.option(author, { nil: undefined })
  const wanted = fc.option(fc.record({ author, seq, round }), { nil: undefined })
  const announcement = fc.record({
    author,
    first: fc.oneof(fc.nat(40), fc.constant(Number.MAX_SAFE_INTEGER)),
    count: fc.oneof(fc.nat(8), fc.constant(4_096)),
    round,
  })
  const control = fc.oneof(
    fc.record({ type: fc.constant('prune' as const), source }),
    fc.record({ type: fc.constant('graft' as const), source, wanted }),
    fc.record({
      type: fc.constant('ihave' as const),
      announcements: fc.array(announcement, { maxLength: 5 }),
    }),
    fc.record({ type: fc.constant('graft-refused' as const), author, seq }),
    fc.record({
      type: fc.constant('root-path' as const),
      term: fc.oneof(fc.nat(5), fc.constant(0xffff_ffff)),
      rank: fc.nat(3),
      costMs: fc.oneof(fc.nat(300), fc.constant(0xffff_ffff)),
    }),
  ) as fc.Arbitrary<PlumtreeMessage>
  const message = fc
    .record({ author, seq, size: fc.nat(900), count: fc.nat(6) })
    .map(({ author, seq, size, count }) => {
      const one = messageOf(author, seq, 0, new Uint8Array(size))
      return count > 1 && count <= seq ? { ...one, count } : one
    })
  const own = seq.map(n => messageOf(ALICE, 1_000 + n, 0))
  const ids = fc.record({ author, since: fc.nat(1_000_000), first: seq, more: fc.nat(2) })
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ type: fc.constant('neighbor-up' as const), peer }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('neighbor-down' as const), peer }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('publish' as const), message: own }) },
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('message' as const), from: peer, message, round }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('duplicate' as const),
        from: peer,
        id: fc.record({ author, seq }),
        round,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('control' as const), from: peer, message: control }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('rtt' as const),
        peer,
        rttMs: fc.oneof(fc.nat(400), fc.constant(1e9)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.array(ids, { maxLength: 3 }).map(all => ({
        type: 'recall' as const,
        seen: all.map(({ author, since, first, more }) => ({
          author,
          since,
          ranges: [[first, first + more]] as const,
        })),
      })),
    },
    { weight: 4, arbitrary: fc.constant({ type: 'wake' as const }) },
  )
}
