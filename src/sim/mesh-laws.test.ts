import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../codec/bytes.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { TopicMessage } from '../core/io.js'
import { testPeer } from '../core/membership/network.suite.js'
import type { Peer } from './peer.js'
import { World } from './world.js'

// What must hold in small rooms whatever happens, liars included. A failure prints seed and path of fast-check.

const SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 4)

type Step =
  | { type: 'come' | 'hide' | 'reload' | 'leave'; who: number }
  | { type: 'crash'; who: number; silent: boolean }
  | { type: 'say'; who: number; times: number }
  | { type: 'show'; who: number; what: number }
  | { type: 'lie'; who: number; lie: number }
  | { type: 'cut'; side: number }
  | { type: 'heal' }
  | { type: 'server'; up: boolean }
  | { type: 'wait'; ms: number }

for (const membership of ['full-mesh', 'auto'] as const) {
  describe(`three to nine of kind ${membership}, and what may happen to them (SEED=${SEED})`, () => {
    it(
      'end as one room in which all have a link to all, everyone hears everything once, and sees what everyone shows',
      () => {
        fc.assert(
          fc.property(
            fc.record({
              seed: fc.nat({ max: 0xffff }),
              wire: fc.constantFrom('on', 'off'),
              loss: fc.constantFrom(0, 0, 0.02),
              dialFailure: fc.constantFrom(0, 0.2),
              periodMs: fc.constantFrom(500, 1_000, 5_000),
              steps: fc.array(anyStep(), { minLength: 20, maxLength: 40 }),
            }),
            ({ steps, ...settings }) => run({ ...settings, membership }, steps),
          ),
          { seed: SEED, numRuns: RUNS, endOnFailure: true },
        )
      },
      TIMEOUT_MS,
    )
  })
}

interface Case {
  seed: number
  wire: 'on' | 'off'
  loss: number
  dialFailure: number
  periodMs: number
  membership: 'full-mesh' | 'auto'
}

function run(settings: Case, steps: readonly Step[]): void {
  const room = new Room(settings)
  for (let i = 0; i < 3; i++) room.take({ type: 'come', who: 0 })
  for (const step of steps) {
    room.take(step)
    room.check()
  }
  room.mend()
  room.world.run(REST_MS)
  room.check()
  room.checkLinks()
  room.checkShown()
  for (const author of room.members) room.say(author)
  room.world.run(LAST_WORD_MS)
  expect(room.missed).toEqual([])
}

/** A world of one small topic that takes steps, and remembers who heard and who sees what. */
class Room {
  readonly world: World
  readonly topic: TopicId
  readonly #settings: Case
  readonly #due = new Map<string, Peer>()
  readonly #heard = new Set<string>()
  /** What each shows, and what each sees of whom. */
  readonly #shows = new Map<Peer, string>()
  readonly #sees = new Map<Peer, Map<PeerId, string>>()
  #isMended = false
  #number = 0
  #fakes = 1_000

  constructor(settings: Case) {
    const { seed, wire, loss, dialFailure, periodMs, membership } = settings
    this.#settings = settings
    this.world = new World({
      seed,
      wire,
      fullMesh: { periodMs },
      network: { loss, dialFailure, dialMs: 500 },
      // Whom the server does not name they must name to each other.
      server: { introductions: 1 },
    })
    this.topic = this.world.topic('room', { membership })
    this.world.listen((peer, _topic, event) => {
      if (event.type === 'received') {
        const key = `${peer.index} ${new TextDecoder().decode(event.content)}`
        if (this.#heard.has(key)) throw new Error(`delivered twice: ${key}`)
        this.#heard.add(key)
      } else if (event.type === 'presence') {
        const { peer: author, value } = event
        const seen = this.#sees.get(peer) ?? new Map<PeerId, string>()
        this.#sees.set(peer, seen)
        if (value === undefined) seen.delete(author)
        else seen.set(author, new TextDecoder().decode(value))
      }
    })
  }

  get members(): Peer[] {
    return this.world.living.filter(peer => peer.status(this.topic) !== undefined)
  }

  take(step: Step): void {
    const { world, topic, members } = this
    const peer = 'who' in step ? members[step.who % Math.max(1, members.length)] : undefined
    switch (step.type) {
      case 'come': {
        if (members.length >= MOST) break
        const [newcomer] = world.add()
        world.join(newcomer!, topic, { bootstrap: peer === undefined ? [] : [peer] })
        break
      }
      case 'leave':
        if (peer === undefined) break
        world.leave(peer, topic)
        world.crash(peer)
        break
      case 'crash':
        if (peer !== undefined) world.crash(peer, { silent: step.silent })
        break
      case 'reload':
        if (peer === undefined) break
        world.crash(peer, { silent: step.who % 2 === 0 })
        world.join(world.again(peer), topic)
        break
      case 'hide':
        if (peer !== undefined) peer.clampMs = peer.clampMs === 0 ? 60_000 : 0
        break
      case 'say':
        for (let i = 0; peer !== undefined && i < step.times; i++) this.say(peer)
        break
      case 'show':
        if (peer !== undefined) this.#show(peer, step.what === 0 ? undefined : `${step.what}`)
        break
      case 'lie':
        if (peer !== undefined) this.#lie(peer, step.lie)
        break
      case 'cut':
        world.cut(one => (one.index + step.side) % 2, step.side % 2)
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
    const number = `${this.#number++}`
    if (this.#isMended) this.#due.set(number, author)
    this.world.broadcast(author, this.topic, utf8(number))
  }

  /** The faults are over, and who hid is looked at again. */
  mend(): void {
    const { world } = this
    world.settings.server.introductions = 5
    world.heal()
    world.server.start()
    for (const peer of world.living) {
      peer.clampMs = 0
      peer.settle()
    }
    Object.assign(world.network.settings, { loss: 0, dialFailure: 0 })
    this.#isMended = true
  }

  /** Bounds, at any time. */
  check(): void {
    for (const peer of this.members) {
      const { membership, broadcast, presence } = peer.snapshot().topics[0]!
      const active = membership.active.map(one => one.peer)
      const { passive, reserve, requests, kind } = membership
      expect(new Set(active).size).toBe(active.length)
      expect([...active, ...passive, ...reserve]).not.toContain(peer.id)
      const most = this.#settings.membership === 'auto' ? 7 : 11
      expect(active.length).toBeLessThanOrEqual(most)
      expect(passive.length).toBeLessThanOrEqual(kind === 'full-mesh' ? 64 : 30)
      expect(reserve.length).toBeLessThanOrEqual(100)
      expect(requests.length).toBeLessThanOrEqual(2 * most)
      expect(presence!.length).toBeLessThanOrEqual(256)
      expect([...broadcast.eager, ...broadcast.lazy].sort()).toEqual([...active].sort())
    }
  }

  checkLinks(): void {
    const { members } = this
    const lacking = members.flatMap(peer => {
      const neighbors = peer.neighbors(this.topic)
      const others = members.filter(other => other !== peer)
      const strangers = neighbors.filter(id => !others.some(other => other.id === id))
      const isFull = this.#settings.membership === 'full-mesh' || members.length <= MOST_SMALL
      const missing = isFull ? others.filter(({ id }) => !neighbors.includes(id)) : []
      return [
        ...strangers.map(() => `${peer.index} has a stranger`),
        ...missing.map(other => `${peer.index} lacks ${other.index}`),
      ]
    })
    expect(lacking).toEqual([])
  }

  checkShown(): void {
    const { members } = this
    const wrong = members.flatMap(peer => {
      const seen = this.#sees.get(peer) ?? new Map<PeerId, string>()
      const ids = new Set([...seen.keys(), ...members.map(({ id }) => id)])
      ids.delete(peer.id)
      return [...ids].flatMap(id => {
        const other = members.find(one => one.id === id)
        const [is, should] = [seen.get(id), other && this.#shows.get(other)]
        return is === should
          ? []
          : [`${peer.index} sees ${other?.index ?? 'a ghost'}: ${is} for ${should}`]
      })
    })
    expect(wrong).toEqual([])
  }

  get missed(): string[] {
    return this.members.flatMap(peer =>
      [...this.#due]
        .filter(([key, author]) => author !== peer && !this.#heard.has(`${peer.index} ${key}`))
        .map(([key]) => `${peer.index} missed ${key}`),
    )
  }

  #show(peer: Peer, text: string | undefined): void {
    if (text === undefined) this.#shows.delete(peer)
    else this.#shows.set(peer, text)
    this.world.setPresence(peer, this.topic, text === undefined ? undefined : utf8(text))
  }

  /** Says what no honest peer would to all that it has a link with. */
  #lie(peer: Peer, lie: number): void {
    const message = this.#lies(peer)[lie % LIES]!
    const { topic } = this
    for (const end of [...peer.linkEnds]) end.send({ type: 'topic', topic, message })
    peer.settle()
    if (message.type !== 'component') return
    // And in the names of others.
    for (const other of this.members) {
      const from = testPeer(this.#fakes++)
      if (other !== peer) other.do({ type: 'knock', from, topic, knock: message })
    }
  }

  #lies(peer: Peer): TopicMessage[] {
    const fakes = (count: number) => Array.from({ length: count }, () => testPeer(this.#fakes++))
    const others = this.members.map(({ id }) => id)
    const gosp = (view: { digest?: Uint8Array; members?: PeerId[] }): TopicMessage => ({
      type: 'gosp',
      view: { digest: view.digest ?? new Uint8Array(8), members: view.members },
      presence: [],
      frontier: undefined,
    })
    const ask = { requestId: this.#fakes++, record: undefined }
    return [
      gosp({ members: fakes(64) }),
      gosp({ members: [...others, peer.id, peer.id, ...fakes(3)] }),
      gosp({ digest: utf8('liarliar') }),
      { type: 'info', members: fakes(64), ...ask },
      { type: 'info', members: fakes(64), requestId: 0, record: undefined },
      { type: 'init', ...ask },
      { type: 'conn', asks: true, ...ask },
      { type: 'conn', asks: false, ...ask },
      { type: 'bye', requestId: 0, reason: 'full' },
      { type: 'join', ...ask },
      { type: 'neighbor-request', priority: 'high', ...ask },
      { type: 'disconnect', alive: 'alive', sample: [] },
      { type: 'neighbor-reject', reason: 'full', requestId: 0, sample: [] },
      { type: 'component', requestId: 1, name: fakes(1)[0]!, beat: this.#fakes, ageSeconds: 0 },
    ]
  }
}
const LIES = 14

function anyStep(): fc.Arbitrary<Step> {
  const who = fc.nat({ max: 99 })
  const of = <T extends Step['type']>(type: T) => fc.constant(type)
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: of('come'), who }) },
    { weight: 2, arbitrary: fc.record({ type: of('leave'), who }) },
    { weight: 2, arbitrary: fc.record({ type: of('crash'), who, silent: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ type: of('reload'), who }) },
    { weight: 1, arbitrary: fc.record({ type: of('hide'), who }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: of('say'), who, times: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 4, arbitrary: fc.record({ type: of('show'), who, what: fc.nat({ max: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ type: of('lie'), who, lie: fc.nat({ max: LIES - 1 }) }) },
    { weight: 1, arbitrary: fc.record({ type: of('cut'), side: fc.nat({ max: 1 }) }) },
    { weight: 1, arbitrary: fc.record({ type: of('heal') }) },
    { weight: 1, arbitrary: fc.record({ type: of('server'), up: fc.boolean() }) },
    { weight: 5, arbitrary: fc.record({ type: of('wait'), ms: fc.nat({ max: 20_000 }) }) },
  )
}

const MOST = 9
/** At which a room of kind auto is a full mesh again. */
const MOST_SMALL = 6
/** Silent peers are noticed, lost neighbors visited, bars and bans over. */
const REST_MS = 180_000
const LAST_WORD_MS = 20_000
const TIMEOUT_MS = 120_000
