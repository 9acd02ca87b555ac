import type { Deadline } from './deadline.js'
import type { Millis, PeerId, TopicId } from './ids.js'
import type { LinkSnapshot } from './snapshot.js'
import { Timers } from './timers.js'
import type { TopicTerms } from './topic-hello.js'

/** One link, or the dial that is to become one, and what both sides said on it of which topic. */
export class Link {
  up = false
  epoch = 0
  /** The application made the channel, and keeps it when no topic uses it. */
  adopted = false
  since: Millis = 0
  rttMs: number | undefined
  /** How often the peer said other terms of a topic than before. */
  changes = 0
  /** One record for each topic, mostly one, in a chain: ten thousand simulated peers have fifty thousand links. */
  #talks: Talk | undefined

  constructor(users: Iterable<TopicId> = []) {
    for (const topic of users) this.use(topic)
  }

  /** The topics that need this link. */
  get users(): TopicId[] {
    const users: TopicId[] = []
    for (let talk = this.#talks; talk !== undefined; talk = talk.next) {
      if (talk.isUser) users.push(talk.topic)
    }
    return users
  }

  get isUsed(): boolean {
    return this.users.length > 0
  }

  use(topic: TopicId): void {
    this.#talk(topic).isUser = true
  }

  /** True where the topic was a user. */
  release(topic: TopicId): boolean {
    const talk = this.#find(topic)
    if (!talk?.isUser) return false
    talk.isUser = false
    return true
  }

  /** True the first time: our topic-hello is to be sent. */
  greet(topic: TopicId): boolean {
    const talk = this.#talk(topic)
    if (talk.isGreeted) return false
    talk.isGreeted = true
    return true
  }

  /** The terms the peer has said of a topic. */
  termsOf(topic: TopicId): TopicTerms | undefined {
    return this.#find(topic)?.terms
  }

  hear(topic: TopicId, terms: TopicTerms): void {
    this.#talk(topic).terms = terms
  }

  /** Topics the peer has spoken of. */
  get heardOf(): number {
    let count = 0
    for (let talk = this.#talks; talk !== undefined; talk = talk.next) {
      if (talk.terms !== undefined) count++
    }
    return count
  }

  isMismatched(topic: TopicId): boolean {
    return this.#find(topic)?.isMismatched ?? false
  }

  setMismatched(topic: TopicId, isMismatched: boolean): void {
    this.#talk(topic).isMismatched = isMismatched
  }

  /** It was left: it may be opened again with other terms. */
  forget(topic: TopicId): void {
    const talk = this.#find(topic)
    if (talk === undefined) return
    talk.isGreeted = false
    talk.isMismatched = false
    if (talk.terms !== undefined || talk.isUser) return
    if (this.#talks === talk) this.#talks = talk.next
    for (let other = this.#talks; other !== undefined; other = other.next) {
      if (other.next === talk) other.next = talk.next
    }
  }

  #find(topic: TopicId): Talk | undefined {
    for (let talk = this.#talks; talk !== undefined; talk = talk.next) {
      if (talk.topic === topic) return talk
    }
    return undefined
  }

  #talk(topic: TopicId): Talk {
    const known = this.#find(topic)
    if (known !== undefined) return known
    const talk: Talk = {
      topic,
      isUser: false,
      isGreeted: false,
      isMismatched: false,
      terms: undefined,
      next: undefined,
    }
    let last = this.#talks
    while (last?.next !== undefined) last = last.next
    if (last === undefined) this.#talks = talk
    else last.next = talk
    return talk
  }
}

interface Talk {
  readonly topic: TopicId
  isUser: boolean
  isGreeted: boolean
  isMismatched: boolean
  terms: TopicTerms | undefined
  next: Talk | undefined
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
    this.#links.set(peer, new Link(users))
  }

  /** A newer link takes the place of an older one: its users stay, greetings begin anew. */
  raise(now: Millis, peer: PeerId, epoch: number, adopted: boolean): Link {
    const link = new Link(this.#links.get(peer)?.users)
    Object.assign(link, { up: true, epoch, adopted, since: now })
    this.#links.set(peer, link)
    // Nobody here asked for it, or no longer: the other side may still be about to say what for.
    if (!link.isUsed) this.#unused.set(peer, now + UNUSED_MS)
    return link
  }

  /** True where that was the last topic which needed the link, and the link is ours to close. */
  release(peer: PeerId, topic: TopicId): boolean {
    const link = this.#links.get(peer)
    if (link === undefined || !link.release(topic)) return false
    return !link.isUsed && !link.adopted
  }

  forget(peer: PeerId): void {
    this.#links.delete(peer)
    this.#unused.clear(peer)
  }

  /** A topic was left: it may be opened again with other terms. */
  forgetTopic(topic: TopicId): void {
    for (const link of this.#links.values()) link.forget(topic)
  }

  /** Peers whose link waited long enough for a topic to need it. */
  unused(now: Millis): PeerId[] {
    return (this.#unused.due(now) as PeerId[]).filter(peer => {
      const link = this.#links.get(peer)
      return link?.up && !link.adopted && !link.isUsed
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
      topics: link.users,
      rttMs: link.rttMs,
    }))
  }
}

/** A link nobody here needs is kept this long for what the other side has to say. Guess. */
const UNUSED_MS = 10_000
