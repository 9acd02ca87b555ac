import { graphOf } from '../graph.js'
import { type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, grow } from '../town.js'

export const churn: Scenario = {
  name: 'churn',
  about: 'Every minute a tenth of the peers goes, half of them without a word, and as many come.',
  defaults: { ...SETTINGS, nodes: 1000, rounds: 120 },
  flags: [...TALK, 'rate'],
  budget: [{ figure: 'reliability', atLeast: 0.99, of: 'worst' }],
  target: [{ figure: 'reliability', atLeast: 0.9999, of: 'mean' }],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    grow(town, settings, REST_MS, progress, 0.4)
    observer.begin()
    let owed = 0
    for (let i = 0; i < settings.rounds; i++) {
      observer.say(random.pick(world.living)!)
      for (owed += (settings.nodes * SHARE_PER_MINUTE) / 60 / settings.rate; owed >= 1; owed--) {
        const gone = random.pick(world.living)!
        world.crash(gone, { silent: random.below(2) === 0 })
        observer.excuse([gone])
        const [fresh] = world.add()
        world.join(fresh!, topic)
        world.run(1000 / settings.rate / Math.max(1, Math.ceil(owed)))
      }
      world.run(Math.max(0, 1000 / settings.rate - (world.now - (observer.all[i]?.at ?? 0))))
      progress(0.4 + (0.6 * i) / settings.rounds, `message ${i + 1}`)
    }
    world.run(AFTERWARDS_MS)
    const figures = observer.figures('papers')
    figures['componentCount'] = graphOf(world, topic).components.length
    return { figures, distributions: observer.distributions() }
  },
}

const REST_MS = 60_000
const SHARE_PER_MINUTE = 0.1
/** So that what was said last arrives, and silent links are found. */
const AFTERWARDS_MS = 15_000
