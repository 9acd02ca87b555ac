/**
 * What a page and a Node program use. All that is not here may change without notice.
 *
 * @module gossamer
 */

export { type ErrorCode, GossamerError } from './bridge/errors.js'
export type { Fault } from './bridge/fault.js'
export type { HistoryState, Notice, NoticeCode, PresenceChange } from './bridge/node-messages.js'
export type { MessagePortLike } from './bridge/port.js'
export type { IceServer } from './bridge/rtc-messages.js'
export type { BlameReason } from './core/blame.js'
export type { PlumtreeConfig } from './core/broadcast/plumtree/config.js'
export type { PeerId, TopicId } from './core/ids.js'
export { formatMessageId, parseMessageId, parsePeerId, parseTopicId, shortId } from './core/ids.js'
export type { DeliveryScope, NodeMetrics, TopicState, TopicStatus } from './core/io.js'
export type { FullMeshConfig } from './core/membership/full-mesh/config.js'
export type { HyparviewConfig } from './core/membership/hyparview/config.js'
export type { NeighborDownReason } from './core/membership/membership.js'
export type { LinkSnapshot, NodeSnapshot, TopicSnapshot } from './core/snapshot.js'
export { Gossip, type GossipEvents } from './gossip.js'
export type {
  HistoryOptions,
  ReadHistoryOptions,
  RetentionOptions,
} from './history-options.js'
export {
  DEFAULTS,
  type GossipOptions,
  type JoinOptions,
  type SubscribeAndJoinOptions,
} from './options.js'
export type { KeptMessage } from './page/history-reader.js'
export type { Receipt } from './page/outbox.js'
export type { Shown } from './page/presence-table.js'
export type { WorkerSource } from './page/spawn-worker.js'
export type { TopicEvents } from './page/subscription.js'
export { type TopicName, topicIdOf } from './page/topic-name.js'
export { TopicPresence } from './presence.js'
export {
  type GossipEvent,
  GossipReceiver,
  GossipSender,
  GossipTopic,
  isDirect,
  type JoinedOptions,
  type Received,
  type WaitOptions,
} from './topic.js'
