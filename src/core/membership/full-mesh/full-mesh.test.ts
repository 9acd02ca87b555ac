import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import type { MembershipInput } from '../membership.js'
import { testPeer } from '../network.suite.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from './config.js'
import { FullMesh } from './full-mesh.js'
import type { FullMeshMessage } from './messages.js'
import { fullMeshNetwork } from './messages.suite.js'
import type { FullMeshOutput } from './overlay.js'

// The seed's four messages, its rules that are kept (reference §2.5, by their numbers), and what was added.

const [a, b, c, d, e] = [0, 1, 2, 3, 4].map(testPeer) as [PeerId, PeerId, PeerId, PeerId, PeerId]
const { periodMs } = FULL_MESH_DEFAULTS

describe('INIT', () => {
  it('rule 1: goes from a newcomer to exactly one initial peer', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b, c, d] })
    expect(one.sent('init')).toEqual([b])
    one.answer(b, 'info')
    one.after(10_000)
    expect(one.sent('init')).toEqual([])
  })

  it('without an answer is said at the other initial peers, then again after 1, 2 and 4 s', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b, c] })
    const said: [number, PeerId][] = []
    for (let ms = 0; ms < 14_000; ms += 500) {
      for (const peer of one.sent('init')) said.push([ms, peer])
      one.after(500)
    }
    expect(said).toEqual([
      [0, b],
      [1_000, c],
      [2_000, b],
      [4_000, c],
      [6_000, b],
      [10_000, c],
    ])
  })

  it('that found no door goes on when others found us: they may be as lost as we are', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.sent('init')
    one.hear(c, { type: 'init', requestId: 1, record: undefined })
    one.input({ type: 'link-up', peer: c })
    one.after(1_000)
    expect(one.sent('init')).toEqual([b])
    one.answer(b, 'info')
    one.input({ type: 'link-up', peer: b })
    one.after(10_000)
    expect(one.sent('init')).toEqual([])
  })

  it('is answered by one that is alone, one that comes in itself, and one in a full mesh', () => {
    const one = new One(a)
    const init = { type: 'init', requestId: 5, record: undefined } as const
    one.hear(b, init)
    expect(one.sent('info')).toEqual([b])
    const joining = new One(a)
    joining.input({ type: 'join', peers: [c] })
    joining.hear(b, init)
    expect(joining.sent('info')).toEqual([b])
    const meshed = meshOf(a, b, c)
    meshed.hear(d, init)
    expect(meshed.sent('info')).toEqual([d])
  })

  it('rule 7: is not needed: a node may start with no initial peer, and is found', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [] })
    expect(one.sent('init')).toEqual([])
    expect(one.outputs('isolated')).toHaveLength(1)
    one.hear(b, { type: 'init', requestId: 1, record: undefined })
    one.input({ type: 'link-up', peer: b })
    expect(one.machine.neighbors).toEqual([b])
  })
})

describe('INFO', () => {
  it('rule 2: answers INIT with the replier’s peers as they were before, neither of the two among them', () => {
    const one = meshOf(a, b, c)
    one.hear(d, { type: 'init', requestId: 9, record: undefined })
    expect(one.said('info')).toEqual([
      { type: 'info', requestId: 9, members: [b, c], record: undefined },
    ])
    // It restarted: its old entry is not told to it.
    one.hear(c, { type: 'init', requestId: 10, record: undefined })
    expect(one.said('info')[0]).toMatchObject({ requestId: 10, members: [b, d] })
  })

  it('names as many as fit it', () => {
    const one = new One(a, { linkCapacity: 63 })
    const named = Array.from({ length: 63 }, (_, i) => testPeer(100 + i))
    one.hear(b, { type: 'conn', requestId: 1, asks: true, record: undefined })
    one.input({ type: 'link-up', peer: b })
    one.hear(b, gosp({ members: [a, b, ...named] }))
    for (let i = 0; i < 20; i++) {
      one.hear(testPeer(10 + i), { type: 'conn', requestId: 1, asks: true, record: undefined })
    }
    one.hear(c, { type: 'init', requestId: 9, record: undefined })
    const [info] = one.said('info') as { members: PeerId[] }[]
    expect(info!.members).toHaveLength(64)
  })

  it('that nobody asked for changes nothing; a late answer is as good', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b, c] })
    const { requestId } = one.said('init')[0] as { requestId: number }
    one.hear(d, { type: 'info', requestId, members: [e], record: undefined })
    one.hear(b, { type: 'info', requestId: requestId + 1, members: [e], record: undefined })
    expect(one.outputs('connect')).toEqual([])
    one.after(1_500)
    one.hear(b, { type: 'info', requestId, members: [], record: undefined })
    expect(one.outputs('connect')).toMatchObject([{ peer: b }])
  })

  it('names those that came meanwhile to those that have no link yet', () => {
    const one = new One(a)
    one.hear(b, { type: 'init', requestId: 1, record: undefined })
    one.hear(c, { type: 'init', requestId: 2, record: undefined })
    one.said('info')
    one.after(200)
    expect(one.saidTo('info')).toEqual([
      [b, { type: 'info', requestId: 0, members: [c], record: undefined }],
    ])
    one.after(5_000)
    expect(one.said('info')).toEqual([])
  })
})

describe('CONN', () => {
  it('rule 3: goes from the newcomer to all that INFO names', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.answer(b, 'info', [c, d, a])
    expect(one.sent('conn').sort()).toEqual([c, d])
  })

  it('rule 4: makes the receiver add its sender, which hears a CONN back', () => {
    const one = new One(a)
    one.hear(b, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(one.outputs('connect')).toMatchObject([{ peer: b }])
    expect(one.said('conn')).toMatchObject([{ asks: false }])
    one.input({ type: 'link-up', peer: b })
    expect(one.machine.neighbors).toEqual([b])
  })

  it('back ends it: nobody answers an answer', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.answer(b, 'info', [c])
    one.said('conn')
    one.hear(c, { type: 'conn', requestId: 1, asks: false, record: undefined })
    expect(one.said('conn')).toEqual([])
    expect(one.outputs('connect')).toMatchObject([{ peer: b }, { peer: c }])
  })

  it('twice adds nobody twice, and one’s own name is never added', () => {
    const one = new One(a)
    for (const requestId of [1, 2]) {
      one.hear(b, { type: 'conn', requestId, asks: true, record: undefined })
      one.hear(a, { type: 'conn', requestId, asks: true, record: undefined })
      one.input({ type: 'link-up', peer: b })
    }
    expect(one.machine.neighbors).toEqual([b])
    expect(one.outputs('neighbor-up')).toHaveLength(1)
  })

  it('without an answer is said three times, in 1, 2 and 4 s', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.answer(b, 'info', [c])
    one.input({ type: 'link-up', peer: b })
    const said: number[] = []
    for (let ms = 0; ms < 7_000; ms += 500) {
      if (one.sent('conn').includes(c)) said.push(ms)
      one.after(500)
    }
    expect(said).toEqual([0, 1_000, 3_000])
  })

  it('to a full room is answered BYE', () => {
    const one = meshOf(a, b, c)
    expect(one.machine.neighbors).toHaveLength(2)
    const full = meshOf(a, b, c, { linkCapacity: 2 })
    full.hear(d, { type: 'conn', requestId: 7, asks: true, record: undefined })
    expect(full.saidTo('bye')).toEqual([[d, { type: 'bye', requestId: 7, reason: 'full' }]])
    expect(full.outputs('connect')).toEqual([])
  })
})

describe('GOSP', () => {
  it('rule 5: goes from every node to every peer, each period', () => {
    const world = fullMeshNetwork({ seed: 1 })
    const peers = world.addMany(5)
    for (const peer of peers) world.join(peer, peers[0]!)
    world.run(20_000)
    const before = world.sent('gosp')
    world.run(10 * periodMs)
    expect(world.sent('gosp') - before).toBe(10 * 5 * 4)
  })

  it('comes each period, whatever the period is', () => {
    const one = meshOf(a, b, c, { periodMs: 700 })
    one.after(1_000)
    one.hear(b, gosp())
    one.hear(c, gosp())
    one.sent('gosp')
    one.after(700)
    expect(one.sent('gosp').sort()).toEqual([b, c])
    one.after(700)
    expect(one.sent('gosp').sort()).toEqual([b, c])
  })

  it('carries a digest, and the members to those whose digest was another', () => {
    const one = meshOf(a, b, c)
    const [toB] = one.said('gosp') as Gosp[]
    expect([...toB!.view!.members!].sort()).toEqual([a, b])
    one.after(periodMs / 2)
    const { digest } = (one.said('gosp') as Gosp[]).at(-1)!.view!
    one.hear(b, gosp({ digest }))
    one.hear(c, gosp())
    one.after(periodMs)
    const round = new Map(one.saidTo('gosp') as [PeerId, Gosp][])
    expect(round.get(b)!.view).toEqual({ digest, members: undefined })
    expect([...round.get(c)!.view!.members!].sort()).toEqual([a, b, c])
  })

  it('has a digest of the links that stand: with whom one is being made is named, after the sender', () => {
    const [here, there] = [meshOf(a, b, c), meshOf(b, a)]
    there.hear(c, { type: 'conn', requestId: 1, asks: true, record: undefined })
    const said = () => {
      there.sent('gosp')
      there.after(periodMs)
      return there.said('gosp').at(-1) as Gosp
    }
    const { view } = said()
    expect(view!.members).toEqual([a, b, c])
    here.hear(c, gosp({ digest: digestBy(here) }))
    here.hear(b, gosp(view))
    expect(here.machine.mesh).toBe('forming')
    there.input({ type: 'link-up', peer: c })
    here.hear(b, gosp(said().view))
    expect(here.machine.mesh).toBe('complete')
  })

  it('that names a stranger makes it asked: so newcomers through different doors find each other', () => {
    const one = meshOf(a, b)
    one.hear(b, gosp({ members: [a, b, c] }))
    expect(one.sent('conn')).toEqual([c])
  })

  it('of a stranger makes it a member: it believes to be one', () => {
    const one = meshOf(a, b)
    one.input({ type: 'message', from: c, message: gosp(), linked: true })
    expect(one.outputs('connect')).toMatchObject([{ peer: c }])
  })

  it('of one that was asked, and has no place any more, is answered BYE', () => {
    const one = meshOf(a, b, { linkCapacity: 2 })
    one.hear(b, gosp({ members: [a, b, c] }))
    expect(one.sent('conn')).toEqual([c])
    one.hear(d, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(one.outputs('connect')).toMatchObject([{ peer: d }])
    one.hear(c, gosp())
    expect(one.saidTo('bye')).toEqual([[c, { type: 'bye', requestId: 0, reason: 'full' }]])
    expect(one.outputs('connect')).toHaveLength(1)
  })

  it('missed twice is suspicious: no neighbor within three periods, and one again when heard', () => {
    const one = meshOf(a, b, c)
    one.hear(b, gosp())
    one.hear(c, gosp())
    for (let period = 0; period < 3; period++) {
      one.after(periodMs)
      one.hear(b, gosp())
    }
    expect(one.machine.neighbors).toEqual([b])
    expect(one.outputs('neighbor-down')).toEqual([
      { type: 'neighbor-down', peer: c, reason: 'link-lost' },
    ])
    expect(one.outputs('release')).toEqual([])
    one.hear(c, gosp())
    expect([...one.machine.neighbors].sort()).toEqual([b, c])
  })

  it('missed for six periods costs the link', () => {
    const one = meshOf(a, b)
    one.after(6 * periodMs)
    expect(one.outputs('release')).toMatchObject([{ peer: b }])
    expect(one.machine.snapshot().requests).toEqual([])
  })

  it('missed because we slept ourselves says nothing about the others', () => {
    const one = meshOf(a, b)
    one.sleep(60_000)
    expect(one.machine.neighbors).toEqual([b])
    one.after(2 * periodMs)
    expect(one.machine.neighbors).toEqual([b])
  })
})

describe('BYE', () => {
  it('ends a membership on both sides, and lists that are older don’t bring it back', () => {
    const one = meshOf(a, b, c)
    one.hear(c, { type: 'bye', requestId: 0, reason: 'leaving' })
    expect(one.outputs('neighbor-down')).toMatchObject([{ peer: c, reason: 'left' }])
    one.sent('conn')
    one.hear(b, gosp({ members: [a, b, c] }))
    expect(one.sent('conn')).toEqual([])
    expect(one.machine.known).not.toContain(c)
    one.hear(c, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(one.outputs('connect')).toMatchObject([{ peer: c }])
  })

  it('without a link is only an answer: whoever carries it can bring it again', () => {
    const one = meshOf(a, b)
    one.input({
      type: 'message',
      from: b,
      message: { type: 'bye', requestId: 0, reason: 'leaving' },
      linked: false,
    })
    expect(one.machine.neighbors).toEqual([b])
  })

  it('of a full room is told, and another door is tried', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b, c] })
    one.sent('init')
    one.answer(b, 'bye')
    expect(one.outputs('join-failed')).toEqual([{ type: 'join-failed', peer: b, reason: 'full' }])
    expect(one.sent('init')).toEqual([c])
  })
})

describe('rule 6: the result is a full mesh', () => {
  for (const [count, seed] of [
    [2, 1],
    [3, 2],
    [5, 3],
    [8, 4],
    [12, 5],
  ] as const) {
    it(`of ${count} that come within a second through doors drawn at random (seed ${seed})`, () => {
      const random = new Random(seed)
      const world = fullMeshNetwork({ seed, dialMs: [300, 700], config: { periodMs: 1_000 } })
      for (let i = 0; i < count; i++) {
        const door = random.pick(world.ids)
        world.join(world.add(), ...(door === undefined ? [] : [door]))
        world.run(random.between(0, 2_000 / count))
      }
      world.run(10_000)
      for (const peer of world.alive) {
        expect(world.neighbors(peer)).toHaveLength(count - 1)
        expect(world.machine(peer).mesh).toBe('complete')
      }
    })
  }

  it('also after a partition, when both halves can reach each other again', () => {
    const world = fullMeshNetwork({ seed: 7, config: { periodMs: 1_000 } })
    const peers = world.addMany(6)
    for (const peer of peers) world.join(peer, peers[0]!)
    world.run(10_000)
    world.partition(peer => peers.indexOf(peer) < 3)
    world.run(20_000)
    expect(world.components).toBe(2)
    world.partition()
    world.run(60_000)
    expect(world.alive.map(peer => world.neighbors(peer).length)).toEqual([5, 5, 5, 5, 5, 5])
  })

  it('complete by the word of all, and not while someone names a stranger', () => {
    const one = meshOf(a, b)
    expect(one.machine.mesh).toBe('forming')
    const { digest } = (one.said('gosp') as Gosp[]).at(-1)!.view!
    one.hear(b, gosp({ digest }))
    expect(one.machine.mesh).toBe('complete')
    one.hear(b, gosp({ members: [a, b, c] }))
    expect(one.machine.mesh).toBe('forming')
  })
})

type Gosp = Extract<FullMeshMessage, { type: 'gosp' }>

function gosp(view: Partial<NonNullable<Gosp['view']>> = {}): Gosp {
  const { digest = new Uint8Array(8), members } = view
  return { type: 'gosp', view: { digest, members }, presence: [], frontier: undefined }
}

function digestBy(one: One): Uint8Array {
  one.after(periodMs)
  return (one.said('gosp').at(-1) as Gosp).view!.digest
}

/** A machine whose neighbors are these. */
function meshOf(self: PeerId, ...rest: (PeerId | Partial<FullMeshConfig>)[]): One {
  const config = rest.find(one => typeof one === 'object') ?? {}
  const one = new One(self, config as Partial<FullMeshConfig>)
  for (const peer of rest) {
    if (typeof peer === 'object') continue
    one.hear(peer, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer })
  }
  one.forget('connect', 'neighbor-up')
  return one
}

/** One machine, its clock, and what it put out. */
class One {
  readonly machine: FullMesh
  #now = 1_000_000
  #out: FullMeshOutput[] = []

  constructor(self: PeerId, config: Partial<FullMeshConfig> = {}) {
    this.machine = new FullMesh({
      self,
      config: { ...FULL_MESH_DEFAULTS, ...config },
      random: new Random(1),
    })
  }

  input(input: MembershipInput<FullMeshMessage>): void {
    this.#out.push(...this.machine.handle(this.#now, input))
  }

  hear(from: PeerId, message: FullMeshMessage): void {
    const linked = this.machine.neighbors.includes(from) || message.type === 'gosp'
    this.input({ type: 'message', from, message, linked })
  }

  /** To the INIT it said last. */
  answer(from: PeerId, type: 'info' | 'bye', members: PeerId[] = []): void {
    const said = [...this.#all('init'), ...this.#answered].filter(([to]) => to === from)
    const { requestId } = said.at(-1)![1] as { requestId: number }
    this.hear(
      from,
      type === 'info'
        ? { type, requestId, members, record: undefined }
        : { type, requestId, reason: 'full' },
    )
  }

  after(ms: number): void {
    const until = this.#now + ms
    for (let at = this.#due; at !== undefined && at <= until; at = this.#due) {
      this.#now = Math.max(this.#now, at)
      this.input({ type: 'wake' })
    }
    this.#now = until
  }

  sleep(ms: number): void {
    this.#now += ms
    this.input({ type: 'wake' })
  }

  /** To whom such messages went since the last look. */
  sent(type: FullMeshMessage['type']): PeerId[] {
    return this.saidTo(type).map(([to]) => to)
  }

  said(type: FullMeshMessage['type']): FullMeshMessage[] {
    return this.saidTo(type).map(([, message]) => message)
  }

  saidTo(type: FullMeshMessage['type']): [PeerId, FullMeshMessage][] {
    const found = this.#all(type)
    if (type === 'init') this.#answered.push(...found)
    this.#out = this.#out.filter(one => one.type !== 'send' || one.message.type !== type)
    return found
  }

  outputs(type: FullMeshOutput['type']): FullMeshOutput[] {
    return this.#out.filter(one => one.type === type)
  }

  forget(...types: FullMeshOutput['type'][]): void {
    this.#out = this.#out.filter(one => !types.includes(one.type))
  }

  readonly #answered: [PeerId, FullMeshMessage][] = []

  get #due(): number | undefined {
    return this.machine.nextDeadline?.at
  }

  #all(type: FullMeshMessage['type']): [PeerId, FullMeshMessage][] {
    return this.#out.flatMap(one =>
      one.type === 'send' && one.message.type === type
        ? [[one.to, one.message] as [PeerId, FullMeshMessage]]
        : [],
    )
  }
}
