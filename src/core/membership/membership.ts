import type { Deadline } from '../deadline.js'
import type { Millis, PeerId } from '../ids.js'
import type { PeerRecord } from './hyparview/messages.js'

/**
 * The port: who are my neighbors in one topic? The machine never sees a link being made. It asks for one
 * (`connect`), is told when the link with a peer is usable for its topic (`linkUp`, at once where one
 * stands already) and gives it back (`release`).
 */
export interface Membership<M> {
  handle(now: Millis, input: MembershipInput<M>): MembershipOutput<M>[]
  readonly neighbors: readonly PeerId[]
  /** Peers known but not linked, for the store, the inspector and re-joining. */
  readonly known: readonly PeerId[]
  /** True while a request or a link is under way: the topic then says `connecting`, not `alone`. */
  readonly busy: boolean
  readonly nextDeadline: Deadline | undefined
  /**
   * Where everyone is to be everyone's neighbor: `complete` when that is so by the word of all. Undefined where neighbors
   * are some of many.
   */
  readonly mesh?: 'forming' | 'complete' | undefined
  /** In a full mesh: whether that neighbor has a link with that peer, by its own word. */
  hasLink?(neighbor: PeerId, peer: PeerId): boolean
  snapshot(): MembershipSnapshot
}

export type MembershipInput<M> =
  /**
   * Contacts to join through. Without neighbors they are asked one after the other until one admits us;
   * with neighbors each is joined, which is what the application asks for by `joinPeers`.
   */
  | { type: 'join'; peers: readonly PeerId[] }
  /** Peers to know of and to ask in time of need: introductions while we have neighbors, earlier visits. */
  | { type: 'remember'; peers: readonly PeerId[] }
  /** Our own words about ourselves changed; they travel with what is sent from now on. */
  | { type: 'own-record'; record: PeerRecord | undefined }
  /** Leave for good; parting words are among the outputs. */
  | { type: 'quit' }
  /** `linked` is false where the message came as a knock, and its answer will go as one. */
  | { type: 'message'; from: PeerId; message: M; linked: boolean }
  /** The link can carry this topic. Repeated for the same peer it means a new link (old one is gone). */
  | { type: 'link-up'; peer: PeerId }
  | { type: 'link-down'; peer: PeerId; reason: LinkDownReason }
  /** The link's round trip, measured anew. */
  | { type: 'rtt'; peer: PeerId; rttMs: number }
  /** A link asked for by `connect`, or a knock, came to nothing. */
  | { type: 'unreachable'; peer: PeerId }
  /** The link's queues stay full: the neighbor loses its place. */
  | { type: 'congested'; peer: PeerId }
  /** The peer is banned. */
  | { type: 'ban'; peer: PeerId }
  | { type: 'wake' }

export type MembershipOutput<M> =
  /** Over the link where there is one, else as a knock where the message can be one, else dropped and counted. */
  | { type: 'send'; to: PeerId; message: M }
  | { type: 'connect'; peer: PeerId }
  /** This topic needs no link with the peer any more. Follows the parting message, which still leaves. */
  | { type: 'release'; peer: PeerId }
  | { type: 'neighbor-up'; peer: PeerId }
  | { type: 'neighbor-down'; peer: PeerId; reason: NeighborDownReason }
  | { type: 'peer-data'; peer: PeerId; data: Uint8Array }
  | { type: 'blame'; peer: PeerId; reason: 'limit-exceeded' | 'unasked-reply' }
  /** A join came to nothing: refused (the other side's word for it), `timed-out` or `unreachable`. */
  | { type: 'join-failed'; peer: PeerId; reason: string }
  /** Nobody left to ask: the topic should fetch new contacts. Repeated with growing pauses. */
  | { type: 'isolated' }
  /** With neighbors: names of peers elsewhere would show whether the overlay is in parts. About once a minute. */
  | { type: 'wants-introductions' }
  | { type: 'count'; counter: string }

/** A neighbor that goes from one membership to another, link and all. */
export interface HandedOver {
  peer: PeerId
  since: Millis
  record: PeerRecord | undefined
}

export type LinkDownReason =
  | 'closed'
  | 'failed'
  | 'silent'
  | 'superseded'
  | 'blamed'
  | 'worker-gone'

/**
 * Why a neighbor went: it left the topic, it made room for another (`evicted` here, `replaced` there),
 * its link broke, it was too slow, it was blamed (or says other terms of the topic, which `mismatch` tells), or we are leaving.
 */
export type NeighborDownReason =
  | 'left'
  | 'evicted'
  | 'replaced'
  | 'link-lost'
  | 'congested'
  | 'blamed'
  | 'closing'

export interface MembershipSnapshot {
  kind: string
  active: { peer: PeerId; since: Millis }[]
  passive: readonly PeerId[]
  reserve: PeerId[]
  requests: { peer: PeerId; stage: string; since: Millis }[]
  deadline: Deadline | undefined
  /** In a full mesh: whether all neighbors say the same of the members. */
  agreed?: boolean
}
