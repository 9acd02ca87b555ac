import { sha256 } from '@noble/hashes/sha2.js'
import type { TopicId } from './ids.js'
import { canonicalView, type Draft } from './message.js'

/** A message's name in history: SHA-256 of its canonical bytes, 32 bytes. Its signature is not part of it. */
export function messageHash(topic: TopicId, draft: Draft): Uint8Array {
  return sha256(canonicalView(topic, draft))
}
