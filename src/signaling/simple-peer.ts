// simple-peer speaks JSON objects; peers speak signals. Both directions are checked here, because what
// simple-peer is given it hands to the browser.
import { utf8 } from '../codec/bytes.js'
import { faultOf } from './sdp.js'
import { looseObject, made, oneOf, readJson, type Shape, text, whole } from './shape.js'
import { LARGEST_CANDIDATE_BYTES, LARGEST_MID_BYTES, type SignalBody } from './signal.js'

/** A signal body made of what simple-peer said about a connection. */
export type ConnectionBody = Extract<SignalBody, { type: 'offer' | 'answer' | 'candidates' }>

export type FromSimplePeer =
  | { ok: true; body: ConnectionBody }
  /** `ignored` is true for requests that a data channel has no use for (renegotiate, transceiverRequest). */
  | { ok: false; ignored: boolean; reason: string }

/** What simple-peer emitted as `signal`, in JSON, as a body for the attempt `epoch`. Never throws. */
export function toSignalBody(epoch: number, jsonText: string): FromSimplePeer {
  const parsed = readJson<ReturnType<typeof emitted>>(emitted, jsonText)
  if (!parsed.ok) return refused('neither offer, answer nor candidate')
  const said = parsed.value
  switch (said.type) {
    case 'renegotiate':
    case 'transceiverRequest':
      return { ok: false, ignored: true, reason: said.type }
    case 'candidate':
      return { ok: true, body: { type: 'candidates', epoch, candidates: [said.candidate] } }
    default: {
      const { type, sdp } = said
      const fault = faultOf(sdp)
      return fault === undefined ? { ok: true, body: { type, epoch, sdp } } : refused(fault)
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

function refused(reason: string): FromSimplePeer {
  return { ok: false, ignored: false, reason }
}

/** Text of so many bytes of UTF-8, which are at least as many as its letters. */
function fits(most: number): Shape<string> {
  const bounded = text(0, most)
  return made(bounded, value => (utf8(value).length <= most ? value : undefined), 'shorter text')
}

/** Null is what browsers say for nothing. */
function nullish<Out>(shape: Shape<Out>): Shape<Out | undefined> {
  return (value, place) => (value == null ? undefined : shape(value, place))
}

const iceCandidate = looseObject({
  candidate: fits(LARGEST_CANDIDATE_BYTES),
  sdpMid: nullish(fits(LARGEST_MID_BYTES)),
  sdpMLineIndex: nullish(whole(0, 255)),
})

const kind = looseObject({
  type: oneOf('offer', 'answer', 'candidate', 'renegotiate', 'transceiverRequest'),
})
const description = looseObject({ sdp: text(0, Number.POSITIVE_INFINITY) })
const trickled = looseObject({ candidate: iceCandidate })

function emitted(value: unknown, place: string) {
  const { type } = kind(value, place)
  switch (type) {
    case 'offer':
    case 'answer':
      return { type, sdp: description(value, place).sdp }
    case 'candidate': {
      const { candidate, sdpMid, sdpMLineIndex } = trickled(value, place).candidate
      return { type, candidate: { candidate, sdpMid, sdpMLineIndex } }
    }
    default:
      return { type }
  }
}
