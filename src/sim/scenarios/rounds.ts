import type { Outcome } from '../figures.js'
import type { RoundFigures } from '../observer.js'
import type { Peer } from '../peer.js'
import type { Progress, Settings } from '../scenario.js'
import { emptyTown, gather, round, type Town } from '../town.js'

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
  while (done.length < settings.rounds) {
    done.push(round(town, authorsOf(town)))
    progress(0.5 + (0.5 * done.length) / settings.rounds, `round ${done.length}`)
  }
  const figures = town.observer.figures('rounds', done)
  figures['worstRmr'] = Math.max(...done.map(({ rmr }) => rmr))
  figures['worstLdh'] = Math.max(...done.map(({ ldh }) => ldh))
  return { figures, distributions: town.observer.distributions() }
}
