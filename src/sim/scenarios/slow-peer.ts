import { percentile } from '../figures.js'
import { type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, grow } from '../town.js'

export const slowPeer: Scenario = {
  name: 'slow-peer',
  about: 'One peer can take a fifth of what is said. It must harm nobody but itself.',
  defaults: { ...SETTINGS, nodes: 50, rounds: 600, rate: 20, payloadBytes: 4096 },
  flags: [...TALK, 'rate'],
  needsWire: true,
  budget: [{ figure: 'othersReliability', atLeast: 1, of: 'worst' }],
  target: [{ figure: 'othersReliability', atLeast: 1, of: 'worst' }],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    const [slow] = world.add()
    const { rate, payloadBytes } = settings
    world.network.limit(slow!.index, (rate * payloadBytes) / 1000 / 5)
    world.join(slow!, topic)
    grow(town, { ...settings, nodes: settings.nodes - 1 }, REST_MS, progress, 0.3)
    observer.begin()
    const delays: number[] = []
    world.listen((peer, _topic, event) => {
      if (event.type === 'received' && peer !== slow) delays.push(world.now - event.time)
    })
    const others = world.peers.filter(peer => peer !== slow)
    for (let i = 0; i < settings.rounds; i++) {
      observer.say(random.pick(others)!)
      world.run(1000 / rate)
      progress(0.3 + (0.7 * i) / settings.rounds, `message ${i + 1}`)
    }
    world.run(10_000)
    const figures = observer.figures('papers')
    const slowMissed = observer.all.filter(({ due }) => due[slow!.index] === DUE).length
    const said = observer.all.length
    const dueOfOthers = said * (settings.nodes - 2)
    delays.sort((a, b) => a - b)
    Object.assign(figures, {
      othersReliability: 1 - (figures.missed - slowMissed) / Math.max(1, dueOfOthers),
      othersP99Ms: percentile(delays, 0.99),
      slowReliability: 1 - slowMissed / Math.max(1, said),
      congested: world.counters.get('link-live-dropped') ?? 0,
    })
    return { figures, distributions: observer.distributions() }
  },
}

const REST_MS = 30_000
/** As the observer marks it: due and not heard. */
const DUE = 1
