// simple-peer speaks JSON objects; peers speak signals. Both directions are checked here, because what
// simple-peer is given it hands to the browser.
import * as v from 'valibot'
import { utf8 } from '../codec/bytes.js'
import { faultOf } from './sdp.js'
import { LARGEST_CANDIDATE_BYTES, LARGEST_MID_BYTES, type SignalBody } from './signal.js'

/** A signal body made of what simple-peer said about a connection. */
export type ConnectionBody = Extract<SignalBody, { type: 'offer' | 'answer' | 'candidates' }>

export type FromSimplePeer =
  | { ok: true; body: ConnectionBody }
  /** `ignored` is true for requests that a data channel has no use for (renegotiate, transceiverRequest). */
  | { ok: false; ignored: boolean; reason: string }

/** What simple-peer emitted as `signal`, in JSON, as a body for the attempt `epoch`. Never throws. */
export function toSignalBody(epoch: number, jsonText: string): FromSimplePeer {
  const parsed = v.safeParse(emitted, parse(jsonText))
  if (!parsed.success) return refused('neither offer, answer nor candidate')
  const said = parsed.output
  switch (said.type) {
    case 'renegotiate':
    case 'transceiverRequest':
      return { ok: false, ignored: true, reason: said.type }
    case 'offer':
    case 'answer': {
      const fault = faultOf(said.sdp)
      if (fault !== undefined) return refused(fault)
      return { ok: true, body: { type: said.type, epoch, sdp: said.sdp } }
    }
    default: {
      const { candidate, sdpMid, sdpMLineIndex } = said.candidate
      return {
        ok: true,
        body: {
          type: 'candidates',
          epoch,
          candidates: [
            { candidate, sdpMid: sdpMid ?? undefined, sdpMLineIndex: sdpMLineIndex ?? undefined },
          ],
        },
      }
    }
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

function parse(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText)
  } catch {
    return undefined
  }
}

function refused(reason: string): FromSimplePeer {
  return { ok: false, ignored: false, reason }
}

function fits(maxBytes: number) {
  return v.pipe(
    v.string(),
    v.check(value => value.length <= maxBytes && utf8(value).length <= maxBytes),
  )
}

const iceCandidate = v.object({
  candidate: fits(LARGEST_CANDIDATE_BYTES),
  sdpMid: v.nullish(fits(LARGEST_MID_BYTES)),
  sdpMLineIndex: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
})

const emitted = v.variant('type', [
  v.object({ type: v.picklist(['offer', 'answer']), sdp: v.string() }),
  v.object({ type: v.literal('candidate'), candidate: iceCandidate }),
  v.object({ type: v.picklist(['renegotiate', 'transceiverRequest']) }),
])
