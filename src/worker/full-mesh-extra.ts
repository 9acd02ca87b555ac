import { fullMeshByTerms } from '../core/membership/by-terms.js'
import type { ExtraParts } from './extras.js'

export const extra: ExtraParts['full-mesh'] = { protocol: fullMeshByTerms }
