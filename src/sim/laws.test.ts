import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { TopicId } from '../core/ids.js'
import { testPeer } from '../core/membership/network.suite.js'
import { Random } from '../core/random.js'
import { graphOf } from './graph.js'
import type { Peer } from './peer.js'
import { World } from './world.js'

// What must hold whatever happens, over the real node, with the real link and wire or without. A failure prints seed and path of fast-check,
// which replay it.

const SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 12)

type Step =
  | { type: 'come'; through: number | 'server' }
  | { type: 'leave'; who: number }
  | { type: 'crash'; who: number; silent: boolean }
  | { type: 'say'; who: number; times: number }
  | { type: 'cut'; side: number }
  | { type: 'heal' }
  | { type: 'lie'; who: number; beat: number }
  | { type: 'server'; up: boolean }
  | { type: 'wait'; ms: number }

describe(`joins, leaves, crashes, losses, partitions and broadcasts in any order (SEED=${SEED})`, () => {
  it(
    'leave views within their bounds, and once all is well one overlay in which everyone hears everything, once',
    () => {
      fc.assert(
        fc.property(
          fc.record({
            seed: fc.nat({ max: 0xffff }),
            capacity: fc.constantFrom(3, 4, 5),
            wire: fc.constantFrom('on', 'off'),
            loss: fc.constantFrom(0, 0, 0.02),
            dialFailure: fc.constantFrom(0, 0.2),
            steps: fc.array(anyStep(), { minLength: 5, maxLength: 40 }),
          }),
          run,
        ),
        { seed: SEED, numRuns: RUNS, endOnFailure: true },
      )
    },
    TIMEOUT_MS,
  )

  it(
    'leave behind nothing that grows with time',
    () => {
      const town = new Town({ seed: SEED, capacity: 3, wire: 'on', loss: 0, dialFailure: 0.1 })
      for (let i = 0; i < 8; i++) town.take({ type: 'come', through: 'server' })
      const sizes: { agenda: number; snapshot: number }[] = []
      for (let round = 0; round < 60; round++) {
        town.take({ type: 'crash', who: round, silent: round % 2 === 0 })
        town.take({ type: 'come', through: round % 3 === 0 ? 'server' : round })
        town.take({ type: 'say', who: round * 7, times: 3 })
        town.world.run(20_000)
        sizes.push({
          agenda: town.world.agenda.size,
          snapshot: Math.max(...town.members.map(peer => JSON.stringify(peer.snapshot()).length)),
        })
      }
      const largest = (part: typeof sizes, name: 'agenda' | 'snapshot') =>
        Math.max(...part.map(size => size[name]))
      const [early, late] = [sizes.slice(20, 40), sizes.slice(40)]
      // The remembered fill up at first: views and reserve hold 133 ids of 52 letters.
      expect(largest(late, 'snapshot')).toBeLessThan(20_000)
      expect(largest(late, 'agenda')).toBeLessThan(2 * largest(early, 'agenda') + 20)
    },
    TIMEOUT_MS,
  )

  it(
    'fill no map or set beyond its bound',
    () => {
      const made = counted()
      const town = new Town({ seed: SEED, capacity: 5, wire: 'off', loss: 0.02, dialFailure: 0.2 })
      const own: unknown[] = [town.said, town.heard]
      const largest = () => {
        const full = made.filter(one => one.size > LARGEST && !own.includes(one))
        return full.map(one => [one.size, [...one.keys()].slice(0, 3)])
      }
      const random = new Random(SEED)
      // Two stay all the while.
      for (let i = 0; i < 8; i++) town.take({ type: 'come', through: 'server' })
      for (let step = 0; step < 800; step++) {
        const who = () => 2 + random.below(town.members.length - 2)
        if (step % 5 === 0 && town.members.length > 5)
          town.take(
            random.below(2) === 0
              ? { type: 'leave', who: who() }
              : { type: 'crash', who: who(), silent: random.below(2) === 0 },
          )
        if (town.members.length < 8) town.take({ type: 'come', through: random.below(2) })
        for (let i = 0; i < 2; i++)
          town.take({ type: 'lie', who: random.below(town.members.length), beat: random.u32() | 1 })
        town.take({ type: 'say', who: random.below(town.members.length), times: 2 })
        town.world.run(500)
        if (step % 50 === 0) expect(largest()).toEqual([])
      }
      expect(made.length).toBeGreaterThan(1_000)
      // There was more of everything than that. What is kept of knocks is the most, 1,024.
      expect(town.said.size).toBeGreaterThan(LARGEST)
      expect(largest()).toEqual([])
    },
    TIMEOUT_MS,
  )
})

afterEach(() => vi.unstubAllGlobals())

/** Every map and set made from now on. */
function counted(): (Map<unknown, unknown> | Set<unknown>)[] {
  const all: (Map<unknown, unknown> | Set<unknown>)[] = []
  class CountedMap<K, V> extends Map<K, V> {
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      super(entries)
      all.push(this)
    }
  }
  class CountedSet<T> extends Set<T> {
    constructor(items?: Iterable<T> | null) {
      super(items)
      all.push(this)
    }
  }
  vi.stubGlobal('Map', CountedMap)
  vi.stubGlobal('Set', CountedSet)
  return all
}

interface Case {
  seed: number
  capacity: number
  wire: 'on' | 'off'
  loss: number
  dialFailure: number
}

function run({ steps, ...settings }: Case & { steps: Step[] }): void {
  const town = new Town(settings)
  for (let i = 0; i < 3; i++) town.take({ type: 'come', through: 'server' })
  for (const step of steps) {
    town.take(step)
    town.check()
  }
  town.mend()
  town.world.run(REST_MS)
  town.check()
  const graph = graphOf(town.world, town.topic)
  expect({
    asymmetric: graph.asymmetricLinks,
    components: graph.components.length,
  }).toEqual({ asymmetric: 0, components: Math.min(1, town.members.length) })
  const { members } = town
  for (const author of members) town.say(author)
  town.world.run(LAST_WORD_MS)
  const missed = members.flatMap(peer =>
    [...town.said]
      .filter(([key, { author, from }]) => {
        const isDue = author !== peer && from === 'mended' && members.includes(author)
        return isDue && !town.heard.has(`${peer.index} ${key}`)
      })
      .map(([key]) => `${peer.index} missed ${key}`),
  )
  expect(missed).toEqual([])
}

/** A world of one topic that takes steps, and remembers who heard what. */
class Town {
  readonly world: World
  readonly topic: TopicId
  /** By what was said. */
  readonly said = new Map<string, { author: Peer; from: 'before' | 'mended' }>()
  readonly heard = new Set<string>()
  readonly #capacity: number
  #isMended = false
  #number = 0

  constructor({ seed, capacity, wire, loss, dialFailure }: Case) {
    this.#capacity = capacity
    this.world = new World({
      seed,
      wire,
      membership: { activeViewCapacity: capacity },
      network: { loss, dialFailure },
    })
    this.topic = this.world.topic('town')
    this.world.listen((peer, _topic, event) => {
      if (event.type !== 'received') return
      const key = `${peer.index} ${new DataView(event.content.buffer, event.content.byteOffset).getUint32(0)}`
      if (this.heard.has(key)) throw new Error(`delivered twice: ${key}`)
      this.heard.add(key)
    })
  }

  get members(): Peer[] {
    return this.world.living.filter(peer => peer.status(this.topic) !== undefined)
  }

  take(step: Step): void {
    const { world, topic, members } = this
    const one = (number: number) => members[number % members.length]
    switch (step.type) {
      case 'come': {
        const contact = step.through === 'server' ? undefined : one(step.through)
        const [peer] = world.add()
        world.join(peer!, topic, { bootstrap: contact === undefined ? [] : [contact] })
        break
      }
      case 'leave': {
        const peer = one(step.who)
        if (peer !== undefined) world.leave(peer, topic)
        break
      }
      case 'crash': {
        const peer = one(step.who)
        if (peer !== undefined) world.crash(peer, { silent: step.silent })
        break
      }
      case 'say': {
        const peer = one(step.who)
        for (let i = 0; peer !== undefined && i < step.times; i++) this.say(peer)
        break
      }
      case 'lie': {
        const peer = one(step.who)
        if (peer !== undefined) this.#lie(peer, step.beat)
        break
      }
      case 'cut':
        world.cut(peer => (peer.index + step.side) % 2, step.side % 2)
        break
      case 'heal':
        world.heal()
        break
      case 'server':
        if (step.up) world.server.start()
        else world.server.stop()
        break
      case 'wait':
        world.run(step.ms)
    }
    world.run(50)
  }

  say(author: Peer): void {
    const number = this.#number++
    const payload = new Uint8Array(4)
    new DataView(payload.buffer).setUint32(0, number)
    this.said.set(String(number), { author, from: this.#isMended ? 'mended' : 'before' })
    this.world.broadcast(author, this.topic, payload)
  }

  /** Tells its neighbors of a component that is none, and knocks at everyone in the names of others. */
  #lie(peer: Peer, beat: number): void {
    const { topic } = this
    const ghost = () => testPeer(1_000 + this.#number++)
    const said = { type: 'component', beat, ageSeconds: 0 } as const
    const message = { ...said, requestId: 1, name: ghost() }
    for (const end of [...peer.linkEnds]) end.send({ type: 'topic', topic, message })
    peer.settle()
    for (const other of this.members) {
      const knock = { ...said, requestId: this.#number++, name: ghost() }
      const from = beat % 2 === 0 ? peer.id : ghost()
      if (other !== peer) other.do({ type: 'knock', from, topic, knock })
    }
  }

  /** The faults are over. */
  mend(): void {
    const { world } = this
    world.heal()
    world.server.start()
    Object.assign(world.network.settings, { loss: 0, dialFailure: 0 })
    this.#isMended = true
  }

  check(): void {
    for (const peer of this.members) {
      const { membership, broadcast } = peer.snapshot().topics[0]!
      const active = membership.active.map(one => one.peer)
      const { passive, reserve, requests } = membership
      const all = [...active, ...passive, ...reserve]
      expect(new Set(all).size).toBe(all.length)
      expect(all).not.toContain(peer.id)
      expect(active.length).toBeLessThanOrEqual(this.#capacity)
      expect(passive.length).toBeLessThanOrEqual(30)
      expect(reserve.length).toBeLessThanOrEqual(100)
      expect(requests.length).toBeLessThanOrEqual(2 * this.#capacity + 4)
      expect([...broadcast.eager, ...broadcast.lazy].sort()).toEqual([...active].sort())
    }
  }
}

function anyStep(): fc.Arbitrary<Step> {
  const who = fc.nat({ max: 99 })
  const of = <T extends Step['type']>(type: T) => fc.constant(type)
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: of('come'),
        through: fc.oneof(who, fc.constant('server' as const)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: of('leave'), who }) },
    { weight: 2, arbitrary: fc.record({ type: of('crash'), who, silent: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({ type: of('say'), who, times: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: of('cut'), side: fc.nat({ max: 1 }) }) },
    { weight: 1, arbitrary: fc.record({ type: of('heal') }) },
    { weight: 2, arbitrary: fc.record({ type: of('lie'), who, beat: fc.nat({ max: 2 ** 32 }) }) },
    { weight: 1, arbitrary: fc.record({ type: of('server'), up: fc.boolean() }) },
    { weight: 5, arbitrary: fc.record({ type: of('wait'), ms: fc.nat({ max: 20_000 }) }) },
  )
}

/** Entries. */
const LARGEST = 1_100
/** Silent peers are noticed, lost neighbors visited, parts compared and merged. */
const REST_MS = 300_000
const LAST_WORD_MS = 20_000
/** For busy machines: by itself it takes a few seconds. */
const TIMEOUT_MS = 120_000
