import { wavefrontHistory } from '../core/history/by-terms.js'
import { OP_STORES } from '../storage/all-op-stores.js'
import { speakHistory } from '../wire/history-frames.js'
import { lanes } from './envelopes.js'
import type { ExtraParts } from './extras.js'
import { Histories } from './history.js'
import { HistoryDoor } from './history-door.js'
import { HistoryLane } from './history-lane.js'

speakHistory()
lanes.open = (...of) => new HistoryLane(...of)

export const extra: ExtraParts['history'] = {
  protocol: wavefrontHistory,
  opStores: OP_STORES,
  histories: world => new Histories(world),
  door: (node, input, count) => new HistoryDoor(node, input, count),
}
