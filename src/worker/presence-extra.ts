import { Presence } from '../core/presence/presence.js'
import type { ExtraParts } from './extras.js'

export const extra: ExtraParts['presence'] = {
  protocol: (self, hasLink) => new Presence(self, hasLink),
}
