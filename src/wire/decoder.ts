// Frames to values, for one link: the door's lock. What is not exactly a frame of this wire is malformed.
import type { Names } from '../codec/names.js'
import type { Reader } from '../codec/reader.js'
import { type Decoded, decode, type Schema } from '../codec/schema.js'
import { Writer } from '../codec/writer.js'
import type { PeerId, TopicId } from '../core/ids.js'
import { type Frame, type LinkFrame, linkFrame, topicAlias, topicMessage } from './frame.js'
import { WIRE_VERSION } from './hello.js'
import { FIRST_TOPIC_TAG, FRAME_TAGS } from './tags.js'

export class FrameDecoder implements Names, Pick<Schema<Frame>, 'read'> {
  #topics: TopicId[] | undefined
  #authors: PeerId[] | undefined

  shortOf(): undefined {}

  longOf(alias: number): PeerId | undefined {
    return this.#authors?.[alias]
  }

  /**
   * Never throws. Byte fields of the value are views; where they live on (gossip) and the frame is a small
   * part of its packet, it is copied first, to lie beside others of its kind, so that a peer can't make us
   * keep 32 KiB for a few bytes.
   */
  decode(bytes: Uint8Array): Decoded<Frame> {
    return decode(this, mayBeKept(bytes) ? keep(bytes) : bytes, this)
  }

  /** For `decode`; throws Malformed. */
  read(r: Reader): Frame {
    if (r.u8() !== WIRE_VERSION) r.fail('unknown version')
    const tag = r.u8()
    if (tag >= FIRST_TOPIC_TAG) {
      const topic = this.#topics?.[topicAlias.read(r)] ?? r.fail('unknown topic alias')
      return { type: 'topic', topic, message: topicMessage.readFields(r, tag) }
    }
    const frame = linkFrame.readFields(r, tag)
    if (r.left > 0) r.fail('trailing bytes')
    this.#learn(r, frame)
    return frame
  }

  #learn(r: Reader, frame: LinkFrame): void {
    if (frame.type === 'topic-hello') {
      this.#topics = defined(r, this.#topics, frame.alias, frame.topic)
    }
    if (frame.type === 'author-alias') {
      this.#authors = defined(r, this.#authors, frame.alias, frame.author)
    }
  }
}

/** Aliases count up from 0, so a table is as long as the definitions heard; saying one again is harmless. */
function defined<T>(r: Reader, table: T[] | undefined, alias: number, long: T): T[] {
  if (alias > (table?.length ?? 0)) r.fail('alias out of turn')
  // A row that grows by `push` gets room for seventeen; of many links most hear of one topic and of no author.
  if (table === undefined) return [long]
  if (alias < table.length && table[alias] !== long) r.fail('alias redefined')
  table[alias] = long
  return table
}

function keep(bytes: Uint8Array): Uint8Array {
  kept.put(bytes)
  return kept.cut()
}

function mayBeKept(bytes: Uint8Array): boolean {
  const tag = bytes[1]
  const kept = tag === FRAME_TAGS.gossip || tag === FRAME_TAGS['neighbor-gossip']
  return kept && bytes.length * 2 < bytes.buffer.byteLength
}

/** Frames kept of all links, in buffers of this size that stay until the last of them is forgotten. Guess. */
const kept = new Writer(32 << 10)
