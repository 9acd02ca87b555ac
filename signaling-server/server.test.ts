import { describe, expect, it } from 'vitest'
import { Client, connect, makeIdentity } from './client.suite.js'
import { LIMITS } from './limits.js'
import { other, run, topic } from './server.suite.js'

describe('a signaling server', () => {
  it('introduces peers and passes their signals', async () => {
    const { url, signaling } = await run()
    const a = await connect(url)
    const b = await connect(url)
    expect(await a.enter(topic)).toEqual([])
    expect(await b.enter(topic)).toEqual([a.peer])
    b.say({ type: 'signal', to: a.peer, body: 'AQID' })
    expect(await a.next('signal')).toEqual({
      type: 'signal',
      from: b.peer,
      body: new Uint8Array([1, 2, 3]),
    })
    expect(signaling.stats()).toMatchObject({
      peers: 2,
      topics: 1,
      sockets: 2,
      counters: { 'signals-delivered': 1 },
    })
  })

  it('says that a signal is undeliverable to an unknown peer and to one that shares no topic', async () => {
    const { url } = await run()
    const a = await connect(url)
    const b = await connect(url)
    await a.enter(topic)
    await b.enter(other)
    for (const to of [b.peer, makeIdentity().peer]) {
      a.say({ type: 'signal', to, body: 'AQID' })
      expect(await a.next('undeliverable')).toEqual({ type: 'undeliverable', to })
    }
    await b.settled()
    expect(b.heard).toEqual([])
  })

  it('forgets a peer whose socket closes', async () => {
    const { url, signaling } = await run()
    const a = await connect(url)
    const b = await connect(url)
    await a.enter(topic)
    a.ws.terminate()
    await a.closed
    await expect.poll(() => signaling.stats().peers).toBe(1)
    expect(await b.enter(topic)).toEqual([])
    expect(signaling.stats().sockets).toBe(1)
  })

  it('tells how often to ping, what it allows, and its ICE servers', async () => {
    const { url } = await run({ iceServers: [{ urls: 'stun:a.example' }] })
    const client = new Client(url)
    await client.opened()
    client.hello()
    await client.prove()
    expect(await client.next('ready')).toEqual({
      type: 'ready',
      iceServers: [{ urls: 'stun:a.example' }],
      limits: {
        messageBytes: LIMITS.messageBytes,
        messagesPerSecond: LIMITS.messagesPerSecond,
        bytesPerSecond: LIMITS.bytesPerSecond,
        topics: LIMITS.topicsPerPeer,
      },
    })
  })

  it('renews ICE credentials of those who stay', async () => {
    let made = 0
    const { url } = await run({
      iceServers: {
        servers: peer => [{ urls: 'turn:a.example', username: `${++made}:${peer}` }],
        refreshMs: 30,
      },
      limits: { pingIntervalMs: 150 },
    })
    const client = await connect(url)
    const { iceServers } = await client.next('ready')
    expect(iceServers[0]?.username).toBe(`2:${client.peer}`)
  })
})

describe('a server that stops', () => {
  it('tells every client when to come back, closes all and takes no more', async () => {
    const { url, signaling } = await run()
    const clients = await Promise.all([connect(url), connect(url), connect(url)])
    const half = new Client(url)
    await half.opened()
    const stopped = signaling.close()
    for (const client of clients) {
      const { retryAfterMs } = await client.next('closing')
      expect(retryAfterMs).toBeGreaterThanOrEqual(1_000)
      expect(retryAfterMs).toBeLessThanOrEqual(5_000)
      expect((await client.closed).code).toBe(1001)
    }
    await stopped
    expect(signaling.stats()).toMatchObject({ peers: 0, topics: 0, sockets: 0 })
    await expect(new Client(url).opened()).rejects.toThrow()
    await signaling.close()
  })

  it('does not wait for a client that does not close its side', async () => {
    const { url, signaling } = await run()
    const stuck = await connect(url)
    stuck.ws.pause()
    await signaling.close()
    expect(signaling.stats().sockets).toBe(0)
    stuck.ws.terminate()
  })
})
