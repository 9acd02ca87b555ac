import type { FrameClass, TopicMessage } from './io.js'

/** Payload waits its turn, history waits for payload; what keeps the tree and the view in order does not. */
export function frameClassOf(message: TopicMessage): FrameClass {
  const { type } = message
  if (type === 'gossip' || type === 'neighbor-gossip') return 'live'
  // The many, before a look at what a message holds.
  if (type === 'ihave' || type === 'graft' || type === 'prune') return 'control'
  return 'exchange' in message ? 'history' : 'control'
}
