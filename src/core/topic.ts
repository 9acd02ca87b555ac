// Long, and one file: membership, broadcast, history and presence know nothing of one another, and here is where what one says
// becomes input of the next, in the order that this file gives. What has a state of its own is a file beside it.

import { toBase32 } from '../codec/bytes.js'
import { decode, encode } from '../codec/schema.js'
import type { BroadcastOutput, SeenIds } from './broadcast/broadcast.js'
import type { PlumtreeMessage } from './broadcast/plumtree/messages.js'
import { Plumtree } from './broadcast/plumtree/plumtree.js'
import type { NodeConfig } from './config.js'
import { type Deadline, sooner } from './deadline.js'
import type { History, KeptInput } from './history/history.js'
import type { HistoryOutput } from './history/history-output.js'
import type { DeliveryOrder, HistoryIndex } from './history/records.js'
import type { MessageId, Millis, PeerId, TopicId } from './ids.js'
import type { DeliveryScope, NodeOutput, SignalingState, TopicEvent, TopicMessage } from './io.js'
import { Hyparview } from './membership/hyparview/hyparview.js'
import type { PeerRecord } from './membership/hyparview/messages.js'
import type {
  LinkDownReason,
  Membership,
  MembershipInput,
  MembershipOutput,
} from './membership/membership.js'
import type { MembershipMessage } from './membership/messages.js'
import { fits, type Message } from './message.js'
import { Numbering } from './numbering.js'
import { ownRuns } from './own-runs.js'
import type { Presence, PresenceOutput } from './presence/presence.js'
import type { PresenceEntry, PresenceStatement } from './presence/statement.js'
import { type Protocols, required } from './protocols.js'
import type { Random } from './random.js'
import { receivedEvent } from './received.js'
import type { TopicSnapshot } from './snapshot.js'
import { Timers } from './timers.js'
import type { TopicTerms } from './topic-hello.js'
import type { TopicOutput } from './topic-output.js'
import { Standing } from './topic-status.js'

/** One topic of a node: membership and broadcast put together, sequence numbers, and the state users see. */
export class Topic {
  readonly #membership: Membership<MembershipMessage>
  readonly #broadcast: Plumtree
  readonly #timers = new Timers<TopicTimer>()
  readonly #numbering: Numbering
  readonly #self: PeerId
  readonly #protocols: Protocols
  /** There from the first word of presence on. */
  #presence: Presence | undefined
  readonly #history: History | undefined
  #mesh: Membership<MembershipMessage>['mesh']
  /** The membership's: it moves when the membership is told something, and only then. */
  #meetAt: Deadline | undefined
  #out: TopicOutput[] = []
  #idsKeptAt: Millis = Number.NEGATIVE_INFINITY
  /** Asked for more often than it changes: whatever is done ends in `#take`, which lets go of it. */
  #deadline: Deadline | undefined
  #isTimed = false
  readonly #standing = new Standing()
  #signaling: SignalingState

  constructor(
    readonly id: TopicId,
    readonly terms: TopicTerms,
    self: PeerId,
    config: NodeConfig,
    protocols: Protocols,
    random: Random,
    record: PeerRecord | undefined,
    history: { index?: HistoryIndex | undefined; order?: DeliveryOrder | undefined },
    signaling: SignalingState,
  ) {
    this.#signaling = signaling
    this.#numbering = new Numbering(id, self)
    this.#self = self
    this.#protocols = protocols
    const { membership } = terms
    this.#membership =
      membership === 'hyparview'
        ? new Hyparview({ self, random, ...(record && { record }), config: config.membership })
        : required(protocols.fullMesh, 'the full mesh')(membership, {
            self,
            config,
            random,
            record,
          })
    this.#broadcast = new Plumtree({
      self,
      config: config.broadcast,
      random,
      // With a history the lanes say what is known, for good, and what a gap has left open.
      floors: terms.signed && terms.history === 'none',
      saves: terms.history === 'none',
      sourceTrees: terms.signed,
    })
    if (terms.history === 'wavefront') {
      this.#history = required(
        protocols.history,
        'history',
      )({
        ...{ self, topic: id, config: config.history, random },
        maxMessageSize: terms.maxMessageSize,
        index: history.index,
        order: history.order,
      })
    }
  }

  // ——— the application

  start(
    now: Millis,
    bootstrap: readonly PeerId[],
    remembered: readonly PeerId[],
    seen: readonly SeenIds[],
  ): TopicOutput[] {
    const known = [...seen, ...(this.#history?.seen(now) ?? [])]
    if (known.length > 0) this.#gossip(now, { type: 'recall', seen: known })
    if (remembered.length > 0) this.#meet(now, { type: 'remember', peers: remembered })
    const isAsked = this.#signaling === 'open' || this.#signaling === 'connecting'
    if (bootstrap.length > 0 || (remembered.length > 0 && !isAsked)) {
      this.#meet(now, { type: 'join', peers: bootstrap })
    }
    return this.#finish(now)
  }

  join(now: Millis, peers: readonly PeerId[]): TopicOutput[] {
    this.#meet(now, { type: 'join', peers })
    return this.#finish(now)
  }

  publish(now: Millis, ref: number, payload: Uint8Array, count?: number): TopicOutput[] {
    if (this.#history !== undefined) this.#history.draft(now, ref, payload, count)
    else {
      this.#numbering.add(ref, payload, count)
      this.#number(now)
    }
    return this.#take(now)
  }

  publishNeighbors(ref: number, payload: Uint8Array): TopicOutput[] {
    this.#emitOut({ type: 'seal-neighbors', topic: this.id, ref, payload })
    return this.#take()
  }

  setPresence(now: Millis, value: Uint8Array | undefined): TopicOutput[] {
    this.#openPresence(now)
    this.#fromPresence(this.#presence?.set(now, value))
    return this.#take()
  }

  leave(now: Millis): TopicOutput[] {
    if (this.#history === undefined) this.#keepIds(now)
    else this.#history.leave()
    this.#rememberPeers()
    this.#fromPresence(this.#presence?.leave())
    this.#meet(now, { type: 'quit' })
    this.#standing.closed = true
    this.#timers.clearAll()
    this.#signaling = 'none'
    return this.#finish(now)
  }

  // ——— promises kept by the runtime

  seqsReserved(now: Millis, first: number, last: number): TopicOutput[] {
    this.#numbering.reserved(first, last)
    this.#number(now)
    return this.#take()
  }

  sealed(now: Millis, ref: number, message: Message): TopicOutput[] {
    if (this.#history !== undefined) this.#history.sealed(now, ref, message)
    else this.#publish(now, ref, message)
    return this.#take(now)
  }

  /** What the runtime has done for the history. */
  kept(now: Millis, input: KeptInput): TopicOutput[] {
    this.#history?.kept(now, input)
    return this.#take(now)
  }

  neighborsSealed(
    now: Millis,
    ref: number,
    sealed: {
      nonce: Uint8Array
      time: number
      payload: Uint8Array
      signature: Uint8Array | undefined
    },
  ): TopicOutput[] {
    this.#gossip(now, { type: 'publish-neighbors', ...sealed })
    this.#done(ref, toBase32(sealed.nonce))
    return this.#take()
  }

  presenceSealed(now: Millis, statement: PresenceStatement): TopicOutput[] {
    this.#fromPresence(this.#presence?.sealed(now, statement))
    return this.#take()
  }

  // ——— links

  linkUp(now: Millis, peer: PeerId): TopicOutput[] {
    // In place of an old one: what was under way on that is lost, and nobody's neighbor changes.
    if (this.neighbors.includes(peer)) {
      this.#gossip(now, { type: 'neighbor-up', peer })
      this.#history?.neighborUp(now, peer)
    }
    this.#fromPresence(this.#presence?.linkUp(now, peer))
    this.#meet(now, { type: 'link-up', peer })
    return this.#finish(now)
  }

  linkDown(now: Millis, peer: PeerId, reason: LinkDownReason): TopicOutput[] {
    this.#meet(now, { type: 'link-down', peer, reason })
    return this.#finish(now)
  }

  /** The peer can't be reached, stays congested, or is banned. */
  lose(now: Millis, type: 'unreachable' | 'congested' | 'ban', peer: PeerId): TopicOutput[] {
    this.#meet(now, { type, peer })
    return this.#finish(now)
  }

  rtt(now: Millis, peer: PeerId, rttMs: number): TopicOutput[] {
    this.#meet(now, { type: 'rtt', peer, rttMs })
    this.#gossip(now, { type: 'rtt', peer, rttMs })
    return this.#take()
  }

  // ——— what peers say

  hear(now: Millis, from: PeerId, message: TopicMessage, linked: boolean): TopicOutput[] {
    switch (message.type) {
      case 'gossip':
        // Payload passes the door as `message` or `duplicate`.
        break
      case 'neighbor-gossip':
        this.#hearNeighbor(from, message)
        break
      case 'prune':
      case 'graft':
      case 'ihave':
      case 'graft-refused':
      case 'root-path':
        // The many. No neighbor comes or goes by them, and nothing is delivered: what follows goes to the node as it is.
        this.#isTimed = false
        return this.#broadcast.handle(now, { type: 'control', from, message }) as TopicOutput[]
      case 'gosp':
        if (linked && message.presence.length > 0) {
          this.#openPresence(now)
          this.#fromPresence(this.#presence?.hear(now, from, message.presence))
        }
        this.#missed(now, from, message.frontier)
        this.#meet(now, { type: 'message', from, message, linked })
        break
      case 'init':
      case 'info':
      case 'conn':
      case 'bye':
        this.#hearMember(now, 'hyparview', { type: 'message', from, message, linked })
        break
      default:
        if (!('exchange' in message) && message.type !== 'frontier')
          this.#hearMember(now, 'full-mesh', { type: 'message', from, message, linked })
        else if (this.#history !== undefined) this.#history.hear(now, from, message)
        else this.#count('history-without-history')
    }
    return this.#finish(now)
  }

  message(now: Millis, from: PeerId, message: Message, round: number): TopicOutput[] {
    if (!fits(message, this.terms.maxMessageSize)) {
      // Its author broke the topic's terms; whoever passed it on should have refused it.
      this.#count('message-too-large')
      return this.#take()
    }
    if (this.#history !== undefined) {
      if (this.#history.has(message)) return this.duplicate(now, from, message, round)
      if (this.#history.opOf(message) === undefined) {
        // Likewise: where there is a history a message names its parents.
        this.#count('message-without-parents')
        return this.#take()
      }
    }
    this.#gossip(now, { type: 'message', from, message, round })
    this.#keepIdsSoon(now)
    return this.#take(now)
  }

  duplicate(now: Millis, from: PeerId, id: MessageId, round: number): TopicOutput[] {
    this.#isTimed = false
    return this.#broadcast.handle(now, { type: 'duplicate', from, id, round }) as TopicOutput[]
  }

  expectsOps(from: PeerId, exchange: number): boolean {
    return this.#history?.expects(from, exchange) ?? false
  }

  knows(id: MessageId): boolean {
    return this.#broadcast.knows(id) || (this.#history?.has(id) ?? false)
  }

  knowsPresence(peer: PeerId, time: number): boolean {
    return this.#presence?.knows(peer, time) ?? false
  }

  // ——— signaling

  /** The server named peers, perhaps none. */
  introduce(now: Millis, peers: readonly PeerId[]): TopicOutput[] {
    this.#standing.introduced = true
    const { neighbors, known } = this.#membership
    // Where the server knows nobody, those of earlier visits are asked.
    if (neighbors.length === 0 && peers.length + known.length > 0) {
      this.#meet(now, { type: 'join', peers })
    } else if (peers.length > 0) this.#meet(now, { type: 'remember', peers })
    return this.#finish(now)
  }

  ownRecord(now: Millis, record: PeerRecord | undefined): TopicOutput[] {
    this.#meet(now, { type: 'own-record', record })
    return this.#take()
  }

  signalingIs(now: Millis, state: SignalingState): TopicOutput[] {
    this.#signaling = state
    return this.#finish(now)
  }

  emit(event: TopicEvent): TopicOutput {
    return { type: 'out', output: { type: 'emit', topic: this.id, event } }
  }

  // ——— time

  get nextDeadline(): Deadline | undefined {
    if (this.#isTimed) return this.#deadline
    this.#isTimed = true
    this.#deadline = sooner(
      sooner(this.#timers.next, this.#presence?.nextDeadline),
      sooner(sooner(this.#meetAt, this.#broadcast.nextDeadline), this.#history?.nextDeadline),
    )
    return this.#deadline
  }

  wake(now: Millis): TopicOutput[] {
    for (const timer of this.#timers.due(now)) {
      if (timer === 'store ids') this.#keepIds(now)
      else if (timer === 'store peers') this.#rememberPeers()
      else this.#standing.bereft = false
    }
    if (isDue(this.#meetAt, now)) this.#meet(now, { type: 'wake' })
    if (isDue(this.#broadcast.nextDeadline, now)) this.#gossip(now, { type: 'wake' })
    if (isDue(this.#history?.nextDeadline, now)) this.#history!.wake(now)
    if (isDue(this.#presence?.nextDeadline, now)) this.#fromPresence(this.#presence?.wake(now))
    return this.#finish(now)
  }

  get neighbors(): readonly PeerId[] {
    return this.#membership.neighbors
  }

  snapshot(): TopicSnapshot {
    return {
      topic: this.id,
      terms: this.terms,
      status: this.#standing.status,
      membership: this.#membership.snapshot(),
      broadcast: this.#broadcast.snapshot(),
      presence: this.#presence?.shown ?? [],
      ...(this.#history && { history: this.#history.snapshot() }),
    }
  }

  // ——— inside

  #meet(now: Millis, input: MembershipInput<MembershipMessage>): void {
    const outputs = this.#membership.handle(now, input)
    this.#meetAt = this.#membership.nextDeadline
    for (const output of outputs) this.#fromMembership(now, output)
    const { mesh } = this.#membership
    if (mesh === this.#mesh) return
    this.#mesh = mesh
    this.#gossip(now, { type: 'mesh', isComplete: mesh === 'complete' })
    this.#presence?.mesh(now, mesh)
  }

  /** A word that means nothing to that membership. */
  #hearMember(
    now: Millis,
    other: TopicTerms['membership'],
    input: MembershipInput<MembershipMessage>,
  ): void {
    if (this.terms.membership === other) this.#count('words-of-other-membership')
    else this.#meet(now, input)
  }

  #gossip(now: Millis, input: Parameters<Plumtree['handle']>[1]): void {
    for (const output of this.#broadcast.handle(now, input)) this.#fromBroadcast(now, output)
  }

  #fromMembership(now: Millis, output: MembershipOutput<MembershipMessage>): void {
    switch (output.type) {
      case 'send':
        this.#out.push({ type: 'send', to: output.to, message: this.#filled(now, output) })
        break
      case 'neighbor-up':
        this.#standing.bereft = false
        this.#standing.searched = true
        this.#timers.clear('bereft')
        this.#out.push(this.emit({ type: 'neighborUp', peer: output.peer }))
        this.#gossip(now, { type: 'neighbor-up', peer: output.peer })
        this.#history?.neighborUp(now, output.peer)
        this.#fromPresence(this.#presence?.neighborUp(now, output.peer))
        this.#timers.ensure('store peers', now + STORE_PEERS_MS)
        break
      case 'neighbor-down':
        this.#out.push(
          this.emit({ type: 'neighborDown', peer: output.peer, reason: output.reason }),
        )
        this.#gossip(now, { type: 'neighbor-down', peer: output.peer })
        this.#history?.neighborDown(now, output.peer)
        this.#fromPresence(this.#presence?.neighborDown(now, output.peer, output.reason))
        if (this.#membership.neighbors.length === 0 && output.reason !== 'left') {
          this.#standing.bereft = true
          this.#timers.set('bereft', now + BEREFT_MS)
        }
        this.#timers.ensure('store peers', now + STORE_PEERS_MS)
        break
      case 'isolated':
      case 'wants-introductions':
        this.#emitOut({ type: 'enter', topic: this.id })
        break
      case 'join-failed':
        this.#out.push(this.emit({ type: 'joinFailed', peer: output.peer, reason: output.reason }))
        break
      case 'peer-data':
        this.#out.push(this.emit({ type: 'peerData', peer: output.peer, data: output.data }))
        break
      default:
        this.#out.push(output)
    }
  }

  #fromBroadcast(now: Millis, output: BroadcastOutput<PlumtreeMessage>): void {
    switch (output.type) {
      case 'deliver': {
        const { message, from, round } = output
        if (this.#history === undefined) this.#deliver(message, from, { kind: 'swarm', round })
        else this.#history.live(now, from, this.#history.opOf(message)!, round)
        break
      }
      default:
        this.#out.push(output)
    }
  }

  #fromHistory(now: Millis, output: HistoryOutput): void {
    switch (output.type) {
      case 'deliver': {
        const { message, from, round } = output
        const scope = round === undefined ? FROM_HISTORY : ({ kind: 'swarm', round } as const)
        this.#deliver(message, from, scope)
        break
      }
      case 'publish':
        this.#publish(now, output.ref, output.message)
        break
      case 'held':
        this.#gossip(now, output)
        break
      case 'emit':
        this.#out.push(this.emit(output.event))
        break
      default:
        this.#out.push(output)
    }
  }

  #publish(now: Millis, ref: number, message: Message): void {
    this.#gossip(now, { type: 'publish', message })
    this.#done(ref, message.seq)
    this.#keepIdsSoon(now)
  }

  #deliver(message: Message, from: PeerId, scope: DeliveryScope): void {
    this.#out.push(this.emit(receivedEvent(message, this.terms.signed, from, scope)))
  }

  /** As if it had been there all the time: until now there was nothing to know. */
  #openPresence(now: Millis): void {
    const { presence } = this.#protocols
    if (this.#presence !== undefined) return
    if (presence === undefined) return this.#count('presence-without-presence')
    this.#presence = presence(
      this.#self,
      (neighbor, peer) => this.#membership.hasLink?.(neighbor, peer) ?? false,
    )
    this.#presence.mesh(now, this.#mesh)
    for (const peer of this.neighbors) this.#fromPresence(this.#presence.neighborUp(now, peer))
  }

  #fromPresence(outputs: readonly PresenceOutput[] = []): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'seal':
          this.#emitOut({ type: 'seal-presence', topic: this.id, draft: output.draft })
          break
        case 'show': {
          const { peer, value, time } = output
          this.#out.push(this.emit({ type: 'presence', peer, value, time }))
          break
        }
        case 'say':
          this.#out.push({ type: 'send', to: output.to, message: gosp(output.entries) })
          break
        case 'count':
          this.#out.push(output)
      }
    }
  }

  /** A GOSP on its way takes along what else its neighbor is to know. */
  #filled(
    now: Millis,
    { to, message }: { to: PeerId; message: MembershipMessage },
  ): MembershipMessage {
    if (message.type !== 'gosp') return message
    const runs = this.#tellsRuns ? this.#broadcast.ownRuns : []
    const frontier = runs.length > 0 ? encode(ownRuns, runs) : undefined
    return { ...message, presence: this.#presence?.takeFor(now, to) ?? [], frontier }
  }

  /** Where there is a history, it is what repairs. */
  get #tellsRuns(): boolean {
    return this.#mesh !== undefined && this.terms.history === 'none'
  }

  /** In a full mesh an author says in its GOSP what it said last; what of that is not here is asked of it. */
  #missed(now: Millis, from: PeerId, frontier: Uint8Array | undefined): void {
    if (frontier === undefined || !this.#tellsRuns) return
    const runs = decode(ownRuns, frontier)
    if (!runs.ok) return this.#count('frontier-malformed')
    const announcements = runs.value.map(run => ({ author: from, ...run, round: 0 }))
    this.#gossip(now, { type: 'control', from, message: { type: 'ihave', announcements } })
  }

  #hearNeighbor(
    from: PeerId,
    message: Extract<PlumtreeMessage, { type: 'neighbor-gossip' }>,
  ): void {
    if (!this.#membership.neighbors.includes(from)) {
      return this.#count('neighbor-gossip-from-stranger')
    }
    if (message.payload.length > this.terms.maxMessageSize) {
      this.#count('message-too-large')
      return
    }
    const { payload, time, nonce } = message
    const said = { payload, time, author: from, seq: 0 }
    const { signed } = this.terms
    const event = receivedEvent(said, signed, from, { kind: 'neighbors' }, toBase32(nonce))
    this.#out.push(this.emit(event))
  }

  #number(now: Millis): void {
    for (const output of this.#numbering.take(Math.floor(now))) this.#emitOut(output)
  }

  #done(ref: number, id: number | string): void {
    const neighbors = this.#membership.neighbors.length
    this.#emitOut({ type: 'broadcast-done', topic: this.id, ref, id, neighbors })
  }

  /** A lone message at once, so that a reload right after it does not hear it again; a burst together. */
  #keepIdsSoon(now: Millis): void {
    // What a history keeps is known by that; what it does not is to come again.
    if (this.#history !== undefined) return
    const next = this.#idsKeptAt + STORE_IDS_MS
    if (next <= now) this.#keepIds(now)
    else this.#timers.ensure('store ids', next)
  }

  #keepIds(now: Millis): void {
    this.#idsKeptAt = now
    const seen = this.#broadcast.takeFresh()
    if (seen.length > 0) this.#emitOut({ type: 'remember-ids', topic: this.id, seen })
  }

  #rememberPeers(): void {
    const peers = [...this.#membership.neighbors, ...this.#membership.known]
    this.#emitOut({
      type: 'remember-peers',
      topic: this.id,
      peers: peers.slice(0, MOST_REMEMBERED),
    })
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }

  #emitOut(output: NodeOutput): void {
    this.#out.push({ type: 'out', output })
  }

  /** Says the state where it changed, and hands over all that was gathered. */
  #finish(now: Millis): TopicOutput[] {
    const status = this.#standing.news(this.#membership, this.#signaling)
    if (status !== undefined) this.#emitOut({ type: 'status', topic: this.id, status })
    return this.#take(now)
  }

  /** With `now` also what the history has to say to what was just done. */
  #take(now?: Millis): TopicOutput[] {
    if (now !== undefined && this.#history !== undefined) {
      // What follows may lead to more.
      for (let more = this.#history.take(); more.length > 0; more = this.#history.take()) {
        for (const output of more) this.#fromHistory(now, output)
      }
    }
    this.#isTimed = false
    const out = this.#out
    this.#out = []
    return out
  }
}

type TopicTimer = 'store ids' | 'store peers' | 'bereft'

function gosp(presence: PresenceEntry[]): MembershipMessage {
  return { type: 'gosp', view: undefined, presence, frontier: undefined }
}

function isDue(deadline: Deadline | undefined, now: Millis): boolean {
  return deadline !== undefined && deadline.at <= now
}

/** Ids are stored this far apart; a reload may hear again what came since. Less costs a transaction per message. Guess. */
const STORE_IDS_MS = 30
const STORE_PEERS_MS = 1_000
const FROM_HISTORY: DeliveryScope = { kind: 'history' }
/** How long a topic that lost all neighbors without a word calls itself isolated, not alone. Guess. */
const BEREFT_MS = 30_000
/** Passive view and reserve (hyparview/config.ts). */
const MOST_REMEMBERED = 130
