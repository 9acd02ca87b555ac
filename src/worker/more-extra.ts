import { Presence } from '../core/presence/presence.js'
import { presenceBytes } from '../core/presence/signed-bytes.js'
import { MemoryStore } from '../storage/memory-store.js'
import type { ExtraParts } from './extras.js'
import { newsOf } from './presence-news.js'
import { relay } from './relayed-link.js'

export const extra: ExtraParts['more'] = {
  presence: (self, hasLink) => new Presence(self, hasLink),
  presenceBytes,
  newsOf,
  memoryStore: opStores => new MemoryStore(opStores),
  relay,
}
