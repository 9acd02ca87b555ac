import { checkConfigs } from './config-checks.js'
import { checkFault } from './fault.js'
import { HistoryReader } from './history-reader.js'
import { RelayedChannel } from './relayed-channel.js'
import { whatToTry } from './unavailable.js'

/** What few pages ever need, loaded when one does: docs/decisions/0012-extras-come-on-demand.md. */
export const extra = { checkConfigs, checkFault, HistoryReader, RelayedChannel, whatToTry }
