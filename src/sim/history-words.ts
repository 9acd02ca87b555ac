import type { TopicMessage } from '../core/io.js'

/** Whether two histories speak: in an exchange, or of their frontiers. */
export function isOfHistory(message: TopicMessage): boolean {
  const { type } = message
  // The many, before a look at what a message holds.
  if (type === 'gossip' || type === 'ihave') return false
  return type === 'frontier' || 'exchange' in message
}
