import { describe, expect, it } from 'vitest'
import { parsePeerId, peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import { Random } from '../core/random.js'
import { toBase64 } from './base64.js'
import { type ClientText, parseClientMessage } from './client-messages.js'
import { challengeBytes, type ServerText } from './messages.js'
import { SignalingSession } from './session.js'
import type { SessionConfig, SessionInput, SessionOutput } from './session-io.js'

const me = peerIdFromBytes(new Uint8Array(32).fill(1))
const you = peerIdFromBytes(new Uint8Array(32).fill(2))
const topics = Array.from({ length: 70 }, (_, i) => topicIdFromBytes(new Uint8Array(32).fill(i)))
const topic = topics[9]!
const other = topics[8]!
const nonce = new Uint8Array(32).fill(5)
const signature = new Uint8Array(64).fill(6)
const limits = { messageBytes: 1, messagesPerSecond: 2, bytesPerSecond: 3, topics: 4 }
const ready: ServerText = { type: 'ready', iceServers: [{ urls: 'stun:a.example' }], limits }
const HEARTBEAT_MS = 20_000

/** A session with a clock, and the number of its latest socket. */
class Bench {
  now = 1_000
  socket = 0
  readonly session: SignalingSession

  constructor(config: Partial<SessionConfig> = {}, seed = 1) {
    const random = new Random(seed)
    const url = 'ws://a.example:8787/signaling'
    this.session = new SignalingSession({ url, peer: me, protocol: 'p/1', random, config })
  }

  do(input: SessionInput): SessionOutput[] {
    const outputs = this.session.handle(this.now, input)
    for (const output of outputs) if (output.type === 'open-socket') this.socket = output.socket
    return outputs
  }

  hear(message: ServerText): SessionOutput[] {
    return this.do({ type: 'socket-text', socket: this.socket, text: JSON.stringify(message) })
  }

  close(code = 1006): SessionOutput[] {
    return this.do({ type: 'socket-closed', socket: this.socket, code })
  }

  /** Time passes up to the next deadline. */
  wait(): SessionOutput[] {
    const next = this.session.nextDeadline
    if (next === undefined) throw new Error('nothing to wait for')
    this.now = Math.max(this.now, next.at)
    return this.do({ type: 'wake' })
  }

  shakeHands(): SessionOutput[] {
    this.do({ type: 'socket-opened', socket: this.socket })
    this.hear({ type: 'challenge', nonce: toBase64(nonce), heartbeatMs: HEARTBEAT_MS })
    this.do({ type: 'proved', socket: this.socket, signature })
    return this.hear(ready)
  }

  open(): this {
    this.do({ type: 'start' })
    this.shakeHands()
    return this
  }
}

function said(outputs: SessionOutput[]): ClientText[] {
  return outputs.flatMap(output => {
    if (output.type !== 'send-text') return []
    expect(parseClientMessage(output.text)).toMatchObject({ ok: true })
    return [JSON.parse(output.text)]
  })
}

function counted(outputs: SessionOutput[]): string[] {
  return outputs.flatMap(output => (output.type === 'count' ? [output.counter] : []))
}

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

describe('topics', () => {
  it('entered before the connection are entered when it opens', () => {
    const bench = new Bench()
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([])
    bench.do({ type: 'enter', topic: other })
    bench.do({ type: 'exit', topic: other })
    bench.do({ type: 'start' })
    expect(said(bench.shakeHands())).toEqual([{ type: 'enter', topic }])
  })

  it('entered again ask for other peers', () => {
    const bench = new Bench().open()
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([{ type: 'enter', topic }])
    expect(said(bench.do({ type: 'enter', topic }))).toEqual([{ type: 'enter', topic }])
  })

  it('are all entered again after a reconnect', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    bench.do({ type: 'enter', topic: other })
    bench.close()
    bench.wait()
    expect(said(bench.shakeHands())).toEqual([
      { type: 'enter', topic },
      { type: 'enter', topic: other },
    ])
  })

  it('are left once', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    expect(said(bench.do({ type: 'exit', topic }))).toEqual([{ type: 'leave', topic }])
    expect(bench.do({ type: 'exit', topic })).toEqual([])
  })

  it('beyond the limit are refused with a notice', () => {
    const bench = new Bench({ topics: 3 }).open()
    for (const one of topics.slice(0, 3)) bench.do({ type: 'enter', topic: one })
    const outputs = bench.do({ type: 'enter', topic: topics[3]! })
    expect(said(outputs)).toEqual([])
    expect(outputs).toContainEqual({
      type: 'notice',
      code: 'signaling-refused',
      message: 'No more than 3 topics can be entered at once.',
    })
    expect(said(bench.do({ type: 'enter', topic: topics[0]! }))).toHaveLength(1)
  })

  it('bring introductions, without us and without repetitions', () => {
    const bench = new Bench().open()
    bench.do({ type: 'enter', topic })
    expect(bench.hear({ type: 'entered', topic, peers: [you, me, you] })).toEqual([
      { type: 'introduced', topic, peers: [you] },
    ])
    expect(counted(bench.hear({ type: 'entered', topic: other, peers: [you] }))).toEqual([
      'signaling-unexpected',
    ])
  })
})

describe('signals', () => {
  it('go out and come in as bytes', () => {
    const bench = new Bench().open()
    const body = new Uint8Array([1, 2, 3])
    expect(said(bench.do({ type: 'send', to: you, body }))).toEqual([
      { type: 'signal', to: you, body: 'AQID' },
    ])
    expect(bench.hear({ type: 'signal', from: you, body: 'AQID' })).toEqual([
      { type: 'signal', from: you, body },
    ])
  })

  it('are undeliverable at once while there is no connection', () => {
    const bench = new Bench()
    bench.do({ type: 'start' })
    expect(bench.do({ type: 'send', to: you, body: new Uint8Array(1) })).toEqual([
      { type: 'count', counter: 'signaling-unsent' },
      { type: 'undeliverable', to: you },
    ])
  })

  it('that the server could not deliver are reported', () => {
    const bench = new Bench().open()
    expect(bench.hear({ type: 'undeliverable', to: you })).toContainEqual({
      type: 'undeliverable',
      to: you,
    })
  })

  it('outside their bounds are a mistake of the caller', () => {
    const bench = new Bench().open()
    for (const length of [0, 20 * 1024 + 1]) {
      const body = new Uint8Array(length)
      expect(() => bench.do({ type: 'send', to: you, body })).toThrow(RangeError)
    }
  })
})

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
