import { concat, utf8 } from '../../codec/bytes.js'
import { Writer } from '../../codec/writer.js'
import { idBytes, type PeerId, type TopicId } from '../ids.js'
import type { PresenceDraft } from './statement.js'

/** What the signature of a statement covers. */
export function presenceBytes(topic: TopicId, peer: PeerId, draft: PresenceDraft): Uint8Array {
  const { value, time, lifetimeMs } = draft
  const head = new Writer(20)
  head.varint(time)
  head.varint(lifetimeMs)
  head.u8(value === undefined ? 0 : 1)
  return concat(DOMAIN, idBytes(topic), idBytes(peer), head.finish(), value ?? new Uint8Array(0))
}

const DOMAIN = utf8('gossamer presence\0')
