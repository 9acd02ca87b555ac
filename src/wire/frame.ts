// One frame: version, tag, and what the tag announces. Frames of the link are declared here; those of a
// topic where their protocol lives, and carry the topic's alias between tag and fields.
import { list, struct, type UnionLike, union } from '../codec/combinators.js'
import { bytes, fixed, varint } from '../codec/primitives.js'
import type { Reader } from '../codec/reader.js'
import type { Infer, Schema } from '../codec/schema.js'
import type { Writer } from '../codec/writer.js'
import { plumtreeMessage } from '../core/broadcast/plumtree/messages.js'
import { peerId, type TopicId, topicId } from '../core/ids.js'
import type { Relay, TopicMessage } from '../core/io.js'
import { membershipMessage } from '../core/membership/messages.js'
import { topicTerms } from '../core/topic-hello.js'
import { hello, helloProof } from './hello.js'
import {
  LARGEST_AUTHORS_PER_LINK,
  LARGEST_HISTORY_FRAME_BYTES,
  LARGEST_RELAY_BODY_BYTES,
  LARGEST_RELAY_HOPS,
  LARGEST_RELAY_PATH,
  LARGEST_TOPICS_PER_LINK,
} from './limits.js'
import { FRAME_TAGS } from './tags.js'

const relayFields = struct({
  id: fixed(16),
  to: peerId,
  hopsLeft: varint({ max: LARGEST_RELAY_HOPS }),
  path: list(peerId, { max: LARGEST_RELAY_PATH }),
  body: bytes({ max: LARGEST_RELAY_BODY_BYTES }),
})

/** The path has room for the hops left, so that whoever passes it on can still write it. */
export const relay: Schema<Relay> = {
  write: (w, value) => relayFields.write(w, value),
  read: r => {
    const value = relayFields.read(r)
    if (value.path.length + value.hopsLeft > LARGEST_RELAY_PATH) r.fail('no room on the path')
    return value
  },
}

export const topicAlias = varint({ max: LARGEST_TOPICS_PER_LINK - 1 })
export const authorAlias = varint({ max: LARGEST_AUTHORS_PER_LINK - 1 })

/** Tags 0 to 15. */
export const linkFrame = union({
  hello: [FRAME_TAGS.hello, struct({ hello })],
  'hello-proof': [FRAME_TAGS['hello-proof'], struct({ proof: helloProof })],
  'topic-hello': [
    FRAME_TAGS['topic-hello'],
    struct({ alias: topicAlias, topic: topicId, terms: topicTerms }),
  ],
  'author-alias': [FRAME_TAGS['author-alias'], struct({ alias: authorAlias, author: peerId })],
  relay: [FRAME_TAGS.relay, struct({ relay })],
  /**
   * A frame of history, compressed (`deflate-raw`). Its size is checked before inflating and while; what comes out is
   * one whole frame from its version on, of a topic, and no envelope.
   */
  envelope: [
    FRAME_TAGS.envelope,
    struct({
      inflatedBytes: varint({ max: LARGEST_HISTORY_FRAME_BYTES }),
      deflated: bytes({ max: LARGEST_HISTORY_FRAME_BYTES }),
    }),
  ],
})
export type LinkFrame = Infer<typeof linkFrame>

/** Messages of a topic, by tag and by type; the protocols' tags are disjoint. */
export const topicMessage = {
  /** RangeError where no protocol has such a message. */
  tagOf({ type }: TopicMessage): number {
    const tag = BY_TYPE.get(type)?.tags.get(type)
    if (tag === undefined) throw new RangeError(`topic message: ${type}`)
    return tag
  },
  writeFields(w: Writer, message: TopicMessage): void {
    BY_TYPE.get(message.type)!.writeFields(w, message)
  },
  readFields(r: Reader, tag: number): TopicMessage {
    return (BY_TAG[tag] ?? r.fail('unknown tag')).readFields(r, tag)
  },
}

/** From now on frames of this protocol are read and written. */
export function speak(protocol: Protocol): void {
  for (const [type, tag] of protocol.tags) {
    BY_TAG[tag] = protocol
    BY_TYPE.set(type, protocol)
  }
}

/** What a decoder gives. */
export type Frame = LinkFrame | { type: 'topic'; topic: TopicId; message: TopicMessage }

/** What an encoder takes: the aliases are its own affair. */
export type OutgoingFrame =
  | Exclude<LinkFrame, { type: 'topic-hello' | 'author-alias' }>
  | Omit<Extract<LinkFrame, { type: 'topic-hello' }>, 'alias'>
  | { type: 'topic'; topic: TopicId; message: TopicMessage }

type Protocol = UnionLike<TopicMessage>

const BY_TAG: Protocol[] = []
const BY_TYPE = new Map<string, Protocol>()
speak(membershipMessage)
speak(plumtreeMessage)
