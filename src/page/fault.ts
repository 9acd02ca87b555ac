import type { Fault } from '../bridge/fault.js'
import { checkKeys, checkOneOf } from './checks.js'
import { checkPeerId } from './topic-name.js'

/** A fault as a caller names it. Throws `invalid-argument`. */
export function checkFault(given: unknown): Fault {
  const { kind, peer } = checkKeys('fault', given, ['kind', 'peer']) as Record<string, unknown>
  const checked = checkOneOf('fault.kind', kind, ['lose-link', 'cut-signaling', 'mend-signaling'])
  return checked === 'lose-link'
    ? { kind: checked, peer: checkPeerId('fault.peer', peer) }
    : { kind: checked }
}
