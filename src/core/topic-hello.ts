import { oneOf, struct } from '../codec/combinators.js'
import { bool, varint } from '../codec/primitives.js'
import type { Infer } from '../codec/schema.js'
import { LARGEST_PAYLOAD_BYTES } from './limits.js'

/** What all peers of a topic must agree on. Compared when two meet; a difference is an event, not silence. */
export const topicTerms = struct({
  signed: bool,
  membership: oneOf(['hyparview', 'full-mesh', 'auto']),
  /** The last two are words of the wire for what may come: no topic can be opened with them. */
  history: oneOf(['none', 'wavefront', 'sectors', 'aspects']),
  /** Payload bytes. */
  maxMessageSize: varint({ max: LARGEST_PAYLOAD_BYTES }),
})
export type TopicTerms = Infer<typeof topicTerms>

/** The first term the two differ in. */
export function differingTerm(ours: TopicTerms, theirs: TopicTerms): keyof TopicTerms | undefined {
  const fields = Object.keys(ours) as (keyof TopicTerms)[]
  return fields.find(field => ours[field] !== theirs[field])
}
