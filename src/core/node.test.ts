import { describe, expect, it } from 'vitest'
import { type PeerId, peerIdFromBytes } from './ids.js'
import type { NodeInput } from './io.js'
import { CHAT, Mesh, NEWS, pair, subscription } from './mesh.suite.js'
import { Random } from './random.js'

describe('node', () => {
  it('two peers that enter a topic become neighbors', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.subscribe(b!, CHAT)
    mesh.run(5_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([b])
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
    expect(mesh.status(a!, CHAT).state).toBe('joined')
  })

  it('a first peer is alone once the server has named nobody', () => {
    const mesh = new Mesh(1)
    const [a] = mesh.peers(1)
    mesh.subscribe(a!, CHAT)
    expect(mesh.status(a!, CHAT).state).toBe('connecting')
    mesh.run(1_000)
    expect(mesh.status(a!, CHAT).state).toBe('alone')
  })

  it.each([1, 2, 3])('a message reaches everyone exactly once, seed %i', seed => {
    const mesh = new Mesh(seed)
    const peers = mesh.peers(30)
    for (const peer of peers) {
      mesh.subscribe(peer, CHAT)
      mesh.run(200)
    }
    mesh.run(20_000)
    for (const peer of peers.slice(0, 10)) mesh.broadcast(peer, CHAT, `from ${peer}`)
    mesh.run(10_000)
    for (const peer of peers) {
      const expected = peers.slice(0, 10).filter(author => author !== peer)
      expect(mesh.received(peer, CHAT).sort()).toEqual(expected.map(p => `from ${p}`).sort())
    }
  })

  it('the same bytes said twice arrive twice', () => {
    const mesh = pair()
    mesh.broadcast(mesh.all[0]!, CHAT, 'hello')
    mesh.broadcast(mesh.all[0]!, CHAT, 'hello')
    mesh.run(1_000)
    expect(mesh.received(mesh.all[1]!, CHAT)).toEqual(['hello', 'hello'])
  })

  it('a broadcast made alone resolves with no neighbors and reaches who comes soon', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.run(1_000)
    mesh.broadcast(a!, CHAT, 'anyone?')
    mesh.run(1_000)
    expect(mesh.outcomes(a!)).toEqual([0])
    mesh.subscribe(b!, CHAT)
    mesh.run(5_000)
    expect(mesh.received(b!, CHAT)).toEqual(['anyone?'])
  })

  it('one link serves two topics and stands until the last lets go', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.subscribe(a!, NEWS)
    mesh.subscribe(b!, NEWS)
    mesh.run(5_000)
    expect(mesh.neighbors(a!, NEWS)).toEqual([b])
    expect(mesh.dials).toBe(1)
    mesh.input(a!, { type: 'leave', topic: CHAT })
    mesh.run(5_000)
    expect(mesh.neighbors(b!, CHAT)).toEqual([])
    expect(mesh.neighbors(b!, NEWS)).toEqual([a])
    expect(mesh.links(a!)).toBe(1)
    mesh.input(a!, { type: 'leave', topic: NEWS })
    mesh.run(5_000)
    expect(mesh.links(a!)).toBe(0)
    expect(mesh.links(b!)).toBe(0)
  })

  it('a knock for a topic nobody joined here is refused, and costs no link', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.input(a!, subscription(CHAT, { bootstrap: [b!] }))
    mesh.run(2_000)
    expect(mesh.dials).toBe(0)
    expect(mesh.neighbors(a!, CHAT)).toEqual([])
  })

  it('a banned peer is hung up, refused, and said to be so', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.input(a!, { type: 'misbehaved', peer: b!, reason: 'malformed-frame' })
    mesh.run(10_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([])
    expect(mesh.links(a!)).toBe(0)
    const events = mesh.events(a!, CHAT)
    expect(events).toContainEqual({
      type: 'peerBlamed',
      peer: b,
      reason: 'malformed-frame',
      banned: true,
    })
  })

  it.each<['open' | 'none']>([['open'], ['none']])(
    'who is remembered is asked where nobody else is named, signaling %s',
    state => {
      const mesh = new Mesh(3)
      const [a, b] = mesh.peers(2)
      mesh.input(a!, { type: 'signaling', state })
      const knocks = () => mesh.outputs(a!).filter(({ type }) => type === 'knock')
      mesh.input(a!, { ...subscription(CHAT), remembered: [b!] } as NodeInput)
      if (state === 'open') {
        expect(knocks()).toEqual([])
        mesh.input(a!, { type: 'introduced', topic: CHAT, peers: [] })
      }
      expect(knocks()).toMatchObject([{ to: b, knock: { type: 'join' } }])
    },
  )

  it('what is for a peer that the server just named goes through the server, whoever named it before', () => {
    const mesh = pair()
    const [a, b] = mesh.all as [PeerId, PeerId]
    const far = peerIdFromBytes(new Random(99).bytes(32))
    const joiner = { peer: far, record: undefined }
    const message = { type: 'forward-join', joiner, hopsLeft: 1 } as const
    const word = { type: 'signal-out', to: far, body: new Uint8Array(1) } as const
    const way = () => {
      mesh.input(a, word)
      return mesh.outputs(a).at(-1)?.type
    }
    mesh.input(a, { type: 'frame', from: b, epoch: mesh.epochWith(a, b), topic: CHAT, message })
    expect(way()).toBe('send-relay')
    mesh.input(a, { type: 'introduced', topic: CHAT, peers: [far] })
    expect(way()).toBe('signal')
  })

  it('the same seed replays the same run', () => {
    const trace = () => {
      const mesh = new Mesh(7)
      for (const peer of mesh.peers(8)) {
        mesh.subscribe(peer, CHAT)
        mesh.run(100)
      }
      mesh.run(30_000)
      return mesh.trace.join('\n')
    }
    expect(trace()).toBe(trace())
  })
})
