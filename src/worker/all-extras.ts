import { type ExtraParts, Extras } from './extras.js'
import { extra as fullMesh } from './full-mesh-extra.js'
import { extra as history } from './history-extra.js'
import { extra as more } from './more-extra.js'

/** For whoever has all files at hand: Node processes, tests, a worker that travels as text. */
export function allExtras(): Extras {
  return new Extras(async name => PARTS[name])
}

const PARTS: ExtraParts = { history, 'full-mesh': fullMesh, more }
