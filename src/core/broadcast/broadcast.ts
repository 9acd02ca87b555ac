import type { Deadline } from '../deadline.js'
import type { MessageId, Millis, Numbered, PeerId } from '../ids.js'
import type { Message } from '../message.js'

/** The port: how does a payload reach everyone in the topic? */
export interface Broadcast<M> {
  handle(now: Millis, input: BroadcastInput<M>): BroadcastOutput<M>[]
  /** Whether this message was seen within the retention; asked by the door before any crypto is spent. */
  knows(id: MessageId): boolean
  /** Ids seen since the last call, for the store. */
  takeFresh(): SeenIds[]
  readonly nextDeadline: Deadline | undefined
  snapshot(): BroadcastSnapshot
}

export type BroadcastInput<M> =
  | { type: 'neighbor-up'; peer: PeerId }
  | { type: 'neighbor-down'; peer: PeerId }
  /** Own message, sealed. */
  | { type: 'publish'; message: Message }
  /** Own message for direct neighbors only; never stored nor forwarded. */
  | {
      type: 'publish-neighbors'
      nonce: Uint8Array
      time: number
      payload: Uint8Array
      signature: Uint8Array | undefined
    }
  /** A received message, verified; `round` as received: 0 is straight from its author. */
  | { type: 'message'; from: PeerId; message: Message; round: number }
  /** These came another way, from history: they are known, and need not be asked for. */
  | { type: 'held'; from: PeerId; ids: readonly Numbered[] }
  /** Another copy of a message already known. */
  | { type: 'duplicate'; from: PeerId; id: MessageId; round: number }
  /** Everything but payload: prune, graft, ihave, graft-refused, root-path. */
  | { type: 'control'; from: PeerId; message: M }
  /** A link's smoothed round trip, milliseconds. */
  | { type: 'rtt'; peer: PeerId; rttMs: number }
  /** Whether every member is a neighbor of every other: then authors tell all themselves. */
  | { type: 'mesh'; isComplete: boolean }
  /** Ids remembered from before a reload. */
  | { type: 'recall'; seen: readonly SeenIds[] }
  | { type: 'wake' }

export type BroadcastOutput<M> =
  | { type: 'send'; to: PeerId; message: M }
  | { type: 'deliver'; from: PeerId; message: Message; round: number }
  | { type: 'blame'; peer: PeerId; reason: 'limit-exceeded' | 'broken-promise' }
  | { type: 'count'; counter: string; by?: number }

/** Sequence ranges of one author, both ends included, seen in the ten seconds that begin at `since`. */
export interface SeenIds {
  author: PeerId
  since: Millis
  ranges: readonly (readonly [first: number, last: number])[]
}

export interface BroadcastSnapshot {
  kind: string
  eager: PeerId[]
  lazy: PeerId[]
  missing: number
  cached: number
  deadline: Deadline | undefined
}
