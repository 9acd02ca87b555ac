import type { Millis, PeerId } from './ids.js'

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
  /** In an exchange of history a word out of turn, or ops that can't be. */
  'bad-exchange': 20,
  /** A reply nobody asked for. */
  'unasked-reply': 10,
  /** Announced a message and then could not give it. */
  'broken-promise': 2,
} as const

export type BlameReason = keyof typeof BLAME_WEIGHTS

export const BLAME_LIMIT = 100
export const BAN_MS = 60_000

/** Who is blamed how much, and who is banned until when. */
export class BlameLedger {
  readonly #entries = new Map<PeerId, { weight: number; at: Millis; bannedUntil: Millis }>()

  /** True where this reason brings the peer over the limit. */
  blame(now: Millis, peer: PeerId, reason: BlameReason): boolean {
    const entry = this.#entries.get(peer) ?? { weight: 0, at: now, bannedUntil: 0 }
    entry.weight = this.#faded(now, entry) + BLAME_WEIGHTS[reason]
    entry.at = now
    this.#entries.delete(peer)
    this.#entries.set(peer, entry)
    if (this.#entries.size > LARGEST_LEDGER) this.#forgetOldest(now)
    if (entry.weight < BLAME_LIMIT || entry.bannedUntil > now) return false
    entry.bannedUntil = now + BAN_MS
    return true
  }

  isBanned(now: Millis, peer: PeerId): boolean {
    return (this.#entries.get(peer)?.bannedUntil ?? 0) > now
  }

  snapshot(now: Millis): { peer: PeerId; weight: number; banned: boolean }[] {
    return [...this.#entries].map(([peer, entry]) => ({
      peer,
      weight: this.#faded(now, entry),
      banned: entry.bannedUntil > now,
    }))
  }

  #faded(now: Millis, entry: { weight: number; at: Millis }): number {
    return Math.max(0, entry.weight - (now - entry.at) / 1000)
  }

  /** A ban is not ended by a thousand others; where all are banned the oldest ban gives way. */
  #forgetOldest(now: Millis): void {
    let oldest: PeerId | undefined
    for (const [peer, { bannedUntil }] of this.#entries) {
      oldest ??= peer
      if (bannedUntil > now) continue
      oldest = peer
      break
    }
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}

/** Guess. The longest untouched entry goes first. */
const LARGEST_LEDGER = 1024
