import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { OpStore } from './op-store.js'

/**
 * What outlives a tab, for one identity slot. Every method rejects with `StorageError` where the store
 * fails; the caller reports it and goes on.
 */
export interface Store {
  readonly kind: 'indexeddb' | 'memory'
  /** Since this store was opened. */
  readonly counters: Readonly<StoreCounters>
  /** The messages kept in history; with the first use whoever opened the store must have handed over how. */
  readonly ops: OpStore
  loadIdentity(): Promise<CryptoKeyPair | undefined>
  /** A new key is a new author: sequence numbers of all topics begin again at 1. */
  saveIdentity(keys: CryptoKeyPair): Promise<void>
  /** The next visit takes a new key: what this one does can't be written down. */
  forgetIdentity(): Promise<void>
  /** Gives out the next `count` sequence numbers of a topic, never the same twice; the first ever is 1. */
  reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }>
  /** Ids seen in this topic in buckets that begin at or after `since`. */
  loadSeen(topic: TopicId, since: Millis): Promise<SeenIds[]>
  /** Adds to what is kept for each author and bucket: ranges are merged. */
  saveSeen(topic: TopicId, seen: readonly SeenIds[]): Promise<void>
  /**
   * Forgets buckets of all topics that begin before `before`, and those that begin more than a day
   * after it: they are from a clock that ran ahead and would otherwise stay for good.
   */
  dropSeen(before: Millis): Promise<void>
  /** Most useful first. */
  loadPeers(topic: TopicId): Promise<PeerId[]>
  /** In place of those saved before; `PEERS_PER_TOPIC` at most, the rest is cut. */
  savePeers(topic: TopicId, peers: readonly PeerId[]): Promise<void>
  close(): Promise<void>
}

/** What a store had to skip or cut. */
export interface StoreCounters {
  /** Records that could not be read or had the wrong shape; skipped. */
  corruptRecords: number
  /** Ranges of seen ids above `RANGES_PER_RECORD`. */
  rangesCut: number
  /** Peers above `PEERS_PER_TOPIC`. */
  peersCut: number
  /** Topics whose peers were forgotten for newer ones, above `TOPICS_WITH_PEERS`. */
  peerTopicsForgotten: number
  /** Topics whose last number gave way to the common floor, above `TOPICS_WITH_SEQS`. */
  seqTopicsForgotten: number
}

export function noCounts(): StoreCounters {
  return {
    corruptRecords: 0,
    rangesCut: 0,
    peersCut: 0,
    peerTopicsForgotten: 0,
    seqTopicsForgotten: 0,
  }
}

/** Active view 5, passive view 30, reserve 100, less the overlap (design §7). */
export const PEERS_PER_TOPIC = 130

/** Guess: more rooms than anyone comes back to. 256 × 130 peers are about 2 MB. */
export const TOPICS_WITH_PEERS = 256

/** Guess: far above the topics one page speaks in. */
export const TOPICS_WITH_SEQS = 1024

/**
 * Separate runs of one author in ten seconds. An honest author has one or two; one that skips numbers on
 * purpose can make as many as it has messages. Guess.
 */
export const RANGES_PER_RECORD = 4096

/** Buckets this far ahead are from a clock that was wrong. */
export const SEEN_AHEAD_MS = 24 * 60 * 60 * 1000

export class StorageError extends Error {
  constructor(
    readonly code: 'missing' | 'blocked' | 'full' | 'corrupt' | 'failed',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.name = 'StorageError'
  }
}
