import { describe, expect, it } from 'vitest'
import { toSignalBody, toSimplePeer } from './simple-peer.js'

const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
const sdp = `v=0\r\na=fingerprint:sha-256 ${fingerprint}\r\n`

function roundTrip(emitted: object): object[] {
  const made = toSignalBody(3, JSON.stringify(emitted))
  if (!made.ok) throw new Error('refused')
  expect(made.body.epoch).toBe(3)
  return toSimplePeer(made.body).map(text => JSON.parse(text))
}

describe('what simple-peer says', () => {
  it('comes out on the other side as it went in: offers, answers, candidates', () => {
    for (const emitted of [
      { type: 'offer', sdp },
      { type: 'answer', sdp },
      {
        type: 'candidate',
        candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 },
      },
    ]) {
      expect(roundTrip(emitted)).toEqual([emitted])
    }
  })

  it("passes with Firefox's empty end of candidates and with absent media names", () => {
    expect(roundTrip({ type: 'candidate', candidate: { candidate: '', sdpMid: '0' } })).toEqual([
      { type: 'candidate', candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: null } },
    ])
    expect(
      roundTrip({
        type: 'candidate',
        candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: 1 },
      }),
    ).toEqual([
      { type: 'candidate', candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: 1 } },
    ])
  })

  it('is ignored where a data channel has no use for it', () => {
    for (const emitted of [
      { type: 'renegotiate', renegotiate: true },
      { type: 'transceiverRequest', transceiverRequest: { kind: 'audio' } },
    ]) {
      expect(toSignalBody(1, JSON.stringify(emitted))).toMatchObject({ ok: false, ignored: true })
    }
  })

  it('is refused where it is anything else', () => {
    const wrong: unknown[] = [
      null,
      5,
      {},
      { type: 'offer' },
      { type: 'offer', sdp: 5 },
      { type: 'offer', sdp: 'v=0\r\n' },
      { type: 'rollback', sdp },
      { type: 'candidate', candidate: 'candidate:1' },
      { type: 'candidate', candidate: { candidate: 'x'.repeat(513) } },
      { type: 'candidate', candidate: { candidate: 'c', sdpMLineIndex: -1 } },
      { type: 'candidate', candidate: { candidate: 'c', sdpMLineIndex: 0.5 } },
    ]
    for (const emitted of wrong) {
      const made = toSignalBody(1, JSON.stringify(emitted))
      expect(made, JSON.stringify(emitted)).toMatchObject({ ok: false, ignored: false })
    }
    expect(toSignalBody(1, '{')).toMatchObject({ ok: false, ignored: false })
  })
})
