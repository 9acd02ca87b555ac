import { describe, expect, it } from 'vitest'
import { CHAT, Mesh, pair } from './mesh.suite.js'

describe('node', () => {
  it.each([1, 2, 3, 4])('lost neighbors are replaced when the server is gone, seed %i', seed => {
    const mesh = new Mesh(seed)
    const peers = mesh.peers(12)
    for (const peer of peers) {
      mesh.subscribe(peer, CHAT)
      mesh.run(300)
    }
    mesh.run(150_000)
    mesh.stopServer()
    const dead = peers.slice(0, 4)
    for (const peer of dead) mesh.kill(peer)
    mesh.run(60_000)
    const alive = peers.slice(4)
    for (const peer of alive) {
      expect(mesh.neighbors(peer, CHAT).length).toBeGreaterThan(0)
      expect(mesh.neighbors(peer, CHAT).some(one => dead.includes(one))).toBe(false)
    }
    mesh.broadcast(alive[0]!, CHAT, 'still here')
    mesh.run(5_000)
    for (const peer of alive.slice(1)) expect(mesh.received(peer, CHAT)).toEqual(['still here'])
    expect(mesh.status(alive[0]!, CHAT).state).toBe('degraded')
  })

  it('ids seen before a reload are not delivered again', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.broadcast(a!, CHAT, 'once')
    mesh.run(1_000)
    expect(mesh.received(b!, CHAT)).toEqual(['once'])
    mesh.reload(b!)
    mesh.subscribe(b!, CHAT)
    mesh.run(10_000)
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
    expect(mesh.received(b!, CHAT)).toEqual(['once'])
  })

  it('a peer that comes back before its loss was noticed is a neighbor again', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.run(10_000)
    mesh.reload(b!, { silently: true })
    mesh.subscribe(b!, CHAT)
    mesh.run(10_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([b])
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
  })
})
