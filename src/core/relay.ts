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

/** What is known against a way. */
interface Doubt {
  via: PeerId
  /** Since when an answer is awaited to what was sent this way. */
  askedAt: Millis | undefined
  /** Lost a signal, for all we know: not believed again while this is remembered. */
  distrusted: PeerId | undefined
}

export class SignalRelay {
  readonly #self: PeerId
  readonly #random: Random
  /** Ways learned lately, in two generations: when the new one is old or full it takes the place of the old. */
  #ways = new Ways()
  #waysBefore: Ways | undefined
  #turnAt: Millis = 0
  #doubts: Map<PeerId, Doubt> | undefined
  /** Ids of relays passed on lately, likewise. Rows, for a set takes thrice as much. */
  #passed = NOTHING
  #passedBefore = NOTHING
  /** Of each neighbor that handed us relays when its budget will be whole again. */
  #budgets: Map<PeerId, Millis> | undefined

  constructor(self: PeerId, random: Random) {
    this.#self = self
    this.#random = random
  }

  /** A neighbor named this peer: it, or somebody behind it, is linked to it. */
  heardOf(now: Millis, peer: PeerId, via: PeerId): void {
    if (peer === this.#self || peer === via) return
    if (this.#viaOf(now, peer) !== 'server') this.#learn(now, peer, via)
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
    const doubt = this.#doubts?.get(peer)
    if (doubt === undefined) return
    if (doubt.distrusted === undefined) this.#doubts!.delete(peer)
    else doubt.askedAt = undefined
  }

  /** A signal of this peer reached us through the server, or the server named it: whatever neighbors said, it is there. */
  heardThroughServer(now: Millis, peer: PeerId): void {
    this.#learn(now, peer, 'server')
  }

  /** The server does not have this peer. */
  serverMissed(now: Millis, peer: PeerId): void {
    this.#learn(now, peer, 'mesh')
  }

  linkLost(peer: PeerId): void {
    this.#budgets?.delete(peer)
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
    if (this.#passed.includes(id) || this.#passedBefore.includes(id)) return []
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
    const known = this.#viaOf(now, relay.to)
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
    const via = this.#viaOf(now, to)
    if (!isPeer(via)) return via
    if (!links.includes(via)) return undefined
    this.#doubts ??= new Map()
    const before = this.#doubts.get(to)
    // Learned under a name that shares its letters.
    if (before?.distrusted === via) return undefined
    const askedAt = before?.via === via ? before.askedAt : undefined
    const isLost = askedAt !== undefined && now - askedAt >= ANSWER_MS
    if (isLost) {
      this.#ways.delete(to)
      this.#waysBefore?.delete(to)
    }
    this.#doubts.delete(to)
    this.#doubts.set(to, {
      via,
      askedAt: isLost ? undefined : (askedAt ?? now),
      distrusted: isLost ? via : before?.distrusted,
    })
    if (this.#doubts.size > MOST_DOUBTS) this.#doubts.delete(this.#doubts.keys().next().value!)
    return isLost ? undefined : via
  }

  #viaOf(now: Millis, peer: PeerId): Via | undefined {
    if (now >= this.#turnAt) this.#turn(now)
    return this.#ways.get(peer) ?? this.#waysBefore?.get(peer)
  }

  #learn(now: Millis, peer: PeerId, via: Via): void {
    if (now >= this.#turnAt) this.#turn(now)
    if (this.#ways.get(peer) === via) return
    if (this.#doubts?.get(peer)?.distrusted === via) return
    if (this.#ways.set(peer, via)) return
    this.#turn(now)
    this.#ways.set(peer, via)
  }

  #turn(now: Millis): void {
    const isLongSince = now >= this.#turnAt + AGE_MS
    this.#waysBefore = isLongSince ? undefined : this.#ways
    this.#ways = new Ways()
    this.#turnAt = now + AGE_MS
    // A relay lives seconds.
    this.#passedBefore = NOTHING
    if (this.#passed.length > 0) this.#turnPassed()
    for (const [peer, { askedAt = 0, distrusted }] of this.#doubts ?? []) {
      if (distrusted === undefined && now - askedAt >= AGE_MS) this.#doubts!.delete(peer)
    }
    if (this.#doubts?.size === 0) this.#doubts = undefined
    for (const [peer, wholeAt] of this.#budgets ?? []) {
      if (wholeAt <= now) this.#budgets!.delete(peer)
    }
    if (this.#budgets?.size === 0) this.#budgets = undefined
  }

  #remember(id: number): void {
    if (this.#passed.includes(id)) return
    if (this.#passed === NOTHING) this.#passed = [id]
    else this.#passed.push(id)
    if (this.#passed.length >= MOST_PASSED) this.#turnPassed()
  }

  #turnPassed(): void {
    this.#passedBefore = this.#passed
    this.#passed = NOTHING
  }

  #spend(now: Millis, from: PeerId): boolean {
    this.#budgets ??= new Map()
    const wholeAt = Math.max(now, this.#budgets.get(from) ?? now) + 1000 / PER_SECOND
    if (wholeAt - now > (BURST * 1000) / PER_SECOND) return false
    this.#budgets.set(from, wholeAt)
    return true
  }
}

/**
 * By whom peers are reached: a row of numbers, for a map of all that ten thousand nodes hear of is most of what they hold.
 * Many are reached by few, hence each number says the place of its way too.
 */
class Ways {
  readonly #row: number[] = []
  /** Replaced, never changed: as large as it has to be. */
  #vias: readonly Via[] = []

  get(peer: PeerId): Via | undefined {
    const first = numberOf(peer)
    const at = this.#at(first)
    return at < 0 ? undefined : this.#vias[this.#row[at]! - first]
  }

  /** False where there is no room. */
  set(peer: PeerId, via: Via): boolean {
    const first = numberOf(peer)
    const at = this.#at(first)
    const isNew = !this.#vias.includes(via)
    if (at < 0 && this.#row.length >= WAYS_OF_ONE_AGE) return false
    if (isNew && this.#vias.length >= VIAS) return false
    if (isNew) this.#vias = this.#vias.concat(via)
    this.#row[at < 0 ? this.#row.length : at] = first + this.#vias.indexOf(via)
    return true
  }

  delete(peer: PeerId): void {
    const at = this.#at(numberOf(peer))
    if (at >= 0) this.#row.splice(at, 1)
  }

  /** A loop: `findIndex` makes an object of every number, and this is asked at each name heard. */
  #at(first: number): number {
    const row = this.#row
    for (let at = 0; at < row.length; at++) {
      if (row[at]! >= first && row[at]! < first + VIAS) return at
    }
    return -1
  }
}

/**
 * Nine letters of an id, and room for a place. Names that agree in these share a way. To say such a name costs nothing, and
 * gains nothing: any neighbor could name the peer itself.
 */
function numberOf(peer: PeerId): number {
  let number = 0
  for (let at = 0; at < 9; at++) number = number * 32 + (peer.charCodeAt(at) & 31)
  return number * VIAS
}

function isPeer(via: Via | undefined): via is PeerId {
  return via !== undefined && via !== 'server' && via !== 'mesh'
}

/** Thirty of the id's bits: engines keep such a number without a box, and two of a few hundred rarely meet. */
function shortOf({ id }: Relay): number {
  return ((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 2
}

/** Never pushed to. */
const NOTHING: number[] = []

/** Along names passed on: two walks of six hops lead at most this far (seed: walk lengths). */
const MOST_HOPS = 8
/** Three hops on degree five reach some 80 peers at some 80 frames. Guess. */
const SPREAD_HOPS = 2
/** A way is believed this long at least, and at most twice as long. Guess. */
const AGE_MS = 30_000
/** A trip there and back through the mesh, nobody hurrying. Guess. */
const ANSWER_MS = 900
/** Two generations hold those behind the names in our views. Guess. */
const WAYS_OF_ONE_AGE = 64
/** By which the ways of one age led at most, once learned: with nine letters a number has no more room. */
const VIAS = 256
/** Peers we are about to be linked with, and those we failed to reach. Guess. */
const MOST_DOUBTS = 32
/** A relay lives seconds, and each neighbor hands us at most `BURST` at once. Guess. */
const MOST_PASSED = 512
/** Relays one neighbor may hand us: a handshake is some ten signals. Guess. */
const PER_SECOND = 50
const BURST = 300
