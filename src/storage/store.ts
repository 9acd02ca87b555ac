import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'

/**
 * What outlives a tab, for one identity slot. Every method rejects with `StorageError` where the store
 * fails; the caller reports it and goes on.
 */
export interface Store {
  readonly kind: 'indexeddb' | 'memory'
  loadIdentity(): Promise<CryptoKeyPair | undefined>
  saveIdentity(keys: CryptoKeyPair): Promise<void>
  /** Gives out the next `count` sequence numbers of a topic, never the same twice; the first ever is 1. */
  reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }>
  /** Ids seen in this topic in buckets that begin at or after `since`. */
  loadSeen(topic: TopicId, since: Millis): Promise<SeenIds[]>
  /** Adds to what is kept for each author and bucket: ranges are merged. */
  saveSeen(topic: TopicId, seen: readonly SeenIds[]): Promise<void>
  /** Forgets buckets of all topics that begin before `before`. */
  dropSeen(before: Millis): Promise<void>
  /** Most useful first. */
  loadPeers(topic: TopicId): Promise<PeerId[]>
  savePeers(topic: TopicId, peers: readonly PeerId[]): Promise<void>
  close(): Promise<void>
}

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
