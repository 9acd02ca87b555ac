import type { PeerId } from '../core/ids.js'

/**
 * A fault to try on a node, to see how an app and the mesh take it:
 *
 * - `lose-link`: the link to a peer breaks, without a word to either side, as when a network goes.
 * - `cut-signaling`: the signaling server is out of reach, until `mend-signaling`.
 */
export type Fault =
  | { kind: 'lose-link'; peer: PeerId }
  | { kind: 'cut-signaling' }
  | { kind: 'mend-signaling' }
