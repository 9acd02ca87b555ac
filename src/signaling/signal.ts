// What two peers say to each other before or beside a link: knocks, offers, answers, candidates. The same
// bytes travel through the signaling server and through the mesh, and the signature holds on both ways.
import { utf8 } from '../codec/bytes.js'
import { list, optional, struct, union } from '../codec/combinators.js'
import { fixed, text, varint } from '../codec/primitives.js'
import { type Decoded, decode, encode, type Infer, type Schema } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import { peerId, topicId } from '../core/ids.js'
import {
  KNOCK_ANSWERS,
  KNOCKS,
  type MembershipMessage,
  membershipMessage,
} from '../core/membership/messages.js'
import { sdp } from './sdp.js'

/** The largest signal, encoded. An offer is what fills it; the rest are smaller by their own bounds. */
export const LARGEST_SIGNAL_BYTES = 20 * 1024

/** Candidates in one signal. simple-peer gives them one by one; a sender may gather some. Guess. */
export const MOST_CANDIDATES = 24

/** Bytes of one candidate line; those seen have 60 to 250. Guess. */
export const LARGEST_CANDIDATE_BYTES = 512

/** Bytes of a media section's name; browsers write '0' or 'data'. Guess. */
export const LARGEST_MID_BYTES = 64

const candidate = struct({
  /** Empty where it says that no more will come (Firefox). */
  candidate: text({ max: LARGEST_CANDIDATE_BYTES }),
  sdpMid: optional(text({ max: LARGEST_MID_BYTES })),
  sdpMLineIndex: optional(varint({ max: 255 })),
})

/** Which attempt at a link is meant; what concerns an older one is dropped by the receiver. */
const epoch = varint()

/** Signal tags 1 to 6. `type` is also the role: an offer can't be passed off as an answer. */
export const signalBody = union({
  knock: [1, struct({ topic: topicId, knock: only(...KNOCKS) })],
  'knock-answer': [2, struct({ topic: topicId, answer: only(...KNOCK_ANSWERS) })],
  /** The whole text is signed, and with it the DTLS fingerprint. */
  offer: [3, struct({ epoch, sdp })],
  answer: [4, struct({ epoch, sdp })],
  candidates: [5, struct({ epoch, candidates: list(candidate, { max: MOST_CANDIDATES }) })],
  /** This attempt is over; nobody needs to wait for it. */
  'hang-up': [6, struct({ epoch })],
})
export type SignalBody = Infer<typeof signalBody>

const unsigned = struct({ from: peerId, to: peerId, body: signalBody })
export type UnsignedSignal = Infer<typeof unsigned>

/** `signature`: Ed25519 by `from`, over `signedBytes`. */
export const signal: Schema<UnsignedSignal & { signature: Uint8Array }> = struct({
  from: peerId,
  to: peerId,
  body: signalBody,
  signature: fixed(64),
})
export type Signal = Infer<typeof signal>

/** What a signal's signature covers: a domain tag and everything but the signature. */
export function signedBytes({ from, to, body }: UnsignedSignal): Uint8Array {
  const writer = new Writer(1024)
  writer.put(DOMAIN)
  unsigned.write(writer, { from, to, body })
  return writer.finish()
}

/** @throws RangeError where a part is outside its bounds. */
export function encodeSignal(value: Signal): Uint8Array {
  return encode(signal, value)
}

/** The shape is checked here; who asks must still verify the signature. Never throws. */
export function decodeSignal(bytes: Uint8Array): Decoded<Signal> {
  const isLong = bytes.length > LARGEST_SIGNAL_BYTES
  const decoded = isLong ? undefined : decode(signal, bytes)
  if (decoded === undefined || (decoded.ok && decoded.value.from === decoded.value.to)) {
    return { ok: false, reason: 'too long, or to its sender', offset: 0 }
  }
  return decoded
}

/** The membership's own messages, of these kinds and no other. */
function only<T extends MembershipMessage['type']>(
  ...types: T[]
): Schema<Extract<MembershipMessage, { type: T }>> {
  type Chosen = Extract<MembershipMessage, { type: T }>
  const allowed: readonly string[] = types
  return {
    write: (w, value) => {
      if (!allowed.includes(value.type)) throw new RangeError(`signal: ${value.type} is no knock`)
      membershipMessage.write(w, value)
    },
    read: r => {
      const message = membershipMessage.read(r)
      if (!allowed.includes(message.type)) r.fail('not for a knock')
      return message as Chosen
    },
  }
}

const DOMAIN = utf8('gossamer signal\0')
