import { wavefrontHistory } from '../core/history/by-terms.js'
import { OP_STORES } from '../storage/all-op-stores.js'
import { speakHistory } from '../wire/history-frames.js'
import { deflate, inflate } from './envelope.js'
import { envelopes } from './envelopes.js'
import type { ExtraParts } from './extras.js'
import { Histories } from './history.js'
import { HistoryDoor } from './history-door.js'

speakHistory()
Object.assign(envelopes, { deflate, inflate })

export const extra: ExtraParts['history'] = {
  protocol: wavefrontHistory,
  opStores: OP_STORES,
  histories: world => new Histories(world),
  door: (node, input, count) => new HistoryDoor(node, input, count),
}
