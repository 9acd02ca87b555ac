import { beforeEach, describe, expect, it } from 'vitest'
import type { LaneRecord, OpRecord, Retention } from '../core/history/records.js'
import type { PeerId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { Random } from '../core/random.js'
import { Chain, NOW, TOPIC } from './chain.suite.js'
import type { OpStore } from './op-store.js'
import type { Store } from './store.js'
import { peer, topic } from './store.suite.js'

/** The laws that every op store keeps. `open` gives a store that is empty. */
export function describeOpStore(name: string, open: () => Promise<Store>): void {
  describe(`${name}: ops`, () => {
    let store: Store
    let ops: OpStore
    beforeEach(async () => {
      store = await open()
      ops = store.ops
    })

    const opened = (retention: Partial<Retention> = {}) =>
      ops.open(TOPIC, { self: peer(0), retention: { ...PLENTY, ...retention } })

    describe('what was kept', () => {
      it('of a topic never opened before is nothing, and its first number is 1', async () => {
        expect(await opened()).toEqual({
          lanes: [],
          heads: [],
          waiting: [],
          position: 0,
          nextSeq: 1,
        })
      })

      it('is told without its ops: lanes, heads, the last position and those that wait', async () => {
        const chain = new Chain()
        await opened()
        const batch = { ...chain.batch(chain.say(1), chain.say(2), chain.say(1)) }
        const late = chain.waits(3, 7)
        await ops.append(TOPIC, { ...batch, ops: [...batch.ops, late] }, NOW)
        const index = await opened()
        expect(index.position).toBe(3)
        expect(index.heads).toEqual(batch.heads)
        expect(byAuthor(index.lanes)).toEqual(byAuthor(chain.lanes()))
        expect(index.waiting).toEqual([late.message])
      })

      it('of one topic is not seen in another', async () => {
        const chain = new Chain()
        await opened()
        await ops.open(topic(2), { self: peer(0), retention: PLENTY })
        await ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
        expect(await ops.load(topic(2), [chain.all(1)], MUCH)).toEqual([])
        expect(await ops.loadFrom(topic(2), 1, MUCH)).toEqual([])
        expect(await ops.find(topic(2), [chain.said[0]!.hash])).toEqual([])
      })

      it('comes back whole, whatever became of the bytes it was made of', async () => {
        const chain = new Chain()
        await opened()
        const op = chain.say(1)
        const expected = structuredClone(op.message)
        await ops.append(TOPIC, chain.batch(op), NOW)
        op.message.payload.fill(0)
        op.hash.fill(0)
        expect(await ops.load(TOPIC, [chain.all(1)], MUCH)).toEqual([expected])
      })
    })

    describe('reading', () => {
      it('brings what is asked for in the order of positions, whoever said it', async () => {
        const random = new Random(SEED)
        const chain = new Chain()
        await opened()
        const said: OpRecord[] = []
        for (let n = 0; n < 30; n++) {
          const batch = Array.from({ length: 1 + random.below(12) }, () =>
            chain.say(1 + random.below(6)),
          )
          said.push(...batch)
          await ops.append(TOPIC, chain.batch(...batch), NOW)
        }
        for (let n = 0; n < 20; n++) {
          const wants = [1, 2, 3, 4, 5, 6]
            .filter(() => random.below(2) === 0)
            .map(author => {
              const first = 1 + random.below(20)
              return { author: peer(author), first, last: first + random.below(30) }
            })
          const bound = { ops: 1 + random.below(60), bytes: 1 + random.below(4000) }
          const wanted = said.filter(({ message: { author, seq } }) =>
            wants.some(want => want.author === author && seq >= want.first && seq <= want.last),
          )
          const expected: Message[] = []
          let bytes = 0
          for (const { message } of wanted) {
            const more = message.payload.length + message.extensions.length
            if (expected.length >= bound.ops) break
            if (expected.length > 0 && bytes + more > bound.bytes) break
            expected.push(message)
            bytes += more
          }
          expect(await ops.load(TOPIC, wants, bound), `seed ${SEED}, round ${n}`).toEqual(expected)
        }
      })

      it('brings one op however large it is, and leaves out those without a position', async () => {
        const chain = new Chain()
        await opened()
        const [first, second] = [chain.say(1, 5000), chain.say(1)]
        const late = chain.waits(2, 4)
        await ops.append(TOPIC, { ...chain.batch(first, second), ops: [first, second, late] }, NOW)
        const wants = [chain.all(1), { author: peer(2), first: 1, last: 9 }]
        expect(await ops.load(TOPIC, wants, { ops: 9, bytes: 10 })).toEqual([first.message])
        expect(await ops.load(TOPIC, wants, MUCH)).toEqual([first.message, second.message])
      })

      it('from a position on goes on where it ended', async () => {
        const chain = new Chain()
        await opened()
        const said = Array.from({ length: 25 }, (_, n) => chain.say(n % 3))
        await ops.append(TOPIC, chain.batch(...said), NOW)
        const found: Message[] = []
        for (let position = 1; ; ) {
          const page = await ops.loadFrom(TOPIC, position, { ops: 10, bytes: 1e6 })
          if (page.length === 0) break
          found.push(...page.map(({ message }) => message))
          position = page.at(-1)!.position + 1
        }
        expect(found).toEqual(said.map(({ message }) => message))
        const bounded = await ops.loadFrom(TOPIC, 5, { ops: 10, bytes: 1 })
        expect(bounded.map(({ position }) => position)).toEqual([5])
      })

      it('by hash finds those that are kept and no other', async () => {
        const chain = new Chain()
        await opened()
        const [a, b] = [chain.say(1), chain.say(2)]
        await ops.append(TOPIC, chain.batch(a, b), NOW)
        const found = await ops.find(TOPIC, [b.hash, new Uint8Array(32), a.hash])
        expect(found).toEqual([b.message, a.message])
      })

      it('by time begins where the first of that time or later stands', async () => {
        const chain = new Chain()
        await opened()
        // Times as they come after a partition: what was said early arrives late.
        const said = [10, 30, 20, 40].map(time => chain.say(1, 10, time))
        await ops.append(TOPIC, chain.batch(...said), NOW)
        expect(await ops.positionSince(TOPIC, 25, 100)).toBe(2)
        expect(await ops.positionSince(TOPIC, 15, 100)).toBe(2)
        expect(await ops.positionSince(TOPIC, 0, 100)).toBe(1)
        expect(await ops.positionSince(TOPIC, 0, 3)).toBe(2)
        expect(await ops.positionSince(TOPIC, 35, 2)).toBe(4)
        expect(await ops.positionSince(TOPIC, 50, 100)).toBeUndefined()
      })

      it('of a topic that is not open rejects', async () => {
        await expect(ops.load(TOPIC, [], MUCH)).rejects.toMatchObject({ code: 'failed' })
        await expect(ops.loadFrom(TOPIC, 1, MUCH)).rejects.toMatchObject({ code: 'failed' })
      })
    })

    describe('an op that waited', () => {
      it('stands once, where it was placed, when it is written again', async () => {
        const chain = new Chain()
        await opened()
        const late = chain.waits(2, 1)
        await ops.append(TOPIC, { ...chain.batch(), ops: [late] }, NOW)
        expect(await ops.load(TOPIC, [{ author: peer(2), first: 1, last: 1 }], MUCH)).toEqual([])
        const placed = chain.place(late)
        await ops.append(TOPIC, chain.batch(placed), NOW)
        expect(await ops.load(TOPIC, [chain.all(2)], MUCH)).toEqual([late.message])
        expect(await ops.find(TOPIC, [late.hash])).toHaveLength(1)
        expect((await opened()).waiting).toEqual([])
      })
    })

    describe('numbers of our own', () => {
      it('commit with their op, and are not reserved again', async () => {
        const chain = new Chain()
        await opened()
        await ops.append(TOPIC, { ...chain.batch(chain.say(0)), own: true }, NOW)
        expect((await opened()).nextSeq).toBe(2)
        expect(await store.reserveSeqs(TOPIC, 1)).toEqual({ first: 2, last: 2 })
        expect((await opened()).nextSeq).toBe(3)
      })

      it('used before reject, and nothing of the batch is kept', async () => {
        const chain = new Chain()
        await opened()
        await store.reserveSeqs(TOPIC, 5)
        const batch = { ...chain.batch(chain.say(0)), own: true }
        await expect(ops.append(TOPIC, batch, NOW)).rejects.toMatchObject({ code: 'failed' })
        expect(await opened()).toMatchObject({ lanes: [], position: 0, nextSeq: 6 })
        expect(await ops.loadFrom(TOPIC, 1, MUCH)).toEqual([])
      })

      it('of more ops that wait than there may be the oldest give way', async () => {
        const chain = new Chain()
        await opened()
        const many = Array.from({ length: 1030 }, (_, n) => chain.waits(1, n + 9))
        for (let i = 0; i < many.length; i += 103) {
          const ops = many.slice(i, i + 103)
          await store.ops.append(TOPIC, { own: false, ops, lanes: [], heads: [] }, NOW)
        }
        const { waiting } = await opened()
        expect(waiting.length).toBeLessThanOrEqual(1024)
        expect(waiting).toContainEqual(many.at(-1)!.message)
        expect(waiting).not.toContainEqual(many[0]!.message)
      })

      it('of ops that waited together each waits no more once it is placed', async () => {
        const chain = new Chain()
        await opened()
        const [one, other] = [chain.waits(1, 1), chain.waits(2, 1)]
        const wait = { own: false, ops: [one, other], lanes: [], heads: [] }
        await store.ops.append(TOPIC, wait, NOW)
        await store.ops.append(TOPIC, chain.batch(chain.place(one)), NOW)
        expect((await opened()).waiting).toEqual([other.message])
      })

      it('a batch that fails costs those given with it nothing', async () => {
        const [chain, other] = [new Chain(), new Chain()]
        await opened()
        await ops.open(topic(2), { self: peer(0), retention: PLENTY })
        await store.reserveSeqs(topic(2), 5)
        const [first, own] = [chain.batch(chain.say(1)), other.batch(other.say(0))]
        const second = chain.batch(chain.say(1))
        const outcomes = await Promise.allSettled([
          ops.append(TOPIC, first, NOW),
          ops.append(topic(2), { ...own, own: true }, NOW),
          ops.append(TOPIC, second, NOW),
        ])
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect(await ops.load(TOPIC, [chain.all(1)], MUCH)).toHaveLength(2)
      })
    })

    describe('retention', () => {
      it('gives up the lowest positions when there are too many, and says where lanes begin', async () => {
        const trimmed: unknown[] = []
        ops.onTrimmed = (of, lanes) => trimmed.push([of, lanes])
        const chain = new Chain()
        await opened({ maxOps: 6 })
        const said = Array.from({ length: 10 }, (_, n) => chain.say(1 + (n % 2)))
        await ops.append(TOPIC, chain.batch(...said), NOW)
        const kept = await ops.loadFrom(TOPIC, 1, MUCH)
        expect(kept.map(({ message }) => message)).toEqual(said.slice(4).map(one => one.message))
        const lanes = [4, 5].map(n => said[n]!).map(op => lane(op.message.author, 3, op.hash))
        expect(trimmed).toEqual([[TOPIC, expect.arrayContaining(lanes)]])
        expect((await opened()).lanes.map(({ oldest, height }) => [oldest, height])).toEqual([
          [3, 5],
          [3, 5],
        ])
        expect(ops.counters.opsTrimmed).toBe(4)
      })

      it('of bundles counts ops, and a lane begins with the first message of one', async () => {
        const chain = new Chain()
        await opened({ maxOps: 2 })
        const said = [chain.say(1), chain.bundle(1, 300), chain.bundle(1, 40), chain.bundle(1, 7)]
        await ops.append(TOPIC, chain.batch(...said), NOW)
        const kept = await ops.loadFrom(TOPIC, 1, MUCH)
        expect(kept.map(({ message }) => message)).toEqual(said.slice(2).map(one => one.message))
        expect((await opened()).lanes).toMatchObject([{ oldest: 302, height: 348 }])
        const wants = [{ author: peer(1), first: 302, last: 348 }]
        expect(await ops.load(TOPIC, wants, { ops: 1, bytes: 1e6 })).toEqual([said[2]!.message])
        expect(await ops.load(TOPIC, [{ ...wants[0]!, first: 342 }], MUCH)).toEqual([
          said[3]!.message,
        ])
      })

      it('goes by bytes too', async () => {
        const chain = new Chain()
        await opened({ maxBytes: 5000 })
        for (let n = 0; n < 20; n++) {
          await ops.append(TOPIC, chain.batch(chain.say(1, 400)), NOW)
        }
        const kept = await ops.loadFrom(TOPIC, 1, MUCH)
        expect(kept.length).toBeGreaterThan(5)
        expect(kept.length).toBeLessThan(13)
        expect(kept.at(-1)!.message.seq).toBe(20)
      })

      it('never gives up the newest op of an author', async () => {
        const chain = new Chain()
        await opened({ maxOps: 3 })
        await ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
        for (let n = 0; n < 10; n++) await ops.append(TOPIC, chain.batch(chain.say(2)), NOW)
        const seqs = async () =>
          (await ops.loadFrom(TOPIC, 1, MUCH)).map(({ message: { author, seq } }) => [author, seq])
        expect(await seqs()).toEqual([
          [peer(1), 1],
          [peer(2), 9],
          [peer(2), 10],
        ])
        // Once it is not the newest any more, it goes before all others.
        await ops.append(TOPIC, chain.batch(chain.say(1)), NOW)
        expect(await seqs()).toEqual([
          [peer(2), 9],
          [peer(2), 10],
          [peer(1), 2],
        ])
      })

      it('gives up what is too old, each lane up to its last such op; an op from the future ages from its arrival', async () => {
        const chain = new Chain()
        await opened({ maxAgeMs: 1000 })
        const said = [
          chain.say(1, 10, NOW + 1e9),
          chain.say(1, 10, NOW - 999),
          chain.say(2, 10, NOW + 500),
          chain.say(1, 10, NOW + 600),
          chain.say(2, 10, NOW + 700),
        ]
        await ops.append(TOPIC, chain.batch(...said), NOW)
        expect(await ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(5)
        await ops.trim(TOPIC, NOW + 2)
        const left = await ops.loadFrom(TOPIC, 1, MUCH)
        expect(left.map(({ message }) => message)).toEqual(said.slice(2).map(one => one.message))
        await ops.trim(TOPIC, NOW + 1e6)
        expect(await ops.loadFrom(TOPIC, 1, MUCH)).toHaveLength(2)
      })

      it('holds while ops come and go in any order', async () => {
        const random = new Random(SEED + 1)
        const chain = new Chain()
        await opened({ maxOps: 20 })
        const said: OpRecord[] = []
        for (let n = 0; n < 60; n++) {
          const batch = Array.from({ length: random.below(5) }, () =>
            chain.say(1 + random.below(4)),
          )
          said.push(...batch)
          await ops.append(TOPIC, chain.batch(...batch), NOW)
        }
        const kept = await ops.loadFrom(TOPIC, 1, MUCH)
        expect(kept.length).toBe(20)
        const { lanes } = await opened()
        for (const { author, oldest, height, oldestHash } of lanes) {
          const seqs = kept.flatMap(({ message }) => (message.author === author ? message.seq : []))
          expect(seqs, `seed ${SEED}`).toEqual(
            Array.from({ length: height - oldest + 1 }, (_, i) => oldest + i),
          )
          const first = said.find(
            ({ message }) => message.author === author && message.seq === oldest,
          )
          expect(oldestHash).toEqual(first!.hash)
        }
      })
    })

    it('what is written while something is being written is written together', async () => {
      const chain = new Chain()
      await opened()
      const batches = Array.from({ length: 50 }, () => chain.batch(chain.say(1)))
      await Promise.all(batches.map(batch => ops.append(TOPIC, batch, NOW)))
      expect(ops.counters.opsStored).toBe(50)
      expect(await ops.load(TOPIC, [chain.all(1)], MUCH)).toHaveLength(50)
      if (ops.kind === 'indexeddb') expect(ops.counters.opCommits).toBeLessThan(5)
    })
  })
}

function lane(author: PeerId, oldest: number, oldestHash: Uint8Array) {
  return { author, oldest, oldestHash }
}

function byAuthor(lanes: readonly LaneRecord[]): LaneRecord[] {
  return [...lanes].sort((a, b) => (a.author < b.author ? -1 : 1))
}

export const MUCH = { ops: 10_000, bytes: 1e9 }
export const PLENTY: Retention = { maxAgeMs: 1e15, maxOps: 1e6, maxBytes: 1e9 }
const SEED = 11
