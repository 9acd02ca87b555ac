import { describe, expect, it } from 'vitest'
import { Client, connect } from './client.suite.js'
import { refusal, run, topic } from './server.suite.js'

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
