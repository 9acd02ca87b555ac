// What a client and the signaling server say to each other: JSON texts over one WebSocket. Both sides
// parse with these schemas, so a message that one can send is one that the other can read.
import * as v from 'valibot'
import { utf8 } from '../codec/bytes.js'
import { struct } from '../codec/combinators.js'
import { fixed, text } from '../codec/primitives.js'
import { Writer } from '../codec/writer.js'
import { type PeerId, parsePeerId, parseTopicId, peerId, type TopicId } from '../core/ids.js'
import { fromBase64 } from './base64.js'
import type { IceServer } from './ice-server.js'
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

const peer = v.pipe(v.string(), v.check(isPeer, 'a peer id'), v.transform(asPeer))
const topic = v.pipe(v.string(), v.check(isTopic, 'a topic id'), v.transform(asTopic))

/** Bytes in base64; in memory, bytes. */
function base64(minBytes: number, maxBytes: number) {
  return v.pipe(
    v.string(),
    v.maxLength(Math.ceil(maxBytes / 3) * 4),
    v.transform(fromBase64),
    v.instance(Uint8Array, 'base64'),
    v.check(
      bytes => bytes.length >= minBytes && bytes.length <= maxBytes,
      `base64 of ${minBytes} to ${maxBytes} bytes`,
    ),
  )
}

/** Base64 that is passed on as it came; whoever it is for decodes it. */
const sealed = v.pipe(
  v.string(),
  v.minLength(4),
  v.maxLength(Math.ceil(LARGEST_SIGNAL_BYTES / 3) * 4),
  v.regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'),
)

const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const short = (max: number) => v.pipe(v.string(), v.maxLength(max))

const clientMessage = v.variant('type', [
  /** The first message of a connection. */
  v.strictObject({
    type: v.literal('hello'),
    version: count(0xffff),
    peer,
    /** Peers with another protocol name never meet. */
    protocol: v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_PROTOCOL)),
  }),
  /** Answers `challenge`: a signature over `challengeBytes`. */
  v.strictObject({
    type: v.literal('prove'),
    origin: v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_ORIGIN)),
    signature: base64(64, 64),
  }),
  /** List me under the topic and name some peers; said again, it asks for others. */
  v.strictObject({ type: v.literal('enter'), topic }),
  v.strictObject({ type: v.literal('leave'), topic }),
  /** For a peer that shares a topic. `body` is an encoded signal. */
  v.strictObject({ type: v.literal('signal'), to: peer, body: sealed }),
  v.strictObject({ type: v.literal('ping') }),
])
export type ClientMessage = v.InferOutput<typeof clientMessage>
/** As it lies in JSON. */
export type ClientText = v.InferInput<typeof clientMessage>

const iceUrl = v.pipe(v.string(), v.maxLength(512), v.regex(/^(stun|turn)s?:\S+$/, 'an ICE URL'))

/** One entry of `RTCConfiguration.iceServers`. */
export const iceServer = v.strictObject({
  urls: v.union([iceUrl, v.pipe(v.array(iceUrl), v.minLength(1), v.maxLength(8))]),
  username: v.exactOptional(short(512)),
  credential: v.exactOptional(short(512)),
}) satisfies v.GenericSchema<unknown, IceServer>

/** The servers a peer may use for ICE; may be none. */
export const iceServers = v.pipe(v.array(iceServer), v.maxLength(16))

/** What the server allows one client, so that the client need not learn it by being closed. */
const announcedLimits = v.strictObject({
  /** UTF-8 bytes of one text from the client. */
  messageBytes: count(1 << 30),
  messagesPerSecond: count(1 << 30),
  bytesPerSecond: count(1 << 30),
  topics: count(1 << 30),
})
const errorCode = v.picklist([
  'malformed',
  'unexpected',
  'version',
  'origin',
  'proof',
  'too-many-topics',
  'topic-full',
  'rate',
])
export type SignalingErrorCode = v.InferOutput<typeof errorCode>

const serverMessage = v.variant('type', [
  v.strictObject({
    type: v.literal('challenge'),
    nonce: base64(NONCE_BYTES, NONCE_BYTES),
    /** How often the client should ping, milliseconds. */
    heartbeatMs: v.pipe(count(300_000), v.minValue(1_000)),
  }),
  /** Proven; said again when the ICE servers (their credentials) changed. */
  v.strictObject({ type: v.literal('ready'), iceServers, limits: announcedLimits }),
  /** Some peers of the topic, chosen at random, never the one who asks. */
  v.strictObject({
    type: v.literal('entered'),
    topic,
    peers: v.pipe(v.array(peer), v.maxLength(MOST_INTRODUCED)),
  }),
  v.strictObject({
    type: v.literal('signal'),
    from: peer,
    body: base64(1, LARGEST_SIGNAL_BYTES),
  }),
  /** Not here, or no topic in common: the server does not say which. */
  v.strictObject({ type: v.literal('undeliverable'), to: peer }),
  v.strictObject({ type: v.literal('pong') }),
  /** After a fatal one the server closes the connection. */
  v.strictObject({
    type: v.literal('error'),
    code: errorCode,
    message: short(256),
    fatal: v.boolean(),
  }),
  /** The server is stopping; come back after this time, not before, and not all at once. */
  v.strictObject({ type: v.literal('closing'), retryAfterMs: count(300_000) }),
])
export type ServerMessage = v.InferOutput<typeof serverMessage>
/** As it lies in JSON. */
export type ServerText = v.InferInput<typeof serverMessage>

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string }

/** What a client said. Never throws; the reason quotes nothing of the text. */
export function parseClientMessage(json: string): Parsed<ClientMessage> {
  return parse(clientMessage, json)
}

/** What a server said. Never throws. */
export function parseServerMessage(json: string): Parsed<ServerMessage> {
  return parse(serverMessage, json)
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

function parse<T>(schema: v.GenericSchema<unknown, T>, json: string): Parsed<T> {
  // Letters are at most bytes, so this refuses nothing that fits.
  if (json.length > LARGEST_TEXT_BYTES) return { ok: false, reason: 'too long' }
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { ok: false, reason: 'not JSON' }
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return { ok: true, value: parsed.output }
  const issue = parsed.issues[0]
  const expected = issue.kind === 'schema' ? issue.expected : issue.message
  return { ok: false, reason: `${placeOf(issue)}: expected ${expected ?? 'nothing'}`.slice(0, 200) }
}

/** The path of what is wrong; names the sender chose itself are not repeated. */
function placeOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(step => String(step.key))
  const known = keys.every(key => /^[a-zA-Z0-9]{1,32}$/.test(key))
  return keys.length === 0 ? 'message' : known ? keys.join('.') : 'unknown field'
}

function isPeer(value: string): boolean {
  return parsePeerId(value) !== undefined
}

function asPeer(value: string): PeerId {
  return value as PeerId
}

function isTopic(value: string): boolean {
  return parseTopicId(value) !== undefined
}

function asTopic(value: string): TopicId {
  return value as TopicId
}

const challenge = struct({
  origin: text({ max: LONGEST_ORIGIN }),
  nonce: fixed(NONCE_BYTES),
  peer: peerId,
})

const DOMAIN = utf8('gossamer challenge\0')
