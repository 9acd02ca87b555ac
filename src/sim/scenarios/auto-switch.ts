import { PACING_DEFAULTS } from '../../link/pacing.js'
import type { Peer } from '../peer.js'
import { type Progress, type Scenario, SETTINGS, type Settings } from '../scenario.js'
import { emptyTown, type Town } from '../town.js'

export const autoSwitch: Scenario = {
  name: 'auto-switch',
  about:
    'Eight of kind auto, a ninth comes, three go, three come, and all the while someone speaks.',
  defaults: { ...SETTINGS, nodes: 8, rate: 10 },
  flags: ['nodes', 'latency', 'wire', 'payload', 'unsigned', 'history', 'rate'],
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'deliveredTwice', atMost: 0, of: 'worst' },
    { figure: 'switched', atLeast: 1, of: 'worst', when: { nodes: 8 } },
  ],
  target: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'deliveredTwice', atMost: 0, of: 'worst' },
    // The share of peers that were of the kind their number asks for, each time.
    { figure: 'switched', atLeast: 1, of: 'worst' },
    { figure: 'mostLinks', atMost: 7, of: 'worst' },
    { figure: 'linksLater', atMost: 5, of: 'worst' },
  ],
  run(settings, seed, progress) {
    const town = emptyTown(
      settings,
      seed,
      {
        network: { dialMs: DIAL_MS, parallelDials: PACING_DEFAULTS.parallelDials },
        fullMesh: { periodMs: PERIOD_MS },
      },
      'auto',
    )
    const watch = new Watch(town, settings, progress)
    for (let i = 0; i < settings.nodes; i++) watch.come(JOIN_GAP_MS)
    watch.speak(SETTLE_MS)
    watch.expect('full-mesh')
    watch.observed()
    watch.come()
    watch.speak(SETTLE_MS)
    watch.expect('hyparview')
    watch.leave(3)
    watch.speak(SMALL_MS)
    watch.expect('full-mesh')
    for (let i = 0; i < 3; i++) watch.come(JOIN_GAP_MS)
    watch.speak(SETTLE_MS)
    watch.expect('hyparview')
    return watch.outcome()
  },
}

/** Lets someone speak at a steady rate, and looks at links and kinds meanwhile. */
class Watch {
  readonly #town: Town
  readonly #settings: Settings
  readonly #progress: Progress
  #right = 0
  #asked = 0
  #mostLinks = 0
  #linksLater = 0
  #fewestLinks = Number.POSITIVE_INFINITY
  #spokeFor = 0

  constructor(town: Town, settings: Settings, progress: Progress) {
    this.#town = town
    this.#settings = settings
    this.#progress = progress
  }

  come(thenMs = 0): void {
    const { world, topic } = this.#town
    const [peer] = world.add()
    world.join(peer!, topic)
    this.speak(thenMs)
  }

  /** Each says its last word a moment before it goes. */
  leave(count: number): void {
    const { world, topic, observer, random } = this.#town
    for (const peer of random.sample(world.living, count)) {
      world.leave(peer, topic)
      observer.excuse([peer])
      this.speak(LEAVE_GAP_MS)
      world.crash(peer)
    }
  }

  speak(ms: number): void {
    const { world, observer, random, topic } = this.#town
    const until = world.now + ms
    const gapMs = 1_000 / this.#settings.rate
    while (world.now < until) {
      const speakers = world.living.filter(peer => peer.status(topic)?.state !== 'closed')
      const author = random.pick(speakers)
      if (author !== undefined && author.neighbors(topic).length > 0) observer.say(author)
      world.run(Math.min(gapMs, until - world.now))
      this.#look()
    }
    this.#spokeFor += ms
    this.#progress(Math.min(0.99, this.#spokeFor / ALL_MS), 'speaking')
  }

  /** Figures are of what follows. */
  observed(): void {
    this.#town.observer.begin()
  }

  /** All are of that kind by now; where they have a partial view, it has its size. */
  expect(kind: string): void {
    for (const peer of this.#town.world.living) {
      this.#asked++
      if (kindOf(this.#town, peer) === kind) this.#right++
      const links = peer.neighbors(this.#town.topic).length
      if (kind === 'hyparview') this.#linksLater = Math.max(this.#linksLater, links)
    }
  }

  outcome() {
    const { world, observer } = this.#town
    world.runUntil(() => observer.all.every(({ open }) => open === 0), LAST_WORD_MS)
    world.run(1_000)
    const figures = observer.figures('papers')
    Object.assign(figures, {
      switched: this.#right / this.#asked,
      mostLinks: this.#mostLinks,
      linksLater: this.#linksLater,
      fewestLinks: this.#fewestLinks,
    })
    return { figures, distributions: observer.distributions() }
  }

  #look(): void {
    const { world, topic } = this.#town
    for (const peer of world.living) {
      const { length } = peer.neighbors(topic)
      this.#mostLinks = Math.max(this.#mostLinks, length)
      const isSettled = world.now - peer.since > SETTLED_MS && peer.status(topic) !== undefined
      if (isSettled) this.#fewestLinks = Math.min(this.#fewestLinks, length)
    }
  }
}

function kindOf({ topic }: Town, peer: Peer): string | undefined {
  return peer.snapshot().topics.find(({ topic: id }) => id === topic)?.membership.kind
}

const DIAL_MS = 500
const PERIOD_MS = 1_000
const JOIN_GAP_MS = 300
const LEAVE_GAP_MS = 1_500
const SETTLE_MS = 15_000
/** Half a minute, and time for those that hear of it last. */
const SMALL_MS = 45_000
const SETTLED_MS = 5_000
const LAST_WORD_MS = 10_000
const ALL_MS = 3 * SETTLE_MS + SMALL_MS
