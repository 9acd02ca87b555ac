import { graphOf } from '../graph.js'
import { type Scenario, SETTINGS, type Settings, TALK } from '../scenario.js'
import { emptyTown, grow, speak, type Town } from '../town.js'

export const partition: Scenario = {
  name: 'partition',
  about: 'Half of the peers is cut from the other half for a while, the server with one of them.',
  defaults: { ...SETTINGS, nodes: 1000, rounds: 10, latency: 'regions' },
  flags: [...TALK, 'rate', 'cut'],
  budget: [
    { figure: 'mergedMs', atMost: 10_000, of: 'worst' },
    { figure: 'componentCount', atMost: 1, of: 'worst' },
    { figure: 'reliability', atLeast: 1, of: 'worst' },
    { figure: 'unequal', atMost: 0, of: 'worst', when: { history: 'wavefront' } },
  ],
  target: [
    { figure: 'mergedMs', atMost: 10_000, of: 'worst' },
    { figure: 'reliability', atLeast: 1, of: 'worst' },
    { figure: 'equalMs', atMost: 30_000, of: 'worst', when: { history: 'wavefront' } },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    grow(town, settings, REST_MS, progress, 0.3)
    const sides = new Map(world.peers.map(peer => [peer, random.below(2)]))
    world.cut(peer => sides.get(peer)!, 0)
    const { cutSeconds } = settings
    for (let seconds = 0; seconds < cutSeconds; seconds += CUT_STEP_SECONDS) {
      const ms = 1_000 * Math.min(CUT_STEP_SECONDS, cutSeconds - seconds)
      if (settings.history === 'none') world.run(ms)
      else chat(town, settings, ms)
      progress(0.3 + (0.4 * seconds) / cutSeconds, `cut for ${seconds} seconds`)
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
    const equal = settings.history === 'none' ? {} : whenEqual(town, healedAt)
    speak(town, settings.rounds, settings.rate, () => random.pick(world.living)!)
    const figures = observer.figures('papers')
    Object.assign(figures, {
      mergedMs,
      ...equal,
      componentsApart: apart.length,
      componentCount: graphOf(world, topic).components.length,
    })
    return { figures, distributions: observer.distributions() }
  },
}

/** On both sides somebody speaks. */
function chat({ world, observer, random }: Town, { rate }: Settings, ms: number): void {
  const count = Math.round((ms * rate) / 1000)
  for (let i = 0; i < count; i++) {
    observer.say(random.pick(world.living)!)
    world.run(ms / count)
  }
}

/** How long until all keep the same. */
function whenEqual({ world, topic, observer }: Town, healedAt: number): Record<string, number> {
  const { living } = world
  const differ = () => {
    const sizes = living.map(peer => peer.shelf(topic).size)
    return sizes.filter(size => size !== observer.all.length + observer.before).length
  }
  let unequal = differ()
  while (unequal > 0 && world.now - healedAt < GIVE_UP_MS) {
    world.run(LOOK_EVERY_MS)
    unequal = differ()
  }
  return { equalMs: world.now - healedAt, unequal, ops: living[0]!.shelf(topic).size }
}

const REST_MS = 120_000
const CUT_STEP_SECONDS = 60
const LOOK_EVERY_MS = 100
const GIVE_UP_MS = 600_000
