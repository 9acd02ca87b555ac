import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PeerId } from '../ids.js'
import type { NeighborDownReason } from '../membership/membership.js'
import { testPeer } from '../membership/network.suite.js'
import { Presence, type PresenceOutput } from './presence.js'
import { LONGEST_LIFETIME_MS } from './statement.js'

const T = 1_700_000_000_000
const pool = Array.from({ length: 6 }, (_, n) => testPeer(n))
const self = pool[0]!

type Step =
  | { type: 'up' | 'link' | 'take'; peer: PeerId }
  | { type: 'down'; peer: PeerId; reason: NeighborDownReason }
  | { type: 'hear'; peer: PeerId; entries: Heard[] }
  | { type: 'set'; value: Uint8Array | undefined }
  | { type: 'mesh'; mesh: 'forming' | 'complete' | undefined }
  | { type: 'wait'; ms: number }
type Heard = {
  peer: PeerId
  value: Uint8Array | undefined
  time: number
  lifetimeMs: number
  leftMs: number
}

it('whatever is set, heard and lost in any order, presence tells each change once, only to neighbors, in words the wire carries', () => {
  fc.assert(
    fc.property(fc.array(anyStep(), { maxLength: 60 }), steps => {
      const one = new One()
      for (const step of steps) one.take(step)
    }),
    { seed: 3, numRuns: 200 },
  )
})

class One {
  readonly #presence = new Presence(self, (neighbor, peer) => neighbor < peer)
  readonly #shown = new Map<PeerId, Uint8Array>()
  readonly #neighbors = new Set<PeerId>()
  #now = T

  take(step: Step): void {
    const presence = this.#presence
    switch (step.type) {
      case 'up':
        this.#neighbors.add(step.peer)
        this.#perform(presence.neighborUp(this.#now, step.peer))
        break
      case 'down':
        if (!this.#neighbors.delete(step.peer)) break
        this.#perform(presence.neighborDown(this.#now, step.peer, step.reason))
        break
      case 'link':
        this.#perform(presence.linkUp(this.#now, step.peer))
        break
      case 'take':
        presence.takeFor(this.#now, step.peer)
        break
      case 'hear': {
        const entries = step.entries.map(({ peer, leftMs, ...statement }) => {
          return { peer, leftMs, statement: { ...statement, signature: undefined } }
        })
        this.#perform(presence.hear(this.#now, step.peer, entries))
        break
      }
      case 'set':
        this.#perform(presence.set(this.#now, step.value))
        break
      case 'mesh':
        presence.mesh(this.#now, step.mesh)
        break
      case 'wait':
        this.#wait(step.ms)
    }
    const shown = presence.shown.map(({ peer, value }) => [peer, value] as const)
    expect(new Map(shown)).toEqual(this.#shown)
  }

  #wait(ms: number): void {
    const until = this.#now + ms
    for (let turns = 0; (this.#presence.nextDeadline?.at ?? Infinity) <= until; turns++) {
      // Four words a second, and what they lead to.
      expect(turns).toBeLessThan(1_000)
      this.#now = Math.max(this.#now, this.#presence.nextDeadline!.at)
      this.#perform(this.#presence.wake(this.#now))
    }
    this.#now = until
  }

  #perform(outputs: readonly PresenceOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'seal') {
        expect(Number.isSafeInteger(output.draft.time)).toBe(true)
        const statement = { ...output.draft, signature: undefined }
        this.#perform(this.#presence.sealed(this.#now, statement))
      } else if (output.type === 'say') {
        expect(this.#neighbors).toContain(output.to)
        expect(output.entries.length).toBeGreaterThan(0)
        for (const { leftMs } of output.entries) {
          expect(Number.isInteger(leftMs) && leftMs > 0 && leftMs <= LONGEST_LIFETIME_MS).toBe(true)
        }
      } else if (output.type === 'show') {
        expect(output.peer).not.toBe(self)
        if (output.value === undefined) expect(this.#shown.delete(output.peer)).toBe(true)
        else this.#shown.set(output.peer, output.value)
      }
    }
  }
}

function anyStep(): fc.Arbitrary<Step> {
  const of = <T extends Step['type']>(type: T) => fc.constant(type)
  const peer = fc.constantFrom(...pool.slice(1))
  const value = fc.option(fc.uint8Array({ maxLength: 2 }), { nil: undefined })
  const ms = fc.constantFrom(0, 1, 90_000, LONGEST_LIFETIME_MS)
  const entry = fc.record({
    peer: fc.constantFrom(...pool),
    value,
    time: fc.constantFrom(0, T - 1_000, T, T + 1, T + 1_000, T + 1e9, Number.MAX_SAFE_INTEGER),
    lifetimeMs: ms,
    leftMs: ms,
  })
  const entries = fc.array(entry, { maxLength: 4 })
  const reason = fc.constantFrom<NeighborDownReason>('left', 'link-lost', 'blamed')
  const mesh = fc.constantFrom(undefined, 'forming' as const, 'complete' as const)
  const waits = fc.constantFrom(0, 1, 250, 10_000, 100_000)
  return fc.oneof(
    fc.record({ type: fc.constantFrom('up' as const, 'link' as const, 'take' as const), peer }),
    fc.record({ type: of('down'), peer, reason }),
    fc.record({ type: of('hear'), peer, entries }),
    fc.record({ type: of('set'), value }),
    fc.record({ type: of('mesh'), mesh }),
    fc.record({ type: of('wait'), ms: waits }),
  )
}
