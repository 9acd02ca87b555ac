import { createServer } from 'node:http'
import { describe, expect, it, vi } from 'vitest'
import type { IceServer } from '../src/signaling/ice-server.js'
import { Client, connect } from './client.suite.js'
import { LIMITS } from './limits.js'
import { checkOptions } from './options.js'
import { createSignalingServer } from './server.js'
import { run, topic } from './server.suite.js'

describe('options of a signaling server', () => {
  it.each([
    [null, 'options must be an object'],
    [{ port: 8787 }, 'options has no port; there are server, path,'],
    [{ server: {} }, 'server must be an HTTP server'],
    [{ path: 'signaling' }, 'path must be a path that begins with /'],
    [{ path: '/signaling?a' }, 'path must be'],
    [{ iceServers: 'stun:a.example' }, 'iceServers must be a list of at most 16 ICE servers'],
    [{ iceServers: Array(17).fill({ urls: 'stun:a.example' }) }, 'iceServers must be'],
    [{ iceServers: [{ urls: 'http://a.example' }] }, 'iceServers must be'],
    [{ iceServers: { servers: [], refreshMs: 1 } }, 'iceServers.servers must be a function'],
    [{ iceServers: { servers: () => [] } }, 'iceServers.refreshMs must be'],
    [{ limits: 3 }, 'limits must be an object'],
    [{ limits: { introduction: 3 } }, 'limits has no introduction; there are messageBytes,'],
    [{ limits: { introductions: 17 } }, 'limits.introductions must be a whole number from 0 to 16'],
    [{ limits: { heartbeatMs: 500 } }, 'limits.heartbeatMs must be a whole number from 1000 to'],
    [{ limits: { messageBytes: 40_000 } }, 'limits.messageBytes must be'],
    [{ limits: { sockets: Infinity } }, 'limits.sockets must be'],
    [{ limits: { handshakeTimeoutMs: 2 ** 31 } }, 'limits.handshakeTimeoutMs must be'],
    [{ limits: { patience: '5' } }, 'limits.patience must be'],
    [{ origin: 'https://a.example' }, 'origin must be a host name'],
    [{ origin: [] }, 'origin must be one host name at least'],
    [{ origin: ['a.example', 7] }, 'origin must be'],
    [{ trustProxy: 1 }, 'trustProxy must be true or false'],
    [{ log: 'stderr' }, 'log must be a function'],
  ])('%j are refused in words', (options, words) => {
    const made = () => createSignalingServer(options as never)
    expect(made).toThrow(TypeError)
    expect(made).toThrow(words)
  })

  it('are taken as they are, the rest as usual, and names of hosts in lower case', () => {
    expect(checkOptions({})).toMatchObject({ path: '/signaling', limits: LIMITS, iceServers: [] })
    const server = createServer()
    const given = { server, path: '/', trustProxy: true, limits: { sockets: 5, patience: 0 } }
    expect(checkOptions({ ...given, origin: 'Signaling.Example.org:8443' })).toMatchObject({
      ...given,
      limits: { ...LIMITS, ...given.limits },
      origins: ['signaling.example.org:8443'],
    })
  })

  it('at their ends are what clients can read', async () => {
    const limits = { introductions: 16, heartbeatMs: 1_000, messageBytes: 1_024 }
    const iceServers = Array(16).fill({ urls: 'stun:a.example' })
    const { url } = await run({ limits, iceServers })
    const client = await connect(url)
    expect(await client.enter(topic)).toEqual([])
  })
})

describe('ICE servers that are made for each', () => {
  it.each([
    [
      'that fail',
      () => {
        throw new Error('no secret')
      },
      'threw: no secret',
    ],
    ['that no client could read', () => [{ urls: 'none' }], 'no list of at most 16'],
    ['that could not be written as text', () => [{ urls: 1n }] as never, 'no list of at most 16'],
    ['that fail later', () => Promise.reject(new Error('no way')), 'failed: no way'],
    ['of a later answer that none could read', async () => [{ urls: '' }], 'no list of at most 16'],
  ])('%s leave the client without, and the server running', async (_, servers, words) => {
    const { url, signaling, logged } = await run({ iceServers: { servers, refreshMs: 60_000 } })
    const client = await connect(url)
    expect(await client.enter(topic)).toEqual([])
    expect(signaling.stats().counters).toMatchObject({ 'ice-servers-failed': 1 })
    expect(logged).toEqual([expect.stringContaining(words)])
  })

  it('and come later let a client wait, who is nobody until then', async () => {
    const given: ((servers: IceServer[]) => void)[] = []
    const servers = () => new Promise<IceServer[]>(give => given.push(give))
    const { url, signaling } = await run({ iceServers: { servers, refreshMs: 60_000 } })
    const waiting = async () => {
      const client = new Client(url)
      await client.opened()
      client.hello()
      await client.prove()
      await client.settled()
      return client
    }
    const [gone, stays] = [await waiting(), await waiting()]
    expect(signaling.stats()).toMatchObject({ sockets: 2, peers: 0 })
    gone.ws.close()
    await gone.closed
    for (const give of given) give([{ urls: 'stun:a.example' }])
    expect(await stays.next('ready')).toMatchObject({ iceServers: [{ urls: 'stun:a.example' }] })
    expect(await stays.enter(topic)).toEqual([])
    expect(signaling.stats()).toMatchObject({ sockets: 1, peers: 1 })
  })

  it('and are long in coming are asked for once at a time', async () => {
    const given: ((servers: IceServer[]) => void)[] = []
    const servers = () => new Promise<IceServer[]>(give => given.push(give))
    const { url } = await run({
      iceServers: { servers, refreshMs: 1 },
      limits: { pingIntervalMs: 50 },
    })
    const client = new Client(url)
    let pings = 0
    client.ws.on('ping', () => pings++)
    await client.opened()
    client.hello()
    await client.prove()
    await vi.waitUntil(() => given.length === 1)
    given[0]!([])
    await client.next('ready')
    const before = pings
    await vi.waitUntil(() => pings >= before + 3, { timeout: 5_000 })
    expect(given).toHaveLength(2)
    given[1]!([{ urls: 'stun:a.example' }])
    expect(await client.next('ready')).toMatchObject({ iceServers: [{ urls: 'stun:a.example' }] })
  })

  it('are asked for again soon where a client came and got none', async () => {
    let asked = 0
    const servers = async () => {
      if (++asked === 1) throw new Error('busy')
      return [{ urls: 'stun:a.example' }]
    }
    const { url } = await run({
      iceServers: { servers, refreshMs: 60_000 },
      limits: { pingIntervalMs: 50 },
    })
    const client = await connect(url)
    expect(await client.next('ready')).toMatchObject({ iceServers: [{ urls: 'stun:a.example' }] })
  })

  it('and can not be renewed leave the client those it has, and are tried again', async () => {
    let asked = 0
    const servers = () => {
      if (++asked === 2) throw new Error('no secret')
      return [{ urls: `stun:a${asked}.example`, username: undefined }] as never
    }
    const { url } = await run({
      iceServers: { servers, refreshMs: 10 },
      limits: { pingIntervalMs: 100 },
    })
    const client = await connect(url)
    expect(await client.next('ready')).toMatchObject({ iceServers: [{ urls: 'stun:a3.example' }] })
  })
})
