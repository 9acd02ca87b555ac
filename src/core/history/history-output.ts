import type { Numbered, PeerId } from '../ids.js'
import type { HistoryMessage, NodeOutput } from '../io.js'
import type { Message } from '../message.js'
import type { DeliveryOutput } from './deliveries.js'
import type { ReconcilerOutput, ReconcilerSnapshot } from './reconciler.js'
import type { WaveMessage } from './wavefront/messages.js'

/** What a history has its topic do. */
export type HistoryOutput =
  | { type: 'send'; to: PeerId; message: HistoryMessage }
  | DeliveryOutput
  /** One's own message is kept: now it may leave. */
  | { type: 'publish'; ref: number; message: Message }
  /** These came in an exchange; the broadcast need not ask for them. */
  | { type: 'held'; from: PeerId; ids: readonly Numbered[] }
  | { type: 'out'; output: NodeOutput }
  | Extract<ReconcilerOutput<WaveMessage>, { type: 'blame' | 'count' }>

export interface HistorySnapshot extends ReconcilerSnapshot {
  /** Kept. */
  ops: number
  lanes: number
  /** Ops whose parents are missing. */
  waiting: number
  isSynced: boolean
  /** Equal where two peers keep the same. */
  digest: Uint8Array
}
