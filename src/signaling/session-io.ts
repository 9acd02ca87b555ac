// What goes into and comes out of a signaling session.
import type { PeerId, TopicId } from '../core/ids.js'
import type { SignalingState } from '../core/io.js'
import type { Random } from '../core/random.js'
import type { BackoffConfig } from './backoff.js'
import type { IceServer } from './ice-server.js'

export interface SessionOptions {
  /** ws: or wss: URL in its normal form (`new URL(…).href`). */
  url: string
  peer: PeerId
  /** Peers with another protocol name never meet; 1 to 64 letters. */
  protocol: string
  random: Random
  config?: Partial<SessionConfig>
}

export interface SessionConfig {
  backoff: BackoffConfig
  /** From opening a socket to `ready`. */
  handshakeTimeoutMs: number
  /** From a ping to anything heard. */
  answerTimeoutMs: number
  /** A connection that lasted this long makes the next pause short again. */
  stableMs: number
  /** Topics kept entered at once. */
  topics: number
}

export const SESSION_DEFAULTS: SessionConfig = {
  /** Half a second is not noticed, half a minute is what people wait before they reload. Guess. */
  backoff: { firstMs: 500, largestMs: 30_000 },
  /** The server's own 10 s, and time for TCP and TLS. Guess. */
  handshakeTimeoutMs: 15_000,
  /** Guess. */
  answerTimeoutMs: 10_000,
  /** Guess. Shorter than this is a server that fails after each start. */
  stableMs: 5_000,
  /** The server's limit. */
  topics: 64,
}

/**
 * A `socket` number names one connection. What comes from an older one is dropped and counted, so the
 * performer may report late.
 */
export type SessionInput =
  | { type: 'start' }
  | { type: 'stop' }
  | { type: 'socket-opened'; socket: number }
  | { type: 'socket-text'; socket: number; text: string }
  /** Also where it could not be opened. */
  | { type: 'socket-closed'; socket: number; code: number }
  /** The answer to `sign`: 64 bytes. */
  | { type: 'proved'; socket: number; signature: Uint8Array }
  /** Be listed under the topic; said again, asks for other peers. */
  | { type: 'enter'; topic: TopicId }
  | { type: 'exit'; topic: TopicId }
  /** An encoded signal for a peer. */
  | { type: 'send'; to: PeerId; body: Uint8Array }
  /** The network came back, or somebody looks again: no reason to wait. */
  | { type: 'online' }
  | { type: 'wake' }

export type SessionOutput =
  | { type: 'open-socket'; socket: number; url: string }
  | { type: 'close-socket'; socket: number }
  | { type: 'send-text'; socket: number; text: string }
  | { type: 'sign'; socket: number; bytes: Uint8Array }
  | { type: 'state'; state: SignalingState }
  | { type: 'introduced'; topic: TopicId; peers: PeerId[] }
  /** An encoded signal. `from` is what the server says; the signal's own signature decides. */
  | { type: 'signal'; from: PeerId; body: Uint8Array }
  | { type: 'undeliverable'; to: PeerId }
  | { type: 'ice-servers'; servers: IceServer[] }
  | { type: 'notice'; code: SessionNotice; message: string }
  | { type: 'count'; counter: SessionCounter }

export type SessionNotice = 'signaling-lost' | 'signaling-open' | 'signaling-refused'

export type SessionCounter =
  /** A text of the server's that is no message. */
  | 'signaling-malformed'
  /** A message out of turn, or about something we didn't ask for. */
  | 'signaling-unexpected'
  /** Something of a connection that is over. */
  | 'signaling-stale'
  /** A signal of ours while there was no connection. */
  | 'signaling-unsent'
  | 'signaling-undeliverable'
  | 'signaling-reconnects'
  | 'signaling-too-many-topics'
