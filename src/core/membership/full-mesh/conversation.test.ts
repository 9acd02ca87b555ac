import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { testPeer } from '../network.suite.js'
import { FULL_MESH_DEFAULTS } from './config.js'
import { a, b, c, d, e, gosp, meshOf, One } from './machine.suite.js'

// The seed's messages but GOSP, its rules that are kept (reference §2.5, by their numbers), and what was added.

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

  it('that finds no door ends after four rounds in company: then the company is the room', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.hear(c, { type: 'init', requestId: 1, record: undefined })
    one.input({ type: 'link-up', peer: c })
    const said: number[] = []
    for (let s = 0; s < 300; s++) {
      one.hear(c, gosp())
      for (const _ of one.sent('init')) said.push(s)
      one.after(1_000)
    }
    // Each round three tries.
    expect(said.length).toBe(3 * 4)
    expect(said.at(-1)).toBeLessThan(100)
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

  it('to one that leaves is said at the next door at once', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b, c] })
    one.sent('init')
    one.hear(b, { type: 'bye', requestId: 0, reason: 'leaving' })
    expect(one.outputs('join-failed')).toMatchObject([{ peer: b, reason: 'leaving' }])
    expect(one.sent('init')).toEqual([c])
  })

  it('goes to nobody because of earlier visits alone: they are doors once there is a wish to come in', () => {
    const one = new One(a)
    one.input({ type: 'remember', peers: [b, c] })
    one.after(10_000)
    expect([...one.sent('init'), ...one.sent('conn')]).toEqual([])
    one.input({ type: 'join', peers: [] })
    expect(one.sent('init')).toEqual([b])
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

  it('that overtakes INFO is as good as one after it', () => {
    const one = new One(a)
    one.input({ type: 'join', peers: [b] })
    one.hear(c, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(one.outputs('connect')).toMatchObject([{ peer: c }])
    one.answer(b, 'info', [c, d])
    expect(one.sent('conn').sort()).toEqual([c, d])
    expect(one.outputs('connect')).toMatchObject([{ peer: c }, { peer: b }])
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

  it('is said no more, after three times three, to one that never answers, unless it is named again', () => {
    const one = meshOf(a, b)
    one.hear(b, gosp({ members: [a, c, b] }))
    let said = 0
    for (let ms = 0; ms < 300_000; ms += 2_000) {
      said += one.sent('conn').length
      one.hear(b, gosp())
      one.after(2_000)
    }
    expect(said).toBe(9)
  })

  it('of a member without a link makes the link anew: it lost it before we noticed', () => {
    const one = meshOf(a, b)
    const conn = { type: 'conn', requestId: 1, asks: true, record: undefined } as const
    one.hear(b, conn)
    expect(one.outputs('connect')).toEqual([])
    one.input({ type: 'message', from: b, message: conn, linked: false })
    expect(one.outputs('connect')).toEqual([{ type: 'connect', peer: b }])
  })

  it('goes at once to a neighbor whose link broke, and after a pause to one whose link did not come', () => {
    const one = meshOf(a, b, c)
    one.input({ type: 'link-down', peer: c, reason: 'failed' })
    expect(one.sent('conn')).toEqual([c])
    one.hear(d, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-down', peer: d, reason: 'failed' })
    expect(one.sent('conn')).toEqual([])
    one.after(1_000)
    expect(one.sent('conn')).toContain(d)
  })

  it('that leads to no link in time is forgotten, and said again after a pause', () => {
    const one = new One(a)
    one.hear(b, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.after(FULL_MESH_DEFAULTS.dialTimeoutMs - 1)
    expect(one.outputs('release')).toEqual([])
    one.after(1)
    expect(one.outputs('release')).toMatchObject([{ peer: b }])
    one.after(1_000)
    expect(one.sent('conn')).toEqual([b])
  })

  it('goes to eight of those that the server names, or an earlier visit', () => {
    const one = meshOf(a, b)
    const peers = Array.from({ length: 20 }, (_, i) => testPeer(100 + i))
    one.input({ type: 'remember', peers })
    expect(one.sent('conn')).toEqual(peers.slice(0, 8))
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

  it('of one that was lost is believed: it is looked for no more', () => {
    const one = meshOf(a, b, c)
    one.input({ type: 'link-down', peer: c, reason: 'failed' })
    expect(one.sent('conn')).toEqual([c])
    one.hear(c, { type: 'bye', requestId: 0, reason: 'leaving' })
    for (let ms = 0; ms < 100_000; ms += 1_000) {
      one.hear(b, gosp())
      one.after(1_000)
    }
    expect(one.sent('conn')).toEqual([])
  })

  it('of one that leaves ends what it said of itself: it says that again when it returns', () => {
    const one = meshOf(a, b)
    const record = { data: new Uint8Array([1]), time: 1, signature: new Uint8Array(64) }
    for (let time = 1; time <= 2; time++) {
      one.hear(c, { type: 'conn', requestId: 1, asks: false, record })
      expect(one.outputs('peer-data')).toHaveLength(time)
      one.hear(c, { type: 'bye', requestId: 0, reason: 'leaving' })
    }
  })

  it('of a neighbor that was too slow for us, or we for it, is followed by a CONN after a pause', () => {
    const one = meshOf(a, b, c)
    one.hear(c, { type: 'bye', requestId: 0, reason: 'full' })
    expect(one.outputs('neighbor-down')).toMatchObject([{ peer: c, reason: 'replaced' }])
    expect(one.sent('conn')).toEqual([])
    one.after(1_000)
    expect(one.sent('conn')).toEqual([c])
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
