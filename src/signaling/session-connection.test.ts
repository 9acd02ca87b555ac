import { describe, expect, it } from 'vitest'
import { toBase64 } from './base64.js'
import {
  Bench,
  counted,
  HEARTBEAT_MS,
  nonce,
  ready,
  said,
  signature,
  you,
} from './session.suite.js'
import type { SessionOutput } from './session-io.js'

describe('a connection', () => {
  it('is pinged every heartbeat and kept while the server answers', () => {
    const bench = new Bench().open()
    const opened = bench.now
    bench.wait()
    for (let beat = 1; beat <= 5; beat++) {
      expect(said(bench.wait())).toEqual([{ type: 'ping' }])
      expect(bench.now).toBe(opened + beat * HEARTBEAT_MS)
      bench.now += 500
      bench.hear({ type: 'pong' })
    }
    expect(bench.session.state).toBe('open')
  })

  it('that leaves a ping unanswered for 10 s is closed and made again', () => {
    const bench = new Bench().open()
    bench.wait()
    bench.wait()
    const pinged = bench.now
    const outputs = bench.wait()
    expect(bench.now).toBe(pinged + 10_000)
    expect(outputs).toContainEqual({ type: 'close-socket', socket: 1 })
    expect(bench.session.state).toBe('lost')
    expect(bench.wait()).toContainEqual({
      type: 'open-socket',
      socket: 2,
      url: 'ws://a.example:8787/signaling',
    })
  })

  it('hands on new ICE servers while it is open', () => {
    const bench = new Bench().open()
    expect(bench.hear({ ...ready, iceServers: [] })).toEqual([{ type: 'ice-servers', servers: [] }])
  })

  it('is proved at once when the network comes back', () => {
    const bench = new Bench().open()
    expect(said(bench.do({ type: 'online' }))).toEqual([{ type: 'ping' }])
    const answerBy = bench.now + 10_000
    bench.now += 5_000
    bench.do({ type: 'online' })
    bench.wait()
    expect(bench.session.nextDeadline).toEqual({ at: answerBy, reason: 'answer' })
  })

  it('is not shaken by what is no message, or comes out of turn', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    const garbage = { type: 'socket-text', socket: 1, text: '{"type":"ready"' } as const
    expect(counted(bench.do(garbage))).toEqual(['signaling-malformed'])
    expect(counted(bench.hear(ready))).toEqual(['signaling-unexpected'])
    expect(counted(bench.hear({ type: 'signal', from: you, body: 'AQID' }))).toEqual([
      'signaling-unexpected',
    ])
    bench.shakeHands()
    const challenge = { type: 'challenge', nonce: toBase64(nonce), heartbeatMs: 20_000 } as const
    expect(counted(bench.hear(challenge))).toEqual(['signaling-unexpected'])
    expect(counted(bench.do({ type: 'proved', socket: 1, signature }))).toEqual([
      'signaling-unexpected',
    ])
    expect(bench.session.state).toBe('open')
  })

  it('that is over has no say any more', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    bench.do({ type: 'socket-opened', socket: 1 })
    bench.hear({ type: 'challenge', nonce: toBase64(nonce), heartbeatMs: 20_000 })
    bench.close()
    bench.wait()
    for (const late of [
      { type: 'proved', socket: 1, signature },
      { type: 'socket-opened', socket: 1 },
      { type: 'socket-text', socket: 1, text: JSON.stringify(ready) },
      { type: 'socket-closed', socket: 1, code: 1006 },
    ] as const) {
      expect(bench.do(late)).toEqual([{ type: 'count', counter: 'signaling-stale' }])
    }
    bench.shakeHands()
    expect(bench.session.state).toBe('open')
  })
})

describe('a connection lost', () => {
  it('is tried again after pauses that grow from half a second to half a minute', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    const pauses: number[] = []
    for (let i = 0; i < 12; i++) {
      bench.close()
      pauses.push(bench.session.nextDeadline!.at - bench.now)
      bench.wait()
    }
    expect(pauses[0]).toBeGreaterThanOrEqual(250)
    expect(pauses[0]).toBeLessThanOrEqual(500)
    for (let i = 2; i < 6; i++) expect(pauses[i]!).toBeGreaterThanOrEqual(pauses[i - 2]!)
    for (const pause of pauses.slice(7)) {
      expect(pause).toBeGreaterThanOrEqual(15_000)
      expect(pause).toBeLessThanOrEqual(30_000)
    }
  })

  it('is said once, not at each attempt, and so is its return', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    const outputs: SessionOutput[] = []
    for (let i = 0; i < 5; i++) outputs.push(...bench.close(), ...bench.wait())
    outputs.push(...bench.shakeHands())
    const states = outputs.flatMap(output => (output.type === 'state' ? [output.state] : []))
    const notices = outputs.flatMap(output => (output.type === 'notice' ? [output.code] : []))
    expect(states).toEqual(['lost', 'open'])
    expect(notices).toEqual(['signaling-lost', 'signaling-open'])
  })

  it('is tried at once when the network comes back', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    for (let i = 0; i < 6; i++) {
      bench.close()
      bench.wait()
    }
    bench.close()
    expect(bench.do({ type: 'online' })).toContainEqual(
      expect.objectContaining({ type: 'open-socket' }),
    )
    bench.close()
    expect(bench.session.nextDeadline!.at - bench.now).toBeLessThanOrEqual(500)
  })

  it('soon after each opening keeps the pauses long; a stable one makes them short again', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    for (let i = 0; i < 8; i++) {
      bench.shakeHands()
      bench.now += 1_000
      bench.close()
      bench.wait()
    }
    bench.shakeHands()
    bench.close()
    expect(bench.session.nextDeadline!.at - bench.now).toBeGreaterThanOrEqual(15_000)
    bench.wait()
    bench.shakeHands()
    bench.wait()
    bench.close()
    expect(bench.session.nextDeadline!.at - bench.now).toBeLessThanOrEqual(500)
  })

  it('to a stopping server is tried when the server asked for it, not before', () => {
    const bench = new Bench().open()
    const outputs = bench.hear({ type: 'closing', retryAfterMs: 4_000 })
    expect(outputs).toContainEqual({ type: 'close-socket', socket: 1 })
    expect(bench.session.nextDeadline!.at - bench.now).toBeGreaterThanOrEqual(4_000)
    expect(bench.session.nextDeadline!.at - bench.now).toBeLessThanOrEqual(4_500)
  })

  it('to the same identity elsewhere, or refused, is tried again only slowly', () => {
    for (const code of [4001, 4002, 4008]) {
      const bench = new Bench().open()
      bench.close(code)
      expect(bench.session.nextDeadline!.at - bench.now, `${code}`).toBeGreaterThanOrEqual(15_000)
    }
    const bench = new Bench().open()
    const fatal = { type: 'error', code: 'version', message: 'Too old.', fatal: true } as const
    expect(bench.hear(fatal)).toContainEqual({ type: 'close-socket', socket: 1 })
    expect(bench.session.nextDeadline!.at - bench.now).toBeGreaterThanOrEqual(15_000)
  })
})
