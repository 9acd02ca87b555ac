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
type Via = 'server' | 'mesh' | PeerId

interface Way {
  via: Via | undefined
  at: Millis
  /** Since when an answer is awaited to what was sent this way. */
  askedAt: Millis | undefined
  /** Lost a signal, for all we know: not believed again while this is remembered. */
  distrusted: PeerId | undefined
}

export class SignalRelay {
  readonly #self: PeerId
  readonly #random: Random
  readonly #ways = new Map<PeerId, Way>()
  /** Ids of relays passed on lately, in two rows: a full new one takes the place of the old. */
  #passed = new Set<number>()
  #passedBefore = new Set<number>()
  readonly #budgets = new Map<PeerId, { tokens: number; at: Millis }>()

  constructor(self: PeerId, random: Random) {
    this.#self = self
    this.#random = random
  }

  /** A neighbor named this peer: it, or somebody behind it, is linked to it. */
  heardOf(now: Millis, peer: PeerId, via: PeerId): void {
    if (peer === this.#self || peer === via) return
    const known = this.#ways.get(peer)
    if (known?.via === 'server' && now - known.at < WAY_MS) return
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
    }
  }

  /** The peer itself spoke to us: the way to it is good. */
  answered(peer: PeerId): void {
    const way = this.#ways.get(peer)
    if (way !== undefined) way.askedAt = undefined
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
    const relay = {
      id: this.#random.bytes(16),
      to,
      hopsLeft: MOST_HOPS,
      path: [this.#self],
      body,
    }
    if (links.includes(to)) return this.#pass([to], relay)
    const via = this.#viaTo(now, to, links)
    if (isPeer(via)) return this.#pass([via], relay)
    if (signaling === 'open' && via !== 'mesh') return [{ type: 'server', to, body }]
    if (links.length > 0) return this.#pass(links, relay)
    if (signaling === 'open') return [{ type: 'server', to, body }]
    return [{ type: 'unreachable', to }]
  }

  receive(now: Millis, from: PeerId, relay: Relay, links: readonly PeerId[]): RelayOutput[] {
    const id = shortOf(relay)
    if (this.#passed.has(id) || this.#passedBefore.has(id)) return []
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
    const known = this.#ways.get(relay.to)?.via
    if (isPeer(known) && fresh.includes(known)) return this.#pass([known], onward)
    if (relay.path.length >= SPREAD_HOPS) return [{ type: 'count', counter: 'relay-lost' }]
    return this.#pass(fresh, onward)
  }

  #pass(peers: readonly PeerId[], relay: Relay): RelayOutput[] {
    this.#remember(shortOf(relay))
    if (peers.length === 0) return [{ type: 'count', counter: 'relay-nowhere' }]
    return peers.map(to => ({ type: 'pass', to, relay }))
  }

  /** A way that left a signal unanswered is not taken again: whoever named the peer may have lied, or moved. */
  #viaTo(now: Millis, to: PeerId, links: readonly PeerId[]): Via | undefined {
    const way = this.#ways.get(to)
    if (way === undefined || now - way.at >= WAY_MS) return undefined
    if (!isPeer(way.via)) return way.via
    if (!links.includes(way.via)) return undefined
    if (way.askedAt !== undefined && now - way.askedAt >= ANSWER_MS) {
      this.#ways.set(to, { via: undefined, at: now, askedAt: undefined, distrusted: way.via })
      return undefined
    }
    way.askedAt ??= now
    return way.via
  }

  #learn(now: Millis, peer: PeerId, via: Via): void {
    const before = this.#ways.get(peer)
    const { askedAt, distrusted } = before ?? UNASKED
    if (via === distrusted) return
    this.#ways.delete(peer)
    this.#ways.set(peer, {
      via,
      at: now,
      askedAt: via === before?.via ? askedAt : undefined,
      distrusted,
    })
    if (this.#ways.size > MOST_WAYS) this.#ways.delete(this.#ways.keys().next().value!)
  }

  #remember(id: number): void {
    this.#passed.add(id)
    if (this.#passed.size < MOST_PASSED) return
    this.#passedBefore = this.#passed
    this.#passed = new Set()
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

function isPeer(via: Via | undefined): via is PeerId {
  return via !== undefined && via !== 'server' && via !== 'mesh'
}

/** Six of the sixteen random bytes: a number is smaller than a text. */
function shortOf({ id }: Relay): number {
  let short = 0
  for (let i = 0; i < 6; i++) short = short * 256 + id[i]!
  return short
}

const UNASKED = { askedAt: undefined, distrusted: undefined }

/** Along names passed on: two walks of six hops lead at most this far (seed: walk lengths). */
const MOST_HOPS = 8
/** Three hops on degree five reach some 80 peers at some 80 frames. Guess. */
const SPREAD_HOPS = 2
/** How long a way is believed. Guess. */
const WAY_MS = 60_000
/** A trip there and back through the mesh, nobody hurrying. Guess. */
const ANSWER_MS = 900
/** Who is behind the names in our views, and as many in passing. Guess. */
const MOST_WAYS = 256
/** A relay lives seconds, and each neighbor hands us at most `BURST` at once. Guess. */
const MOST_PASSED = 512
/** Relays one neighbor may hand us: a handshake is some ten signals. Guess. */
const PER_SECOND = 50
const BURST = 300
