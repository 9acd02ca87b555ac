import type { TopicMessage } from '../core/io.js'

/** Whether two histories speak: in an exchange, or of their frontiers. */
export function isOfHistory(message: TopicMessage): boolean {
  return message.type === 'frontier' || 'exchange' in message
}
