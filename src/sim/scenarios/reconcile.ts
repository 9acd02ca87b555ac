import { noDistributions } from '../figures.js'
import { Past, shelfOf, strangers } from '../past.js'
import type { Report } from '../run.js'
import { type Scenario, SETTINGS } from '../scenario.js'
import { emptyTown } from '../town.js'

export const reconcile: Scenario = {
  name: 'reconcile',
  about: 'Two peers meet who keep a past of which each lacks half of the last words.',
  defaults: { ...SETTINGS, nodes: 2, rounds: 0, latency: '50', history: 'wavefront' },
  flags: ['latency', 'wire', 'payload', 'protocol', 'ops', 'authors', 'missing'],
  budget: [{ figure: 'converged', atLeast: 1, of: 'worst' }],
  target: [{ figure: 'roundTrips', atMost: 1.5, of: 'worst', when: { missing: 10 } }],
  run(settings, seed) {
    const town = emptyTown(settings, seed)
    const { world, topic, random, observer } = town
    const { ops, authors, payloadBytes } = settings
    const missing = Math.min(settings.missing, ops)
    const writers = strangers(authors, random)
    const since = world.now - ops * 1000
    const past = new Past({ topic, authors: writers, payloadBytes, since, random })
    const common = past.say(ops - missing)
    // The authors are of two halves that did not hear each other lately. One alone is on one side.
    const half = authors >> 1
    const ofA = half === 0 ? [] : past.say(Math.floor(missing / 2), writers.slice(0, half))
    const ofB = past.say(missing - ofA.length, writers.slice(half))

    const [a, b] = [world.add()[0]!, world.add()[0]!]
    world.join(a, topic, { shelf: shelfOf(topic, a.id, [...common, ...ofA]) })
    world.join(b, topic, { shelf: shelfOf(topic, b.id, [...common, ...ofB]), bootstrap: [a] })
    const { traffic } = world
    world.runUntil(() => traffic.exchanges > 0, GIVE_UP_MS)
    const begunAt = world.now
    const isOver = () => a.shelf(topic).size === ops && b.shelf(topic).size === ops
    const converged = world.runUntil(isOver, GIVE_UP_MS)
    const durationMs = world.now - begunAt
    // What is still said then counts too.
    world.run(REST_MS)

    const figures = observer.figures('papers')
    const bytes = traffic.historyBytes
    Object.assign(figures, {
      converged: converged ? 1 : 0,
      payloadBytes: world.encodedBytes([...ofA, ...ofB]),
      ...(settings.wire === 'on' && {
        bytes,
        bytesPerMissing: missing === 0 ? 0 : bytes / missing,
      }),
      messages: traffic.historyFrames,
      exchanges: traffic.exchanges,
      roundTrips: traffic.exchangeFrames / 2,
      durationMs,
    })
    return { figures, distributions: noDistributions() }
  },
  json(report: Report) {
    const { settings, mean, worst } = report
    const { history: protocol, ops, authors, missing } = settings
    const of = (figure: string) => mean[figure]
    return {
      ...report,
      protocol,
      ops,
      authors,
      missing,
      converged: worst['converged'] === 1,
      bytes: of('bytes'),
      payloadBytes: of('payloadBytes'),
      bytesPerMissing: of('bytesPerMissing'),
      messages: of('messages'),
      exchanges: of('exchanges'),
      roundTrips: of('roundTrips'),
      durationMs: of('durationMs'),
    }
  },
}

const GIVE_UP_MS = 600_000
const REST_MS = 10_000
