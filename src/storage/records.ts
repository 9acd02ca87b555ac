import type { DBSchema } from 'idb'
import type { SeenIds } from '../core/broadcast/broadcast.js'
import { type PeerId, parsePeerId } from '../core/ids.js'
import type { Range } from './ranges.js'
import { PEERS_PER_TOPIC } from './store.js'

// What lies in IndexedDB. Values are `unknown` on the way out: another version, another script of the
// same origin or a bad disk may have written them, so each is parsed before it is used.

export interface Tables extends DBSchema {
  /** What there is one of per slot: `identity`, `seq-floor`, `opened`. */
  own: { key: string; value: unknown }
  seqs: { key: string; value: unknown }
  seen: { key: SeenKey; value: unknown; indexes: { since: number } }
  peers: { key: string; value: unknown; indexes: { saved: number } }
  /** op-records.ts says what these three hold. */
  ops: {
    key: [room: number, position: number]
    value: unknown
    indexes: {
      lane: [room: number, author: number, seq: number]
      earliest: [room: number, time: number]
      latest: [room: number, time: number]
    }
  }
  lanes: { key: [room: number, author: number]; value: unknown }
  rooms: { key: string; value: unknown }
}

export type SeenKey = [topic: string, since: number, author: string]

/** The last number of a topic ever given out. */
export interface SeqRecord {
  topic: string
  last: number
}

export interface SeenRecord {
  topic: string
  since: number
  author: string
  ranges: Range[]
}

export interface PeersRecord {
  topic: string
  /** Epoch milliseconds; the oldest gives way. */
  saved: number
  peers: string[]
}

export function parseLast(value: unknown): number | undefined {
  return isRecord(value) && isCount(value.last) ? value.last : undefined
}

export function parseSeen(value: unknown): SeenIds | undefined {
  if (!isRecord(value) || !isCount(value.since)) return undefined
  const author = parsePeerId(value.author)
  // A list may have holes, which `every` passes over.
  if (author === undefined || !Array.isArray(value.ranges) || ![...value.ranges].every(isRange)) {
    return undefined
  }
  return { author, since: value.since, ranges: value.ranges }
}

/** The peers that can be read, and how many entries cannot. */
export function parsePeers(value: unknown): { peers: PeerId[]; corrupt: number } {
  if (!isRecord(value) || !Array.isArray(value.peers)) return { peers: [], corrupt: 1 }
  const entries = value.peers.slice(0, PEERS_PER_TOPIC)
  const peers: PeerId[] = []
  for (const entry of entries) {
    const peer = parsePeerId(entry)
    if (peer !== undefined) peers.push(peer)
  }
  return { peers, corrupt: entries.length - peers.length }
}

export function parseIdentity(value: unknown): CryptoKeyPair | undefined {
  if (!isRecord(value)) return undefined
  const { privateKey, publicKey } = value
  if (!(privateKey instanceof CryptoKey) || !(publicKey instanceof CryptoKey)) return undefined
  const fits =
    privateKey.type === 'private' &&
    privateKey.usages.includes('sign') &&
    publicKey.type === 'public' &&
    publicKey.extractable
  return fits ? { privateKey, publicKey } : undefined
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isRange(value: unknown): value is Range {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [first, last] = value
  return isCount(first) && isCount(last) && first <= last
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
