import { percentile } from '../figures.js'
import { type Limit, type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, floods, grow, speak } from '../town.js'

/** All bytes of frames for each payload byte delivered. */
const BYTES = (
  [
    [1024, 10, true, 1.12],
    [100, 100, true, 2],
    [1024, 10, false, 1.05],
    [100, 100, false, 1.4],
  ] as const
).map(
  ([payloadBytes, rate, signed, atMost]): Limit => ({
    figure: 'byteOverhead',
    atMost,
    of: 'mean',
    when: { payloadBytes, rate, signed, history: 'none', wire: 'on' },
  }),
)

export const plumtreePaper: Scenario = {
  name: 'plumtree-paper',
  about: 'Ten authors take turns among ten thousand, after the trees have grown.',
  defaults: { ...SETTINGS, nodes: 10_000, rounds: 30, payloadBytes: 1024 },
  flags: [...TALK, 'rate'],
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    { figure: 'rmr', atMost: 0.01, of: 'mean', when: { rate: 1, signed: true } },
    {
      figure: 'ldh',
      atMost: 10,
      of: 'mean',
      when: { nodes: 1000, latency: '10-50', signed: true },
    },
    {
      figure: 'p99Ms',
      atMost: 500,
      of: 'mean',
      when: { nodes: 1000, latency: 'regions', signed: true },
    },
    ...BYTES,
  ],
  // Our re-run of the paper's setting: flood 8.2 hops, one shared tree 14.8 and 768-938 ms, a tree per source 497 ms.
  target: [
    { figure: 'rmr', atMost: 0.01, of: 'mean' },
    { figure: 'ldh', atMost: 10, of: 'mean' },
    { figure: 'p99Ms', atMost: 500, of: 'mean', when: { latency: 'regions' } },
    ...BYTES,
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed, { server: { introductions: 0 } })
    const { world, observer, random } = town
    grow(town, settings, REST_MS, progress, 0.5)
    const authors = random.sample(world.peers, AUTHORS)
    const inTurn = (number: number) => authors[number % authors.length]!
    speak(town, WARM_UP, Math.min(WARM_UP_RATE, settings.rate), inTurn, said =>
      progress(0.5 + (0.2 * said) / WARM_UP, 'warming up'),
    )
    observer.begin()
    speak(town, settings.rounds, settings.rate, inTurn, said =>
      progress(0.7 + (0.3 * said) / settings.rounds, `message ${said + 1}`),
    )
    const figures = observer.figures('papers')
    figures.storms = observer.storms
    const { bytesPerDelivery } = figures
    if (bytesPerDelivery !== undefined) {
      figures['byteOverhead'] = bytesPerDelivery / settings.payloadBytes
    }
    figures['floodP99Ms'] = percentile(floods(town, authors).sort(), 0.99)
    return { figures, distributions: observer.distributions() }
  },
}

const REST_MS = 120_000
const AUTHORS = 10
/**
 * Eight a source, as in the reference figures. At most ten a second: trees are grown by one message after the other,
 * and a rate is measured on grown ones.
 */
const WARM_UP = 80
const WARM_UP_RATE = 10
