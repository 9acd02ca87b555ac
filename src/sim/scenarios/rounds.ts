import { mean, type Outcome } from '../figures.js'
import type { RoundFigures } from '../observer.js'
import type { Peer } from '../peer.js'
import type { Progress, Settings } from '../scenario.js'
import { emptyTown, floods, gather, round, type Town } from '../town.js'

/** What `single`, `multi` and `all` have in common: iroh-gossip's bootstrap, then rounds. */
export function rounds(
  settings: Settings,
  seed: number,
  progress: Progress,
  authorsOf: (town: Town) => readonly Peer[],
): Outcome {
  const town = emptyTown(settings, seed, { server: { introductions: 0 } })
  gather(town, settings, progress, 0.5)
  town.observer.begin()
  const done: RoundFigures[] = []
  const floodsMs: number[] = []
  while (done.length < settings.rounds) {
    const authors = authorsOf(town)
    floodsMs.push(floods(town, authors.slice(0, FLOODED)).reduce((a, b) => Math.max(a, b), 0))
    done.push(round(town, authors))
    progress(0.5 + (0.5 * done.length) / settings.rounds, `round ${done.length}`)
  }
  const figures = town.observer.figures('rounds', done)
  if (done.length > 0) {
    figures['worstRmr'] = Math.max(...done.map(({ rmr }) => rmr))
    figures['worstLdh'] = Math.max(...done.map(({ ldh }) => ldh))
    figures['floodMs'] = mean(floodsMs)
    // Without latency a flood takes no time.
    if (figures['floodMs'] > 0) figures['overFlood'] = figures.durationMs / figures['floodMs']
  }
  return { figures, distributions: town.observer.distributions() }
}

/** Of many authors so many floods are looked at. */
const FLOODED = 10
