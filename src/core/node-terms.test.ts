import { describe, expect, it } from 'vitest'
import { CHAT, Mesh, NEWS, pair, subscription } from './mesh.suite.js'

describe('node', () => {
  it('a difference in terms is an event on both sides and makes no neighbors', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.subscribe(b!, CHAT, { maxMessageSize: 9 })
    mesh.run(5_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, CHAT)).toEqual([])
      const event = mesh.events(peer, CHAT).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'maxMessageSize' })
    }
  })

  it('a topic opened again with other terms is told anew over a link that stands', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    for (const peer of [a!, b!]) mesh.subscribe(peer, NEWS)
    mesh.run(5_000)
    mesh.input(a!, { type: 'leave', topic: CHAT })
    mesh.run(1_000)
    mesh.subscribe(a!, CHAT, { signed: false })
    mesh.run(10_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, CHAT)).toEqual([])
      const event = mesh.events(peer, CHAT).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'signed' })
    }
  })

  it('a topic opened again with the right terms finds its peer over a link that stands', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.subscribe(a!, NEWS, { signed: false })
    mesh.subscribe(b!, NEWS)
    mesh.run(5_000)
    expect(mesh.events(a!, NEWS).some(({ type }) => type === 'mismatch')).toBe(true)
    mesh.input(a!, { type: 'leave', topic: NEWS })
    mesh.run(1_000)
    mesh.subscribe(a!, NEWS)
    mesh.run(100_000)
    expect(mesh.neighbors(a!, NEWS)).toEqual([b])
    expect(mesh.neighbors(b!, NEWS)).toEqual([a])
  })

  it('terms that were heard before the topic was open here are compared when it is', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.input(b!, subscription(NEWS, { bootstrap: [a!] }))
    mesh.run(1_000)
    mesh.subscribe(a!, NEWS, { signed: false })
    mesh.run(40_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, NEWS)).toEqual([])
      const event = mesh.events(peer, NEWS).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'signed' })
    }
  })
})
