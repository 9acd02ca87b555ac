import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { peerIdFromBytes, shortId } from '../src/core/ids.js'
import { readEnvironment, warningsOf } from './environment.js'
import { turnCredentials } from './ice.js'

const peer = peerIdFromBytes(new Uint8Array(32).fill(1))

describe('the environment', () => {
  it('has a default for everything, also where a variable is empty', () => {
    const defaults = {
      ok: true,
      value: {
        port: 8787,
        host: '127.0.0.1',
        iceServers: [],
        origin: undefined,
        trustProxy: false,
      },
    }
    expect(readEnvironment({})).toEqual(defaults)
    expect(readEnvironment({ PORT: '', HOST: ' ', ICE_SERVERS: '' })).toEqual(defaults)
  })

  it('is read', () => {
    expect(
      readEnvironment({
        PORT: '0',
        HOST: '0.0.0.0',
        ORIGIN: 'A.example, b.example:8443',
        TRUST_PROXY: '1',
        ICE_SERVERS: '[{"urls":"stun:a.example"}]',
      }),
    ).toEqual({
      ok: true,
      value: {
        port: 0,
        host: '0.0.0.0',
        iceServers: [{ urls: 'stun:a.example' }],
        origin: ['a.example', 'b.example:8443'],
        trustProxy: true,
      },
    })
  })

  it('that is wrong is refused, each fault naming its variable, and no fault a secret', () => {
    for (const [variables, name] of [
      [{ PORT: 'eighty' }, 'PORT'],
      [{ PORT: '65536' }, 'PORT'],
      [{ PORT: '-1' }, 'PORT'],
      [{ PORT: '1e3' }, 'PORT'],
      [{ ICE_SERVERS: '{' }, 'ICE_SERVERS'],
      [{ ICE_SERVERS: '[{"urls":"http://a"}]' }, 'ICE_SERVERS'],
      [{ ICE_SERVERS: '[{"urls":"stun:a","credential":5,"password":"swordfish"}]' }, 'ICE_SERVERS'],
      [{ TURN_URL: 'turn:a.example' }, 'TURN_SECRET'],
      [{ TURN_SECRET: 'swordfish' }, 'TURN_URL'],
      [{ TURN_CREDENTIAL: 'swordfish' }, 'TURN_URL'],
      [{ TURN_URL: 'turn:a.example', TURN_CREDENTIAL: 'swordfish' }, 'TURN_USERNAME'],
      [{ TURN_URL: 'turn:a.example', TURN_USERNAME: 'ann' }, 'TURN_CREDENTIAL'],
      [
        { TURN_URL: 'turn:a.example', TURN_USERNAME: 'ann', TURN_SECRET: 'swordfish' },
        'TURN_SECRET',
      ],
      [{ TURN_URL: 'https://a.example', TURN_SECRET: 'swordfish' }, 'TURN_URL'],
      [
        { TURN_URL: 'turn:a.example', TURN_USERNAME: 'a'.repeat(513), TURN_CREDENTIAL: 'b' },
        'TURN_URL',
      ],
      [
        {
          TURN_URL: 'turn:a.example',
          TURN_SECRET: 'swordfish',
          ICE_SERVERS: JSON.stringify(Array(16).fill({ urls: 'stun:a.example' })),
        },
        'TURN_URL',
      ],
      [{ TURN_TTL_S: '5' }, 'TURN_TTL_S'],
      [{ ORIGIN: 'https://a.example' }, 'ORIGIN'],
      [{ TRUST_PROXY: 'perhaps' }, 'TRUST_PROXY'],
    ] as const) {
      const read = readEnvironment(variables)
      expect(read, JSON.stringify(variables)).toMatchObject({
        ok: false,
        faults: [expect.stringMatching(new RegExp(`^${name} `))],
      })
      expect(JSON.stringify(read)).not.toContain('swordfish')
    }
    expect(readEnvironment({ PORT: 'x', ORIGIN: '/' })).toMatchObject({
      faults: [expect.stringMatching(/^PORT/), expect.stringMatching(/^ORIGIN/)],
    })
  })

  it('that opens the server to strangers and names no origin is allowed with a warning', () => {
    for (const [variables, warnings] of [
      [{}, 0],
      [{ HOST: 'localhost' }, 0],
      [{ HOST: '0.0.0.0' }, 1],
      [{ HOST: '127.example' }, 1],
      [{ HOST: '0.0.0.0', ORIGIN: 'a.example' }, 0],
    ] as const) {
      const read = readEnvironment(variables)
      if (!read.ok) throw new Error(read.faults.join())
      expect(warningsOf(read.value), JSON.stringify(variables)).toHaveLength(warnings)
    }
  })

  it('with a TURN secret gives credentials that run out, beside the listed servers', async () => {
    const read = readEnvironment({
      ICE_SERVERS: '[{"urls":"stun:a.example"}]',
      TURN_URL: 'turn:t.example?transport=udp,turns:t.example:5349',
      TURN_SECRET: 'swordfish',
      TURN_TTL_S: '600',
    })
    if (!read.ok || !('servers' in read.value.iceServers)) throw new Error('no credentials')
    expect(read.value.iceServers.refreshMs).toBe(300_000)
    const [stun, turn] = await read.value.iceServers.servers(peer)
    expect(stun).toEqual({ urls: 'stun:a.example' })
    expect(turn?.urls).toEqual(['turn:t.example?transport=udp', 'turns:t.example:5349'])
  })
})

it('a TURN server with one name and password for all is given to clients as it is', () => {
  expect(
    readEnvironment({
      ICE_SERVERS: '[{"urls":"stun:a.example"}]',
      TURN_URL: 'turn:t.example',
      TURN_USERNAME: 'ann',
      TURN_CREDENTIAL: 'swordfish',
    }),
  ).toMatchObject({
    value: {
      iceServers: [
        { urls: 'stun:a.example' },
        { urls: ['turn:t.example'], username: 'ann', credential: 'swordfish' },
      ],
    },
  })
})

it('a fault calls what came as a flag by the name of the flag', () => {
  const nameOf = (variable: string) =>
    ({ PORT: '--port', TURN_URL: '--turn' })[variable] ?? variable
  expect(
    readEnvironment({ PORT: 'x', TURN_URL: 'turn:t.example', ORIGIN: '/' }, nameOf),
  ).toMatchObject({
    ok: false,
    faults: [
      expect.stringMatching(/^--port is/),
      expect.stringMatching(/^ORIGIN is/),
      expect.stringMatching(/^TURN_SECRET is missing: --turn alone/),
    ],
  })
})

it('a TURN credential is the HMAC-SHA1 of its end of validity and a label', () => {
  const source = turnCredentials(
    { urls: ['turn:t.example'], secret: 'swordfish', ttlSeconds: 600 },
    () => 1_700_000_000_500,
  )
  if (!('servers' in source)) throw new Error('no credentials')
  const username = `1700000600:${shortId(peer)}`
  expect(source.servers(peer)).toEqual([
    {
      urls: ['turn:t.example'],
      username,
      credential: createHmac('sha1', 'swordfish').update(username).digest('base64'),
    },
  ])
})
