import type { History, HistoryOptions } from './history/history.js'
import type { PeerId } from './ids.js'
import type { FullMeshKind, MembershipOptions } from './membership/by-terms.js'
import type { Membership } from './membership/membership.js'
import type { MembershipMessage } from './membership/messages.js'
import type { Presence } from './presence/presence.js'

/**
 * What only some topics speak, besides HyParView and PlumTree, which every node does. Whoever makes a node hands them over;
 * one that is missing may be put in later, before the first input that asks for it.
 */
export interface Protocols {
  fullMesh?: (kind: FullMeshKind, options: MembershipOptions) => Membership<MembershipMessage>
  history?: (options: TopicHistoryOptions) => History
  /** A topic without it hears and says none. */
  presence?: (self: PeerId, hasLink: (neighbor: PeerId, peer: PeerId) => boolean) => Presence
}

/** What a topic says of the history it wants; what is left out has its default. */
export type TopicHistoryOptions = Pick<
  HistoryOptions,
  'self' | 'topic' | 'random' | 'maxMessageSize'
> & {
  config: Partial<HistoryOptions['config']> | undefined
  index: HistoryOptions['index'] | undefined
  order: HistoryOptions['order'] | undefined
}

/** Throws where a topic asks for what was not handed over: that is to be done before. */
export function required<T>(protocol: T | undefined, name: string): T {
  if (protocol === undefined) throw new Error(`This node was not given ${name}.`)
  return protocol
}
