import type { TopicId } from '../core/ids.js'
import type { Node } from '../core/node.js'
import { presenceBytes } from '../core/presence/signed-bytes.js'
import type { PresenceEntry } from '../core/presence/statement.js'
import { verifySignature } from './identity.js'

/** Of presence only news is verified, and only news goes on; undefined where some of it is forged. */
export type NewsOf = (
  node: Node,
  topic: TopicId,
  presence: readonly PresenceEntry[],
) => PresenceEntry[] | undefined | Promise<PresenceEntry[] | undefined>

export const newsOf: NewsOf = (node, topic, presence) => {
  const signed = node.termsOf(topic)?.signed
  const news = presence.filter(
    ({ peer, statement }) => !node.knowsPresence(topic, peer, statement.time),
  )
  if (news.some(({ statement }) => signed !== (statement.signature !== undefined))) return undefined
  if (!signed || news.length === 0) return news
  const checks = news.map(({ peer, statement }) =>
    verifySignature(peer, presenceBytes(topic, peer, statement), statement.signature!),
  )
  return Promise.all(checks).then(good => (good.every(Boolean) ? news : undefined))
}
