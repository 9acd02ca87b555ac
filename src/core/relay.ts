import { toBase32 } from '../codec/bytes.js'
import type { Millis, PeerId } from './ids.js'
import type { Relay, SignalingState, TopicMessage } from './io.js'
import type { Random } from './random.js'

// How a signal finds a peer we have no link to, so that the mesh outlives its signaling server. Whoever
// passed a peer's name to us can pass a signal on to it, and so on along the way the name came; where
// no such way is known, the signal spreads a few hops and stops at whoever is linked to its addressee.

export type RelayOutput =
  | { type: 'pass'; to: PeerId; relay: Relay }
  | { type: 'server'; to: PeerId; body: Uint8Array }
  | { type: 'arrived'; body: Uint8Array }
  | { type: 'unreachable'; to: PeerId }
  | { type: 'count'; counter: string }

/** Where the last word of or about a peer came from: the server, the mesh as such, or this neighbor. */
type Way = 'server' | 'mesh' | PeerId

export class SignalRelay {
  readonly #self: PeerId
  readonly #random: Random
  readonly #ways = new Map<PeerId, { way: Way; at: Millis }>()
  readonly #passed = new Set<string>()
  readonly #budgets = new Map<PeerId, { tokens: number; at: Millis }>()

  constructor(self: PeerId, random: Random) {
    this.#self = self
    this.#random = random
  }

  /** A neighbor named this peer: it, or somebody behind it, is linked to it. */
  heardOf(now: Millis, peer: PeerId, via: PeerId): void {
    if (peer === this.#self || peer === via) return
    const known = this.#ways.get(peer)
    if (known?.way === 'server' && now - known.at < WAY_MS) return
    this.#learn(now, peer, via)
  }

  /** Whoever names a peer can pass a signal on to it. */
  learn(now: Millis, from: PeerId, message: TopicMessage): void {
    switch (message.type) {
      case 'forward-join':
        this.heardOf(now, message.joiner.peer, from)
        break
      case 'shuffle':
      case 'shuffle-reply':
      case 'neighbor-reject':
      case 'disconnect':
        for (const { peer } of message.sample) this.heardOf(now, peer, from)
        if (message.type === 'shuffle') this.heardOf(now, message.origin.peer, from)
        break
      case 'gosp':
        for (const peer of message.view?.members ?? []) this.heardOf(now, peer, from)
        break
      case 'info':
        for (const peer of message.members) this.heardOf(now, peer, from)
    }
  }

  /** A signal of this peer reached us through the server. */
  heardThroughServer(now: Millis, peer: PeerId): void {
    this.#learn(now, peer, 'server')
  }

  /** The server does not have this peer. */
  serverMissed(now: Millis, peer: PeerId): void {
    this.#learn(now, peer, 'mesh')
  }

  linkLost(peer: PeerId): void {
    this.#budgets.delete(peer)
  }

  send(
    now: Millis,
    to: PeerId,
    body: Uint8Array,
    links: readonly PeerId[],
    signaling: SignalingState,
  ): RelayOutput[] {
    const known = this.#ways.get(to)
    const way = known !== undefined && now - known.at < WAY_MS ? known.way : undefined
    const relay = {
      id: this.#random.bytes(16),
      to,
      hopsLeft: MOST_HOPS,
      path: [this.#self],
      body,
    }
    if (links.includes(to)) return this.#pass([to], relay)
    if (isPeer(way) && links.includes(way)) return this.#pass([way], relay)
    if (signaling === 'open' && way !== 'mesh') return [{ type: 'server', to, body }]
    if (links.length > 0) return this.#pass(links, { ...relay, hopsLeft: SPREAD_HOPS })
    if (signaling === 'open') return [{ type: 'server', to, body }]
    return [{ type: 'unreachable', to }]
  }

  receive(now: Millis, from: PeerId, relay: Relay, links: readonly PeerId[]): RelayOutput[] {
    const id = toBase32(relay.id)
    if (this.#passed.has(id)) return []
    if (!this.#spend(now, from)) return [{ type: 'count', counter: 'relay-over-budget' }]
    this.#remember(id)
    const sender = relay.path[0]
    if (sender !== undefined && sender !== from) this.#learn(now, sender, from)
    if (relay.to === this.#self) return [{ type: 'arrived', body: relay.body }]
    if (relay.hopsLeft === 0) return [{ type: 'count', counter: 'relay-out-of-hops' }]
    const onward = {
      ...relay,
      hopsLeft: Math.min(relay.hopsLeft, MOST_HOPS) - 1,
      path: [...relay.path, this.#self],
    }
    const fresh = links.filter(peer => !relay.path.includes(peer))
    if (fresh.includes(relay.to)) return this.#pass([relay.to], onward)
    const known = this.#ways.get(relay.to)?.way
    if (isPeer(known) && fresh.includes(known)) return this.#pass([known], onward)
    return this.#pass(fresh, { ...onward, hopsLeft: Math.min(onward.hopsLeft, SPREAD_HOPS - 1) })
  }

  #pass(peers: readonly PeerId[], relay: Relay): RelayOutput[] {
    this.#remember(toBase32(relay.id))
    if (peers.length === 0) return [{ type: 'count', counter: 'relay-nowhere' }]
    return peers.map(to => ({ type: 'pass', to, relay }))
  }

  #learn(now: Millis, peer: PeerId, way: Way): void {
    this.#ways.delete(peer)
    this.#ways.set(peer, { way, at: now })
    if (this.#ways.size > MOST_WAYS) this.#ways.delete(this.#ways.keys().next().value!)
  }

  #remember(id: string): void {
    this.#passed.add(id)
    if (this.#passed.size > MOST_PASSED) this.#passed.delete(this.#passed.values().next().value!)
  }

  #spend(now: Millis, from: PeerId): boolean {
    const budget = this.#budgets.get(from) ?? { tokens: BURST, at: now }
    budget.tokens = Math.min(BURST, budget.tokens + ((now - budget.at) / 1000) * PER_SECOND)
    budget.at = now
    this.#budgets.set(from, budget)
    if (budget.tokens < 1) return false
    budget.tokens--
    return true
  }
}

function isPeer(way: Way | undefined): way is PeerId {
  return way !== undefined && way !== 'server' && way !== 'mesh'
}

/** Along names passed on: two walks of six hops lead at most this far (seed: walk lengths). */
const MOST_HOPS = 8
/** Three hops on degree five reach some 80 peers at some 80 frames. Guess. */
const SPREAD_HOPS = 3
/** How long a way is believed. Guess. */
const WAY_MS = 60_000
const MOST_WAYS = 1024
const MOST_PASSED = 4096
/** Relays one neighbor may hand us: a handshake is some ten signals. Guess. */
const PER_SECOND = 50
const BURST = 300
