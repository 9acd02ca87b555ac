import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { peerIdFromBytes, topicIdFromBytes } from '../src/core/ids.js'
import { Random } from '../src/core/random.js'
import { toBase64 } from '../src/signaling/base64.js'
import type { ClientText } from '../src/signaling/client-messages.js'
import { challengeBytes } from '../src/signaling/messages.js'
import { Door, type DoorOutput } from './door.js'
import { LIMITS, type Limits, TokenBucket } from './limits.js'

const peer = peerIdFromBytes(new Uint8Array(32).fill(1))
const topic = topicIdFromBytes(new Uint8Array(32).fill(2))
const nonceBytes = new Uint8Array(32).fill(3)
const ORIGIN = 'a.example'

/** Stands in for a signature: also 64 bytes that depend on all that is signed. */
function sign(bytes: Uint8Array): Uint8Array {
  return createHash('sha512').update(bytes).digest()
}

class Bench {
  now = 5_000
  readonly door: Door

  constructor(limits: Partial<Limits> = {}) {
    this.door = new Door(this.now, {
      limits: { ...LIMITS, ...limits },
      nonce: toBase64(nonceBytes),
      origins: [ORIGIN, 'other.example'],
      verify: (who, bytes, signature) =>
        who === peer && Buffer.from(sign(bytes)).equals(Buffer.from(signature)),
    })
  }

  hear(message: ClientText | string): DoorOutput[] {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    return this.door.hear(this.now, text, text.length)
  }

  hello(version = 1): DoorOutput[] {
    return this.hear({ type: 'hello', version, peer, protocol: 'p/1' })
  }

  prove(origin = ORIGIN, signed = origin, who = peer): DoorOutput[] {
    const signature = toBase64(sign(challengeBytes(signed, nonceBytes, who)))
    return this.hear({ type: 'prove', origin, signature })
  }

  admitted(): this {
    this.hello()
    this.prove()
    return this
  }
}

function refusal(code: string): object[] {
  return [
    { type: 'count', counter: 'handshakes-refused' },
    { type: 'send', message: { type: 'error', code, message: expect.any(String), fatal: true } },
    { type: 'close', code: 4002, reason: code },
  ]
}

describe('the door', () => {
  it('admits a peer that signs the challenge for one of the names of this server', () => {
    for (const origin of [ORIGIN, 'other.example']) {
      const bench = new Bench()
      expect(bench.hello()).toEqual([
        {
          type: 'send',
          message: { type: 'challenge', nonce: toBase64(nonceBytes), heartbeatMs: 25_000 },
        },
      ])
      expect(bench.prove(origin)).toEqual([{ type: 'admit', peer, protocol: 'p/1' }])
    }
  })

  it('refuses another version, another origin, and a proof that does not hold', () => {
    expect(new Bench().hello(2)).toEqual(refusal('version'))
    for (const [origin, signed, who, code] of [
      ['evil.example', 'evil.example', peer, 'origin'],
      [ORIGIN, 'evil.example', peer, 'proof'],
      [ORIGIN, ORIGIN, peerIdFromBytes(new Uint8Array(32).fill(9)), 'proof'],
    ] as const) {
      const bench = new Bench()
      bench.hello()
      expect(bench.prove(origin, signed, who)).toEqual(refusal(code))
      expect(bench.prove(), 'a closed door stays closed').toEqual([])
    }
  })

  it('lets nothing pass before the proof, and everything of a proven peer after it', () => {
    const bench = new Bench()
    for (const message of [
      { type: 'enter', topic },
      { type: 'signal', to: peer, body: 'AQID' },
      { type: 'ping' },
    ] as const) {
      expect(bench.hear(message)).toContainEqual({ type: 'count', counter: 'messages-unexpected' })
    }
    bench.admitted()
    expect(bench.hear({ type: 'enter', topic })).toEqual([
      { type: 'pass', message: { type: 'enter', topic } },
    ])
    expect(bench.hear({ type: 'ping' })).toEqual([{ type: 'send', message: { type: 'pong' } }])
    expect(bench.hello()).toContainEqual({ type: 'count', counter: 'messages-unexpected' })
  })

  it('closes on a peer that has not proven itself in time, and not on one that has', () => {
    const slow = new Bench()
    slow.hello()
    expect(slow.door.timeUp(slow.now + 9_999)).toEqual([])
    expect(slow.door.timeUp(slow.now + 10_000)).toEqual([
      { type: 'count', counter: 'handshakes-timed-out' },
      { type: 'close', code: 4003, reason: 'no proof in time' },
    ])
    const quick = new Bench().admitted()
    expect(quick.door.deadline).toBeUndefined()
    expect(quick.door.timeUp(quick.now + 10_000)).toEqual([])
  })

  it('tells of what is malformed at most once a second, without repeating it', () => {
    const bench = new Bench().admitted()
    expect(bench.hear('{"type":"swordfish"}')).toEqual([
      { type: 'count', counter: 'messages-malformed' },
      {
        type: 'send',
        message: {
          type: 'error',
          code: 'malformed',
          message: expect.not.stringContaining('swordfish'),
          fatal: false,
        },
      },
    ])
    expect(bench.hear('rubbish')).toEqual([{ type: 'count', counter: 'messages-malformed' }])
    bench.now += 1_000
    expect(bench.door.hear(bench.now, undefined, 5)).toHaveLength(2)
  })

  it('loses patience with a peer that goes on, and is forgiving to one that errs rarely', () => {
    const bench = new Bench({ patience: 10 }).admitted()
    for (let i = 0; i < 10; i++) {
      expect(bench.hear('rubbish').map(output => output.type)).not.toContain('close')
    }
    expect(bench.hear('rubbish')).toContainEqual({
      type: 'close',
      code: 4008,
      reason: 'too many faults',
    })
    const rare = new Bench({ patience: 10 }).admitted()
    for (let i = 0; i < 100; i++) {
      rare.now += 1_000
      expect(rare.hear('rubbish').map(output => output.type)).not.toContain('close')
    }
  })

  it('drops what is over the rate, of messages or of bytes, pings included', () => {
    const many = new Bench({ messageBurst: 5, messagesPerSecond: 1 }).admitted()
    for (let i = 0; i < 3; i++) expect(many.hear({ type: 'ping' })).toHaveLength(1)
    const dropped = many.hear({ type: 'enter', topic })
    expect(dropped.map(output => output.type)).not.toContain('pass')
    expect(dropped).toContainEqual({ type: 'count', counter: 'messages-over-rate' })
    many.now += 1_000
    expect(many.hear({ type: 'enter', topic })).toMatchObject([{ type: 'pass' }])
    expect(many.door.control(many.now, 'ping', 0)).not.toContainEqual({ type: 'pong' })
    many.now += 1_000
    expect(many.door.control(many.now, 'ping', 0)).toEqual([{ type: 'pong' }])

    const large = new Bench({ byteBurst: 1_000, bytesPerSecond: 100 }).admitted()
    const body = 'A'.repeat(800)
    const heard = large.hear({ type: 'signal', to: peer, body })
    expect(heard).toContainEqual({ type: 'count', counter: 'messages-over-rate' })
  })

  it('never throws and never admits anyone on random texts', () => {
    const random = new Random(12)
    for (let round = 0; round < 200; round++) {
      const bench = new Bench({ patience: 1e6 })
      for (let i = 0; i < 20; i++) {
        const text = JSON.stringify({ type: 'hello', version: 1, peer, protocol: 'p' })
        const at = random.below(text.length)
        bench.hear(text.slice(0, at) + String.fromCharCode(random.below(300)) + text.slice(at + 1))
        const signature = toBase64(random.bytes(64))
        const outputs = bench.hear({ type: 'prove', origin: ORIGIN, signature })
        expect(outputs.map(output => output.type)).not.toContain('admit')
      }
    }
  })
})

describe('a token bucket', () => {
  it('allows its burst at once and its rate in the long run', () => {
    const bucket = new TokenBucket(10, 5, 0)
    const atOnce = Array.from({ length: 8 }, () => bucket.take(0)).filter(Boolean).length
    expect(atOnce).toBe(5)
    let taken = 0
    for (let now = 0; now <= 10_000; now += 10) if (bucket.take(now)) taken++
    expect(taken).toBeGreaterThanOrEqual(99)
    expect(taken).toBeLessThanOrEqual(101)
  })

  it('takes nothing where there is not enough, and survives a clock that steps back', () => {
    const bucket = new TokenBucket(1, 10, 100_000)
    expect(bucket.take(100_000, 11)).toBe(false)
    expect(bucket.take(0, 10)).toBe(true)
    expect(bucket.take(0)).toBe(false)
    expect(bucket.take(101_000)).toBe(true)
  })
})
