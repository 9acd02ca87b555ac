import { utf8 } from '../../codec/bytes.js'
import type { Millis } from '../../core/ids.js'
import { PACING_DEFAULTS } from '../../link/pacing.js'
import type { Peer } from '../peer.js'
import { type Scenario, SETTINGS, TALK } from '../scenario.js'
import { emptyTown, round, type Town } from '../town.js'

export const fullMesh: Scenario = {
  name: 'full-mesh',
  about:
    'All come within a second, each through one drawn from those before it; 2 % loss, a period of 1 s.',
  defaults: { ...SETTINGS, nodes: 8, rounds: 10 },
  flags: TALK,
  budget: [
    { figure: 'complete', atLeast: 1, of: 'worst' },
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  target: [
    // The seed's bare rules: 55 %, 6 % and 0 % at 5, 8 and 12 (reference §2.4).
    { figure: 'complete', atLeast: 1, of: 'worst' },
    // Two periods and a dial.
    { figure: 'completeMs', atMost: 2_500, of: 'mean' },
    // One period, and a hop: the longest there was meanwhile, lost packets and those behind them included.
    { figure: 'presenceBeyondHopMs', atMost: 1_000, of: 'worst' },
    { figure: 'goneMs', atMost: 3_000, of: 'worst' },
    { figure: 'sentPerSecond', atMost: 2_048, of: 'worst', when: { wire: 'on' } },
    { figure: 'rmr', atMost: 0, of: 'worst' },
    { figure: 'controlPerDelivery', atMost: 0, of: 'mean' },
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(
      settings,
      seed,
      {
        network: { loss: LOSS, knockLoss: LOSS, dialMs: DIAL_MS, parallelDials: DIALS },
        server: { introductions: 0 },
        fullMesh: { periodMs: PERIOD_MS, linkCapacity: Math.max(settings.nodes - 1, 1) },
      },
      'full-mesh',
    )
    const { world, observer } = town
    const lastAt = comeAtOnce(town, settings.nodes)
    const complete = world.runUntil(() => isFullMesh(town, world.peers), GIVE_UP_MS)
    const completeMs = world.now - lastAt
    world.runUntil(() => isAgreed(town), GIVE_UP_MS)
    const agreedMs = world.now - lastAt
    world.run(PERIOD_MS)
    progress(0.4, 'complete')

    const before = world.traffic.packetBytes
    world.run(IDLE_MS)
    const sent = (world.traffic.packetBytes - before) / world.peers.length / (IDLE_MS / 1_000)
    world.network.longestHopMs = 0
    const shown = world.peers.flatMap(peer => untilShown(town, peer))
    const presenceMs = Math.max(...shown)
    const presenceBeyondHopMs = presenceMs - world.network.longestHopMs
    const inTime = shown.filter(ms => ms <= PERIOD_MS + town.latency.largestMs)
    progress(0.6, 'idle')

    observer.begin()
    for (let i = 0; i < settings.rounds; i++) round(town, [town.random.pick(world.living)!])
    const figures = observer.figures('papers')
    progress(0.8, 'said')

    const goneMs = untilGone(town)
    Object.assign(figures, {
      complete: complete ? 1 : 0,
      completeMs,
      agreedMs,
      ...(settings.wire === 'on' && { sentPerSecond: sent }),
      presenceMs,
      presenceBeyondHopMs,
      presenceShare: inTime.length / shown.length,
      goneMs,
    })
    return { figures, distributions: observer.distributions() }
  },
}

/** Each through one drawn from those that came before it; returns when the last came. */
function comeAtOnce({ world, topic, random }: Town, count: number): Millis {
  const begunAt = world.now
  const times = Array.from({ length: count }, () => random.between(0, COMING_MS)).sort(
    (a, b) => a - b,
  )
  for (const at of times) {
    world.run(begunAt + at - world.now)
    const door = random.pick(world.peers)
    const [peer] = world.add()
    world.join(peer!, topic, { bootstrap: door === undefined ? [] : [door] })
  }
  return world.now
}

function isFullMesh({ topic }: Town, peers: readonly Peer[]): boolean {
  return peers.every(peer => peer.neighbors(topic).length === peers.length - 1)
}

/** All say the same of the members. */
function isAgreed({ world, topic }: Town): boolean {
  return world.living.every(peer =>
    peer.snapshot().topics.some(({ topic: id, membership }) => id === topic && membership.agreed),
  )
}

/** From a peer's word of itself to when each of the others shows it. */
function untilShown({ world, topic }: Town, author: Peer): number[] {
  const at = world.now
  const times: number[] = []
  const due = new Set(world.living.filter(peer => peer !== author))
  const off = world.listen((peer, heardIn, event) => {
    if (heardIn !== topic || event.type !== 'presence' || event.peer !== author.id) return
    if (due.delete(peer)) times.push(world.now - at)
  })
  world.setPresence(author, topic, utf8(`here at ${at}`))
  world.runUntil(() => due.size === 0, GIVE_UP_MS)
  off()
  return [...times, ...[...due].map(() => GIVE_UP_MS)]
}

/** From a crash that nobody is told of to when no neighbor lists the peer. */
function untilGone({ world, topic, random }: Town): number {
  const gone = random.pick(world.living)!
  const at = world.now
  world.crash(gone, { silent: true })
  world.runUntil(
    () => world.living.every(peer => !peer.neighbors(topic).includes(gone.id)),
    GIVE_UP_MS,
  )
  return world.now - at
}

const COMING_MS = 1_000
const LOSS = 0.02
const DIAL_MS = 500
const PERIOD_MS = 1_000
/** As the worker's. */
const DIALS = PACING_DEFAULTS.parallelDials
const GIVE_UP_MS = 60_000
const IDLE_MS = 30_000
