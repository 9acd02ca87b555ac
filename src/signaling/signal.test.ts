import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameBytes, utf8 } from '../codec/bytes.js'
import { encode } from '../codec/schema.js'
import { peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import { Random } from '../core/random.js'
import {
  decodeSignal,
  encodeSignal,
  LARGEST_CANDIDATE_BYTES,
  LARGEST_MID_BYTES,
  LARGEST_SIGNAL_BYTES,
  MOST_CANDIDATES,
  type Signal,
  type SignalBody,
  signal,
  signalBody,
  signedBytes,
} from './signal.js'

const SEED = 4
const from = peerIdFromBytes(new Uint8Array(32).fill(1))
const to = peerIdFromBytes(new Uint8Array(32).fill(2))
const third = peerIdFromBytes(new Uint8Array(32).fill(3))
const topic = topicIdFromBytes(new Uint8Array(32).fill(9))
const signature = new Uint8Array(64).fill(7)
const record = { data: utf8('me'), time: 1_700_000_000_000, signature }
const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
const sdp = `v=0\r\ns=-\r\na=fingerprint:sha-256 ${fingerprint}\r\n`

const bodies: Record<string, SignalBody> = {
  'knock join': {
    type: 'knock',
    topic,
    knock: { type: 'join', requestId: 1, record: undefined },
  },
  'knock neighbor-request': {
    type: 'knock',
    topic,
    knock: { type: 'neighbor-request', requestId: 300, priority: 'low', record },
  },
  'knock component': {
    type: 'knock',
    topic,
    knock: { type: 'component', requestId: 3, name: third, beat: 1_700_000_000, ageSeconds: 60 },
  },
  'knock-answer accept': {
    type: 'knock-answer',
    topic,
    answer: { type: 'neighbor-accept', requestId: 1, record: undefined },
  },
  'knock-answer reject': {
    type: 'knock-answer',
    topic,
    answer: {
      type: 'neighbor-reject',
      requestId: 2,
      reason: 'full',
      sample: [{ peer: third, record: undefined }],
    },
  },
  offer: { type: 'offer', epoch: 5, sdp },
  answer: { type: 'answer', epoch: 5, sdp },
  candidates: {
    type: 'candidates',
    epoch: 5,
    candidates: [
      { candidate: 'candidate:1 1 udp 1 10.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 },
      { candidate: '', sdpMid: undefined, sdpMLineIndex: undefined },
    ],
  },
  'hang-up': { type: 'hang-up', epoch: 6 },
}

function signalOf(body: SignalBody): Signal {
  return { from, to, body, signature }
}

describe('a signal', () => {
  it('reads back as it was written, whatever its body', () => {
    for (const body of Object.values(bodies)) {
      expect(decodeSignal(encodeSignal(signalOf(body)))).toEqual({
        ok: true,
        value: signalOf(body),
      })
    }
  })

  it('has the bytes of the golden vectors; a changed vector is a protocol change', () => {
    const url = new URL('./vectors/signals.json', import.meta.url)
    const hex = Object.fromEntries(
      Object.entries(bodies).map(([name, body]) => [
        name,
        {
          signal: Buffer.from(encodeSignal(signalOf(body))).toString('hex'),
          signed: Buffer.from(signedBytes(signalOf(body))).toString('hex'),
        },
      ]),
    )
    if (process.env['WRITE_VECTORS'] === '1')
      writeFileSync(url, `${JSON.stringify(hex, null, 2)}\n`)
    expect(hex).toEqual(JSON.parse(readFileSync(url, 'utf8')))
  })

  it('signs a domain tag and everything but the signature', () => {
    const bytes = encodeSignal(signalOf(bodies['offer']!))
    const domain = utf8('gossamer signal\0')
    const signed = signedBytes(signalOf(bodies['offer']!))
    expect(signed.subarray(0, domain.length)).toEqual(domain)
    expect(signed.subarray(domain.length)).toEqual(bytes.subarray(0, bytes.length - 64))
  })

  it('signs something else when sender, receiver, role, epoch or fingerprint differ', () => {
    const offer = { type: 'offer', epoch: 5, sdp } as const
    const all = [
      { from, to, body: offer },
      { from: third, to, body: offer },
      { from, to: third, body: offer },
      { from, to, body: { ...offer, type: 'answer' } as const },
      { from, to, body: { ...offer, epoch: 6 } },
      { from, to, body: { ...offer, sdp: sdp.replace('AB', 'AC') } },
    ].map(one => Buffer.from(signedBytes(one)).toString('hex'))
    expect(new Set(all).size).toBe(all.length)
  })

  it('stays under its bound even when every part of it is as large as allowed', () => {
    const fill = 'x'.repeat(16 * 1024 - sdp.length)
    const candidate = {
      candidate: 'x'.repeat(LARGEST_CANDIDATE_BYTES),
      sdpMid: 'm'.repeat(LARGEST_MID_BYTES),
      sdpMLineIndex: 255,
    }
    const entry = {
      peer: third,
      record: { data: new Uint8Array(256), time: Number.MAX_SAFE_INTEGER, signature },
    }
    const largest: SignalBody[] = [
      { type: 'offer', epoch: Number.MAX_SAFE_INTEGER, sdp: sdp + fill },
      {
        type: 'candidates',
        epoch: Number.MAX_SAFE_INTEGER,
        candidates: new Array(MOST_CANDIDATES).fill(candidate),
      },
      {
        type: 'knock-answer',
        topic,
        answer: {
          type: 'neighbor-reject',
          requestId: 0xffff_ffff,
          reason: 'not-admitted',
          sample: new Array(16).fill(entry),
        },
      },
    ]
    for (const body of largest) {
      const bytes = encodeSignal(signalOf(body))
      expect(bytes.length).toBeLessThanOrEqual(LARGEST_SIGNAL_BYTES)
      expect(decodeSignal(bytes).ok).toBe(true)
    }
  })

  it('carries no membership message but those of a knock', () => {
    const bytes = encodeSignal(signalOf(bodies['knock-answer accept']!))
    // The body's tag: 2 (knock-answer) becomes 1 (knock), with a neighbor-accept inside.
    bytes[64] = 1
    expect(decodeSignal(bytes)).toMatchObject({ ok: false, reason: 'not for a knock' })
    const wrong = { type: 'knock', topic, knock: { type: 'neighbor-accept', requestId: 1 } }
    expect(() => encode(signalBody, wrong as unknown as SignalBody)).toThrow(RangeError)
  })

  it('is refused when addressed to its own sender, truncated, prolonged or too long', () => {
    const bytes = encodeSignal(signalOf(bodies['offer']!))
    expect(decodeSignal(encode(signal, { ...signalOf(bodies['offer']!), to: from })).ok).toBe(false)
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeSignal(bytes.subarray(0, length)).ok).toBe(false)
    }
    expect(decodeSignal(new Uint8Array([...bytes, 0])).ok).toBe(false)
    expect(decodeSignal(new Uint8Array(LARGEST_SIGNAL_BYTES + 1)).ok).toBe(false)
  })

  it('is refused when an offer or answer names no certificate', () => {
    const bare = 'v=0\r\ns=-\r\n'
    expect(() => encodeSignal(signalOf({ type: 'offer', epoch: 1, sdp: bare }))).toThrow(RangeError)
    const bytes = encodeSignal(signalOf(bodies['offer']!))
    const at = Buffer.from(bytes).indexOf('sha-256')
    bytes[at + 4] = 0x31
    expect(decodeSignal(bytes)).toMatchObject({
      ok: false,
      reason: 'sdp without one sha-256 fingerprint',
    })
  })
})

describe('decoding', () => {
  it('never throws and what it accepts encodes to the same bytes: 20,000 mutated signals', () => {
    const random = new Random(SEED)
    let refused = 0
    const originals = Object.values(bodies).map(body => encodeSignal(signalOf(body)))
    for (let round = 0; round < 20_000; round++) {
      const bytes = mutated(random.pick(originals)!, random)
      const decoded = decodeSignal(bytes)
      if (!decoded.ok) refused++
      else if (!sameBytes(encodeSignal(decoded.value), bytes)) {
        expect.fail(`seed ${SEED}, round ${round}: another way to write the same signal`)
      }
    }
    expect(refused).toBeGreaterThan(10_000)
  })

  it('never throws on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        decodeSignal(bytes)
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })
})

function mutated(original: Uint8Array, random: Random): Uint8Array {
  const bytes = original.slice()
  const edits = 1 + random.below(4)
  for (let i = 0; i < edits; i++) bytes[random.below(bytes.length)] = random.below(256)
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length))
    case 1:
      return new Uint8Array([...bytes, ...random.bytes(1 + random.below(8))])
    default:
      return bytes
  }
}
