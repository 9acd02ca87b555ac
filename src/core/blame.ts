/**
 * Evidence against a peer. Each reason weighs something; at `BLAME_LIMIT` the peer is dropped and refused
 * for `BAN_MS`. Weights are guesses: what no honest peer can send counts full, what a race or an old
 * version could explain counts little. They fade by one a second.
 */
export const BLAME_WEIGHTS = {
  /** Bytes that are no frame of this protocol. */
  'malformed-frame': 100,
  /** A signature that does not verify. */
  'bad-signature': 100,
  /** A signal (knock, offer, …) not signed by whom it names, or a fingerprint that differs. */
  'bad-signal': 100,
  /** A hello whose proof does not verify. */
  'bad-hello': 100,
  /** More than a protocol's bound allows: announcements, entries, fragments. */
  'limit-exceeded': 50,
  /** A payload over the topic's limit. */
  'message-too-large': 50,
  /** A reply nobody asked for. */
  'unasked-reply': 10,
  /** Announced a message and then could not give it. */
  'broken-promise': 2,
} as const

export type BlameReason = keyof typeof BLAME_WEIGHTS

export const BLAME_LIMIT = 100
export const BAN_MS = 60_000
