import type { BroadcastSnapshot } from './broadcast/broadcast.js'
import type { Deadline } from './deadline.js'
import type { HistorySnapshot } from './history/history-output.js'
import type { PeerId, TopicId } from './ids.js'
import type { TopicStatus } from './io.js'
import type { MembershipSnapshot } from './membership/membership.js'
import type { TopicTerms } from './topic-hello.js'

/** The whole picture of a node, for the inspector and for assertions. Read only. */
export interface NodeSnapshot {
  peerId: PeerId
  topics: TopicSnapshot[]
  links: LinkSnapshot[]
  deadline: Deadline | undefined
  blame: { peer: PeerId; weight: number; banned: boolean }[]
}

export interface TopicSnapshot {
  topic: TopicId
  terms: TopicTerms
  status: TopicStatus
  membership: MembershipSnapshot
  broadcast: BroadcastSnapshot
  history?: HistorySnapshot
  /** What others show of themselves. */
  presence: { peer: PeerId; value: Uint8Array; time: number }[]
}

export interface LinkSnapshot {
  peer: PeerId
  epoch: number
  state: 'dialing' | 'up'
  topics: TopicId[]
  rttMs: number | undefined
  /** Filled in by the worker: how its bytes travel. */
  kind?: 'lent' | 'relayed'
}
