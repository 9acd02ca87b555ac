import type { PeerId, TopicId } from '../core/ids.js'
import type { NodeMetrics, TopicEvent, TopicStatus } from '../core/io.js'
import type { NodeSnapshot } from '../core/snapshot.js'
import type { TopicTerms } from '../core/topic-hello.js'
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
    }
  | { type: 'join-peers'; handle: number; peers: PeerId[] }
  /** All broadcasts of one task in one message: `postMessage` costs more than the bytes. */
  | { type: 'broadcast'; handle: number; scope: 'swarm' | 'neighbors'; calls: BroadcastCall[] }
  /** The reader took this many events: as many more may be sent. */
  | { type: 'credit'; handle: number; count: number }
  | { type: 'leave'; handle: number; call: number }
  | { type: 'inspect'; call: number }
  | { type: 'metrics'; call: number }
  /** Another port to serve; it is in the transfer list. */
  | { type: 'listen'; port: unknown }
  | { type: 'shutdown'; call: number }

export interface BroadcastCall {
  ref: number
  payload: Uint8Array
}

/** Node → client. */
export type NodeMessage =
  | { type: 'answer'; call: number; value: Welcome | NodeMetrics | NodeSnapshot | undefined }
  | { type: 'refused'; call: number; code: string; message: string }
  | { type: 'events'; handle: number; events: (ClientEvent | ReceivedRun)[] }
  | { type: 'status'; handle: number; status: TopicStatus }
  | { type: 'outcomes'; handle: number; outcomes: (BroadcastOutcome | OutcomeRun)[] }
  /** The subscription ended by itself: refused, or the node is shutting down. */
  | { type: 'ended'; handle: number; code: string; message: string }
  | { type: 'notice'; notice: Notice }

export interface Welcome {
  peerId: PeerId
  maxMessageSize: number
}

export type BroadcastOutcome =
  | { ref: number; ok: true; id: string; neighbors: number }
  | { ref: number; ok: false; code: string; message: string }

/** Topic events plus what the node itself has to say to one reader. */
export type ClientEvent = TopicEvent | { type: 'lagged'; count: number }

/** Something the user of the node should know; not bound to a topic. */
export interface Notice {
  code:
    | 'storage-unavailable'
    | 'storage-failed'
    | 'storage-full'
    | 'signaling-lost'
    | 'signaling-open'
    | 'signaling-refused'
    | 'links-relayed'
  message: string
}

/** Events in flight to one reader before it must take some (design §1). */
export const EVENT_CREDIT = 256
