import { graphOf } from '../graph.js'
import { type Scenario, SETTINGS } from '../scenario.js'
import { emptyTown, grow, speak } from '../town.js'

export const partition: Scenario = {
  name: 'partition',
  about:
    'Half of the peers is cut from the other half for ten minutes, the server with one of them.',
  defaults: { ...SETTINGS, nodes: 1000, rounds: 10, latency: 'regions' },
  budget: [],
  target: [
    { figure: 'mergedMs', atMost: 10_000, of: 'worst' },
    { figure: 'reliability', atLeast: 1, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    grow(town, settings, REST_MS, progress, 0.3)
    const sides = new Map(world.peers.map(peer => [peer, random.below(2)]))
    world.cut(peer => sides.get(peer)!, 0)
    for (let minute = 1; minute <= CUT_MINUTES; minute++) {
      world.run(60_000)
      progress(0.3 + (0.4 * minute) / CUT_MINUTES, `cut for ${minute} minutes`)
    }
    const apart = graphOf(world, topic).components
    world.heal()
    observer.begin()
    const healedAt = world.now
    let components = graphOf(world, topic).components
    while (components.length > 1 && world.now - healedAt < GIVE_UP_MS) {
      world.run(LOOK_EVERY_MS)
      components = graphOf(world, topic).components
      progress(0.7 + (0.2 * (world.now - healedAt)) / GIVE_UP_MS, 'healed')
    }
    const mergedMs = world.now - healedAt
    speak(town, settings.rounds, settings.rate, () => random.pick(world.living)!)
    const figures = observer.figures('papers')
    Object.assign(figures, {
      mergedMs,
      componentsApart: apart.length,
      componentCount: graphOf(world, topic).components.length,
    })
    return { figures, distributions: observer.distributions() }
  },
}

const REST_MS = 120_000
const CUT_MINUTES = 10
const LOOK_EVERY_MS = 100
const GIVE_UP_MS = 600_000
