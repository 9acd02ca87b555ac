import type { DeliveryOrder, Retention } from '../core/history/records.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { NodeMetrics, TopicEvent, TopicStatus } from '../core/io.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
import type { Fault } from './fault.js'
import type { OutcomeRun, ReceivedRun } from './runs.js'

// The one protocol by which a node is driven. Whoever holds a port can speak it: the page that opened
// the node, another tab, a Node process. Ports are ordered, so only calls that answer carry a number.

/** Client → node. */
export type ClientMessage =
  /** The first message on any port but the opener's; answered with `Welcome`. */
  | { type: 'connect'; call: number }
  | {
      type: 'subscribe'
      /** Chosen by the client, unique on its port; names the subscription from here on. */
      handle: number
      topic: TopicId
      terms: TopicTerms
      bootstrap: PeerId[]
      /** Events the node keeps for a reader that does not keep up; the oldest go first, as `lagged`. */
      capacity: number
      /** Where the terms name a history; the first subscription's holds for the topic. */
      history?: HistoryRequest | undefined
    }
  /** Answered with a `HistoryPage`. */
  | { type: 'read-history'; handle: number; call: number; request: ReadRequest }
  | { type: 'join-peers'; handle: number; peers: PeerId[] }
  /** All broadcasts of one task in one message: `postMessage` costs more than the bytes. */
  | {
      type: 'broadcast'
      handle: number
      scope: 'swarm' | 'neighbors'
      calls: BroadcastCall[]
    }
  /** What we show of ourselves in this topic; undefined takes it back. */
  | { type: 'set-presence'; handle: number; value: Uint8Array | undefined }
  /** The reader took this many events: as many more may be sent. */
  | { type: 'credit'; handle: number; count: number }
  | { type: 'leave'; handle: number; call: number }
  | { type: 'inspect'; call: number }
  | { type: 'metrics'; call: number }
  | { type: 'provoke'; call: number; fault: Fault }
  /** Another port to serve; it is in the transfer list. */
  | { type: 'listen'; port: unknown }
  | { type: 'shutdown'; call: number }

/** How a topic's messages are kept and delivered. */
export interface HistoryRequest {
  retention: Retention
  order: DeliveryOrder
}

/** Which kept messages are read: at first from a time on, then from where the last page ended. */
export interface ReadRequest {
  /** Epoch milliseconds. */
  since: number
  /** The newest so many, while no position is given. */
  limit: number
  position: number | undefined
  /** Where there is nothing yet, the answer waits until there is. */
  live: boolean
}

/** Kept messages in causal order; a column for each field. None: there are no more. */
export interface HistoryPage {
  authors: PeerId[]
  seqs: number[]
  times: number[]
  /** Where each content ends in `contents`. */
  ends: number[]
  contents: Uint8Array
  /** Where to read on. */
  position: number
}

export interface BroadcastCall {
  ref: number
  payload: Uint8Array
  /** With it the payload is a bundle of so many messages (core/bundle.ts); their refs count up from `ref`. */
  count?: number
}

/** Node → client. */
export type NodeMessage =
  | { type: 'answer'; call: number; value: Answer }
  | { type: 'refused'; call: number; code: string; message: string }
  | { type: 'events'; handle: number; events: (NodeEvent | ReceivedRun)[] }
  | { type: 'status'; handle: number; status: TopicStatus }
  /** What changed in the task, the newest word of each peer. */
  | { type: 'presence'; handle: number; changes: PresenceChange[] }
  /** Newest word only, as `status`. */
  | { type: 'history'; handle: number; state: HistoryState }
  | { type: 'outcomes'; handle: number; outcomes: (BroadcastOutcome | OutcomeRun)[] }
  /** The subscription ended by itself: refused, or the node is shutting down. */
  | { type: 'ended'; handle: number; code: string; message: string }
  | { type: 'notice'; notice: Notice }

export type Answer = Welcome | NodeMetrics | NodeSnapshot | HistoryPage | undefined

export interface Welcome {
  peerId: PeerId
  maxMessageSize: number
}

/** How far our history of a topic has come. */
export interface HistoryState {
  /** Some neighbor keeps what we keep, as of the last comparison. */
  synced: boolean
  /** Messages kept, and how many are known to exist. */
  have: number
  known: number
}

export type BroadcastOutcome =
  | { ref: number; ok: true; id: string; neighbors: number }
  /** Of so many whose refs count up, one unless told. */
  | { ref: number; ok: false; code: string; message: string; count?: number | undefined }

/** Topic events plus what the node itself has to say to one reader. Presence is no event: only its newest word counts. */
export type ClientEvent =
  | Exclude<TopicEvent, { type: 'presence' | 'received-bundle' }>
  | { type: 'lagged'; count: number }

/** What waits for a reader: of a bundle each message is an event when it gets there. */
export type NodeEvent = ClientEvent | Extract<TopicEvent, { type: 'received-bundle' }>

/** A peer shows something else, or nothing any more. */
export type PresenceChange = Omit<Extract<TopicEvent, { type: 'presence' }>, 'type'>

/** What a notice is about, for programs. Codes are stable. */
export type NoticeCode =
  /** From its start this node keeps everything in memory: the next visit is another peer. */
  | 'storage-unavailable'
  /** The store refused to read or to write something, or a record was damaged. At most once a minute. */
  | 'storage-failed'
  /** The disk is full: what a topic's history takes in from now on is kept in memory. */
  | 'storage-full'
  /** The signaling server is out of reach; it is tried again. Once for each time. */
  | 'signaling-lost'
  /** It is back. */
  | 'signaling-open'
  /** The signaling server refused us, or something we asked for. Once for each reason. */
  | 'signaling-refused'
  /** This browser can't lend channels to the worker, so the page relays. Once. */
  | 'links-relayed'
  /** The file for presence and relayed links could not be loaded; it is tried again. Once for each time. */
  | 'protocol-unavailable'

/** Something the user of the node should know; not bound to a topic. Nothing has to be done: what can be tried again is. */
export interface Notice {
  code: NoticeCode
  /** Sentences for people: what happened and what follows from it. They may change. */
  message: string
}

/** Events in flight to one reader before it must take some (design §1). */
export const EVENT_CREDIT = 256
