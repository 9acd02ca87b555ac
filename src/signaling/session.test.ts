import { describe, expect, it } from 'vitest'
import { parsePeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { toBase64 } from './base64.js'
import { challengeBytes, type ServerText } from './messages.js'
import { SignalingSession } from './session.js'
import {
  Bench,
  counted,
  me,
  nonce,
  ready,
  said,
  signature,
  topic,
  topics,
  you,
} from './session.suite.js'
import type { SessionInput } from './session-io.js'

describe('a session that starts', () => {
  it('opens a socket, says hello, signs the challenge for this server, and is open when ready', () => {
    const bench = new Bench()
    expect(bench.session.state).toBe('none')
    expect(bench.do({ type: 'start' })).toEqual([
      { type: 'state', state: 'connecting' },
      { type: 'open-socket', socket: 1, url: 'ws://a.example:8787/signaling' },
    ])
    expect(said(bench.do({ type: 'socket-opened', socket: 1 }))).toEqual([
      { type: 'hello', version: 1, peer: me, protocol: 'p/1' },
    ])
    const challenge = { type: 'challenge', nonce: toBase64(nonce), heartbeatMs: 20_000 } as const
    expect(bench.hear(challenge)).toEqual([
      { type: 'sign', socket: 1, bytes: challengeBytes('a.example:8787', nonce, me) },
    ])
    expect(said(bench.do({ type: 'proved', socket: 1, signature }))).toEqual([
      { type: 'prove', origin: 'a.example:8787', signature: toBase64(signature) },
    ])
    expect(bench.hear(ready)).toEqual([
      { type: 'ice-servers', servers: [{ urls: 'stun:a.example' }] },
      { type: 'state', state: 'open' },
    ])
    expect(bench.session.state).toBe('open')
  })

  it('refuses a URL or a protocol name it could not use', () => {
    const random = new Random(1)
    for (const [url, protocol] of [
      ['http://a', 'p'],
      ['ws://a', ''],
      ['ws://a', 'p'.repeat(65)],
    ] as const) {
      expect(() => new SignalingSession({ url, peer: me, protocol, random })).toThrow(RangeError)
    }
  })

  it('starts once however often it is told', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    expect(bench.do({ type: 'start' })).toEqual([])
  })

  it('gives up a handshake that takes too long, at any step of it', () => {
    for (const steps of [0, 1, 2, 3]) {
      const bench = new Bench()
      bench.do({ type: 'start' })
      if (steps > 0) bench.do({ type: 'socket-opened', socket: 1 })
      if (steps > 1) {
        bench.hear({ type: 'challenge', nonce: toBase64(nonce), heartbeatMs: 20_000 })
      }
      if (steps > 2) bench.do({ type: 'proved', socket: 1, signature })
      expect(bench.session.nextDeadline?.reason).toBe('handshake')
      const outputs = bench.wait()
      expect(outputs).toContainEqual({ type: 'close-socket', socket: 1 })
      expect(bench.session.state).toBe('lost')
      expect(bench.session.nextDeadline?.reason).toBe('retry')
    }
  })
})

describe('an error from the server', () => {
  it('that is not fatal is told once per connection and changes nothing', () => {
    const bench = new Bench().open()
    const error = { type: 'error', code: 'rate', message: 'Slower.', fatal: false } as const
    expect(bench.hear(error)).toEqual([
      {
        type: 'notice',
        code: 'signaling-refused',
        message: 'The signaling server refused: Slower. (rate).',
      },
    ])
    expect(bench.hear(error)).toEqual([])
    expect(bench.session.state).toBe('open')
    bench.close()
    bench.wait()
    bench.shakeHands()
    expect(bench.hear(error)).toHaveLength(1)
  })
})

describe('a session that stops', () => {
  it('closes its socket, waits for nothing and can start again', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    expect(bench.do({ type: 'stop' })).toEqual([
      { type: 'close-socket', socket: 1 },
      { type: 'state', state: 'none' },
    ])
    expect(bench.session.nextDeadline).toBeUndefined()
    expect(counted(bench.close())).toEqual(['signaling-stale'])
    bench.do({ type: 'start' })
    expect(said(bench.shakeHands())).toEqual([{ type: 'enter', topic }])
  })
})

describe('random inputs', () => {
  it('never throw, never leave a wanted session without a deadline or a socket', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed)
      const bench = new Bench({}, seed)
      bench.do({ type: 'start' })
      for (let step = 0; step < 300; step++) {
        const texts: ServerText[] = [
          { type: 'challenge', nonce: toBase64(nonce), heartbeatMs: 5_000 },
          ready,
          { type: 'pong' },
          { type: 'entered', topic, peers: [you] },
          { type: 'signal', from: you, body: 'AQID' },
          { type: 'closing', retryAfterMs: 100 },
          { type: 'error', code: 'proof', message: 'No.', fatal: random.below(2) === 0 },
        ]
        const socket = Math.max(1, bench.socket - random.below(2))
        const inputs: SessionInput[] = [
          { type: 'socket-opened', socket },
          { type: 'socket-text', socket, text: JSON.stringify(random.pick(texts)) },
          { type: 'socket-text', socket, text: JSON.stringify(random.pick(texts)) },
          { type: 'socket-text', socket, text: 'rubbish' },
          { type: 'socket-closed', socket, code: 1006 },
          { type: 'proved', socket, signature },
          { type: 'enter', topic: random.pick(topics)! },
          { type: 'exit', topic: random.pick(topics)! },
          { type: 'send', to: parsePeerId(you)!, body: new Uint8Array(5) },
          { type: 'online' },
          { type: 'wake' },
        ]
        bench.now += random.below(3_000)
        said(bench.do(random.pick(inputs)!))
        expect(bench.session.nextDeadline, `seed ${seed}, step ${step}`).toBeDefined()
      }
    }
  })
})
