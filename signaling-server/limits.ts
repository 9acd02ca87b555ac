/**
 * What one client, one address and the whole server may use. Every number is announced, counted when it
 * is reached, or both. Whole numbers from 1 to 2^30 where nothing else is said.
 */
export interface Limits {
  /** UTF-8 bytes of one text, 1,024 to 32,768; a longer one closes the socket (1009). Default 32,768. */
  messageBytes: number
  /** Messages of one socket in the long run; what is over is dropped, and is an offence. Default 50. */
  messagesPerSecond: number
  /** Messages that may come at once after a quiet time. Default 500. */
  messageBurst: number
  /** Bytes of one socket in the long run; likewise. Default 65,536. */
  bytesPerSecond: number
  /** Bytes that may come at once after a quiet time. Default 524,288. */
  byteBurst: number
  /**
   * Offences (malformed, out of turn, over the rate) forgiven per socket before it is closed, from 0 on; one comes back each
   * second. Default 50.
   */
  patience: number
  /** Topics one peer may be in. Default 64. */
  topicsPerPeer: number
  /** Peers listed in one topic; a newcomer beyond that is refused. Default 10,000. */
  peersPerTopic: number
  /** Peers named in one answer to `enter`, 0 to 16. Default 5. */
  introductions: number
  /** Sockets open from one address; beyond that they are refused with 429. Default 256. */
  socketsPerAddress: number
  /** Sockets open in all; beyond that they are refused with 503. Default 10,000. */
  sockets: number
  /** From connecting to the proof, milliseconds, 1 to 2^31 - 2. Default 10,000. */
  handshakeTimeoutMs: number
  /** Bytes waiting for a client that does not read; above it the socket is dropped. Default 1,048,576. */
  unreadBytes: number
  /** How often clients are told to say that they are there, milliseconds, 1,000 to 300,000. Default 25,000. */
  heartbeatMs: number
  /** Between ping frames, milliseconds, 1 to 2^31 - 2; a socket that answered none since the last is dropped. Default 15,000. */
  pingIntervalMs: number
}

/** What holds unless told. */
export const LIMITS: Limits = {
  /** A signal of 20 KiB in base64 is 27 KiB. */
  messageBytes: 32 * 1024,
  /** A dial is 5 to 20 messages, most of them candidates; a few dials run at once. Guess. */
  messagesPerSecond: 50,
  /** All topics entered again after a reconnect, and the dials that follow. Guess. */
  messageBurst: 500,
  /** Guess. */
  bytesPerSecond: 64 * 1024,
  /** Guess. */
  byteBurst: 512 * 1024,
  /** Guess. */
  patience: 50,
  /** As many as a client keeps entered. */
  topicsPerPeer: 64,
  /** Guess; memory is a few hundred bytes each. */
  peersPerTopic: 10_000,
  /** An active view's worth: the mesh tells the rest. */
  introductions: 5,
  /** A school behind one address, or a test with a hundred tabs. Guess. */
  socketsPerAddress: 256,
  /** Under the usual limit of open files on a small machine. Guess. */
  sockets: 10_000,
  /** Guess: a phone on a bad network signs and answers in 2. */
  handshakeTimeoutMs: 10_000,
  /** Guess. */
  unreadBytes: 1024 * 1024,
  /** Under the 30 s after which some proxies drop a quiet connection. */
  heartbeatMs: 25_000,
  pingIntervalMs: 15_000,
}

/** Allows `burst` at once and `perSecond` in the long run. */
export class TokenBucket {
  private tokens: number
  private at: number

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst
    this.at = now
  }

  /** Takes the tokens and says true, or takes none and says false. */
  take(now: number, count = 1): boolean {
    const passedMs = Math.max(0, now - this.at)
    this.at = Math.max(this.at, now)
    this.tokens = Math.min(this.burst, this.tokens + (passedMs / 1000) * this.perSecond)
    if (this.tokens < count) return false
    this.tokens -= count
    return true
  }
}
