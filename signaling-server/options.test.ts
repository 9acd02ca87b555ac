import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { connect } from './client.suite.js'
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
  ])('%s leave the client without, and the server running', async (_, servers, words) => {
    const { url, signaling, logged } = await run({ iceServers: { servers, refreshMs: 60_000 } })
    const client = await connect(url)
    expect(await client.enter(topic)).toEqual([])
    expect(signaling.stats().counters).toMatchObject({ 'ice-servers-failed': 1 })
    expect(logged).toEqual([expect.stringContaining(words)])
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
