// Values to frames, for one link. The encoder gives topics and authors their short names and sends the
// definition ahead of the first use; both ride in the control queue, which nothing overtakes.
import type { Names } from '../codec/names.js'
import { Writer } from '../codec/writer.js'
import { frameClassOf } from '../core/frame-class.js'
import type { PeerId, TopicId } from '../core/ids.js'
import type { FrameClass, TopicMessage } from '../core/io.js'
import { type LinkFrame, linkFrame, type OutgoingFrame, topicMessage } from './frame.js'
import { WIRE_VERSION } from './hello.js'
import { LARGEST_AUTHORS_PER_LINK, LARGEST_TOPICS_PER_LINK } from './limits.js'

export interface EncodedFrame {
  bytes: Uint8Array
  /** The queue it belongs in. */
  class: FrameClass
}

export class FrameEncoder implements Names {
  /** By alias. */
  #topics: readonly TopicId[] = NONE
  /** Made with the first name: of many links most name few authors or none. */
  #authors: Map<string, number> | undefined

  shortOf(id: string): number | undefined {
    return this.#authors?.get(id)
  }

  longOf(): undefined {}

  /**
   * The frame, after the definitions it needs. To be sent in this order, none left out.
   * Throws RangeError for what the wire cannot carry: a value over its limit, a topic whose topic-hello
   * was not sent, one topic more than `hasRoomFor` allows.
   */
  encode(frame: OutgoingFrame): EncodedFrame[] {
    switch (frame.type) {
      case 'topic':
        return this.#topicFrames(frame.topic, frame.message)
      case 'topic-hello':
        return [this.#topicHello(frame)]
      default:
        return [this.#control(frame)]
    }
  }

  /**
   * Whether a topic can be named on this link: true for those that have a name already, false for the
   * 257th. Names are never given again, since a frame under the old one may still wait in a queue.
   */
  hasRoomFor(topic: TopicId): boolean {
    return this.#topics.includes(topic) || this.#topics.length < LARGEST_TOPICS_PER_LINK
  }

  #topicFrames(topic: TopicId, message: TopicMessage): EncodedFrame[] {
    const alias = this.#topics.indexOf(topic)
    if (alias < 0) throw new RangeError(`topic ${topic} has no topic-hello on this link`)
    const named = this.#authors?.size ?? 0
    const frames = this.#introductions(message)
    try {
      frames.push({ bytes: this.#topicFrame(alias, message), class: frameClassOf(message) })
    } catch (error) {
      shared.drop()
      this.#forgetFrom(named)
      throw error
    }
    return frames
  }

  #topicFrame(alias: number, message: TopicMessage): Uint8Array {
    const w = shared
    w.names = this
    w.u8(WIRE_VERSION)
    w.u8(topicMessage.tagOf(message))
    w.varint(alias)
    topicMessage.writeFields(w, message)
    return w.cut()
  }

  /** Names for authors who are heard of again and again; elsewhere one is used where there is one. */
  #introductions(message: TopicMessage): EncodedFrame[] {
    const frames: EncodedFrame[] = []
    if (message.type === 'gossip') {
      this.#introduce(message.message.author, frames)
      return frames
    }
    if (message.type === 'ihave') {
      for (const { author } of message.announcements) this.#introduce(author, frames)
    }
    if ('tides' in message) for (const { author } of message.tides) this.#introduce(author, frames)
    if ('roots' in message) for (const { author } of message.roots) this.#introduce(author, frames)
    if ('ops' in message) for (const { author } of message.ops) this.#introduce(author, frames)
    return frames
  }

  #introduce(author: PeerId, frames: EncodedFrame[]): void {
    this.#authors ??= new Map()
    if (this.#authors.has(author) || this.#authors.size >= LARGEST_AUTHORS_PER_LINK) return
    const alias = this.#authors.size
    frames.push(this.#control({ type: 'author-alias', alias, author }))
    this.#authors.set(author, alias)
  }

  /** The frame could not be written, so the definitions ahead of it are not sent either. */
  #forgetFrom(alias: number): void {
    for (const [author, each] of this.#authors ?? [])
      if (each >= alias) this.#authors!.delete(author)
  }

  #topicHello(frame: Extract<OutgoingFrame, { type: 'topic-hello' }>): EncodedFrame {
    if (!this.hasRoomFor(frame.topic)) {
      throw new RangeError(`a link names at most ${LARGEST_TOPICS_PER_LINK} topics`)
    }
    const known = this.#topics.indexOf(frame.topic)
    const alias = known < 0 ? this.#topics.length : known
    const encoded = this.#control({ ...frame, alias })
    // Rows that grow by `push` get room for seventeen; of many links most name one topic.
    if (known < 0) this.#topics = [...this.#topics, frame.topic]
    return encoded
  }

  #control(frame: LinkFrame): EncodedFrame {
    const w = shared
    w.names = undefined
    try {
      w.u8(WIRE_VERSION)
      linkFrame.write(w, frame)
    } catch (error) {
      w.drop()
      throw error
    }
    return { bytes: w.cut(), class: frame.type === 'envelope' ? 'history' : 'control' }
  }
}

const NONE: readonly TopicId[] = []

/**
 * Frames of all links lie side by side until they are packed, a moment later. A buffer for each link would
 * be tens of KiB that an idle link does not need.
 */
const shared = new Writer(40 << 10)
