import { type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, gather, round } from '../town.js'

export const hiddenTabs: Scenario = {
  name: 'hidden-tabs',
  about: 'Half of the peers are hidden tabs, whose timers ring once a second.',
  defaults: SETTINGS,
  flags: TALK,
  needsWire: true,
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'falseAlarms', atMost: 0, of: 'worst' },
  ],
  target: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'falseAlarms', atMost: 0, of: 'worst' },
  ],
  run(settings, seed, progress) {
    // Their pings ring late too, so none is left out here.
    const town = emptyTown(settings, seed, {
      server: { introductions: 0 },
      heartbeats: 'driven',
    })
    const { world, observer, random } = town
    gather(town, settings, progress, 0.5)
    for (const peer of random.sample(world.peers, Math.floor(settings.nodes * HIDDEN_SHARE))) {
      peer.clampMs = CLAMP_MS
    }
    world.run(10_000)
    observer.begin()
    let lost = 0
    world.listen((_peer, _topic, event) => {
      if (event.type === 'neighborDown' && event.reason === 'link-lost') lost++
    })
    const rounds = []
    while (rounds.length < settings.rounds) {
      rounds.push(round(town, [random.pick(world.peers)!]))
      progress(0.5 + (0.5 * rounds.length) / settings.rounds, `round ${rounds.length}`)
    }
    const figures = observer.figures('rounds', rounds)
    figures['falseAlarms'] = lost
    return { figures, distributions: observer.distributions() }
  },
}

const HIDDEN_SHARE = 0.5
/** What browsers grant the timers of a hidden page. */
const CLAMP_MS = 1_000
