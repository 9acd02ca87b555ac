import { wavefrontHistory } from './history/by-terms.js'
import { fullMeshByTerms } from './membership/by-terms.js'
import type { Protocols } from './protocols.js'

/** For whoever has all files at hand: Node processes, simulations, tests. */
export const ALL_PROTOCOLS: Protocols = { fullMesh: fullMeshByTerms, history: wavefrontHistory }
