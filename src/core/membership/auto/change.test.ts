import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import { FULL_MESH_DEFAULTS } from '../full-mesh/config.js'
import { HYPARVIEW_DEFAULTS } from '../hyparview/config.js'
import type { MembershipInput, MembershipOutput } from '../membership.js'
import type { MembershipMessage } from '../messages.js'
import { testPeer } from '../network.suite.js'
import { Auto } from './auto.js'

// What one machine does by the word of its neighbors, where no network would have them say it.

const self = testPeer(0)
const others = Array.from({ length: 9 }, (_, i) => testPeer(i + 1))
const PERIOD_MS = 1_000

describe('a link that is one too many', () => {
  it('is kept while its other end has three or fewer', () => {
    const one = wentUp()
    one.spend(10, peer => [self, ...others.filter(other => other !== peer).slice(0, 2), peer])
    expect(one.machine.neighbors).toHaveLength(7)
    expect(one.counted('nobody-to-shed')).toBeGreaterThan(0)
    const spared = others[3]!
    one.spend(10, peer => [
      self,
      ...others.filter(o => o !== peer).slice(0, peer === spared ? 3 : 2),
      peer,
    ])
    expect(one.machine.neighbors).toHaveLength(6)
    expect(one.machine.neighbors).not.toContain(spared)
  })

  it('is shed first where the other end has most', () => {
    const one = wentUp()
    const rich = others[5]!
    one.spend(2, peer => [
      self,
      ...others.filter(o => o !== peer).slice(0, peer === rich ? 6 : 4),
      peer,
    ])
    expect(one.machine.neighbors).not.toContain(rich)
  })
})

describe('a partial view of few', () => {
  const few = others.slice(0, 3)
  const all = (peer: PeerId) => [self, ...few.filter(other => other !== peer), peer]

  it('is a full mesh again after half a minute in which all were neighbors of all', () => {
    const one = wentUp(few)
    one.spend(29, all)
    expect(one.kind).toBe('hyparview')
    one.spend(4, all)
    expect(one.kind).toBe('full-mesh')
  })

  it('looks then for those it knew besides: a partition may have made the room small', () => {
    const one = wentUp(few)
    one.spend(33, all)
    expect(one.kind).toBe('full-mesh')
    const lost = others.slice(3)
    const asked = () => lost.flatMap(peer => one.said(peer, 'conn')).length
    one.spend(20, all)
    const before = asked()
    one.spend(20, all)
    expect(asked()).toBeGreaterThan(before)
  })

  it('asks for a place whom its neighbors name and it does not know: shuffles end in a full mesh', () => {
    const one = wentUp(few)
    const stranger = testPeer(50)
    one.spend(20, peer => [...all(peer).slice(0, -1), stranger, peer])
    expect(one.said(stranger, 'neighbor-request')).not.toEqual([])
    const crowd = wentUp(others.slice(0, 5))
    crowd.spend(20, peer => [...others.slice(0, 5).filter(other => other !== peer), stranger, peer])
    expect(crowd.said(stranger, 'neighbor-request')).toEqual([])
  })

  it('stays one while a neighbor has a link with someone that we have none with', () => {
    const one = wentUp(few)
    one.spend(60, peer => [...all(peer).slice(0, -1), others[6]!, peer])
    expect(one.kind).toBe('hyparview')
  })

  it('stays one while a neighbor does not say who its neighbors are', () => {
    const one = wentUp(few)
    one.spend(60, peer => (peer === few[0] ? undefined : all(peer)))
    expect(one.kind).toBe('hyparview')
  })
})

describe('what neighbors said', () => {
  const [told, teller, far] = [others[0]!, others[1]!, testPeer(99)]
  const nine = [self, ...others.slice(1), told]

  it('before the change is known after it: they see no reason to say it again', () => {
    const one = new One()
    for (const peer of [told, teller]) {
      one.hear(peer, { type: 'conn', requestId: 1, asks: false, record: undefined })
      one.input({ type: 'link-up', peer })
    }
    one.gosp(teller, [self, far, teller])
    one.gosp(told, nine)
    expect(one.kind).toBe('hyparview')
    one.spend(3, () => undefined)
    expect(one.listsTo(told).at(-1)).toContain(far)
  })

  it('is passed on, once; and again over a new link, and to one that asks for a place it has', () => {
    const one = wentUp([told, teller])
    one.gosp(teller, [self, far, teller])
    one.spend(3, () => undefined)
    const lists = one.listsTo(told).length
    expect(one.listsTo(told).at(-1)).toContain(far)
    one.spend(2, () => undefined)
    expect(one.listsTo(told)).toHaveLength(lists)
    one.input({ type: 'link-up', peer: told })
    one.spend(2, () => undefined)
    expect(one.listsTo(told)).toHaveLength(lists + 1)
    one.hear(told, { type: 'join', requestId: 9, record: undefined })
    one.spend(2, () => undefined)
    expect(one.listsTo(told)).toHaveLength(lists + 2)
  })
})

describe('those of the other kind', () => {
  it('that answer our INIT with a place have answered it, and change nothing where we have company', () => {
    const one = new One()
    const [friend, door] = others as [PeerId, PeerId]
    one.hear(friend, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer: friend })
    one.input({ type: 'join', peers: [door] })
    const [init] = one.said(door, 'init') as { requestId: number }[]
    const { requestId } = init!
    one.hear(door, { type: 'neighbor-accept', requestId, record: undefined })
    one.input({ type: 'link-up', peer: door })
    one.spend(10, peer => [self, ...[friend, door].filter(other => other !== peer), peer])
    expect(one.kind).toBe('full-mesh')
    expect([...one.machine.neighbors].sort()).toEqual([friend, door].sort())
    expect(one.said(door, 'init')).toHaveLength(1)
  })

  it('that have no place for us are more than we heard of: we go up, as they did, and ask on', () => {
    const one = new One()
    const [friend, third] = others as [PeerId, PeerId]
    one.hear(friend, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer: friend })
    one.gosp(friend, [third, friend])
    const refuse = (peer: PeerId, reason: 'busy' | 'not-in-topic') =>
      one.hear(peer, { type: 'neighbor-reject', requestId: 1, reason, sample: [] })
    refuse(others[2]!, 'busy')
    refuse(third, 'not-in-topic')
    expect(one.kind).toBe('full-mesh')
    one.gosp(friend, [others[3]!, friend])
    refuse(others[3]!, 'busy')
    expect(one.said(others[3]!, 'join')).toEqual([])
    expect(one.kind).toBe('hyparview')
    expect(one.machine.neighbors).toEqual([friend])
    one.spend(3, () => undefined)
    expect(others.flatMap(peer => one.said(peer, 'neighbor-request'))).not.toEqual([])
  })

  it('that have no place for who is alone let it in by others that they name', () => {
    const one = new One()
    const [door, named] = others as [PeerId, PeerId]
    one.input({ type: 'join', peers: [door] })
    const [init] = one.said(door, 'init') as { requestId: number }[]
    const { requestId } = init!
    const sample = [{ peer: named, record: undefined }]
    one.hear(door, { type: 'neighbor-reject', requestId, reason: 'full', sample })
    expect(one.kind).toBe('hyparview')
    expect(one.said(named, 'join')).toHaveLength(1)
    expect(one.said(door, 'join')).toEqual([])
  })

  it('that are of another part of the room, and large, are joined', () => {
    const one = new One()
    const [friend, far, farther] = others as [PeerId, PeerId, PeerId]
    one.hear(friend, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer: friend })
    one.hear(far, { type: 'component', requestId: 1, name: far, beat: 1, ageSeconds: 0 })
    expect(one.said(far, 'init')).toHaveLength(1)
    // Over a link that another topic has with it, too; what a neighbor says is of our own part.
    const word = { type: 'component', requestId: 2, beat: 1, ageSeconds: 0 } as const
    const linked = true
    one.input({ type: 'message', from: others[5]!, message: { ...word, name: far }, linked })
    one.hear(far, { type: 'bye', requestId: 0, reason: 'not-in-topic' })
    one.spend(2, () => undefined)
    expect(one.said(others[5]!, 'init')).not.toEqual([])
    one.hear(friend, { ...word, name: far })
    one.spend(2, () => undefined)
    expect(one.said(friend, 'init')).toEqual([])
    one.input({ type: 'remember', peers: [farther] })
    one.hear(farther, { type: 'neighbor-reject', requestId: 1, reason: 'full', sample: [] })
    expect(one.kind).toBe('hyparview')
    expect(one.said(farther, 'join')).toHaveLength(1)
  })

  it('that agreed to a link and have no place after all leave nobody alone: it joins again', () => {
    const one = new One()
    const agreed = others.slice(0, 7)
    for (const peer of agreed) {
      one.hear(peer, { type: 'conn', requestId: 1, asks: true, record: undefined })
    }
    one.hear(others[7]!, { type: 'init', requestId: 1, record: undefined })
    expect(one.kind).toBe('hyparview')
    expect(one.machine.neighbors).toEqual([])
    const refuse = (peer: PeerId, requestId: number) =>
      one.hear(peer, { type: 'neighbor-reject', requestId, reason: 'busy', sample: [] })
    for (const peer of agreed) refuse(peer, 0)
    refuse(others[7]!, 1)
    one.spend(5, () => undefined)
    expect(others.flatMap(peer => one.said(peer, 'join'))).not.toEqual([])
  })

  it('that say BYE to a partial view have left', () => {
    const one = wentUp()
    one.hear(others[2]!, { type: 'bye', requestId: 0, reason: 'leaving' })
    expect(one.downs).toEqual([{ type: 'neighbor-down', peer: others[2], reason: 'left' }])
  })

  it('are told who is here when they become neighbors: so a full mesh hears that it is too small', () => {
    const one = wentUp(others.slice(0, 3))
    const [joiner] = others.slice(-1) as [PeerId]
    one.hear(joiner, { type: 'init', requestId: 5, record: undefined })
    one.input({ type: 'link-up', peer: joiner })
    expect(one.said(joiner, 'gosp')).toMatchObject([{ view: { members: expect.any(Array) } }])
  })
})

/** A machine that went up with these neighbors, the last of which named a room of nine. */
function wentUp(neighbors = others.slice(0, 7)): One {
  const one = new One()
  for (const peer of neighbors) {
    one.hear(peer, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer })
  }
  one.gosp(neighbors[0]!, [self, ...others.slice(1), neighbors[0]!])
  expect(one.kind).toBe('hyparview')
  return one
}

class One {
  readonly machine = new Auto({
    self,
    random: new Random(1),
    hyparview: HYPARVIEW_DEFAULTS,
    fullMesh: { ...FULL_MESH_DEFAULTS, periodMs: PERIOD_MS },
  })
  #now = 1_000_000
  #out: MembershipOutput<MembershipMessage>[] = []

  get kind(): string {
    return this.machine.snapshot().kind
  }

  get downs() {
    return this.#out.filter(one => one.type === 'neighbor-down')
  }

  said(to: PeerId, type: MembershipMessage['type']): MembershipMessage[] {
    return this.#out.flatMap(one =>
      one.type === 'send' && one.to === to && one.message.type === type ? [one.message] : [],
    )
  }

  /** Of members, in the GOSPs to that peer that have one. */
  listsTo(to: PeerId): PeerId[][] {
    return this.said(to, 'gosp').flatMap(one =>
      one.type === 'gosp' && one.view?.members !== undefined ? [one.view.members] : [],
    )
  }

  counted(counter: string): number {
    return this.#out.filter(one => one.type === 'count' && one.counter === counter).length
  }

  input(input: MembershipInput<MembershipMessage>): void {
    this.#out.push(...this.machine.handle(this.#now, input))
  }

  hear(from: PeerId, message: MembershipMessage): void {
    const linked = this.machine.neighbors.includes(from)
    this.input({ type: 'message', from, message, linked })
  }

  gosp(from: PeerId, members: PeerId[] | undefined): void {
    const view = { digest: new Uint8Array(8), members }
    this.hear(from, { type: 'gosp', view, presence: [], frontier: undefined })
  }

  /** So many periods, in each of which every neighbor says its members. */
  spend(periods: number, membersOf: (peer: PeerId) => PeerId[] | undefined): void {
    for (let i = 0; i < periods; i++) {
      for (const peer of this.machine.neighbors) this.gosp(peer, membersOf(peer))
      const until = this.#now + PERIOD_MS
      for (;;) {
        const at = this.machine.nextDeadline?.at ?? Number.POSITIVE_INFINITY
        if (at > until) break
        this.#now = Math.max(this.#now, at)
        this.input({ type: 'wake' })
      }
      this.#now = until
    }
  }
}
