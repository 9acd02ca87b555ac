// simple-peer speaks JSON objects; peers speak signals. Both directions are checked here, because what
// simple-peer is given it hands to the browser.
import { encode } from '../codec/schema.js'
import { type SignalBody, signalBody } from './signal.js'

/** A signal body made of what simple-peer said about a connection. */
export type ConnectionBody = Extract<SignalBody, { type: 'offer' | 'answer' | 'candidates' }>

export type FromSimplePeer =
  | { ok: true; body: ConnectionBody }
  /** `ignored` is true for requests that a data channel has no use for (renegotiate, transceiverRequest). */
  | { ok: false; ignored: boolean }

/** What simple-peer emitted as `signal`, in JSON, as a body for the attempt `epoch`. Never throws. */
export function toSignalBody(epoch: number, jsonText: string): FromSimplePeer {
  try {
    const { type, sdp, candidate: named } = JSON.parse(jsonText) as Emitted
    if (type === 'renegotiate' || type === 'transceiverRequest') return { ok: false, ignored: true }
    let body: ConnectionBody
    if (type === 'offer' || type === 'answer') body = { type, epoch, sdp }
    else if (type === 'candidate' && typeof named.candidate === 'string') {
      const { candidate, sdpMid, sdpMLineIndex } = named
      const one = {
        candidate,
        sdpMid: sdpMid ?? undefined,
        sdpMLineIndex: sdpMLineIndex ?? undefined,
      }
      body = { type: 'candidates', epoch, candidates: [one] }
    } else return REFUSED
    // Throws where the wire can't carry it.
    encode(signalBody, body)
    return { ok: true, body }
  } catch {
    return REFUSED
  }
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

/** As far as it is what simple-peer says. */
interface Emitted {
  type?: unknown
  sdp: string
  candidate: { candidate?: unknown; sdpMid?: string | null; sdpMLineIndex?: number | null }
}

/** Neither offer, answer nor candidate, or one that no peer may be sent. */
const REFUSED: FromSimplePeer = { ok: false, ignored: false }
