import type { PeerId, TopicId } from '../core/ids.js'
import type { Random } from '../core/random.js'
import type { Occurrence } from './agenda.js'
import { SERVER } from './latency.js'
import type { Peer } from './peer.js'
import type { World } from './world.js'

/** Introduces peers of a topic to one another and carries signals; can be switched off. */
export class SignalingServer {
  readonly #rosters = new Map<TopicId, Roster>()
  /** Who knows that it can't reach the server. */
  readonly #lost = new Set<Peer>()
  #up: boolean
  /** Signals carried. */
  carried = 0

  readonly #world: World
  readonly #random: Random
  readonly #settings: ServerSettings

  constructor(world: World, random: Random, settings: ServerSettings) {
    this.#world = world
    this.#random = random
    this.#settings = settings
    this.#up = settings.up
  }

  /** Whether this peer can reach it. */
  serves(peer: Peer): boolean {
    return this.#up && !this.#world.network.isCutFromServer(peer.index)
  }

  stop(): void {
    this.#up = false
    this.#rosters.clear()
    this.tellState()
  }

  start(): void {
    this.#up = true
    this.tellState()
  }

  /** After anything that changed who can reach it; who can again is listed again, as a session does. */
  tellState(): void {
    for (const peer of this.#world.living) {
      const isLost = !this.serves(peer)
      if (isLost === this.#lost.has(peer)) continue
      if (isLost) {
        this.#lost.add(peer)
        this.forget(peer, true)
      } else this.#lost.delete(peer)
      this.#world.later(this.#delay(peer), () => peer.hearSignaling(isLost ? 'lost' : 'open'))
    }
  }

  enter(peer: Peer, topic: TopicId): void {
    if (!this.serves(peer)) {
      this.#lost.add(peer)
      return
    }
    this.#later(peer, () => {
      if (!this.serves(peer) || !peer.isAlive) return
      const roster = this.#roster(topic)
      roster.add(peer)
      const peers = roster.sample(this.#random, this.#settings.introductions, peer)
      this.#later(peer, () => peer.do({ type: 'introduced', topic, peers }))
    })
  }

  exit(peer: Peer, topic: TopicId): void {
    this.#later(peer, () => this.#rosters.get(topic)?.delete(peer))
  }

  /** The session is gone: at once after a crash with notice, else when the server's own pings fail. */
  forget(peer: Peer, isSilent: boolean): void {
    if (!peer.isAlive) this.#lost.delete(peer)
    this.#world.later(isSilent ? SILENT_SESSION_MS : this.#delay(peer), () => {
      if (peer.isAlive && this.serves(peer)) return
      for (const roster of this.#rosters.values()) roster.delete(peer)
    })
  }

  carry(from: Peer, to: PeerId, body: Uint8Array): void {
    if (!this.serves(from)) return
    this.#later(from, () => {
      const addressee = this.#world.peer(to)
      if (addressee === undefined || !addressee.isAlive || !this.serves(addressee)) {
        // A silent one still has a session, and what is sent to it is lost without a word.
        if (addressee?.isSilentlyGone(SILENT_SESSION_MS)) return
        this.#later(from, () => from.do({ type: 'undeliverable', to }))
        return
      }
      this.carried++
      this.#later(addressee, () => addressee.hearSignal(body, 'server'))
    })
  }

  #later(peer: Peer, act: () => void): void {
    this.#world.later(this.#delay(peer), act)
  }

  #delay(peer: Peer): number {
    return this.#world.network.latency.between(peer.index, SERVER)
  }

  #roster(topic: TopicId): Roster {
    let roster = this.#rosters.get(topic)
    if (roster === undefined) this.#rosters.set(topic, (roster = new Roster()))
    return roster
  }
}

export interface ServerSettings {
  up: boolean
  /** Peers named to whoever enters; 0 leaves newcomers to their bootstrap peers. */
  introductions: number
}

/** Who is in a topic, each in its newest life; adding, removing and drawing cost the same however many there are. */
class Roster {
  readonly #peers: Peer[] = []
  readonly #places = new Map<PeerId, number>()

  add(peer: Peer): void {
    const place = this.#places.get(peer.id) ?? this.#peers.length
    this.#places.set(peer.id, place)
    this.#peers[place] = peer
  }

  delete(peer: Peer): void {
    const place = this.#places.get(peer.id)
    if (place === undefined || this.#peers[place] !== peer) return
    this.#places.delete(peer.id)
    const last = this.#peers.pop()!
    if (last === peer) return
    this.#peers[place] = last
    this.#places.set(last.id, place)
  }

  sample(random: Random, count: number, except: Peer): PeerId[] {
    const drawn = new Set<Peer>()
    const most = Math.min(count, this.#peers.length - (this.#places.has(except.id) ? 1 : 0))
    while (drawn.size < most) {
      const peer = this.#peers[random.below(this.#peers.length)]!
      if (peer.id !== except.id) drawn.add(peer)
    }
    return [...drawn].map(({ id }) => id)
  }
}

/** A function as an occurrence. */
export class Act implements Occurrence {
  readonly #act: () => void

  constructor(act: () => void) {
    this.#act = act
  }

  happen(): void {
    this.#act()
  }
}

/** A socket whose other side fell silent is closed after this long. Guess. */
const SILENT_SESSION_MS = 30_000
