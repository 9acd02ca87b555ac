import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../codec/bytes.js'
import { peerIdFromBytes, topicIdFromBytes } from '../core/ids.js'
import { Random } from '../core/random.js'
import { toBase64 } from './base64.js'
import { type ClientText, parseClientMessage } from './client-messages.js'
import {
  challengeBytes,
  LARGEST_TEXT_BYTES,
  originOf,
  readServerMessage,
  type ServerText,
} from './messages.js'
import { parseServerMessage } from './parsed.js'
import { LARGEST_SIGNAL_BYTES } from './signal.js'

const peer = peerIdFromBytes(new Uint8Array(32).fill(1))
const topic = topicIdFromBytes(new Uint8Array(32).fill(2))
const largest = new Uint8Array(LARGEST_SIGNAL_BYTES).fill(3)

const clientTexts: ClientText[] = [
  { type: 'hello', version: 1, peer, protocol: 'gossamer/1' },
  { type: 'prove', origin: 'localhost:8787', signature: toBase64(new Uint8Array(64)) },
  { type: 'enter', topic },
  { type: 'leave', topic },
  { type: 'signal', to: peer, body: toBase64(largest) },
  { type: 'ping' },
]

const limits = { messageBytes: 1, messagesPerSecond: 2, bytesPerSecond: 3, topics: 4 }
const serverTexts: ServerText[] = [
  { type: 'challenge', nonce: toBase64(new Uint8Array(32)), heartbeatMs: 25_000 },
  { type: 'ready', iceServers: [], limits },
  {
    type: 'ready',
    iceServers: [{ urls: ['turn:a.example?transport=udp'], username: 'u', credential: 'c' }],
    limits,
  },
  { type: 'entered', topic, peers: [peer] },
  { type: 'signal', from: peer, body: toBase64(largest) },
  { type: 'undeliverable', to: peer },
  { type: 'pong' },
  { type: 'error', code: 'rate', message: 'Slower.', fatal: false },
  { type: 'closing', retryAfterMs: 2_000 },
]

describe('a message', () => {
  it('of each kind is read, also at its largest, and fits the largest text', () => {
    for (const one of clientTexts) {
      const text = JSON.stringify(one)
      expect(text.length).toBeLessThanOrEqual(LARGEST_TEXT_BYTES)
      expect(parseClientMessage(text), one.type).toMatchObject({ ok: true })
    }
    for (const one of serverTexts) {
      const text = JSON.stringify(one)
      expect(text.length).toBeLessThanOrEqual(LARGEST_TEXT_BYTES)
      expect(parseServerMessage(text), one.type).toMatchObject({ ok: true })
    }
  })

  it('gives bytes for a client and stays sealed for the server', () => {
    const heard = parseServerMessage(JSON.stringify({ type: 'signal', from: peer, body: 'AQID' }))
    expect(heard).toEqual({
      ok: true,
      value: { type: 'signal', from: peer, body: new Uint8Array([1, 2, 3]) },
    })
    const said = parseClientMessage(JSON.stringify({ type: 'signal', to: peer, body: 'AQID' }))
    expect(said).toEqual({ ok: true, value: { type: 'signal', to: peer, body: 'AQID' } })
  })

  it('is refused with a field too many, too few, of another kind, or out of bounds', () => {
    const wrong: unknown[] = [
      null,
      [],
      'ping',
      {},
      { type: 'shout' },
      { type: 'ping', extra: 1 },
      { type: 'enter' },
      { type: 'enter', topic: topic.toUpperCase() },
      { type: 'enter', topic: [topic] },
      { type: 'enter', topic: topic.slice(1) },
      { type: 'hello', version: -1, peer, protocol: 'p' },
      { type: 'hello', version: 1.5, peer, protocol: 'p' },
      { type: 'hello', version: 1, peer, protocol: '' },
      { type: 'hello', version: 1, peer, protocol: 'p'.repeat(65) },
      { type: 'prove', origin: 'h', signature: toBase64(new Uint8Array(63)) },
      { type: 'prove', origin: 'h'.repeat(261), signature: toBase64(new Uint8Array(64)) },
      { type: 'signal', to: peer, body: '' },
      { type: 'signal', to: peer, body: 'not base64!' },
      { type: 'signal', to: peer, body: `${toBase64(largest)}AAAA` },
      { type: 'signal', to: peer, body: { length: 4 } },
    ]
    for (const one of wrong) {
      expect(parseClientMessage(JSON.stringify(one)), JSON.stringify(one)).toMatchObject({
        ok: false,
      })
    }
  })

  it('is refused by a client where the server overdoes it', () => {
    const wrong: unknown[] = [
      { type: 'challenge', nonce: toBase64(new Uint8Array(31)), heartbeatMs: 25_000 },
      { type: 'challenge', nonce: toBase64(new Uint8Array(32)), heartbeatMs: 1 },
      { type: 'ready', iceServers: [{ urls: 'https://a.example' }], limits },
      { type: 'ready', iceServers: new Array(17).fill({ urls: 'stun:a.example' }), limits },
      { type: 'entered', topic, peers: new Array(17).fill(peer) },
      { type: 'signal', from: peer, body: 'AB==' },
      { type: 'closing', retryAfterMs: 1e9 },
      { type: 'error', code: 'gone-fishing', message: '', fatal: true },
      { type: 'signal', from: peer },
      { type: 'entered', topic },
      { type: 'pong', extra: 1 },
    ]
    for (const one of wrong) {
      expect(parseServerMessage(JSON.stringify(one)), JSON.stringify(one)).toMatchObject({
        ok: false,
      })
      expect(readServerMessage(JSON.stringify(one)), JSON.stringify(one)).toBeUndefined()
    }
  })

  it('is refused for a reason that repeats nothing the sender chose', () => {
    const secret = 'swordfish'
    for (const one of [
      { type: secret },
      { type: 'ping', [secret + ' ']: 1 },
      { type: 'enter', topic: secret },
    ]) {
      const parsed = parseClientMessage(JSON.stringify(one))
      expect(JSON.stringify(parsed)).not.toContain(secret)
      expect(parsed.ok ? '' : parsed.reason.length).toBeLessThanOrEqual(200)
    }
  })

  it('that is too long is refused before it is read', () => {
    const text = `{"type":"ping"}${' '.repeat(LARGEST_TEXT_BYTES)}`
    expect(parseClientMessage(text)).toEqual({ ok: false, reason: 'too long' })
  })

  it('never throws, whatever the text', () => {
    const texts = [...clientTexts, ...serverTexts].map(one => JSON.stringify(one).slice(0, 500))
    const random = new Random(8)
    for (let round = 0; round < 5_000; round++) {
      const text = random.pick(texts)!
      const at = random.below(text.length)
      const mutated =
        text.slice(0, at) + String.fromCharCode(random.below(0x250)) + text.slice(at + 1)
      parseClientMessage(mutated)
      parseServerMessage(mutated)
    }
    parseClientMessage('['.repeat(LARGEST_TEXT_BYTES))
    fc.assert(
      fc.property(fc.json(), text => {
        expect(parseClientMessage(text).ok).toBe(false)
        expect(parseServerMessage(text).ok).toBe(false)
      }),
      { seed: 8, numRuns: 500 },
    )
  })

  it('with a prototype for a field is refused', () => {
    expect(parseClientMessage('{"type":"ping","__proto__":{"a":1}}')).toMatchObject({ ok: false })
  })
})

describe('a challenge', () => {
  it('covers a domain tag, the origin, the nonce and the key', () => {
    const nonce = new Uint8Array(32).fill(5)
    const bytes = challengeBytes('a.example', nonce, peer)
    expect(Buffer.from(bytes).toString('hex')).toBe(
      Buffer.from([
        ...utf8('gossamer challenge\0'),
        9,
        ...utf8('a.example'),
        ...nonce,
        ...new Uint8Array(32).fill(1),
      ]).toString('hex'),
    )
  })
})

describe('the origin of a URL', () => {
  it('is the host as a browser writes it in Host', () => {
    const rows = [
      ['ws://localhost:8787/signaling', 'localhost:8787'],
      ['wss://Example.COM/x?y=1', 'example.com'],
      ['wss://example.com:443/', 'example.com'],
      ['ws://example.com:80', 'example.com'],
      ['wss://example.com:80/', 'example.com:80'],
      ['ws://[::1]:8787/', '[::1]:8787'],
      ['WS://127.0.0.1', '127.0.0.1'],
    ] as const
    for (const [url, origin] of rows) {
      expect(originOf(new URL(url).href), url).toBe(origin)
      expect(new URL(url).host, url).toBe(origin)
    }
  })

  it('is undefined for what is no ws or wss URL, or hides a name in it', () => {
    for (const url of ['http://a', 'ws://', 'ws://a b/', 'ws://user@host/', 'ws://a/#b', 'a', '']) {
      expect(originOf(url), url).toBeUndefined()
    }
  })
})
