// simple-peer speaks JSON objects; peers speak signals. Both directions are checked here, because what
// simple-peer is given it hands to the browser.
import { utf8 } from '../codec/bytes.js'
import { faultOf } from './sdp.js'
import { LARGEST_CANDIDATE_BYTES, LARGEST_MID_BYTES, type SignalBody } from './signal.js'

/** A signal body made of what simple-peer said about a connection. */
export type ConnectionBody = Extract<SignalBody, { type: 'offer' | 'answer' | 'candidates' }>

export type FromSimplePeer =
  | { ok: true; body: ConnectionBody }
  /** `ignored` is true for requests that a data channel has no use for (renegotiate, transceiverRequest). */
  | { ok: false; ignored: boolean }

/** What simple-peer emitted as `signal`, in JSON, as a body for the attempt `epoch`. Never throws. */
export function toSignalBody(epoch: number, jsonText: string): FromSimplePeer {
  const { type, sdp, candidate: named } = fieldsOf(parse(jsonText))
  if (type === 'renegotiate' || type === 'transceiverRequest') {
    return { ok: false, ignored: true }
  }
  if ((type === 'offer' || type === 'answer') && typeof sdp === 'string') {
    return faultOf(sdp) === undefined ? { ok: true, body: { type, epoch, sdp } } : REFUSED
  }
  const { candidate, sdpMid, sdpMLineIndex } = fieldsOf(named)
  if (
    type === 'candidate' &&
    fits(candidate, LARGEST_CANDIDATE_BYTES) &&
    (isAbsent(sdpMid) || fits(sdpMid, LARGEST_MID_BYTES)) &&
    (isAbsent(sdpMLineIndex) || isByte(sdpMLineIndex))
  ) {
    const one = {
      candidate,
      sdpMid: sdpMid ?? undefined,
      sdpMLineIndex: sdpMLineIndex ?? undefined,
    }
    return { ok: true, body: { type: 'candidates', epoch, candidates: [one] } }
  }
  return REFUSED
}

/** The JSON texts to give to simple-peer's `signal()`, in this order. */
export function toSimplePeer(body: ConnectionBody): string[] {
  if (body.type !== 'candidates') return [JSON.stringify({ type: body.type, sdp: body.sdp })]
  return body.candidates.map(({ candidate, sdpMid, sdpMLineIndex }) =>
    JSON.stringify({
      type: 'candidate',
      candidate: { candidate, sdpMid: sdpMid ?? null, sdpMLineIndex: sdpMLineIndex ?? null },
    }),
  )
}

function parse(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText)
  } catch {
    return undefined
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255
}

function fits(value: unknown, maxBytes: number): value is string {
  return typeof value === 'string' && value.length <= maxBytes && utf8(value).length <= maxBytes
}

/** Neither offer, answer nor candidate, or one that no peer may be sent. */
const REFUSED: FromSimplePeer = { ok: false, ignored: false }
