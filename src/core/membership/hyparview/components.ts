import type { Millis, PeerId } from '../../ids.js'
import type { HyparviewMessage } from './messages.js'
import type { Overlay } from './overlay.js'
import type { Requests } from './requests.js'

/** Whom the server named, who was a neighbor, and who may be anyone. */
type Kind = 'named' | 'former' | 'stranger'
type ComponentMessage = Extract<HyparviewMessage, { type: 'component' }>

/**
 * Departs from the paper, where parts of an overlay that came apart stay apart: each is content with itself, and no
 * failure tells. Here every component has a name, the smallest id of its peers. Whose id it is tells its neighbors
 * once a shuffle interval, and they theirs; who did not hear of it for long proposes itself, and the smallest
 * proposal wins. Now and then the name is compared with that of a peer we know but have no link to: who hears
 * another name than its own asks for a place, and one link makes one component. Names are not signed: who lies
 * about them costs a link now and then, or keeps parts apart that would else have met.
 */
export class Components {
  readonly #overlay: Overlay
  readonly #requests: Requests
  #name: PeerId
  #beat = 0
  #heardAt: Millis = Number.NEGATIVE_INFINITY
  #namedAt: Millis = Number.POSITIVE_INFINITY
  readonly #mergeFrom: Record<Kind, Millis> = { named: 0, former: 0, stranger: 0 }
  #doubtfulUntil: Millis = 0

  constructor(overlay: Overlay, requests: Requests) {
    this.#overlay = overlay
    this.#requests = requests
    this.#name = overlay.self
  }

  get name(): PeerId {
    return this.#name
  }

  /** Once a shuffle interval: each peer's own moment, so that few propose themselves before they hear of another. */
  tick(now: Millis): void {
    const overlay = this.#overlay
    if (overlay.active.size === 0) {
      this.#adopt(now, overlay.self, 0, now)
      this.#namedAt = Number.POSITIVE_INFINITY
      return
    }
    this.#giveUpStale(now)
    if (this.#name === overlay.self) {
      this.#propose(now)
      this.#tell(now, overlay.active.peers)
      // One peer of each component asks, however large it is.
      if (this.#isSettled(now)) overlay.emit({ type: 'wants-introductions' })
    }
    if (overlay.random.below(TICKS_PER_COMPARISON) === 0) {
      const { passive, reserve } = overlay
      const peer = overlay.random.pick([...passive.peers, ...reserve.peers])
      if (peer !== undefined) this.#compare(now, [peer])
    }
  }

  /** A link broke, and more may have: of those who keep our name some are perhaps cut off, or it is we who are. */
  cut(now: Millis): void {
    this.#doubtfulUntil = now + this.#overlay.config.shuffleIntervalMs * CUT_INTERVALS
  }

  /** Peers were named to us. Until names tell that parts came apart, one is asked for a place unheard. */
  named(now: Millis, peers: readonly PeerId[]): void {
    for (const peer of now < this.#doubtfulUntil ? peers : []) {
      if (this.#merge(now, peer, 'named')) this.#doubtfulUntil = 0
    }
    this.#compare(now, peers)
  }

  /** Says our name to peers we have no link to; those of another component answer by a request. */
  #compare(now: Millis, peers: readonly PeerId[]): void {
    if (!this.#isSettled(now)) return
    const strangers = peers.filter(peer => this.#isStranger(now, peer)).slice(0, COMPARED_AT_ONCE)
    for (const _ of strangers) this.#overlay.count('components-compared')
    this.#tell(now, strangers)
  }

  #isStranger(now: Millis, peer: PeerId): boolean {
    const { active } = this.#overlay
    return this.#overlay.admissible(now, peer) && !active.has(peer) && !this.#requests.has(peer)
  }

  /** A new neighbor may come from elsewhere. */
  neighborUp(now: Millis, peer: PeerId): void {
    this.#namedAt = Math.min(this.#namedAt, now)
    if (this.#name === this.#overlay.self) this.#propose(now)
    this.#tell(now, [peer])
  }

  onMessage(now: Millis, from: PeerId, message: ComponentMessage): void {
    const { active } = this.#overlay
    if (active.has(from)) this.#hear(now, from, message)
    // To who is alone any name is another.
    else if (active.size === 0 || (message.name !== this.#name && this.#isSettled(now))) {
      this.#merge(now, from, this.#overlay.wasActive(from) ? 'former' : 'stranger')
    }
  }

  #hear(now: Millis, from: PeerId, { name, beat, ageSeconds }: ComponentMessage): void {
    const { active, self } = this.#overlay
    // Ours by another's mouth is an echo, or a lie.
    if (name === self || ageSeconds * 1000 >= this.#lifetimeMs) return
    this.#giveUpStale(now)
    const isNew = name === this.#name ? beat > this.#beat : name < this.#name
    if (!isNew) return
    this.#adopt(now, name, beat, now - ageSeconds * 1000)
    this.#tell(now, active.others(from))
  }

  /** True where it is asked for a place: one of each kind in a while, for whoever has many names to knock with is a stranger. */
  #merge(now: Millis, peer: PeerId, kind: Kind): boolean {
    const overlay = this.#overlay
    if (now < this.#mergeFrom[kind] || !this.#isStranger(now, peer)) return false
    this.#mergeFrom[kind] = now + MERGE_GAP_MS
    overlay.count('components-merged')
    this.#requests.ask(now, peer, 'high')
    return true
  }

  #giveUpStale(now: Millis): void {
    const { self } = this.#overlay
    if (this.#name !== self && !this.#isFresh(now)) this.#adopt(now, self, 0, now)
  }

  #propose(now: Millis): void {
    this.#beat = Math.max(this.#beat + 1, Math.floor(now / 1000))
    this.#heardAt = now
  }

  #adopt(now: Millis, name: PeerId, beat: number, heardAt: Millis): void {
    if (name !== this.#name) this.#namedAt = now
    this.#name = name
    this.#beat = beat
    this.#heardAt = heardAt
  }

  #tell(now: Millis, peers: readonly PeerId[]): void {
    const ageSeconds = Math.ceil((now - this.#heardAt) / 1000)
    for (const peer of peers) {
      const requestId = this.#overlay.random.u32()
      this.#overlay.send(peer, {
        type: 'component',
        requestId,
        name: this.#name,
        beat: this.#beat,
        ageSeconds,
      })
    }
  }

  #isFresh(now: Millis): boolean {
    return now - this.#heardAt < this.#lifetimeMs
  }

  /** While a name spreads, one component has several. */
  #isSettled(now: Millis): boolean {
    return (
      this.#overlay.active.size > 0 &&
      this.#isFresh(now) &&
      now - this.#namedAt >= this.#overlay.config.shuffleIntervalMs
    )
  }

  get #lifetimeMs(): number {
    return this.#overlay.config.shuffleIntervalMs * BEATS_MISSED
  }
}

/** Shuffle intervals after which a name nobody repeated is given up: one or two beats may be lost. Guess. */
const BEATS_MISSED = 3.5
/** A knock per peer in ten minutes is cheap, and a town of a hundred compares ten a minute. Guess. */
const TICKS_PER_COMPARISON = 10
/** As many as a server names. */
const COMPARED_AT_ONCE = 5
/** Shuffle intervals after which the parts have names of their own and are sure of them. */
const CUT_INTERVALS = 6
/** One link is enough; more only cost others their neighbors. Guess. */
const MERGE_GAP_MS = 10_000
