import type { Deadline } from './deadline.js'
import type { Millis, PeerId, TopicId } from './ids.js'
import type { LinkSnapshot } from './snapshot.js'
import { Timers } from './timers.js'
import type { TopicTerms } from './topic-hello.js'

/** One link, or the dial that is to become one, and which topics it serves. */
export interface Link {
  up: boolean
  epoch: number
  /** The application made the channel, and keeps it when no topic uses it. */
  adopted: boolean
  since: Millis
  rttMs: number | undefined
  /** The topics that need this link. */
  readonly users: Set<TopicId>
  /** Topics for which our topic-hello was sent. */
  readonly greeted: Set<TopicId>
  readonly heard: Map<TopicId, TopicTerms>
  /** How often the peer said other terms of a topic than before. */
  changes: number
  readonly mismatched: Set<TopicId>
}

/** The links of one node, each counted per topic: it lives as long as one topic needs it. */
export class Links {
  readonly #links = new Map<PeerId, Link>()
  readonly #unused = new Timers()

  get(peer: PeerId): Link | undefined {
    return this.#links.get(peer)
  }

  has(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  /** The link where it stands and this is its epoch: what older ones still say is over. */
  current(peer: PeerId, epoch: number): Link | undefined {
    const link = this.#links.get(peer)
    return link?.up && link.epoch === epoch ? link : undefined
  }

  /** The peers whose links stand. */
  get linked(): PeerId[] {
    const peers: PeerId[] = []
    for (const [peer, link] of this.#links) if (link.up) peers.push(peer)
    return peers
  }

  all(): [PeerId, Link][] {
    return [...this.#links]
  }

  /** A link is on its way for these topics. */
  expect(peer: PeerId, ...users: TopicId[]): void {
    this.#links.set(peer, newLink(users))
  }

  /** A newer link takes the place of an older one: its users stay, greetings begin anew. */
  raise(now: Millis, peer: PeerId, epoch: number, adopted: boolean): Link {
    const link = newLink(this.#links.get(peer)?.users ?? [])
    Object.assign(link, { up: true, epoch, adopted, since: now })
    this.#links.set(peer, link)
    // Nobody here asked for it, or no longer: the other side may still be about to say what for.
    if (link.users.size === 0) this.#unused.set(peer, now + UNUSED_MS)
    return link
  }

  /** True where that was the last topic which needed the link, and the link is ours to close. */
  release(peer: PeerId, topic: TopicId): boolean {
    const link = this.#links.get(peer)
    if (link === undefined || !link.users.delete(topic)) return false
    return link.users.size === 0 && !link.adopted
  }

  forget(peer: PeerId): void {
    this.#links.delete(peer)
    this.#unused.clear(peer)
  }

  /** A topic was left: it may be opened again with other terms. */
  forgetTopic(topic: TopicId): void {
    for (const link of this.#links.values()) {
      link.greeted.delete(topic)
      link.mismatched.delete(topic)
    }
  }

  /** Peers whose link waited long enough for a topic to need it. */
  unused(now: Millis): PeerId[] {
    return (this.#unused.due(now) as PeerId[]).filter(peer => {
      const link = this.#links.get(peer)
      return link?.up && !link.adopted && link.users.size === 0
    })
  }

  get nextDeadline(): Deadline | undefined {
    const next = this.#unused.next
    return next && { at: next.at, reason: `unused link ${next.reason}` }
  }

  snapshot(): LinkSnapshot[] {
    return this.all().map(([peer, link]) => ({
      peer,
      epoch: link.epoch,
      state: link.up ? 'up' : 'dialing',
      topics: [...link.users],
      rttMs: link.rttMs,
    }))
  }
}

function newLink(users: Iterable<TopicId>): Link {
  return {
    up: false,
    epoch: 0,
    adopted: false,
    since: 0,
    rttMs: undefined,
    users: new Set(users),
    greeted: new Set(),
    heard: new Map(),
    changes: 0,
    mismatched: new Set(),
  }
}

/** A link nobody here needs is kept this long for what the other side has to say. Guess. */
const UNUSED_MS = 10_000
