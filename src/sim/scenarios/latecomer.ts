import { percentile } from '../figures.js'
import { Past, shelfOf, strangers } from '../past.js'
import { type Scenario, SETTINGS } from '../scenario.js'
import { emptyTown } from '../town.js'

export const latecomer: Scenario = {
  name: 'latecomer',
  about: 'A peer that keeps nothing joins others that keep a long past and go on speaking.',
  defaults: {
    ...SETTINGS,
    nodes: 10,
    rounds: 200,
    rate: 10,
    payloadBytes: 200,
    ops: 10_000,
    history: 'wavefront',
  },
  flags: ['nodes', 'rounds', 'latency', 'wire', 'payload', 'rate', 'ops', 'authors'],
  budget: [
    { figure: 'complete', atLeast: 1, of: 'worst' },
    { figure: 'deliveredTwice', atMost: 0, of: 'worst' },
    // Parts go on one after the other, and none waits for something else to be said.
    { figure: 'opsPerSecond', atLeast: 2_000, of: 'worst', when: { latency: '10-50' } },
  ],
  target: [{ figure: 'liveP99Ms', atMost: 100, of: 'worst', when: { latency: '10-50' } }],
  run(settings, seed, progress) {
    const town = emptyTown(settings, seed)
    const { world, topic, observer, random } = town
    const { ops, authors, payloadBytes, nodes } = settings
    const since = world.now - ops * 1000
    const writers = strangers(authors, random)
    const past = new Past({ topic, authors: writers, payloadBytes, since, random }).say(ops)
    const first = world.add(nodes - 1)
    for (const peer of first) {
      const shelf = shelfOf(topic, peer.id, past)
      world.join(peer, topic, { shelf, bootstrap: peer === first[0] ? [] : [first[0]!] })
      world.run(JOIN_GAP_MS)
    }
    world.run(REST_MS)
    progress(0.3, 'joined')

    const latecomer = world.add()[0]!
    const seen = new Set<string>()
    const delays: number[] = []
    let twice = 0
    let linkedAt = Number.POSITIVE_INFINITY
    world.listen((peer, _topic, event) => {
      if (peer !== latecomer) return
      if (event.type === 'neighborUp') linkedAt = Math.min(linkedAt, world.now)
      if (event.type !== 'received') return
      if (seen.has(event.id)) twice++
      seen.add(event.id)
      if (event.time >= linkedAt) delays.push(world.now - event.time)
    })
    observer.begin()
    const joinedAt = world.now
    let [firstAt, doneAt] = [Number.NaN, Number.NaN]
    world.join(latecomer, topic, { bootstrap: [random.pick(first)!] })
    const isComplete = () => {
      const { size } = latecomer.shelf(topic)
      if (size > 0 && Number.isNaN(firstAt)) firstAt = world.now
      return size >= ops + observer.all.length
    }
    // Somebody speaks all the while, and for a little longer.
    for (let said = 0, after = 0; after < settings.rounds && said < MOST_SAID; said++) {
      observer.say(random.pick(first)!)
      if (world.runUntil(isComplete, 1000 / settings.rate)) {
        if (Number.isNaN(doneAt)) doneAt = world.now
        world.run(1000 / settings.rate)
        after++
      }
      progress(0.3 + (0.6 * latecomer.shelf(topic).size) / ops, 'catching up')
    }
    const complete = world.runUntil(isComplete, REST_MS)
    if (Number.isNaN(doneAt)) doneAt = world.now
    if (Number.isNaN(firstAt)) firstAt = world.now
    world.run(REST_MS)
    const figures = observer.figures('papers')
    const sorted = Float64Array.from(delays).sort()
    Object.assign(figures, {
      complete: complete ? 1 : 0,
      deliveredTwice: twice + observer.twice,
      joinMs: firstAt - joinedAt,
      catchUpMs: doneAt - firstAt,
      // A handful comes in one frame.
      opsPerSecond: (ops / Math.max(1, doneAt - firstAt)) * 1000,
      liveP99Ms: percentile(sorted, 0.99),
      ...(settings.wire === 'on' && { historyBytes: observer.since.historyBytes }),
      exchanges: observer.since.exchanges,
    })
    return { figures, distributions: observer.distributions() }
  },
}

const JOIN_GAP_MS = 200
const REST_MS = 15_000
const MOST_SAID = 10_000
