import type { BlameReason } from './blame.js'
import type { PeerId } from './ids.js'
import type { NodeOutput, TopicMessage } from './io.js'

/** What a topic wants from its node, which knows the links. The rest goes straight out. */
export type TopicOutput =
  | { type: 'send'; to: PeerId; message: TopicMessage }
  | { type: 'connect'; peer: PeerId }
  | { type: 'release'; peer: PeerId }
  | { type: 'blame'; peer: PeerId; reason: BlameReason }
  | { type: 'count'; counter: string; by?: number }
  | { type: 'out'; output: NodeOutput }
