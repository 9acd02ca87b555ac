import { concat, utf8 } from '../codec/bytes.js'
import { sha256 } from '../codec/sha256.js'
import {
  type PeerId,
  parsePeerId,
  parseTopicId,
  type TopicId,
  topicIdFromBytes,
} from '../core/ids.js'
import { refuse } from './checks.js'

/**
 * What names a topic: its name, 1 to 256 bytes of UTF-8, or its id: 32 bytes, or `{ id }` with the bytes or
 * with the 52 letters as which ids are printed. A string is always a name, also where it looks like an id.
 */
export type TopicName = string | Uint8Array | { readonly id: string | Uint8Array }

/** The id of a topic: as given, or SHA-256 of a domain tag and the name. Throws `invalid-argument`. */
export function topicIdOf(topic: TopicName): TopicId {
  if (typeof topic === 'string') {
    const bytes = utf8(topic)
    if (bytes.length >= 1 && bytes.length <= LONGEST_NAME_BYTES && !LONE_SURROGATE.test(topic)) {
      return topicIdFromBytes(sha256(concat(DOMAIN, bytes)))
    }
    refuse(
      'topic',
      topic,
      `a name of 1 to ${LONGEST_NAME_BYTES} bytes of UTF-8 (this has ${bytes.length})`,
    )
  }
  const id = isBytes(topic) ? topic : (topic as { id?: unknown } | null | undefined)?.id
  if (isBytes(id) && id.length === ID_BYTES) return topicIdFromBytes(id)
  return (
    parseTopicId(id) ??
    refuse(
      'topic',
      id ?? topic,
      'a name, or an id of 32 bytes, or { id } with 52 letters of base32',
    )
  )
}

/** Throws `invalid-argument` naming the first that is no peer id. Repeated ids count once. */
export function checkPeerIds(name: string, given: unknown): PeerId[] {
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
    refuse(name, given, 'a list of peer ids')
  }
  const peers = new Set<PeerId>()
  let at = 0
  for (const one of given as Iterable<unknown>) {
    peers.add(checkPeerId(`${name}[${at}]`, one))
    // Also where some are repeated: there may be no end to it.
    if (++at > MOST_PEER_IDS) refuse(name, given, `at most ${MOST_PEER_IDS} peer ids`)
  }
  return [...peers]
}

export function checkPeerId(name: string, given: unknown): PeerId {
  return parsePeerId(given) ?? refuse(name, given, 'a peer id: 52 letters of lowercase base32')
}

function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]'
}

const DOMAIN = utf8('gossamer topic\0')
/** Text that is no text: it would be written as another name. */
const LONE_SURROGATE = /\p{Surrogate}/u
const ID_BYTES = 32
/** Guess: room for any URL-like name. */
const LONGEST_NAME_BYTES = 256
/** Guess: a join tries a few; more than this is a mistake. */
const MOST_PEER_IDS = 1_000
