import { wavefrontHistory } from './history/by-terms.js'
import { fullMeshByTerms } from './membership/by-terms.js'
import { Presence } from './presence/presence.js'
import type { Protocols } from './protocols.js'

/** For whoever has all files at hand: Node processes, simulations, tests. */
export const ALL_PROTOCOLS: Protocols = {
  fullMesh: fullMeshByTerms,
  history: wavefrontHistory,
  presence: (self, hasLink) => new Presence(self, hasLink),
}
