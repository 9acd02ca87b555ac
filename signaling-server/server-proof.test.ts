import { describe, expect, it } from 'vitest'
import { Client, connect, makeIdentity } from './client.suite.js'
import { run, topic } from './server.suite.js'

describe('a proof', () => {
  it('by another key is refused', async () => {
    const { url, signaling } = await run()
    const client = new Client(url)
    await client.opened()
    client.hello()
    await client.prove({ privateKey: makeIdentity().privateKey })
    expect(await client.next('error')).toMatchObject({ code: 'proof', fatal: true })
    expect(await client.closed).toEqual({ code: 4002, reason: 'proof' })
    await expect.poll(() => signaling.stats()).toMatchObject({ peers: 0, sockets: 0 })
  })

  it('for another server is refused, and whoever runs this one is told', async () => {
    const { url, logged } = await run({ origin: ['signaling.example'] })
    const client = new Client(url)
    await client.opened()
    client.hello()
    await client.prove()
    expect(await client.next('error')).toMatchObject({ code: 'origin', fatal: true })
    expect(await client.closed).toEqual({ code: 4002, reason: 'origin' })
    expect(logged).toEqual([expect.stringContaining('ORIGIN')])
    const known = new Client(url)
    await known.opened()
    known.hello()
    await known.prove({ origin: 'signaling.example' })
    await known.next('ready')
  })

  it('is asked anew on each socket: an old one does not open it again', async () => {
    const { url } = await run()
    const a = new Client(url)
    const b = new Client(url, a.identity)
    await Promise.all([a.opened(), b.opened()])
    a.hello()
    b.hello()
    const nonces = [await a.next('challenge'), await b.next('challenge')]
    expect(nonces[0]!.nonce).not.toEqual(nonces[1]!.nonce)
  })

  it('is awaited for a limited time', async () => {
    const { url, signaling } = await run({ limits: { handshakeTimeoutMs: 50 } })
    const silent = new Client(url)
    expect(await silent.closed).toEqual({ code: 4003, reason: 'no proof in time' })
    const half = new Client(url)
    await half.opened()
    half.hello()
    expect((await half.closed).code).toBe(4003)
    expect(signaling.stats().counters['handshakes-timed-out']).toBe(2)
  })

  it('of the same key again closes the older socket', async () => {
    const { url, signaling } = await run()
    const identity = makeIdentity()
    const older = await connect(url, identity)
    await older.enter(topic)
    const newer = await connect(url, identity)
    expect(await older.closed).toEqual({ code: 4001, reason: 'replaced' })
    const b = await connect(url)
    await newer.enter(topic)
    expect(await b.enter(topic)).toEqual([identity.peer])
    b.say({ type: 'signal', to: identity.peer, body: 'AQID' })
    await newer.next('signal')
    expect(signaling.stats().peers).toBe(2)
  })
})
