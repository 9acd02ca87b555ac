// What travels beside the links: knocks and their answers, offers and answers. The worker's signals have
// the same parts; here nothing is signed, and bytes stand in for signatures and SDP so that sizes are right.
import { struct, union } from '../codec/combinators.js'
import { bytes, fixed, varint } from '../codec/primitives.js'
import { decode, type Infer } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import { peerId, topicId } from '../core/ids.js'
import { membershipMessage } from '../core/membership/messages.js'

const description = struct({ epoch: varint(), sdp: bytes({ max: 4096 }) })

const body = union({
  knock: [1, struct({ topic: topicId, message: membershipMessage })],
  offer: [3, description],
  answer: [4, description],
})
export type SignalBody = Infer<typeof body>

const signal = struct({ from: peerId, to: peerId, body, signature: fixed(64) })
export type Signal = Infer<typeof signal>

export function encodeSignal(value: Omit<Signal, 'signature'>): Uint8Array {
  signal.write(shared, { ...value, signature: SIGNATURE })
  return shared.cut()
}

export function decodeSignal(encoded: Uint8Array): Signal {
  const decoded = decode(signal, encoded)
  if (!decoded.ok) throw new Error(`a simulated signal is malformed: ${decoded.reason}`)
  return decoded.value
}

const SIGNATURE = new Uint8Array(64)
/** Signals lie side by side until they arrive, for making a buffer costs more than filling it. */
const shared = new Writer(64 << 10)
/** A data-channel SDP with its candidates has about this many bytes (wire/limits.ts). */
export const SDP = new Uint8Array(1_000)
