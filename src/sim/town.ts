import type { TopicId } from '../core/ids.js'
import { Random } from '../core/random.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { graphOf } from './graph.js'
import { type LatencyModel, parseLatency } from './latency.js'
import { Observer, type RoundFigures, redundancy } from './observer.js'
import type { Peer } from './peer.js'
import type { Progress, Settings } from './scenario.js'
import { World, type WorldOptions } from './world.js'

/** A world with one topic, its peers joined and at rest, and someone who watches. */
export interface Town {
  world: World
  topic: TopicId
  observer: Observer
  /** The scenario's own dice. */
  random: Random
  latency: LatencyModel
}

export function emptyTown(
  settings: Settings,
  seed: number,
  options: Omit<WorldOptions, 'seed' | 'latency' | 'wire'> = {},
  membership: TopicTerms['membership'] = 'hyparview',
): Town {
  const latency = parseLatency(settings.latency, seed)
  if (latency === undefined) throw new RangeError(`latency: ${settings.latency}`)
  const world = new World({ ...options, seed, latency, wire: settings.wire })
  const topic = world.topic('town', {
    signed: settings.signed,
    membership,
    history: settings.history,
    maxMessageSize: 1 << 20,
  })
  const observer = new Observer(world, topic, settings.payloadBytes)
  return { world, topic, observer, random: new Random(seed + 1), latency }
}

/**
 * iroh-gossip's bootstrap: some join the first, then all others join one of these; the server only carries
 * their knocks. What takes it 20 trips takes longer here, since a link takes a second to make.
 */
export function gather(town: Town, settings: Settings, progress: Progress, share: number): void {
  const { world, topic, random } = town
  const first = world.add(Math.min(BOOTSTRAP_SET, settings.nodes))
  first.forEach((peer, i) => {
    world.join(peer, topic, { bootstrap: i === 0 ? [] : [first[0]!] })
    world.run(JOIN_GAP_MS)
  })
  world.run(SET_MS)
  for (let i = first.length; i < settings.nodes; i++) {
    const [peer] = world.add()
    world.join(peer!, topic, { bootstrap: [random.pick(first)!] })
    world.run(JOIN_GAP_MS)
    if (i % 50 === 0) progress((share * i) / settings.nodes, 'joining')
  }
  world.run(settings.restSeconds * 1_000)
  progress(share, 'joined')
}

/**
 * Peers come one by one, each through a peer that is there, so that a town of any size grows in about two
 * minutes: each takes in a newcomer every ten seconds.
 */
export function grow(
  town: Town,
  settings: Settings,
  restMs: number,
  progress: Progress,
  share: number,
): void {
  const { world, topic, random } = town
  for (let i = 0; i < settings.nodes; i++) {
    const contact = random.pick(world.peers)
    const [peer] = world.add()
    world.join(peer!, topic, { bootstrap: contact === undefined ? [] : [contact] })
    world.run(Math.min(FIRST_GAP_MS, GROWTH_MS / (i + 1)))
    if (i % 100 === 0) progress((share * 0.5 * i) / settings.nodes, 'joining')
  }
  for (let rested = 0; rested < restMs; rested += STEP_MS) {
    world.run(Math.min(STEP_MS, restMs - rested))
    progress(share * (0.5 + (0.5 * rested) / restMs), 'resting')
  }
}

/**
 * A round as iroh-gossip's simulator has it: all authors speak at once, and it lasts until everyone has
 * everything, or 5 s. Copies that come after that are counted to it too, for a pause of four latencies.
 */
export function round(town: Town, authors: readonly Peer[]): RoundFigures {
  const { world, observer, latency } = town
  const before = world.traffic.copies
  const said = authors.map(author => observer.say(author))
  const at = world.now
  const due = said.reduce((total, { open }) => total + open, 0)
  const isComplete = world.runUntil(() => said.every(({ open }) => open === 0), ROUND_MS)
  const durationMs = isComplete ? Math.max(...said.map(({ lastAt }) => lastAt)) - at : ROUND_MS
  world.run(4 * latency.largestMs)
  const missed = said.reduce((total, { open }) => total + open, 0)
  return {
    rmr: redundancy(world.traffic.copies - before, due, missed),
    ldh: Math.max(...said.map(({ largestRound }) => largestRound)),
    durationMs,
  }
}

/**
 * A share of the living, but for one at least, drawn from all but those to be spared; the observer expects nothing of
 * them any more.
 */
export function crashSome(
  town: Town,
  share: number,
  silent: boolean,
  spared: readonly Peer[] = [],
): Peer[] {
  const { world, observer, random } = town
  const { living } = world
  const count = Math.min(Math.round(living.length * share), living.length - 1)
  const mortal = spared.length === 0 ? living : living.filter(peer => !spared.includes(peer))
  const gone = random.sample(mortal, count)
  for (const peer of gone) world.crash(peer, { silent })
  observer.excuse(gone)
  return gone
}

/**
 * One author after the other speaks, so many times a second, and the last word has time to arrive. `step` hears often which
 * message is under way.
 */
export function speak(
  town: Town,
  count: number,
  perSecond: number,
  authorOf: (number: number) => Peer,
  step: (number: number) => void = () => {},
): void {
  const { world, observer } = town
  for (let i = 0; i < count; i++) {
    observer.say(authorOf(i))
    const pauseMs = 1000 / perSecond
    for (let passed = 0; passed < pauseMs; passed += STEP_MS) {
      world.run(Math.min(STEP_MS, pauseMs - passed))
      step(i)
    }
  }
  const { all } = observer
  world.runUntil(() => all.every(({ open }) => open === 0), LAST_WORD_MS)
  world.run(4 * town.latency.largestMs)
}

/**
 * How long a flood from each of these takes to each other peer, all together, on the overlay as it is: nothing that travels
 * these links is quicker. All peers must be in the topic.
 */
export function floods({ world, topic, latency }: Town, authors: readonly Peer[]): Float64Array {
  const graph = graphOf(world, topic)
  const delays = authors.map(({ index }) =>
    graph.flood(index, latency.between).filter((_, to) => to !== index),
  )
  return Float64Array.from(delays.flatMap(each => [...each]))
}

/** Contacts in iroh-gossip's bootstrap set. Guess: the report does not give the number. */
const BOOTSTRAP_SET = 5
const JOIN_GAP_MS = 10
const SET_MS = 10_000
const FIRST_GAP_MS = 1_000
const GROWTH_MS = 10_000
/** Heaps of large runs are swept between steps only (bench/sim.mjs): in 100 ms many peers let go of a third of what they hold while links are exchanged. */
const STEP_MS = 10
/** iroh-gossip's limit for a round. */
const ROUND_MS = 5_000
const LAST_WORD_MS = 10_000
