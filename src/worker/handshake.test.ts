import { beforeAll, describe, expect, it } from 'vitest'
import { type Hello, WIRE_VERSION } from '../wire/hello.js'
import { Handshake, offers } from './handshake.js'
import type { Identity } from './identity.js'
import { fiveKeys, PROTOCOL } from './world.suite.js'

let alice: Identity
let bob: Identity
let carol: Identity
beforeAll(async () => {
  const keys = await fiveKeys()
  ;[alice, bob, carol] = keys.map(({ id }) => id) as [Identity, Identity, Identity]
})

describe('two hellos', () => {
  it('prove both keys to each other', async () => {
    const { a, b } = pair()
    const [aProof, bProof] = [a.heardHello(b.hello()), b.heardHello(a.hello())]
    expect(await a.heardProof((await bProof)!)).toBe(true)
    expect(await b.heardProof((await aProof)!)).toBe(true)
  })

  it('have a nonce that no other link has', () => {
    const nonces = new Set([1, 2, 3].map(() => pair().a.hello().nonce.join()))
    expect(nonces.size).toBe(3)
  })

  it.each<[string, (hello: Hello) => Partial<Hello>]>([
    ['another key', () => ({ peer: carol.peerId })],
    ['the listener’s own key', () => ({ peer: alice.peerId })],
    ['another protocol', () => ({ protocol: 'something/else' })],
    ['no version that we speak', () => ({ versions: [WIRE_VERSION + 1, 0] })],
    ['no version at all', () => ({ versions: [] })],
  ])('one with %s is refused and gets no proof', (_, change) => {
    const { a, b } = pair()
    const hello = b.hello()
    expect(a.heardHello({ ...hello, ...change(hello) })).toBeUndefined()
    expect(a.heardHello(hello)).toBeDefined()
  })

  it('one that also speaks versions we do not know, and has features unheard of, is taken', () => {
    const { a, b } = pair()
    const versions = [WIRE_VERSION, WIRE_VERSION + 1]
    expect(a.heardHello({ ...b.hello(), versions, features: ['telepathy'] })).toBeDefined()
  })

  it('a second one on the same link is refused', () => {
    const { a, b } = pair()
    expect(a.heardHello(b.hello())).toBeDefined()
    expect(a.heardHello(b.hello())).toBeUndefined()
  })
})

describe('a proof', () => {
  it('that was made on another link of the same two peers fails', async () => {
    const before = pair()
    const old = (await before.b.heardHello(before.a.hello()))!
    before.a.heardHello(before.b.hello())
    expect(await before.a.heardProof(old)).toBe(true)

    const { a, b } = pair()
    a.heardHello(b.hello())
    expect(await a.heardProof(old)).toBe(false)
    // Nor with the old hello before it: our own nonce is fresh.
    const again = pair()
    again.a.heardHello(before.b.hello())
    expect(await again.a.heardProof(old)).toBe(false)
  })

  it('of our own, said back to us, fails', async () => {
    const { a, b } = pair()
    const ours = (await a.heardHello(b.hello()))!
    expect(await a.heardProof(ours)).toBe(false)
  })

  it('by another key fails, even one that heard both nonces', async () => {
    const { a, b } = pair()
    a.heardHello(b.hello())
    const mallory = new Handshake(carol, alice.peerId, PROTOCOL)
    const forged = (await mallory.heardHello({ ...a.hello(), peer: alice.peerId }))!
    expect(await a.heardProof(forged)).toBe(false)
  })

  it('under another protocol’s name fails', async () => {
    const { a, b } = pair()
    a.heardHello(b.hello())
    const other = new Handshake(bob, alice.peerId, 'something/else')
    const proof = (await other.heardHello({ ...a.hello(), protocol: 'something/else' }))!
    expect(await a.heardProof(proof)).toBe(false)
  })

  it('before any hello fails', async () => {
    const { a, b } = pair()
    expect(await a.heardProof((await b.heardHello(a.hello()))!)).toBe(false)
  })
})

it('of two peers exactly one offers', async () => {
  const ids = (await fiveKeys()).map(({ id }) => id.peerId)
  for (const a of ids) {
    for (const b of ids) if (a !== b) expect(offers(a, b)).not.toBe(offers(b, a))
  }
})

function pair(): { a: Handshake; b: Handshake } {
  return {
    a: new Handshake(alice, bob.peerId, PROTOCOL),
    b: new Handshake(bob, alice.peerId, PROTOCOL),
  }
}
