// The first words on a link: who I am, what I speak, and a nonce. Each side then signs both nonces, so that
// a channel made elsewhere proves its peer too (design §5).
import { concat, utf8 } from '../codec/bytes.js'
import { list, struct } from '../codec/combinators.js'
import { fixed, text, varint } from '../codec/primitives.js'
import type { Infer } from '../codec/schema.js'
import { idBytes, type PeerId, peerId } from '../core/ids.js'
import {
  LARGEST_FEATURE_BYTES,
  LARGEST_FEATURES,
  LARGEST_PROTOCOL_BYTES,
  LARGEST_VERSIONS,
} from './limits.js'

/** The one version of this wire that there is, and the one in which every hello is written. */
export const WIRE_VERSION = 1

/** Bytes of a hello's nonce: fresh for every link. */
export const NONCE_BYTES = 32

export const hello = struct({
  /** Wire versions spoken. */
  versions: list(varint({ max: 255 }), { max: LARGEST_VERSIONS }),
  /** What else the peer understands; unknown words are passed over. */
  features: list(text({ max: LARGEST_FEATURE_BYTES }), { max: LARGEST_FEATURES }),
  /** The application's own protocol; peers of different ones do not talk. */
  protocol: text({ max: LARGEST_PROTOCOL_BYTES }),
  peer: peerId,
  nonce: fixed(NONCE_BYTES),
  limits: struct({
    /** The largest live frame the peer takes after rejoining, bytes. Nobody sends less for it: in version 1 all take the same. */
    largestFrameBytes: varint({ max: 0xffff_ffff }),
  }),
})
export type Hello = Infer<typeof hello>

/** The signature over `helloTranscript`. */
export const helloProof = struct({ signature: fixed(64) })
export type HelloProof = Infer<typeof helloProof>

/** The features that both hellos list. Undefined where they have no version in common, or not the same protocol. */
export function agree(ours: Hello, theirs: Hello): string[] | undefined {
  if (theirs.protocol !== ours.protocol) return undefined
  if (!ours.versions.some(version => theirs.versions.includes(version))) return undefined
  return ours.features.filter(feature => theirs.features.includes(feature))
}

/** What `from` signs to prove to `to` that it holds its key: both ids, both nonces and the protocol. */
export function helloTranscript(
  from: PeerId,
  to: PeerId,
  fromNonce: Uint8Array,
  toNonce: Uint8Array,
  protocol: string,
): Uint8Array {
  return concat(DOMAIN, idBytes(from), idBytes(to), fromNonce, toNonce, utf8(protocol))
}

const DOMAIN = utf8('gossamer hello\0')
