import { graphOf } from '../graph.js'
import { type Scenario, SETTINGS } from '../scenario.js'
import { emptyTown, gather } from '../town.js'

export const overlay: Scenario = {
  name: 'overlay',
  about:
    'Peers join and then nobody says a word for minutes: does the overlay come to rest, and how full?',
  defaults: { ...SETTINGS, rounds: 0 },
  flags: ['nodes', 'latency', 'wire'],
  budget: [
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    { figure: 'storms', atMost: 0, of: 'worst' },
    { figure: 'componentCount', atMost: 1, of: 'worst' },
    { figure: 'meanActive', atLeast: 4.88, of: 'mean' },
    { figure: 'dials', atMost: 0.05, of: 'mean' },
  ],
  // iroh-gossip after 3.5 minutes, 100 seeds: 4.470 neighbors, 6 storms, 3 asymmetric links, 1 dial a minute.
  target: [
    { figure: 'meanActive', atLeast: 4.88, of: 'mean', when: { nodes: 100 } },
    { figure: 'storms', atMost: 0, of: 'worst' },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    { figure: 'dials', atMost: 0.05, of: 'mean' },
    { figure: 'componentCount', atMost: 1, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed, { server: { introductions: 0 } })
    const { world, topic, observer } = town
    gather(town, settings, progress, 0.5)
    observer.begin()
    for (let minute = 1; minute <= IDLE_MINUTES; minute++) {
      world.run(60_000)
      progress(0.5 + (0.5 * minute) / IDLE_MINUTES, `idle minute ${minute}`)
    }
    const figures = observer.figures('papers')
    const graph = graphOf(world, topic)
    const { requests } = observer.since
    figures['requestsPerMinute'] = requests / IDLE_MINUTES / settings.nodes
    figures.storms = observer.storms
    figures['fullShare'] = graph.shareWith(world.settings.config.membership.activeViewCapacity)
    figures['componentCount'] = graph.components.length
    return { figures, distributions: observer.distributions() }
  },
}

const IDLE_MINUTES = 2
