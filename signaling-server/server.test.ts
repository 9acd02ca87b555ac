import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { topicIdFromBytes } from '../src/core/ids.js'
import { Client, connect, makeIdentity } from './client.suite.js'
import { LIMITS } from './limits.js'
import {
  createSignalingServer,
  type SignalingServer,
  type SignalingServerOptions,
} from './server.js'

const topic = topicIdFromBytes(new Uint8Array(32).fill(1))
const other = topicIdFromBytes(new Uint8Array(32).fill(2))
const closers: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Running {
  signaling: SignalingServer
  port: number
  url: string
  logged: string[]
}

async function run(options: SignalingServerOptions = {}): Promise<Running> {
  const logged: string[] = []
  const signaling = createSignalingServer({ log: line => logged.push(line), ...options })
  closers.push(() => signaling.close())
  if (!signaling.server.listening) {
    await new Promise<void>(resolve => signaling.server.listen(0, '127.0.0.1', resolve))
  }
  const { port } = signaling.server.address() as AddressInfo
  return { signaling, port, url: `ws://127.0.0.1:${port}/signaling`, logged }
}

function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', agent: false }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end()
  })
}

/** The HTTP status with which an upgrade was refused. */
function refusal(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new Client(url)
    client.ws.on('open', () => reject(new Error('not refused')))
    client.ws.on('unexpected-response', (_, response) => {
      resolve(response.statusCode!)
      client.ws.terminate()
    })
  })
}

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

describe('what breaks the rules', () => {
  it('a text too long closes the socket, and others do not notice', async () => {
    const { url } = await run()
    const good = await connect(url)
    const bad = await connect(url)
    bad.ws.send('x'.repeat(32 * 1024 + 1))
    expect((await bad.closed).code).toBe(1009)
    await good.settled()
  })

  it('rubbish is told of, then costs the socket', async () => {
    const { url, signaling } = await run({ limits: { patience: 5 } })
    const good = await connect(url)
    const bad = await connect(url)
    for (const text of ['{', '[]', '{"type":"enter"}', '{"type":"fly"}']) bad.ws.send(text)
    bad.ws.send(Buffer.from([1, 2, 3]))
    expect(await bad.next('error')).toMatchObject({ code: 'malformed', fatal: false })
    bad.ws.send('again')
    expect(await bad.closed).toEqual({ code: 4008, reason: 'too many faults' })
    expect(signaling.stats().counters['messages-malformed']).toBe(6)
    await good.settled()
  })

  it('a flood is cut off, of messages, of signals and of ping frames alike', async () => {
    const { url, signaling } = await run({ limits: { messageBurst: 50, patience: 10 } })
    const good = await connect(url)
    await good.enter(topic)
    for (const flood of [
      (bad: Client) => bad.say({ type: 'enter', topic }),
      (bad: Client) => bad.say({ type: 'signal', to: good.peer, body: 'AQID' }),
      (bad: Client) => bad.ws.ping(),
    ]) {
      const bad = await connect(url)
      await bad.enter(topic)
      for (let i = 0; i < 200; i++) flood(bad)
      expect((await bad.closed).code).toBe(4008)
    }
    await good.settled()
    const delivered = good.heard.filter(message => message.type === 'signal').length
    expect(delivered).toBeGreaterThan(0)
    expect(delivered).toBeLessThan(60)
    expect(signaling.stats().counters['messages-over-rate']).toBeGreaterThan(30)
  })

  it('nothing is heard from a peer that has not proven itself', async () => {
    const { url, signaling } = await run()
    const good = await connect(url)
    await good.enter(topic)
    const bad = new Client(url)
    await bad.opened()
    bad.say({ type: 'enter', topic })
    expect(await bad.next('error')).toMatchObject({ code: 'unexpected' })
    bad.say({ type: 'signal', to: good.peer, body: 'AQID' })
    bad.hello()
    await bad.next('challenge')
    expect(signaling.stats()).toMatchObject({ peers: 1, topics: 1 })
    expect(good.heard).toEqual([])
  })

  it('another version is refused', async () => {
    const { url } = await run()
    const client = new Client(url)
    await client.opened()
    client.hello(99)
    expect(await client.next('error')).toMatchObject({ code: 'version', fatal: true })
    expect((await client.closed).code).toBe(4002)
  })

  it('too many sockets of one address are refused, until one closes', async () => {
    const { url, signaling } = await run({ limits: { socketsPerAddress: 2 } })
    const a = await connect(url)
    await connect(url)
    expect(await refusal(url)).toBe(429)
    a.ws.close()
    await expect.poll(() => signaling.stats().sockets).toBe(1)
    await connect(url)
  })

  it('behind a trusted proxy an address is the one the proxy saw', async () => {
    const { url } = await run({ trustProxy: true, limits: { socketsPerAddress: 1 } })
    const from = (address: string) =>
      new Client(url, undefined, { headers: { 'x-forwarded-for': `6.6.6.6, ${address}` } })
    await from('192.0.2.1').opened()
    await from('192.0.2.2').opened()
    await expect(from('192.0.2.1').opened()).rejects.toThrow('429')
  })

  it('too many sockets in all are refused', async () => {
    const { url, logged } = await run({ limits: { sockets: 1 } })
    await connect(url)
    expect(await refusal(url)).toBe(503)
    expect(logged).toHaveLength(1)
  })

  it('a client that answers no ping is dropped', async () => {
    const { url, signaling } = await run({ limits: { pingIntervalMs: 250 } })
    const dead = new Client(url, undefined, { autoPong: false })
    await dead.opened()
    dead.hello()
    await dead.prove()
    await dead.next('ready')
    const alive = await connect(url)
    expect((await dead.closed).code).toBe(1006)
    await expect.poll(() => signaling.stats().peers).toBe(1)
    expect(signaling.stats().counters['sockets-silent']).toBe(1)
    await alive.settled()
  })

  it('a client that reads nothing is dropped', async () => {
    const { url, signaling } = await run({
      limits: { unreadBytes: 100_000, byteBurst: 1e9, messageBurst: 1e6 },
    })
    const deaf = await connect(url)
    const a = await connect(url)
    await deaf.enter(topic)
    await a.enter(topic)
    deaf.ws.pause()
    const body = 'A'.repeat(24_000)
    for (let i = 0; i < 2_000 && signaling.stats().sockets === 2; i += 50) {
      for (let j = 0; j < 50; j++) a.say({ type: 'signal', to: deaf.peer, body })
      await a.settled()
    }
    expect(signaling.stats().counters['sockets-unread']).toBeGreaterThan(0)
    deaf.ws.terminate()
    await a.settled()
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

describe('over HTTP', () => {
  it('/healthz says how it is, and nothing else is there', async () => {
    const { url, port } = await run()
    const a = await connect(url)
    await a.enter(topic)
    const health = await get(port, '/healthz')
    expect(health.status).toBe(200)
    expect(JSON.parse(health.body)).toEqual({
      ok: true,
      peers: 1,
      topics: 1,
      uptime: expect.any(Number),
    })
    expect((await get(port, '/')).status).toBe(404)
    expect((await get(port, '/signaling')).status).toBe(404)
    expect(await refusal(`ws://127.0.0.1:${port}/elsewhere`)).toBe(404)
  })

  it('shares a port with a server of the caller, which stays open when signaling stops', async () => {
    const server = createServer((incoming, response) => {
      if (!running.signaling.respond(incoming, response)) response.end('a page')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    const running = await run({ server, path: '/here' })
    const { port, signaling } = running
    const a = await connect(`ws://127.0.0.1:${port}/here?x=1`)
    expect(await a.enter(topic)).toEqual([])
    expect((await get(port, '/')).body).toBe('a page')
    expect(JSON.parse((await get(port, '/healthz')).body)).toMatchObject({ ok: true, peers: 1 })
    expect(await refusal(`ws://127.0.0.1:${port}/signaling`)).toBe(404)
    await signaling.close()
    expect((await get(port, '/healthz')).status).toBe(503)
    expect((await get(port, '/')).body).toBe('a page')
    expect(server.listenerCount('upgrade')).toBe(0)
  })

  it('leaves sockets of other paths to whoever else listens for them', async () => {
    const server = createServer()
    const taken: string[] = []
    server.on('upgrade', (incoming, socket) => {
      if (incoming.url !== '/other') return
      taken.push(incoming.url)
      socket.end('HTTP/1.1 418 Teapot\r\n\r\n')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port, url } = await run({ server })
    expect(await refusal(`ws://127.0.0.1:${port}/other`)).toBe(418)
    await connect(url)
    expect(taken).toEqual(['/other'])
  })
})
