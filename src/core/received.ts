import { firstOf, formatMessageId, type PeerId } from './ids.js'
import type { DeliveryScope, TopicEvent } from './io.js'
import type { Message } from './message.js'

/** What the application is told of a message, or of all that are in it. */
export function receivedEvent(
  message: Pick<Message, 'payload' | 'author' | 'seq' | 'time' | 'count'>,
  verified: boolean,
  deliveredFrom: PeerId,
  scope: DeliveryScope,
  id = formatMessageId(message),
): TopicEvent {
  const { payload: content, author, time, count } = message
  const seq = firstOf(message)
  if (count !== undefined) {
    const bundle = { bundle: content, count, author, verified, seq, time, deliveredFrom, scope }
    return { type: 'received-bundle', ...bundle }
  }
  const fromHistory = scope.kind === 'history'
  const type = 'received'
  return { type, content, author, verified, seq, time, id, deliveredFrom, scope, fromHistory }
}
