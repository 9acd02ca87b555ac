import type { BlameReason } from './blame.js'
import type { SeenIds } from './broadcast/broadcast.js'
import type { PlumtreeMessage } from './broadcast/plumtree/messages.js'
import type { CommonMessage } from './history/messages.js'
import type {
  DeliveryOrder,
  HistoryIndex,
  LaneRecord,
  OpRange,
  OpRecord,
  TrimmedLane,
} from './history/records.js'
import type { WaveMessage } from './history/wavefront/messages.js'
import type { MessageId, PeerId, TopicId } from './ids.js'
import type { PeerRecord } from './membership/hyparview/messages.js'
import type { LinkDownReason, NeighborDownReason } from './membership/membership.js'
import type { Knock, KnockAnswer, MembershipMessage } from './membership/messages.js'
import type { Draft, Message } from './message.js'
import type { PresenceDraft, PresenceStatement } from './presence/statement.js'
import type { TopicTerms } from './topic-hello.js'

/** What two peers of one topic say to each other. */
export type TopicMessage = MembershipMessage | PlumtreeMessage | HistoryMessage

/**
 * What reconcilers say. It arrives as `frame`. Of those that carry ops (`'ops' in message`) the door has verified
 * every op's signature; one that fails blames the sender and none of that frame is passed on.
 */
export type HistoryMessage = CommonMessage | WaveMessage

/** Everything that goes into a node. Bytes were decoded and signatures checked before. */
export type NodeInput =
  // ——— the application
  | {
      type: 'subscribe'
      topic: TopicId
      terms: TopicTerms
      bootstrap: readonly PeerId[]
      /** Peers of this topic from earlier visits; tried when bootstrap and introductions fail. */
      remembered: readonly PeerId[]
      /** Ids seen before a reload. */
      seen: readonly SeenIds[]
      /** What is kept of the topic; to be given where its terms name a history. Nothing kept: an empty one. */
      history?: HistoryIndex
      /** `causal` takes a history. Default `arrival`. */
      order?: DeliveryOrder
    }
  | { type: 'join-peers'; topic: TopicId; peers: readonly PeerId[] }
  /** With `count` the payload is a bundle of so many messages (bundle.ts). */
  | {
      type: 'broadcast'
      topic: TopicId
      ref: number
      payload: Uint8Array
      count?: number | undefined
    }
  | { type: 'broadcast-neighbors'; topic: TopicId; ref: number; payload: Uint8Array }
  /** At most 1,024 bytes that the others see of us; undefined takes them back. Comes out as `seal-presence`. */
  | { type: 'set-presence'; topic: TopicId; value: Uint8Array | undefined }
  | { type: 'leave'; topic: TopicId }
  // ——— promises kept by the runtime
  /** Sequence numbers up to and including `last` may be used: the store has them reserved. */
  | { type: 'seqs-reserved'; topic: TopicId; first: number; last: number }
  /** A draft came back signed (or as it was, on unsigned topics), in the order of the drafts. */
  | { type: 'sealed'; topic: TopicId; ref: number; message: Message }
  | {
      type: 'neighbors-sealed'
      topic: TopicId
      ref: number
      payload: Uint8Array
      /** 16 random bytes. */
      nonce: Uint8Array
      time: number
      signature: Uint8Array | undefined
    }
  // ——— history: the runtime keeps what the core decides
  /** Answers `store-ops`, in the order in which those came. */
  | { type: 'ops-stored'; topic: TopicId; ref: number; ok: boolean }
  /**
   * Answers `load-ops`, in any order; undefined where the store failed. In order of position, cut at the end only: no op
   * that was asked for and left out has a lower position than one that is here.
   */
  | { type: 'ops-loaded'; topic: TopicId; ref: number; ops: readonly Message[] | undefined }
  /** Retention has deleted ops; what is left of their lanes. The op at a lane's height is never deleted. */
  | { type: 'ops-trimmed'; topic: TopicId; lanes: readonly TrimmedLane[] }
  /** A `seal-presence` came back signed (or as it was, on unsigned topics). */
  | { type: 'presence-sealed'; topic: TopicId; statement: PresenceStatement }
  // ——— links
  /** The peer has proven itself. `adopted`: the application made the channel, and keeps it when no topic uses it. */
  | { type: 'link-up'; peer: PeerId; epoch: number; adopted?: boolean }
  | { type: 'link-down'; peer: PeerId; epoch: number; reason: LinkDownReason }
  /** A `dial` came to nothing. */
  | { type: 'dial-failed'; peer: PeerId }
  | { type: 'rtt'; peer: PeerId; epoch: number; rttMs: number }
  | { type: 'congested'; peer: PeerId; epoch: number }
  // ——— what peers say, decoded
  | { type: 'topic-hello'; from: PeerId; epoch: number; topic: TopicId; terms: TopicTerms }
  | { type: 'frame'; from: PeerId; epoch: number; topic: TopicId; message: TopicMessage }
  /** A gossip frame whose message is new and whose signature verified. */
  | {
      type: 'message'
      from: PeerId
      epoch: number
      topic: TopicId
      message: Message
      round: number
    }
  | { type: 'duplicate'; from: PeerId; epoch: number; topic: TopicId; id: MessageId; round: number }
  /** A signal routed through the mesh arrived on a link; see relay.ts. */
  | { type: 'relay'; from: PeerId; epoch: number; relay: Relay }
  // ——— signals (already verified: they are from whom they say)
  | { type: 'knock'; from: PeerId; topic: TopicId; knock: Knock }
  | { type: 'knock-answer'; from: PeerId; topic: TopicId; answer: KnockAnswer }
  /** Something of ours (knock, offer, answer, candidate), signed, to be brought to a peer. */
  | { type: 'signal-out'; to: PeerId; body: Uint8Array }
  /** A signal reached us through the server: answers go the same way. */
  | { type: 'signal-heard'; from: PeerId; via: 'server' }
  /** The server could not hand a signal over: that peer is not there. */
  | { type: 'undeliverable'; to: PeerId }
  // ——— signaling server
  | { type: 'signaling'; state: SignalingState }
  | { type: 'introduced'; topic: TopicId; peers: readonly PeerId[] }
  // ——— the rest
  | { type: 'misbehaved'; peer: PeerId; reason: BlameReason }
  | { type: 'own-record'; record: PeerRecord | undefined }
  | { type: 'wake' }

export type SignalingState = 'none' | 'connecting' | 'open' | 'lost'

/** Everything a node wants done, in this order. */
export type NodeOutput =
  | {
      type: 'send'
      to: PeerId
      epoch: number
      topic: TopicId
      message: TopicMessage
      class: FrameClass
    }
  | { type: 'send-topic-hello'; to: PeerId; epoch: number; topic: TopicId; terms: TopicTerms }
  | { type: 'send-relay'; to: PeerId; epoch: number; relay: Relay }
  /** Sign and bring to the peer: comes back as `signal-out`. */
  | { type: 'knock'; to: PeerId; topic: TopicId; knock: Knock }
  | { type: 'answer-knock'; to: PeerId; topic: TopicId; answer: KnockAnswer }
  /** Hand the signed signal to the signaling server. */
  | { type: 'signal'; to: PeerId; body: Uint8Array }
  /** A signal for us that came through the mesh; the door checks and reads it. */
  | { type: 'signal-in'; body: Uint8Array }
  /** Both sides agreed to a link: make it, or wait for the other side's offer. Ends in link-up or dial-failed. */
  | { type: 'dial'; peer: PeerId }
  /** No topic needs the link: close it when what is queued has left. A dial under way is called off. */
  | { type: 'hang-up'; peer: PeerId; reason: 'unused' | 'blamed' }
  | { type: 'seal'; topic: TopicId; ref: number; draft: Draft }
  | { type: 'seal-neighbors'; topic: TopicId; ref: number; payload: Uint8Array }
  /** Sign `presenceBytes` of it: comes back as `presence-sealed`. The newest `time` counts, so order does not. */
  | { type: 'seal-presence'; topic: TopicId; draft: PresenceDraft }
  | { type: 'reserve-seqs'; topic: TopicId; count: number }
  /** A broadcast was handed to this many neighbors (eager or announced). */
  | {
      type: 'broadcast-done'
      topic: TopicId
      ref: number
      /** Its number, of a bundle the last, or for a message to neighbors its nonce in base32. */
      id: number | string
      neighbors: number
    }
  /**
   * Keep these in one transaction: ops, lanes as they are now, and the heads. With `own` there is one op, of this peer:
   * its frames leave only when `ops-stored` says ok, which means durable; until it is the runtime tries
   * again and never says otherwise, and its seq counts as reserved from then on (`reserveSeqs`). Without
   * `own`, ok false means that none of it is kept (quota), and that the core will not claim to hold it.
   * Several may be written in one transaction where their order is kept.
   */
  | {
      type: 'store-ops'
      topic: TopicId
      ref: number
      own: boolean
      ops: readonly OpRecord[]
      lanes: readonly LaneRecord[]
      heads: readonly MessageId[]
    }
  /**
   * Read the first of these by position: at most `maxOps`, and no more than `maxBytes` of payload and extensions
   * but at least one. Only ops with a position. Sees all of the `store-ops` before it, committed or not.
   */
  | {
      type: 'load-ops'
      topic: TopicId
      ref: number
      wants: readonly OpRange[]
      maxOps: number
      maxBytes: number
    }
  | { type: 'emit'; topic: TopicId; event: TopicEvent }
  | { type: 'status'; topic: TopicId; status: TopicStatus }
  /** Ask the signaling server to list us under the topic and name some peers; again asks for others. */
  | { type: 'enter'; topic: TopicId }
  | { type: 'exit'; topic: TopicId }
  | { type: 'remember-ids'; topic: TopicId; seen: readonly SeenIds[] }
  | { type: 'remember-peers'; topic: TopicId; peers: readonly PeerId[] }
  | { type: 'blamed'; peer: PeerId; reason: BlameReason; banned: boolean }

/** Which of a link's three queues: control first, then live payload, then history. */
export type FrameClass = 'control' | 'live' | 'history'

/** A signal on its way through the mesh. */
export interface Relay {
  id: Uint8Array
  to: PeerId
  hopsLeft: number
  /** The peers it passed, first the sender; how an answer finds back. */
  path: PeerId[]
  body: Uint8Array
}

/** How a message came. */
export type DeliveryScope =
  /** Broadcast to the topic; `round` peers passed it on, 0 where it came straight from its author. */
  | { kind: 'swarm'; round: number }
  /** Said to neighbors only, by one of them. */
  | { kind: 'neighbors' }
  /** In an exchange of history, from whoever kept it. */
  | { kind: 'history' }

export type TopicEvent =
  | { type: 'neighborUp'; peer: PeerId }
  | { type: 'neighborDown'; peer: PeerId; reason: NeighborDownReason }
  | {
      type: 'received'
      /** A view: its buffer may hold other messages too. `content.slice()` is a copy of one's own. */
      content: Uint8Array
      author: PeerId
      /** False on topics opened with `signed: false`: anyone may have written that author's name. */
      verified: boolean
      /** 0 for messages to neighbors, which are not counted. */
      seq: number
      /** The author's clock, epoch milliseconds. */
      time: number
      /** `author:seq`, or a nonce in base32 for messages to neighbors. */
      id: string
      deliveredFrom: PeerId
      scope: DeliveryScope
      /** It came in an exchange of history, not as it was said. */
      fromHistory: boolean
    }
  /** Messages of one author that came as one, a bundle; each stands for a `received`. */
  | {
      type: 'received-bundle'
      bundle: Uint8Array
      count: number
      author: PeerId
      verified: boolean
      /** Of the first. */
      seq: number
      time: number
      deliveredFrom: PeerId
      scope: DeliveryScope
    }
  /** What is kept of the topic is what this neighbor keeps; said again after each time they differed. */
  | { type: 'synced'; peer: PeerId }
  /** An exchange goes on: ops kept so far, and how many are known to exist. Once a page. */
  | { type: 'historyProgress'; have: number; known: number }
  /** An author signed two different messages under one seq. Its messages above the last common one are refused. */
  | { type: 'fork'; author: PeerId; seq: number }
  /** Ops of this author that nobody keeps any more were passed over; both ends included. */
  | { type: 'historyGap'; author: PeerId; first: number; last: number }
  /** What came could not be kept (the store is full, or failed); tried again later. */
  | { type: 'historyFailed'; reason: string }
  /** What could not be kept is kept now; so is what comes. */
  | { type: 'historyResumed' }
  /** Causal order: the message that follows is delivered without these, which did not come in time. `author:seq` each. */
  | { type: 'parentsMissing'; id: string; missing: readonly string[] }
  | { type: 'mismatch'; peer: PeerId; field: keyof TopicTerms; ours: string; theirs: string }
  | { type: 'peerBlamed'; peer: PeerId; reason: BlameReason; banned: boolean }
  /** What a peer says of itself (`peerData` of its options), newest word. */
  | { type: 'peerData'; peer: PeerId; data: Uint8Array }
  /**
   * What a peer shows of itself, newest word; undefined where it took it back, or went. `time` is its own
   * clock's, epoch milliseconds: of its last word also where it went.
   */
  | { type: 'presence'; peer: PeerId; value: Uint8Array | undefined; time: number }
  | { type: 'joinFailed'; peer: PeerId; reason: string }

/** How a topic stands; `GossipTopic.state` says what each means. */
export type TopicState =
  | 'connecting'
  | 'alone'
  | 'joined'
  | 'degraded'
  | 'isolated'
  | 'offline'
  | 'closed'

/** How a topic stands, and with whom. */
export interface TopicStatus {
  state: TopicState
  /** One sentence for people. */
  reason: string
  /** The peers it has links to. */
  neighbors: PeerId[]
}

/** Counts since the node started, by name; what never happened is not there. Names may change with any version. */
export interface NodeMetrics {
  [counter: string]: number
}
