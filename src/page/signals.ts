/** What two simple-peers say to each other through us. */
export type Signal =
  | { type: 'offer' | 'answer'; sdp: string }
  | { type: 'candidate'; candidate: RTCIceCandidateInit & { candidate: string } }
  | { type: 'renegotiate'; renegotiate: true }

/**
 * The signal, or undefined where the text is none that this side may get: simple-peer would act on offers
 * to the one who offers, and on requests for media.
 */
export function parseSignal(text: string, initiator: boolean): Signal | undefined {
  if (text.length > LARGEST_SIGNAL_CHARS) return undefined
  const given = parseJson(text)
  if (typeof given !== 'object' || given === null) return undefined
  const { type, sdp, candidate, renegotiate } = given as Record<string, unknown>
  if (typeof sdp === 'string') {
    const expected = initiator ? 'answer' : 'offer'
    return type === expected ? { type: expected, sdp } : undefined
  }
  if (typeof candidate === 'object' && candidate !== null) return parseCandidate(candidate)
  if (renegotiate === true && initiator) return { type: 'renegotiate', renegotiate }
  return undefined
}

function parseCandidate(given: object): Signal | undefined {
  const { candidate, sdpMid, sdpMLineIndex } = given as Record<string, unknown>
  if (typeof candidate !== 'string') return undefined
  const mid = typeof sdpMid === 'string' ? sdpMid : null
  const line = typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null
  // RTCIceCandidate throws without either.
  if (mid === null && line === null) return undefined
  return { type: 'candidate', candidate: { candidate, sdpMid: mid, sdpMLineIndex: line } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A description with one data section is under 2 KB, plus its candidates. Guess. */
const LARGEST_SIGNAL_CHARS = 64 << 10
