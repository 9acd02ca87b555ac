import type { TopicHistoryOptions } from '../protocols.js'
import { HISTORY_DEFAULTS } from './config.js'
import { History } from './history.js'
import { EMPTY_INDEX } from './records.js'
import { Wavefront } from './wavefront/wavefront.js'

/** The history of a topic whose terms say `wavefront`. */
export function wavefrontHistory(options: TopicHistoryOptions): History {
  return new History({
    ...options,
    config: { ...HISTORY_DEFAULTS, ...options.config },
    index: options.index ?? EMPTY_INDEX,
    order: options.order ?? 'arrival',
    reconciler: each => new Wavefront(each),
  })
}
