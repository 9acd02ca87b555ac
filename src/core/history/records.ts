// What passes between the core, which decides what is kept, and the runtime, which keeps it.
import type { MessageId, PeerId } from '../ids.js'
import type { Message } from '../message.js'

/** Which reconciler a topic's peers speak; `none` keeps no messages. A term of the topic. The last two are words of the wire for what may come. */
export type HistoryProtocol = 'none' | 'wavefront' | 'sectors' | 'aspects'

/** In which order messages are delivered: as they come, or each after its parents. A peer's own affair. */
export type DeliveryOrder = 'arrival' | 'causal'

/**
 * An op to be kept, in place of what is kept under its author and seq already. Records of one topic are found by
 * (author, seq), by `position`, by time and by hash.
 */
export interface OpRecord {
  readonly message: Message
  /** 32 bytes. */
  readonly hash: Uint8Array
  /**
   * Its place in this peer's causal order: every op of a lower position that it builds on is kept too. Counts
   * up from 1 per topic, never given twice. 0: it waits for parents that are not here; it was delivered all the
   * same, is kept, is never sent to anybody, and is written again with a position once its parents came.
   */
  readonly position: number
}

/** What one author's chain has come to. Outlives its ops: retention never deletes a lane. */
export interface LaneRecord {
  readonly author: PeerId
  /** The highest seq that has a position; all from `oldest` up to here are kept. */
  readonly height: number
  /** Hash of the op at `height`, 32 bytes. */
  readonly tip: Uint8Array
  /** The lowest seq that is kept with a position; 1 until retention deletes. Never above `height`. */
  readonly oldest: number
  /** Hash of the op there, 32 bytes; `oldest` is a bundle's first number. */
  readonly oldestHash: Uint8Array
  /** Two different ops of one seq were seen: nothing of this author is taken above `height` any more. */
  readonly frozen: boolean
}

/** Everything the core is told of a topic's history when the topic is opened. No bodies but those that wait. */
export interface HistoryIndex {
  readonly lanes: readonly LaneRecord[]
  /** The ops no other op builds on, newest last, as last written by `store-ops`. */
  readonly heads: readonly MessageId[]
  /** Ops kept with position 0; at most `MOST_WAITING_OPS`, the rest may be left out. */
  readonly waiting: readonly Message[]
  /** The highest position ever given. */
  readonly position: number
  /**
   * The lowest seq that this peer may give to its next message: above every one reserved for the topic, and
   * above every own op kept, with or without a position.
   */
  readonly nextSeq: number
}

/** All ops of one author from `first` to `last`, both included. */
export interface OpRange {
  readonly author: PeerId
  readonly first: number
  readonly last: number
}

/** What retention left of a lane. */
export interface TrimmedLane {
  readonly author: PeerId
  readonly oldest: number
  readonly oldestHash: Uint8Array
}

/**
 * How much is kept of one topic. What is over it is given up, lowest position first; but never the newest op of an
 * author, so there can be as many more ops as there are authors.
 */
export interface Retention {
  /** By the author's clock, or ours where the op came before its own time. */
  maxAgeMs: number
  maxOps: number
  /** Of encoded messages. */
  maxBytes: number
}

/** Ops without a position that a topic may have at a time; above it they are delivered and not kept. Guess. */
export const MOST_WAITING_OPS = 1024

/** Authors whose chains a topic keeps; those after are delivered and not kept. Guess: 4096 × about 0.5 KB. */
export const MOST_LANES = 4096

/** Of a topic of which nothing is kept. */
export const EMPTY_INDEX: HistoryIndex = {
  lanes: [],
  heads: [],
  waiting: [],
  position: 0,
  nextSeq: 1,
}

/** Hashes beside heights are cut to this (amendment to the seed): forks are seen, and proven by the ops themselves. */
export const SHORT_HASH_BYTES = 4
