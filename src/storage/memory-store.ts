import type { SeenIds } from '../core/broadcast/broadcast.js'
import type { Millis, PeerId, TopicId } from '../core/ids.js'
import type { OpStore } from './op-store.js'
import { NO_OP_STORES, type OpStoresSource, opStoresOf } from './op-stores.js'
import { mergeRanges, type Range } from './ranges.js'
import { blockAfter } from './seqs.js'
import {
  noCounts,
  PEERS_PER_TOPIC,
  RANGES_PER_RECORD,
  SEEN_AHEAD_MS,
  StorageError,
  type Store,
  TOPICS_WITH_PEERS,
  TOPICS_WITH_SEQS,
} from './store.js'

/** The twin of the IndexedDB store that forgets everything with its worker. */
export class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly counters = noCounts()
  readonly #opStores: OpStoresSource
  #ops: OpStore | undefined
  #identity: CryptoKeyPair | undefined
  readonly #seqs = new Map<TopicId, number>()
  #seqFloor = 0
  /** Topic, then `since` and author. */
  readonly #seen = new Map<TopicId, Map<string, Seen>>()
  /** Least recently saved first. */
  readonly #peers = new Map<TopicId, PeerId[]>()
  #closed = false

  constructor(opStores = NO_OP_STORES) {
    this.#opStores = opStores
  }

  get ops(): OpStore {
    this.#ops ??= opStoresOf(this.#opStores).memory({
      last: topic => this.#seqs.get(topic) ?? this.#seqFloor,
      use: (topic, seq) => this.#useSeqs(topic, seq),
    })
    return this.#ops
  }

  async loadIdentity(): Promise<CryptoKeyPair | undefined> {
    this.#check()
    return this.#identity
  }

  async saveIdentity(keys: CryptoKeyPair): Promise<void> {
    this.#check()
    this.#identity = keys
    this.#seqs.clear()
    this.#seqFloor = 0
  }

  async forgetIdentity(): Promise<void> {
    this.#check()
    this.#identity = undefined
  }

  async reserveSeqs(topic: TopicId, count: number): Promise<{ first: number; last: number }> {
    this.#check()
    const block = blockAfter(this.#seqs.get(topic) ?? this.#seqFloor, count)
    this.#useSeqs(topic, block.last)
    return block
  }

  #useSeqs(topic: TopicId, last: number): void {
    if (!this.#seqs.has(topic) && this.#seqs.size >= TOPICS_WITH_SEQS) this.#forgetLowestTopic()
    this.#seqs.set(topic, last)
  }

  async loadSeen(topic: TopicId, since: Millis): Promise<SeenIds[]> {
    this.#check()
    const kept = [...(this.#seen.get(topic)?.values() ?? [])]
    return kept.filter(ids => ids.since >= since).sort((a, b) => a.since - b.since)
  }

  async saveSeen(topic: TopicId, seen: readonly SeenIds[]): Promise<void> {
    this.#check()
    if (seen.length === 0) return
    let kept = this.#seen.get(topic)
    if (kept === undefined) this.#seen.set(topic, (kept = new Map()))
    for (const { author, since, ranges } of seen) {
      const key = `${since} ${author}`
      const merged = mergeRanges(kept.get(key)?.ranges ?? [], ranges, RANGES_PER_RECORD)
      this.counters.rangesCut += merged.cut
      kept.set(key, { author, since, ranges: merged.ranges })
    }
  }

  async dropSeen(before: Millis): Promise<void> {
    this.#check()
    for (const [topic, kept] of this.#seen) {
      for (const [key, { since }] of kept) {
        if (since < before || since > before + SEEN_AHEAD_MS) kept.delete(key)
      }
      if (kept.size === 0) this.#seen.delete(topic)
    }
  }

  async loadPeers(topic: TopicId): Promise<PeerId[]> {
    this.#check()
    return [...(this.#peers.get(topic) ?? [])]
  }

  async savePeers(topic: TopicId, peers: readonly PeerId[]): Promise<void> {
    this.#check()
    const distinct = [...new Set(peers)]
    const kept = distinct.slice(0, PEERS_PER_TOPIC)
    this.counters.peersCut += distinct.length - kept.length
    this.#peers.delete(topic)
    this.#peers.set(topic, kept)
    if (this.#peers.size > TOPICS_WITH_PEERS) {
      this.#peers.delete(this.#peers.keys().next().value!)
      this.counters.peerTopicsForgotten++
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** New topics begin above the floor, so a forgotten one that comes back repeats nothing. */
  #forgetLowestTopic(): void {
    const [topic, last] = [...this.#seqs].reduce((a, b) => (b[1] < a[1] ? b : a))
    this.#seqs.delete(topic)
    this.#seqFloor = Math.max(this.#seqFloor, last)
    this.counters.seqTopicsForgotten++
  }

  #check(): void {
    if (this.#closed) throw new StorageError('failed', 'the store is closed')
  }
}

interface Seen extends SeenIds {
  ranges: Range[]
}
