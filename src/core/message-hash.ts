import { sha256 } from '@noble/hashes/sha2.js'
import type { TopicId } from './ids.js'
import { canonicalView, type Draft } from './message.js'

/** A message's name in history: SHA-256 of its canonical bytes, 32 bytes. Its signature is not part of it. */
export function messageHash(topic: TopicId, draft: Draft): Uint8Array {
  return digest(canonicalView(topic, draft))
}

/** SHA-256, by one state that is used again: to make a new one costs more than to hash a small message. */
export function digest(bytes: Uint8Array): Uint8Array {
  fresh._cloneInto(state).update(bytes).digestInto(out)
  return out.slice()
}

const fresh = /* @__PURE__ */ sha256.create()
const state = /* @__PURE__ */ sha256.create()
const out = new Uint8Array(32)
