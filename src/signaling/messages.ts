// What the signaling server says to a client: JSON texts over one WebSocket; client-messages.ts has what clients say. Both
// sides parse with these schemas, so a message that one can send is one that the other can read.
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
export const LONGEST_ORIGIN = 260

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

/** What one of several schemas, each under its `type`, says. (`v.variant` is a tenth of all that is used of valibot.) */
export type OneOf<Schemas> = Schemas[keyof Schemas]

// Of valibot as little as says it: each of its checks and types comes with a page's worker.

export const peer = v.custom<string>(isPeer, 'a peer id') as unknown as v.GenericSchema<
  string,
  PeerId
>
export const topic = v.custom<string>(isTopic, 'a topic id') as unknown as v.GenericSchema<
  string,
  TopicId
>

/** One of a few. */
export function word<const Word extends string>(...words: Word[]) {
  return v.custom<Word>(given => words.includes(given as Word), words.join(' or '))
}

/** At most so many. */
function few<Schema extends v.GenericSchema>(item: Schema, most: number) {
  const isShort = (given: unknown) => Array.isArray(given) && given.length <= most
  return v.pipe(v.custom<v.InferInput<Schema>[]>(isShort, `at most ${most}`), v.array(item))
}

/** Bytes in base64; in memory, bytes. */
export function base64(minBytes: number, maxBytes: number) {
  const isRight = (given: unknown) => {
    if (typeof given !== 'string' || given.length > Math.ceil(maxBytes / 3) * 4) return false
    const bytes = fromBase64(given)
    return bytes !== undefined && bytes.length >= minBytes && bytes.length <= maxBytes
  }
  return v.pipe(
    v.custom<string>(isRight, `base64 of ${minBytes} to ${maxBytes} bytes`),
    v.transform(text => fromBase64(text)!),
  )
}

export function count(most: number, least = 0) {
  const isRight = (given: unknown) =>
    Number.isSafeInteger(given) && (given as number) >= least && (given as number) <= most
  return v.custom<number>(isRight, `a whole number from ${least} to ${most}`)
}

export function short(most: number, least = 0) {
  const isRight = (given: unknown) =>
    typeof given === 'string' && given.length >= least && given.length <= most
  return v.custom<string>(isRight, `text of ${least} to ${most} letters`)
}

/** One entry of `RTCConfiguration.iceServers`. */
export const iceServer = v.strictObject({
  urls: v.custom<string | string[]>(isIceUrls, 'ICE URLs'),
  username: v.exactOptional(short(512)),
  credential: v.exactOptional(short(512)),
}) satisfies v.GenericSchema<unknown, IceServer>

/** The servers a peer may use for ICE; may be none. */
export const iceServers = few(iceServer, 16)

/** What the server allows one client. Ours keeps within the usual limits and does not look: beyond stricter ones it hears an error. */
const announcedLimits = v.strictObject({
  /** UTF-8 bytes of one text from the client. */
  messageBytes: count(1 << 30),
  messagesPerSecond: count(1 << 30),
  bytesPerSecond: count(1 << 30),
  topics: count(1 << 30),
})
const errorCode = word(
  'malformed',
  'unexpected',
  'version',
  'origin',
  'proof',
  'too-many-topics',
  'topic-full',
  'rate',
)
export type SignalingErrorCode = v.InferOutput<typeof errorCode>

export const serverMessage = {
  challenge: v.strictObject({
    type: word('challenge'),
    nonce: base64(NONCE_BYTES, NONCE_BYTES),
    /** How often the client should ping, milliseconds. */
    heartbeatMs: count(300_000, 1_000),
  }),
  /** Proven; said again when the ICE servers (their credentials) changed. */
  ready: v.strictObject({ type: word('ready'), iceServers, limits: announcedLimits }),
  /** Some peers of the topic, chosen at random, never the one who asks. */
  entered: v.strictObject({
    type: word('entered'),
    topic,
    peers: few(peer, MOST_INTRODUCED),
  }),
  signal: v.strictObject({
    type: word('signal'),
    from: peer,
    body: base64(1, LARGEST_SIGNAL_BYTES),
  }),
  /** Not here, or no topic in common: the server does not say which. */
  undeliverable: v.strictObject({ type: word('undeliverable'), to: peer }),
  pong: v.strictObject({ type: word('pong') }),
  /** After a fatal one the server closes the connection. */
  error: v.strictObject({
    type: word('error'),
    code: errorCode,
    message: short(256),
    fatal: v.custom<boolean>(given => typeof given === 'boolean', 'true or false'),
  }),
  /** The server is stopping; come back after this time, not before, and not all at once. */
  closing: v.strictObject({ type: word('closing'), retryAfterMs: count(300_000) }),
}
export type ServerMessage = v.InferOutput<OneOf<typeof serverMessage>>
/** As it lies in JSON. */
export type ServerText = v.InferInput<OneOf<typeof serverMessage>>

/** What a server said; undefined for what is no such message. Never throws. */
export function readServerMessage(json: string): ServerMessage | undefined {
  const said = read<ServerMessage>(serverMessage, json)
  // Of what it refuses valibot gives what it had read by then.
  return said?.success ? said.output : undefined
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
 * The host, and the port where it is not the scheme's own, of a ws: or wss: URL in its normal form (`new URL(…).href`): what a
 * browser sends as Host. Undefined where the text is no such URL.
 */
export function originOf(url: string): string | undefined {
  return /^wss?:\/\/([^/?#@\s]+)(?:[/?][^#\s]*)?$/.exec(url)?.[1]
}

/** Undefined where a text is no JSON, or its `type` none of these. */
export function read<T>(schemas: Record<string, v.GenericSchema<unknown, T>>, json: string) {
  // Letters are at most bytes, so this refuses nothing that fits.
  if (json.length > LARGEST_TEXT_BYTES) return undefined
  try {
    const value: unknown = JSON.parse(json)
    const { type } = (value ?? {}) as { type?: unknown }
    if (typeof type === 'string' && Object.hasOwn(schemas, type))
      return v.safeParse(schemas[type]!, value, { abortEarly: true })
  } catch {}
  return undefined
}

/** One, or a list of up to eight. */
function isIceUrls(given: unknown): boolean {
  const urls: unknown[] = Array.isArray(given) ? given : [given]
  const isUrl = (url: unknown) =>
    typeof url === 'string' && url.length <= 512 && /^(stun|turn)s?:\S+$/.test(url)
  return urls.length >= 1 && urls.length <= 8 && urls.every(isUrl)
}

function isPeer(value: unknown): boolean {
  return parsePeerId(value) !== undefined
}

function isTopic(value: unknown): boolean {
  return parseTopicId(value) !== undefined
}

const challenge = struct({
  origin: text({ max: LONGEST_ORIGIN }),
  nonce: fixed(NONCE_BYTES),
  peer: peerId,
})

const DOMAIN = utf8('gossamer challenge\0')
