import { graphOf } from '../graph.js'
import { reliabilityOf } from '../observer.js'
import { type Limit, type Scenario, SETTINGS, TALK } from '../scenario.js'
import { crashSome, emptyTown, grow, speak } from '../town.js'

export const hyparviewPaper: Scenario = {
  name: 'hyparview-paper',
  about: 'The overlay of ten thousand, and whom messages reach after most of them crashed at once.',
  defaults: { ...SETTINGS, nodes: 10_000, rounds: 10 },
  flags: [...TALK, 'rate', 'kill', 'silent', 'server'],
  budget: [
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    {
      figure: 'averagePath',
      atMost: 6.4,
      of: 'mean',
      when: { kill: 0, nodes: 10_000, latency: '10-50' },
    },
    {
      figure: 'fullShare',
      atLeast: 0.995,
      of: 'mean',
      when: { kill: 0, nodes: 10_000, latency: '10-50' },
    },
    {
      figure: 'fullShare',
      atLeast: 0.995,
      of: 'mean',
      when: { kill: 0, nodes: 1000, latency: '10-50' },
    },
    { figure: 'reliability', atLeast: 1, of: 'worst', when: { kill: 0 } },
    ...[0.5, 0.8, 0.9, 0.95].map(
      (kill): Limit => ({
        figure: 'reliability',
        atLeast: 1,
        of: 'worst',
        when: { kill, server: 'carries', silent: false },
      }),
    ),
  ],
  // The paper: path 6.385, nearly all with five, about 100 % to 80 % failed, 90 % reached at 95 %.
  target: [
    { figure: 'averagePath', atMost: 6.4, of: 'mean', when: { kill: 0 } },
    { figure: 'fullShare', atLeast: 0.995, of: 'mean', when: { kill: 0 } },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst', when: { kill: 0 } },
    { figure: 'reliability', atLeast: 1, of: 'mean', when: { kill: 0.5 } },
    { figure: 'reliability', atLeast: 1, of: 'mean', when: { kill: 0.8 } },
    { figure: 'reliability', atLeast: 0.999, of: 'mean', when: { kill: 0.9, silent: false } },
    { figure: 'reliability', atLeast: 0.99, of: 'mean', when: { kill: 0.95, silent: false } },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed, { server: { introductions: 0 } })
    const { world, topic, observer, random } = town
    grow(town, settings, CYCLES * 60_000, progress, settings.kill > 0 ? 0.7 : 0.9)
    const before = graphOf(world, topic)
    const { average, longest } = before.paths(PATH_SOURCES)
    const clustering = before.clustering
    const fullShare = before.shareWith(world.settings.config.membership.activeViewCapacity)
    const { asymmetricLinks, meanDegree } = before

    // From here on nobody helps: no server, nobody introduces. A paper's peer dials whom it knows; ours needs a way
    // for its signals, so one that lost all neighbors then reaches nobody. `carries` is the paper's world, but that
    // who lost them all asks once more whom it came through.
    if (settings.server === 'gone') world.server.stop()
    observer.begin()
    let linked: { share: number; reliability: number } | undefined
    if (settings.kill > 0) {
      crashSome(town, settings.kill, settings.silent)
      linked = linkedOf(graphOf(world, topic).components)
      world.run(settings.silent ? SILENT_PAUSE_MS : PAUSE_MS)
      progress(0.8, 'crashed')
    }
    const anyone = () => random.pick(world.living)!
    const done = settings.kill > 0 ? 0.8 : 0.9
    speak(town, settings.rounds, settings.rate, anyone, said =>
      progress(done + ((1 - done) * said) / settings.rounds, `message ${said + 1}`),
    )
    const figures = observer.figures('papers')
    const [first] = observer.all
    Object.assign(figures, {
      firstReliability: first === undefined ? 1 : reliabilityOf(first),
      averagePath: average,
      longestPath: longest,
      clustering,
      fullShare,
      ...(settings.kill > 0 && { activeBefore: meanDegree }),
      ...(linked && { linkedShare: linked.share, linkedReliability: linked.reliability }),
      ...(settings.kill === 0 && { asymmetricLinks }),
      componentCount: graphOf(world, topic).components.length,
    })
    const distributions = observer.distributions()
    distributions.degrees = before.histogram
    distributions.failures.push([settings.kill, figures.reliability])
    return { figures, distributions }
  },
}

/**
 * What links are left: the share of the survivors in the largest component, and what would be reached on average if
 * nobody found anybody. Without a server signals travel over links alone, and no two components can ever meet.
 */
function linkedOf(components: readonly number[]): { share: number; reliability: number } {
  const total = components.reduce((sum, size) => sum + size, 0)
  const pairs = components.reduce((sum, size) => sum + size * (size - 1), 0)
  const reliability = total === 1 ? 1 : pairs / (total * (total - 1))
  return { share: (components[0] ?? 0) / total, reliability }
}

/** Minutes of rest, of one shuffle each; the paper has 50. After five 0.5 % still look for a fifth neighbor, after ten 0.2 %. */
const CYCLES = 10
const PATH_SOURCES = 100
/** The message follows so long after the crash. */
const PAUSE_MS = 5_000
const SILENT_PAUSE_MS = 10_000
