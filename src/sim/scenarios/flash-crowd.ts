import { percentile } from '../figures.js'
import { graphOf } from '../graph.js'
import type { Peer } from '../peer.js'
import { type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, grow, speak } from '../town.js'

export const flashCrowd: Scenario = {
  name: 'flash-crowd',
  about: 'A room of twenty, and within ten seconds everybody else comes too.',
  defaults: { ...SETTINGS, nodes: 500, rounds: 10 },
  flags: [...TALK, 'rate'],
  budget: [
    { figure: 'joinedShare', atLeast: 1, of: 'worst' },
    { figure: 'reliability', atLeast: 1, of: 'worst' },
  ],
  target: [
    { figure: 'joinedShare', atLeast: 1, of: 'worst' },
    { figure: 'reliability', atLeast: 1, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    grow(town, { ...settings, nodes: Math.min(ROOM, settings.nodes) }, REST_MS, progress, 0.1)
    observer.begin()
    const joinedAfter = new Map<Peer, number>()
    world.listen((peer, _topic, event) => {
      if (event.type === 'neighborUp' && !joinedAfter.has(peer)) {
        joinedAfter.set(peer, world.now - peer.since)
      }
    })
    const comers = settings.nodes - world.peers.length
    for (let i = 0; i < comers; i++) {
      const [peer] = world.add()
      world.join(peer!, topic)
      world.run(RUSH_MS / comers)
      if (i % 50 === 0) progress(0.1 + (0.4 * i) / comers, 'joining')
    }
    world.run(AFTERWARDS_MS)
    const { dials } = observer.since
    const soon = graphOf(world, topic)
    progress(0.8, 'joined')
    observer.begin()
    speak(town, settings.rounds, settings.rate, () => random.pick(world.living)!)
    const figures = observer.figures('papers')
    const waits = world.peers.slice(-comers).map(peer => joinedAfter.get(peer) ?? Infinity)
    const sorted = waits.filter(Number.isFinite).sort((a, b) => a - b)
    Object.assign(figures, {
      joinedShare: comers === 0 ? 1 : sorted.length / comers,
      joinedP50Ms: percentile(sorted, 0.5),
      joinedP99Ms: percentile(sorted, 0.99),
      dialsPerJoin: comers === 0 ? 0 : dials / comers,
      activeSoon: soon.meanDegree,
      componentCount: soon.components.length,
    })
    return { figures, distributions: observer.distributions() }
  },
}

const ROOM = 20
const REST_MS = 30_000
const RUSH_MS = 10_000
const AFTERWARDS_MS = 20_000
