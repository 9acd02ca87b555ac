// What a client says to the signaling server. Only servers read it, so it has a file of its own.
import * as v from 'valibot'
import {
  base64,
  count,
  LONGEST_ORIGIN,
  LONGEST_PROTOCOL,
  type OneOf,
  peer,
  short,
  topic,
  word,
} from './messages.js'
import { type Parsed, parse } from './parsed.js'
import { LARGEST_SIGNAL_BYTES } from './signal.js'

/** Base64 that is passed on as it came; whoever it is for decodes it. */
const sealed = v.pipe(
  v.string(),
  v.minLength(4),
  v.maxLength(Math.ceil(LARGEST_SIGNAL_BYTES / 3) * 4),
  v.regex(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'),
)

const clientMessage = {
  /** The first message of a connection. */
  hello: v.strictObject({
    type: word('hello'),
    version: count(0xffff),
    peer,
    /** Peers with another protocol name never meet. */
    protocol: short(LONGEST_PROTOCOL, 1),
  }),
  /** Answers `challenge`: a signature over `challengeBytes`. */
  prove: v.strictObject({
    type: word('prove'),
    origin: short(LONGEST_ORIGIN, 1),
    signature: base64(64, 64),
  }),
  /** List me under the topic and name some peers; said again, it asks for others. */
  enter: v.strictObject({ type: word('enter'), topic }),
  leave: v.strictObject({ type: word('leave'), topic }),
  /** For a peer that shares a topic. `body` is an encoded signal. */
  signal: v.strictObject({ type: word('signal'), to: peer, body: sealed }),
  ping: v.strictObject({ type: word('ping') }),
}
export type ClientMessage = v.InferOutput<OneOf<typeof clientMessage>>
/** As it lies in JSON. */
export type ClientText = v.InferInput<OneOf<typeof clientMessage>>

/** What a client said. Never throws; the reason quotes nothing of the text. */
export function parseClientMessage(json: string): Parsed<ClientMessage> {
  return parse<ClientMessage>(clientMessage, json)
}
