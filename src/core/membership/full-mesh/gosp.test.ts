import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { a, b, c, d, type Gosp, gosp, meshOf, type One, periodMs } from './machine.suite.js'
import { fullMeshNetwork } from './messages.suite.js'

// The seed's GOSP, its rule (reference §2.5, by its number), and what was added.

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

  it('without a link is nothing: only neighbors say it', () => {
    const one = meshOf(a, b)
    const message = gosp({ members: [a, b, c, d] })
    one.input({ type: 'message', from: c, message, linked: false })
    expect([...one.outputs('connect'), ...one.saidTo('conn')]).toEqual([])
  })

  it('is said to the suspicious as to all: perhaps only our ear is deaf', () => {
    const one = meshOf(a, b)
    one.after(3 * periodMs)
    expect(one.machine.neighbors).toEqual([])
    one.sent('gosp')
    one.after(periodMs)
    expect(one.sent('gosp')).toEqual([b])
  })

  it('over a new link in place of an old one brings the members again', () => {
    const one = meshOf(a, b)
    const { digest } = (one.said('gosp') as Gosp[]).at(-1)!.view!
    one.hear(b, gosp({ digest }))
    one.input({ type: 'link-up', peer: b })
    expect((one.said('gosp') as Gosp[]).at(-1)!.view!.members).toEqual([b, a])
    expect(one.machine.mesh).toBe('forming')
  })

  it('missed for six periods costs the link', () => {
    const one = meshOf(a, b)
    one.after(6 * periodMs - 1)
    expect(one.outputs('release')).toEqual([])
    one.after(1)
    expect(one.outputs('release')).toMatchObject([{ peer: b }])
    expect(one.machine.snapshot().requests).toEqual([])
  })

  it('missed for six periods is a loss: half a minute later the peer is looked for', () => {
    const one = meshOf(a, b, c)
    for (let ms = 0; ms < 6 * periodMs + 30_000; ms += 1_000) {
      one.hear(b, gosp())
      one.after(1_000)
    }
    expect(one.sent('conn')).toEqual([c])
  })

  it('missed because we slept ourselves says nothing about the others', () => {
    const one = meshOf(a, b)
    one.sleep(60_000)
    expect(one.machine.neighbors).toEqual([b])
    one.after(2 * periodMs)
    expect(one.machine.neighbors).toEqual([b])
  })
})

function digestBy(one: One): Uint8Array {
  one.after(periodMs)
  return (one.said('gosp').at(-1) as Gosp).view!.digest
}
