import type { Deadline } from '../deadline.js'
import type { Millis, PeerId, TopicId } from '../ids.js'
import type { Message } from '../message.js'
import type { Random } from '../random.js'
import type { HistoryConfig } from './config.js'
import type { OpLog } from './log.js'
import type { CommonMessage } from './messages.js'
import type { OpRange } from './records.js'

/**
 * The port: how do two peers that keep different ops come to keep the same? It speaks with one neighbor at a
 * time, in exchanges, and puts the ops that come into the log, which says what is new of them.
 */
export interface Reconciler<M> {
  handle(now: Millis, input: ReconcilerInput<M>): ReconcilerOutput<M>[]
  /** Whether it has been in contact with the topic's history; while not, others do not ask it. */
  readonly isReady: boolean
  readonly nextDeadline: Deadline | undefined
  /** Whether an exchange of this number is open with it: only then can ops of it be of use. */
  isOpen(peer: PeerId, exchange: number): boolean
  snapshot(): ReconcilerSnapshot
}

export interface ReconcilerOptions {
  self: PeerId
  topic: TopicId
  log: OpLog
  config: HistoryConfig
  random: Random
  /** Payload bytes. */
  maxMessageSize: number
  /** How many neighbors there are: what one alone says is believed where there is nobody else. */
  neighbors: () => number
  /** Whether more may come: not while much of what came is being stored. */
  hasRoom: () => boolean
}

export type ReconcilerInput<M> =
  /** Begin an exchange with this neighbor, unless one that we began is under way. */
  | { type: 'start'; peer: PeerId }
  /** The signatures of ops it carries have been verified. */
  | { type: 'message'; from: PeerId; message: M | Extract<CommonMessage, { exchange: number }> }
  /** Answers `load`; undefined where the store failed. */
  | { type: 'loaded'; ref: number; ops: readonly Message[] | undefined }
  | { type: 'neighbor-down'; peer: PeerId }
  /** A neighbor that is in contact keeps the same as we do. */
  | { type: 'level' }
  /** There may be room again. */
  | { type: 'room' }
  | { type: 'wake' }

export type ReconcilerOutput<M> =
  | { type: 'send'; to: PeerId; message: M | Extract<CommonMessage, { exchange: number }> }
  | { type: 'load'; ref: number; wants: readonly OpRange[]; maxOps: number; maxBytes: number }
  /** More is on its way: ops known to exist beyond those kept. `isSteady`: fast enough that nobody else need be asked. */
  | { type: 'progress'; left: number; isSteady: boolean }
  | { type: 'ended'; end: ExchangeEnd }
  | {
      type: 'blame'
      peer: PeerId
      reason: 'bad-exchange' | 'unasked-reply' | 'broken-promise' | 'limit-exceeded'
    }
  | { type: 'count'; counter: string; by?: number }

export interface ExchangeEnd {
  peer: PeerId
  /** We began it. */
  opened: boolean
  /** It came to its end by the rules. */
  ok: boolean
  /** Ops that were new here, and ops that were given. */
  gained: number
  given: number
  /** There is more to be had from this peer: begin again at once. */
  again: boolean
  /** Nothing was left out on either side: what both kept when it began, both keep. */
  level: boolean
}

export interface ReconcilerSnapshot {
  kind: string
  isReady: boolean
  exchanges: { peer: PeerId; opened: boolean; since: Millis }[]
}
