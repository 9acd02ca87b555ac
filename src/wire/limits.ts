import { MOST_LANES } from '../core/history/records.js'
import { LARGEST_EXTENSIONS_BYTES, LARGEST_PAYLOAD_BYTES } from '../core/limits.js'

// The bounds of the wire, in one place. A peer that passes one is blamed.

/**
 * What goes on a channel in one send, bytes: half of what every end takes that says nothing else (RFC 8841 §6.1), so
 * that a payload of 16 KiB, the usual piece of a file, goes whole. Larger sends block all channels of a
 * connection while they pass (papers §4, "message size"); there is one.
 */
export const LARGEST_PACKET_BYTES = 32_768

/** Version, tag, aliases, round, author, seq, time, lengths and signature take 130 bytes at most. */
const LARGEST_HEADER_BYTES = 256

/** A live frame after rejoining. */
export const LARGEST_FRAME_BYTES =
  LARGEST_PAYLOAD_BYTES + LARGEST_EXTENSIONS_BYTES + LARGEST_HEADER_BYTES

/** A history frame after rejoining: one op of the largest, and two full lists of lanes, 40 bytes each at most. */
export const LARGEST_HISTORY_FRAME_BYTES = LARGEST_FRAME_BYTES + 2 * MOST_LANES * 48

/** Frames of history from here on travel in an envelope, where that makes them smaller. Issue of the history. */
export const LEAST_ENVELOPE_BYTES = 1024

/** A control frame after rejoining: the largest is a relay, 24 KiB of body and 16 peers on its path. */
export const LARGEST_CONTROL_FRAME_BYTES = 32_768

/**
 * Topics named on one link in one direction, over its whole life, since an alias is never given twice.
 * Guess: about 30 KB of names.
 */
export const LARGEST_TOPICS_PER_LINK = 256

/** Authors named on one link in one direction; those after are written out. Guess: about 100 KB of names. */
export const LARGEST_AUTHORS_PER_LINK = 1024

/** A signal on its way: an SDP of a data-channel-only connection has 0.5 to 2 KiB, candidates less. Guess. */
export const LARGEST_RELAY_BODY_BYTES = 24_576

/** Hops a relayed signal may still go. Guess: a HyParView overlay of 10,000 peers is about 6 across. */
export const LARGEST_RELAY_HOPS = 8

/** Peers on a relayed signal's path; twice the hops, so that a later protocol may walk further. */
export const LARGEST_RELAY_PATH = 16

/** Protocol versions and features a hello may list. Guess. */
export const LARGEST_VERSIONS = 16
export const LARGEST_FEATURES = 32
export const LARGEST_FEATURE_BYTES = 32

/** The name of the application's own protocol: `GossipOptions.protocol`. Guess. */
export const LARGEST_PROTOCOL_BYTES = 64
