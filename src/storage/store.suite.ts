import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes, type TopicId, topicIdFromBytes } from '../core/ids.js'
import {
  PEERS_PER_TOPIC,
  RANGES_PER_RECORD,
  SEEN_AHEAD_MS,
  StorageError,
  type Store,
  TOPICS_WITH_PEERS,
  TOPICS_WITH_SEQS,
} from './store.js'

/** The laws that every store keeps. `open` gives an empty one. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(async () => {
      await store.close()
    })

    describe('identity', () => {
      it('a new store has none', async () => {
        expect(await store.loadIdentity()).toBeUndefined()
      })

      it('a saved key pair comes back and signs, its private key still not extractable', async () => {
        const keys = await newKeys()
        await store.saveIdentity(keys)
        const loaded = (await store.loadIdentity())!
        expect(loaded.privateKey.extractable).toBe(false)
        const signature = await crypto.subtle.sign('Ed25519', loaded.privateKey, WORDS)
        expect(await crypto.subtle.verify('Ed25519', keys.publicKey, signature, WORDS)).toBe(true)
      })

      it('a new key begins the sequence numbers of every topic at 1', async () => {
        await store.reserveSeqs(topic(1), 10)
        await store.saveIdentity(await newKeys())
        expect(await store.reserveSeqs(topic(1), 10)).toEqual({ first: 1, last: 10 })
      })
    })

    it('a forgotten identity is none', async () => {
      await store.saveIdentity(await newKeys())
      await store.forgetIdentity()
      expect(await store.loadIdentity()).toBeUndefined()
    })

    describe('sequence numbers', () => {
      it('begin at 1 and go on where the last block ended', async () => {
        expect(await store.reserveSeqs(topic(1), 4096)).toEqual({ first: 1, last: 4096 })
        expect(await store.reserveSeqs(topic(1), 1)).toEqual({ first: 4097, last: 4097 })
      })

      it('count for each topic alone', async () => {
        await store.reserveSeqs(topic(1), 100)
        expect(await store.reserveSeqs(topic(2), 5)).toEqual({ first: 1, last: 5 })
      })

      it('are given out once, whatever is asked for at the same time', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.record({ topic: fc.nat(2), count: fc.integer({ min: 1, max: 50 }) }), {
              maxLength: 20,
            }),
            async wishes => {
              const fresh = await open()
              const blocks = await Promise.all(
                wishes.map(async wish => ({
                  topic: wish.topic,
                  count: wish.count,
                  ...(await fresh.reserveSeqs(topic(wish.topic), wish.count)),
                })),
              )
              await fresh.close()
              const given = new Set<string>()
              for (const block of blocks) {
                expect(block.last - block.first + 1).toBe(block.count)
                for (let seq = block.first; seq <= block.last; seq++)
                  given.add(`${block.topic}:${seq}`)
              }
              expect(given.size).toBe(wishes.reduce((sum, { count }) => sum + count, 0))
            },
          ),
          { seed: SEED, numRuns: 20 },
        )
      })

      it('a count that is none is refused and costs no number', async () => {
        for (const count of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
          await expect(store.reserveSeqs(topic(1), count)).rejects.toThrow()
        }
        expect(await store.reserveSeqs(topic(1), 2)).toEqual({ first: 1, last: 2 })
      })

      it('run out with an error and not with a repeated number', async () => {
        await store.reserveSeqs(topic(1), Number.MAX_SAFE_INTEGER - 1)
        await expect(store.reserveSeqs(topic(1), 2)).rejects.toMatchObject({ code: 'failed' })
        expect((await store.reserveSeqs(topic(1), 1)).first).toBe(Number.MAX_SAFE_INTEGER)
      })

      it('a topic forgotten for newer ones goes on above its last number', async () => {
        await store.reserveSeqs(topic(0), 7)
        for (let n = 1; n < TOPICS_WITH_SEQS; n++) await store.reserveSeqs(topic(n), 100)
        await store.reserveSeqs(topic(TOPICS_WITH_SEQS), 100)
        expect(store.counters.seqTopicsForgotten).toBe(1)
        expect((await store.reserveSeqs(topic(0), 1)).first).toBeGreaterThan(7)
        expect((await store.reserveSeqs(topic(TOPICS_WITH_SEQS), 1)).first).toBe(101)
      })
    })

    describe('seen ids', () => {
      it('come back as they were saved, of this topic and from `since` on', async () => {
        await store.saveSeen(topic(1), [
          seen(1, 10_000, [1, 3]),
          seen(1, 20_000, [4, 4]),
          seen(2, 20_000, [1, 1], [5, 9]),
        ])
        await store.saveSeen(topic(2), [seen(3, 20_000, [1, 1])])
        expect(sorted(await store.loadSeen(topic(1), 20_000))).toEqual(
          sorted([seen(1, 20_000, [4, 4]), seen(2, 20_000, [1, 1], [5, 9])]),
        )
        expect(await store.loadSeen(topic(1), 0)).toHaveLength(3)
        expect(await store.loadSeen(topic(3), 0)).toEqual([])
      })

      it('of one author and bucket merge: no id is lost and none is made up', async () => {
        const range = fc
          .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(6))
          .map(([first, more]) => [first, first + more] as [number, number])
        const saves = fc.array(fc.array(range, { maxLength: 6 }), { maxLength: 5 })
        await fc.assert(
          fc.asyncProperty(saves, async saves => {
            const fresh = await open()
            for (const ranges of saves) await fresh.saveSeen(topic(1), [seen(1, 0, ...ranges)])
            const loaded = (await fresh.loadSeen(topic(1), 0)).flatMap(ids => ids.ranges)
            await fresh.close()
            expect(numbersIn(loaded)).toEqual(numbersIn(saves.flat()))
            for (let i = 1; i < loaded.length; i++) {
              expect(loaded[i]![0]).toBeGreaterThan(loaded[i - 1]![1] + 1)
            }
          }),
          { seed: SEED, numRuns: 25 },
        )
      })

      it('merge within one save and between saves made at once', async () => {
        await Promise.all([
          store.saveSeen(topic(1), [seen(1, 0, [1, 1]), seen(1, 0, [2, 2])]),
          store.saveSeen(topic(1), [seen(1, 0, [3, 3])]),
          store.saveSeen(topic(1), [seen(1, 0, [4, 4]), seen(1, 0, [9, 9])]),
        ])
        expect(await store.loadSeen(topic(1), 0)).toEqual([seen(1, 0, [1, 4], [9, 9])])
      })

      it('of an author that skips numbers without end are cut, the lowest first, and counted', async () => {
        const sparse = Array.from(
          { length: RANGES_PER_RECORD + 2 },
          (_, n) => [3 * n, 3 * n] as const,
        )
        await store.saveSeen(topic(1), [seen(1, 0, ...sparse)])
        const [kept] = await store.loadSeen(topic(1), 0)
        expect(kept!.ranges).toHaveLength(RANGES_PER_RECORD)
        expect(kept!.ranges[0]).toEqual([6, 6])
        expect(store.counters.rangesCut).toBe(2)
      })

      it('that are old are dropped in all topics, the rest stay', async () => {
        await store.saveSeen(topic(1), [seen(1, 10_000, [1, 1]), seen(1, 20_000, [2, 2])])
        await store.saveSeen(topic(2), [seen(1, 19_999, [1, 1])])
        await store.dropSeen(20_000)
        expect(await store.loadSeen(topic(1), 0)).toEqual([seen(1, 20_000, [2, 2])])
        expect(await store.loadSeen(topic(2), 0)).toEqual([])
      })

      it('from a clock that ran far ahead are dropped too', async () => {
        await store.saveSeen(topic(1), [
          seen(1, SEEN_AHEAD_MS, [1, 1]),
          seen(1, SEEN_AHEAD_MS + 1, [2, 2]),
        ])
        await store.dropSeen(0)
        expect(await store.loadSeen(topic(1), 0)).toEqual([seen(1, SEEN_AHEAD_MS, [1, 1])])
      })

      it('more than fit in one transaction are dropped in one call', async () => {
        const many = Array.from({ length: 1100 }, (_, n) => seen(n, 10_000, [1, 1]))
        await store.saveSeen(topic(1), many)
        await store.dropSeen(10_001)
        expect(await store.loadSeen(topic(1), 0)).toEqual([])
      })

      it('saving none is nothing', async () => {
        await store.saveSeen(topic(1), [])
        expect(await store.loadSeen(topic(1), 0)).toEqual([])
      })
    })

    describe('peers', () => {
      it('come back in their order; a later list stands in place of an earlier one', async () => {
        await store.savePeers(topic(1), [peer(3), peer(1), peer(2)])
        await store.savePeers(topic(2), [peer(9)])
        expect(await store.loadPeers(topic(1))).toEqual([peer(3), peer(1), peer(2)])
        await store.savePeers(topic(1), [peer(5)])
        expect(await store.loadPeers(topic(1))).toEqual([peer(5)])
        expect(await store.loadPeers(topic(3))).toEqual([])
      })

      it('named twice are kept once; too many are cut at the end and counted', async () => {
        const many = Array.from({ length: PEERS_PER_TOPIC + 5 }, (_, n) => peer(n))
        await store.savePeers(topic(1), [peer(0), ...many])
        expect(await store.loadPeers(topic(1))).toEqual(many.slice(0, PEERS_PER_TOPIC))
        expect(store.counters.peersCut).toBe(5)
      })

      it('of one more topic than fits cost some other topic its own, and that is counted', async () => {
        for (let n = 0; n <= TOPICS_WITH_PEERS; n++) await store.savePeers(topic(n), [peer(n)])
        const kept = await Promise.all(
          Array.from({ length: TOPICS_WITH_PEERS + 1 }, (_, n) => store.loadPeers(topic(n))),
        )
        expect(kept.filter(peers => peers.length === 1)).toHaveLength(TOPICS_WITH_PEERS)
        expect(store.counters.peerTopicsForgotten).toBe(1)
      })
    })

    it('what a caller does to its own lists afterwards changes nothing', async () => {
      const peers = [peer(1)]
      await store.savePeers(topic(1), peers)
      peers.push(peer(2))
      ;(await store.loadPeers(topic(1))).push(peer(3))
      expect(await store.loadPeers(topic(1))).toEqual([peer(1)])
    })

    it('a closed store rejects everything and closes again without harm', async () => {
      await store.close()
      await store.close()
      const calls: (() => Promise<unknown>)[] = [
        () => store.loadIdentity(),
        () => store.reserveSeqs(topic(1), 1),
        () => store.loadSeen(topic(1), 0),
        () => store.saveSeen(topic(1), [seen(1, 0, [1, 1])]),
        () => store.dropSeen(1),
        () => store.loadPeers(topic(1)),
        () => store.savePeers(topic(1), []),
      ]
      for (const call of calls) {
        const failure = await call().catch((cause: unknown) => cause)
        expect(failure).toBeInstanceOf(StorageError)
        expect(failure).toMatchObject({ code: 'failed' })
      }
    })
  })
}

export function topic(n: number): TopicId {
  return topicIdFromBytes(numbered(n))
}

export function peer(n: number): PeerId {
  return peerIdFromBytes(numbered(n))
}

export function seen(author: number, since: number, ...ranges: (readonly [number, number])[]) {
  return { author: peer(author), since, ranges }
}

export async function newKeys(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
}

function numbered(n: number): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

function sorted(ids: { author: string; since: number }[]) {
  return [...ids].sort((a, b) => a.since - b.since || (a.author < b.author ? -1 : 1))
}

function numbersIn(ranges: readonly (readonly [number, number])[]): number[] {
  const numbers = new Set<number>()
  for (const [first, last] of ranges) for (let n = first; n <= last; n++) numbers.add(n)
  return [...numbers].sort((a, b) => a - b)
}

const WORDS = new Uint8Array([1, 2, 3])
const SEED = 5
