// What a client and the signaling server say to each other: JSON texts over one WebSocket. Both sides
// parse with these schemas, so a message that one can send is one that the other can read.
import { utf8 } from '../codec/bytes.js'
import { struct } from '../codec/combinators.js'
import { text as boundedText, fixed } from '../codec/primitives.js'
import { Writer } from '../codec/writer.js'
import { type PeerId, parsePeerId, parseTopicId, peerId } from '../core/ids.js'
import { fromBase64 } from './base64.js'
import type { IceServer } from './ice-server.js'
import {
  type InOf,
  list,
  made,
  type OutOf,
  object,
  oneOf,
  optional,
  type Parsed,
  readJson,
  readValue,
  type Shape,
  text,
  variants,
  whole,
  yesOrNo,
} from './shape.js'
import { LARGEST_SIGNAL_BYTES } from './signal.js'

/** Raised when an old client could no longer understand the server, or the other way round. */
export const SIGNALING_VERSION = 1

/** The largest text either side sends, UTF-8 bytes: a signal of 20 KiB in base64, and its envelope. */
export const LARGEST_TEXT_BYTES = 32 * 1024

/** Peers named in one `entered`. A server gives a handful, whatever the topic's size. */
export const MOST_INTRODUCED = 16

/** Letters of a protocol name. */
export const LONGEST_PROTOCOL = 64

/** Letters of an origin: a host name has at most 253, and a port. */
const LONGEST_ORIGIN = 260

/** Bytes of the server's challenge. */
export const NONCE_BYTES = 32

/** Why the server closed a socket. 1009 (too big) and 1001 (going away) are the WebSocket protocol's own. */
export const CLOSE_CODES = {
  goingAway: 1001,
  tooBig: 1009,
  /** The same key connected again; the newest connection wins. */
  replaced: 4001,
  /** The handshake failed: version, origin or proof. */
  refused: 4002,
  /** No proof in time. */
  handshakeTimeout: 4003,
  /** Too many malformed messages, or too many over the rate. */
  tooMuch: 4008,
} as const

const peer = made(text(0, 52), parsePeerId, 'a peer id')
const topic = made(text(0, 52), parseTopicId, 'a topic id')

/** Bytes in base64; in memory, bytes. */
function base64(least: number, most: number) {
  const bytesOf = (letters: string) => {
    const bytes = fromBase64(letters)
    return bytes !== undefined && bytes.length >= least && bytes.length <= most ? bytes : undefined
  }
  return made(text(0, Math.ceil(most / 3) * 4), bytesOf, `base64 of ${least} to ${most} bytes`)
}

/** Base64 that is passed on as it came; whoever it is for decodes it. */
const sealed = text(4, Math.ceil(LARGEST_SIGNAL_BYTES / 3) * 4, /^[A-Za-z0-9+/]+={0,2}$/)

const clientMessage = variants({
  /** The first message of a connection. Peers with another protocol name never meet. */
  hello: { version: whole(0, 0xffff), peer, protocol: text(1, LONGEST_PROTOCOL) },
  /** Answers `challenge`: a signature over `challengeBytes`. */
  prove: { origin: text(1, LONGEST_ORIGIN), signature: base64(64, 64) },
  /** List me under the topic and name some peers; said again, it asks for others. */
  enter: { topic },
  leave: { topic },
  /** For a peer that shares a topic. `body` is an encoded signal. */
  signal: { to: peer, body: sealed },
  ping: {},
})
export type ClientMessage = OutOf<typeof clientMessage>
/** As it lies in JSON. */
export type ClientText = InOf<typeof clientMessage>

const iceUrl = text(0, 512, /^(stun|turn)s?:\S+$/)
const iceUrls = list(iceUrl, 1, 8)
const oneOrMore: Shape<string | string[]> = (value, place) =>
  (Array.isArray(value) ? iceUrls : iceUrl)(value, place)
const iceServer: Shape<IceServer> = object({
  urls: oneOrMore,
  username: optional(text(0, 512)),
  credential: optional(text(0, 512)),
})

/** The servers a peer may use for ICE; may be none. */
const iceServers = list(iceServer, 0, 16)

/** What the server allows one client, so that the client need not learn it by being closed. */
const announcedLimits = object({
  /** UTF-8 bytes of one text from the client. */
  messageBytes: whole(0, 1 << 30),
  messagesPerSecond: whole(0, 1 << 30),
  bytesPerSecond: whole(0, 1 << 30),
  topics: whole(0, 1 << 30),
})

const serverMessage = variants({
  /** How often the client should ping, milliseconds. */
  challenge: { nonce: base64(NONCE_BYTES, NONCE_BYTES), heartbeatMs: whole(1_000, 300_000) },
  /** Proven; said again when the ICE servers (their credentials) changed. */
  ready: { iceServers, limits: announcedLimits },
  /** Some peers of the topic, chosen at random, never the one who asks. */
  entered: { topic, peers: list(peer, 0, MOST_INTRODUCED) },
  signal: { from: peer, body: base64(1, LARGEST_SIGNAL_BYTES) },
  /** Not here, or no topic in common: the server does not say which. */
  undeliverable: { to: peer },
  pong: {},
  /** After a fatal one the server closes the connection. */
  error: {
    code: oneOf(
      'malformed',
      'unexpected',
      'version',
      'origin',
      'proof',
      'too-many-topics',
      'topic-full',
      'rate',
    ),
    message: text(0, 256),
    fatal: yesOrNo,
  },
  /** The server is stopping; come back after this time, not before, and not all at once. */
  closing: { retryAfterMs: whole(0, 300_000) },
})
export type ServerMessage = OutOf<typeof serverMessage>
/** As it lies in JSON. */
export type ServerText = InOf<typeof serverMessage>
export type SignalingErrorCode = Extract<ServerMessage, { type: 'error' }>['code']

/** What a client said. Never throws; the reason quotes nothing of the text. */
export function parseClientMessage(json: string): Parsed<ClientMessage> {
  return parse(clientMessage, json)
}

/** What a server said. Never throws. */
export function parseServerMessage(json: string): Parsed<ServerMessage> {
  return parse(serverMessage, json)
}

/** ICE servers that were written by hand. Never throws. */
export function parseIceServers(value: unknown): Parsed<IceServer[]> {
  return readValue(iceServers, value)
}

/**
 * What a client signs to prove its key: a domain tag, the host it believes to speak to, the server's nonce, and the key.
 * Because the host is covered, a server can't use the answer to pose as the client at another one.
 */
export function challengeBytes(origin: string, nonce: Uint8Array, peer: PeerId): Uint8Array {
  const writer = new Writer(256)
  writer.put(DOMAIN)
  challenge.write(writer, { origin, nonce, peer })
  return writer.finish()
}

/**
 * The host, and the port where it is not the scheme's own, of a ws: or wss: URL: what a browser sends as Host.
 * Undefined where the text is no such URL. International names must come in their ASCII form.
 */
export function originOf(url: string): string | undefined {
  const match = /^(wss?):\/\/(\[[\da-f:.]+\]|[a-z\d._-]+)(?::(\d{1,5}))?(?:[/?][^#\s]*)?$/i.exec(
    url,
  )
  if (match === null) return undefined
  const [, scheme, host, port] = match
  const usual = scheme!.toLowerCase() === 'wss' ? '443' : '80'
  const named = host!.toLowerCase()
  return port === undefined || port === usual ? named : `${named}:${port}`
}

function parse<T>(shape: Shape<T, unknown>, json: string): Parsed<T> {
  // Letters are at most bytes, so this refuses nothing that fits.
  if (json.length > LARGEST_TEXT_BYTES) return { ok: false, reason: 'too long' }
  return readJson(shape, json)
}

const challenge = struct({
  origin: boundedText({ max: LONGEST_ORIGIN }),
  nonce: fixed(NONCE_BYTES),
  peer: peerId,
})

const DOMAIN = utf8('gossamer challenge\0')
