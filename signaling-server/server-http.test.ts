import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { connect } from './client.suite.js'
import { closers, get, refusal, run, topic } from './server.suite.js'

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
