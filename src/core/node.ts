// Long, and one file: every input passes through one list of outputs, and to put these in order is what it does. What has a state
// of its own (links, relay, blame, knocks, topics) is a file beside it.

import { BlameLedger, type BlameReason } from './blame.js'
import type { NodeConfig } from './config.js'
import { Counters } from './counters.js'
import { type Deadline, sooner } from './deadline.js'
import { frameClassOf } from './frame-class.js'
import type { MessageId, Millis, PeerId, TopicId } from './ids.js'
import type {
  NodeInput,
  NodeMetrics,
  NodeOutput,
  Relay,
  SignalingState,
  TopicMessage,
} from './io.js'
import { HeardKnocks, isKnock, isKnockAnswer, rejection } from './knocks.js'
import { type Link, Links } from './links.js'
import type { PeerRecord } from './membership/hyparview/messages.js'
import type { LinkDownReason } from './membership/membership.js'
import type { Knock } from './membership/messages.js'
import type { Protocols } from './protocols.js'
import { Random } from './random.js'
import { type RelayOutput, SignalRelay } from './relay.js'
import type { NodeSnapshot } from './snapshot.js'
import { Topic } from './topic.js'
import { differingTerm, type TopicTerms } from './topic-hello.js'
import type { TopicOutput } from './topic-output.js'

/**
 * All topics of one peer: routes what comes to the topic it concerns, and counts for each link which topics
 * use it. Decides everything, does nothing: the runtime performs the outputs in their order.
 */
export class Node {
  readonly #config: NodeConfig
  readonly #protocols: Protocols
  /** Replaced, never changed. Few: looking along a row is as fast as a map, and smaller. */
  #topics: readonly Topic[] = []
  readonly #links = new Links()
  /** Made when there is someone to blame. */
  #ledger: BlameLedger | undefined
  readonly #heardKnocks = new HeardKnocks()
  readonly #counters = new Counters()
  readonly #relay: SignalRelay
  readonly #random: Random
  #signaling: SignalingState = 'none'
  #record: PeerRecord | undefined
  #out: NodeOutput[] = []
  /** Kept from one `handle` to the next. */
  #deadline: Deadline | undefined
  #isTimed = false
  /** Most nodes have one topic, and most of what comes is for the one that came last. */
  #lastTopic: Topic | undefined

  constructor(
    readonly self: PeerId,
    config: NodeConfig,
    protocols: Protocols,
    seed: number,
  ) {
    this.#config = config
    this.#protocols = protocols
    this.#random = new Random(seed)
    this.#relay = new SignalRelay(self, new Random(this.#random.u32()))
  }

  handle(now: Millis, input: NodeInput): NodeOutput[] {
    this.#isTimed = false
    if (!this.#payload(now, input)) this.#accept(now, input)
    const out = this.#out
    // A new row in an old object costs the sweeper of memory: not where there is nothing to hand over.
    if (out.length === 0) return []
    this.#out = []
    return out
  }

  /** Asked by the door before any crypto is spent. */
  knows(topic: TopicId, id: MessageId): boolean {
    return this.#topic(topic)?.knows(id) ?? false
  }

  /** Asked by the door likewise: whether ops of this exchange can be of use. */
  expectsOps(topic: TopicId, from: PeerId, exchange: number): boolean {
    return this.#find(topic)?.expectsOps(from, exchange) ?? false
  }

  /** Asked by the door: whether that peer's statement, or a newer one, is known. */
  knowsPresence(topic: TopicId, peer: PeerId, time: number): boolean {
    return this.#find(topic)?.knowsPresence(peer, time) ?? true
  }

  /** Undefined where the topic is not joined. */
  termsOf(topic: TopicId): TopicTerms | undefined {
    return this.#find(topic)?.terms
  }

  /** Whether both sides agreed to a link with this peer: only then is an offer of its taken. */
  wantsLink(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  isBanned(now: Millis, peer: PeerId): boolean {
    return this.#ledger?.isBanned(now, peer) ?? false
  }

  get nextDeadline(): Deadline | undefined {
    if (this.#isTimed) return this.#deadline
    let next = this.#links.nextDeadline
    for (const topic of this.#topics) next = sooner(next, topic.nextDeadline)
    this.#deadline = next
    this.#isTimed = true
    return next
  }

  metrics(): NodeMetrics {
    return this.#counters.named
  }

  snapshot(now: Millis): NodeSnapshot {
    return {
      peerId: this.self,
      topics: this.#topics.map(topic => topic.snapshot()),
      links: this.#links.snapshot(),
      deadline: this.nextDeadline,
      blame: this.#ledger?.snapshot(now) ?? [],
    }
  }

  /** What comes by the ten thousand, apart from the rest: closures cost more than all that is decided here. */
  #payload(now: Millis, input: NodeInput): boolean {
    switch (input.type) {
      case 'message':
      case 'duplicate':
        if (!this.#mayTalk(input.from, input.epoch, input.topic)) return true
        break
      case 'broadcast':
      case 'sealed':
        break
      default:
        return false
    }
    const topic = this.#joined(input.topic)
    if (topic !== undefined) this.#perform(now, topic, payload(now, topic, input))
    return true
  }

  #accept(now: Millis, input: NodeInput): void {
    switch (input.type) {
      case 'subscribe':
        return this.#subscribe(now, input)
      case 'join-peers':
        return this.#withTopic(now, input.topic, topic =>
          topic.join(now, this.#eligible(now, input.peers)),
        )
      case 'broadcast-neighbors':
        return this.#withTopic(now, input.topic, topic =>
          topic.publishNeighbors(input.ref, input.payload),
        )
      case 'set-presence':
        return this.#withTopic(now, input.topic, topic => topic.setPresence(now, input.value))
      case 'presence-sealed':
        return this.#withTopic(now, input.topic, topic =>
          topic.presenceSealed(now, input.statement),
        )
      case 'leave':
        return this.#leave(now, input.topic)
      case 'seqs-reserved':
        return this.#withTopic(now, input.topic, topic =>
          topic.seqsReserved(now, input.first, input.last),
        )
      case 'ops-stored':
      case 'ops-loaded':
      case 'ops-trimmed':
        return this.#withTopic(now, input.topic, topic => topic.kept(now, input))
      case 'neighbors-sealed': {
        const { nonce, time, payload, signature } = input
        return this.#withTopic(now, input.topic, topic =>
          topic.neighborsSealed(now, input.ref, { nonce, time, payload, signature }),
        )
      }
      case 'link-up':
        return this.#linkUp(now, input.peer, input.epoch, input.adopted ?? false)
      case 'link-down':
        if (this.#links.get(input.peer)?.epoch !== input.epoch) return
        return this.#linkDown(now, input.peer, input.reason)
      case 'dial-failed':
        return this.#dialFailed(now, input.peer)
      case 'rtt':
        return this.#rtt(now, input.peer, input.epoch, input.rttMs)
      case 'congested':
        if (this.#link(input.peer, input.epoch) === undefined) return
        return this.#toUsers(now, input.peer, topic => topic.lose(now, 'congested', input.peer))
      case 'topic-hello':
        return this.#topicHello(now, input)
      case 'frame':
        return this.#frame(now, input)
      case 'relay':
        if (this.#link(input.from, input.epoch) === undefined) return
        return this.#fromRelay(
          now,
          this.#relay.receive(now, input.from, input.relay, this.#links.linked),
        )
      case 'knock':
        this.#relay.answered(input.from)
        return this.#knock(now, input.from, input.topic, input.knock)
      case 'knock-answer':
        this.#relay.answered(input.from)
        return this.#withTopic(now, input.topic, topic =>
          topic.hear(now, input.from, input.answer, false),
        )
      case 'signal-out':
        return this.#fromRelay(
          now,
          this.#relay.send(now, input.to, input.body, this.#links.linked, this.#signaling),
        )
      case 'signal-heard':
        return this.#relay.heardThroughServer(now, input.from)
      case 'undeliverable':
        this.#relay.serverMissed(now, input.to)
        return this.#unreachable(now, input.to)
      case 'signaling':
        this.#signaling = input.state
        for (const topic of this.#topics) {
          this.#perform(now, topic, topic.signalingIs(now, input.state))
        }
        return
      case 'introduced':
        for (const peer of input.peers) this.#relay.heardThroughServer(now, peer)
        return this.#withTopic(now, input.topic, topic =>
          topic.introduce(now, this.#eligible(now, input.peers)),
        )
      case 'misbehaved':
        return this.#blame(now, input.peer, input.reason)
      case 'own-record':
        this.#record = input.record
        for (const topic of this.#topics) {
          this.#perform(now, topic, topic.ownRecord(now, input.record))
        }
        return
      case 'wake':
        return this.#wake(now)
    }
  }

  // ——— topics

  #subscribe(now: Millis, input: Extract<NodeInput, { type: 'subscribe' }>): void {
    const known = this.#find(input.topic)
    if (known !== undefined) {
      const peers = this.#eligible(now, input.bootstrap)
      if (peers.length > 0) this.#perform(now, known, known.join(now, peers))
      return
    }
    const random = new Random(this.#random.u32())
    const { history: index, order } = input
    const [config, protocols, record] = [this.#config, this.#protocols, this.#record]
    const topic = new Topic(
      input.topic,
      input.terms,
      this.self,
      config,
      protocols,
      random,
      record,
      {
        index,
        order,
      },
      this.#signaling,
    )
    this.#topics = this.#topics.concat(topic)
    this.#out.push({ type: 'enter', topic: input.topic })
    const bootstrap = this.#eligible(now, input.bootstrap)
    const remembered = this.#eligible(now, input.remembered)
    this.#perform(now, topic, topic.start(now, bootstrap, remembered, input.seen))
    // Who spoke of this topic before it was open here does not say so again.
    for (const [peer, link] of this.#links.all()) this.#compareTerms(now, link, peer, topic)
  }

  #leave(now: Millis, id: TopicId): void {
    const topic = this.#find(id)
    if (topic === undefined) return
    this.#perform(now, topic, topic.leave(now))
    this.#topics = this.#topics.filter(other => other !== topic)
    this.#lastTopic = undefined
    this.#out.push({ type: 'exit', topic: id })
    this.#links.forgetTopic(id)
    for (const [peer] of this.#links.all()) this.#release(peer, id)
  }

  #wake(now: Millis): void {
    for (const topic of this.#topics) {
      const deadline = topic.nextDeadline
      if (deadline !== undefined && deadline.at <= now) {
        this.#perform(now, topic, topic.wake(now))
      }
    }
    for (const peer of this.#links.unused(now)) this.#hangUp(peer, 'unused')
  }

  #find(id: TopicId): Topic | undefined {
    return this.#topics.find(topic => topic.id === id)
  }

  #topic(id: TopicId): Topic | undefined {
    if (this.#lastTopic?.id !== id) this.#lastTopic = this.#find(id)
    return this.#lastTopic
  }

  #withTopic(now: Millis, id: TopicId, act: (topic: Topic) => TopicOutput[]): void {
    const topic = this.#joined(id)
    if (topic !== undefined) this.#perform(now, topic, act(topic))
  }

  #joined(id: TopicId): Topic | undefined {
    const topic = this.#topic(id)
    if (topic === undefined) this.#count('input-for-unknown-topic')
    return topic
  }

  #perform(now: Millis, topic: Topic, outputs: TopicOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'out':
          this.#out.push(output.output)
          break
        case 'send':
          this.#tell(topic, output.to, output.message)
          break
        case 'connect':
          this.#connect(now, topic, output.peer)
          break
        case 'release':
          this.#release(output.peer, topic.id)
          break
        case 'blame':
          this.#blame(now, output.peer, output.reason)
          break
        case 'count':
          this.#count(output.counter, output.by)
      }
    }
  }

  /** Over the link where there is one, else as a knock where the message can be one. */
  #tell(topic: Topic, to: PeerId, message: TopicMessage): void {
    const link = this.#links.get(to)
    if (link?.up) {
      this.#greet(link, to, topic.id, topic.terms)
      const { epoch } = link
      const of = frameClassOf(message)
      this.#out.push({ type: 'send', to, epoch, topic: topic.id, message, class: of })
    } else if (isKnock(message)) {
      this.#out.push({ type: 'knock', to, topic: topic.id, knock: message })
    } else if (isKnockAnswer(message)) {
      this.#out.push({ type: 'answer-knock', to, topic: topic.id, answer: message })
    } else {
      this.#count('send-without-link')
    }
  }

  #greet(link: Link, to: PeerId, topic: TopicId, terms: TopicTerms): void {
    if (!link.greet(topic)) return
    this.#out.push({ type: 'send-topic-hello', to, epoch: link.epoch, topic, terms })
  }

  // ——— links, counted per topic

  #connect(now: Millis, topic: Topic, peer: PeerId): void {
    const link = this.#links.get(peer)
    if (link === undefined) {
      this.#links.expect(peer, topic.id)
      this.#out.push({ type: 'dial', peer })
      return
    }
    link.use(topic.id)
    if (link.up) {
      this.#greet(link, peer, topic.id, topic.terms)
      this.#perform(now, topic, topic.linkUp(now, peer))
      if (link.rttMs !== undefined) this.#perform(now, topic, topic.rtt(now, peer, link.rttMs))
    }
  }

  #release(peer: PeerId, topic: TopicId): void {
    if (this.#links.release(peer, topic)) this.#hangUp(peer, 'unused')
  }

  #hangUp(peer: PeerId, reason: 'unused' | 'blamed'): void {
    this.#forgetLink(peer)
    this.#out.push({ type: 'hang-up', peer, reason })
  }

  #linkUp(now: Millis, peer: PeerId, epoch: number, adopted: boolean): void {
    const before = this.#links.get(peer)
    // Not the higher: a peer whose clock was set back has lower epochs from then on.
    if (before?.up && epoch === before.epoch) return
    if (this.isBanned(now, peer)) {
      this.#links.expect(peer)
      return this.#hangUp(peer, 'blamed')
    }
    const link = this.#links.raise(now, peer, epoch, adopted)
    this.#toUsers(now, peer, topic => {
      this.#greet(link, peer, topic.id, topic.terms)
      return topic.linkUp(now, peer)
    })
  }

  #linkDown(now: Millis, peer: PeerId, reason: LinkDownReason): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#forgetLink(peer)
    this.#toTopics(now, link.users, topic => topic.linkDown(now, peer, reason))
  }

  #dialFailed(now: Millis, peer: PeerId): void {
    const link = this.#links.get(peer)
    if (link === undefined || link.up) return
    this.#forgetLink(peer)
    this.#toTopics(now, link.users, topic => topic.lose(now, 'unreachable', peer))
  }

  #unreachable(now: Millis, peer: PeerId): void {
    if (this.#links.get(peer)?.up) return
    for (const topic of this.#topics) {
      this.#perform(now, topic, topic.lose(now, 'unreachable', peer))
    }
  }

  #rtt(now: Millis, peer: PeerId, epoch: number, rttMs: number): void {
    const link = this.#link(peer, epoch)
    if (link === undefined) return
    link.rttMs = rttMs
    this.#toUsers(now, peer, topic => topic.rtt(now, peer, rttMs))
  }

  #forgetLink(peer: PeerId): void {
    this.#links.forget(peer)
    this.#relay.linkLost(peer)
  }

  #toUsers(now: Millis, peer: PeerId, act: (topic: Topic) => TopicOutput[]): void {
    const link = this.#links.get(peer)
    if (link !== undefined) this.#toTopics(now, link.users, act)
  }

  #toTopics(now: Millis, ids: readonly TopicId[], act: (topic: Topic) => TopicOutput[]): void {
    for (const id of ids) {
      const topic = this.#find(id)
      if (topic !== undefined) this.#perform(now, topic, act(topic))
    }
  }

  /** The link where it stands and this is its epoch: what older ones still say is over. */
  #link(peer: PeerId, epoch: number): Link | undefined {
    const link = this.#links.current(peer, epoch)
    if (link !== undefined) return link
    this.#count('stale-link-input')
    return undefined
  }

  // ——— what peers say

  #topicHello(now: Millis, input: Extract<NodeInput, { type: 'topic-hello' }>): void {
    const { from, epoch, topic: id, terms } = input
    const link = this.#link(from, epoch)
    if (link === undefined) return
    const before = link.termsOf(id)
    if (before === undefined && link.heardOf >= MOST_TOPICS) {
      return this.#blame(now, from, 'limit-exceeded')
    }
    if (before !== undefined) {
      if (differingTerm(before, terms) === undefined) return
      if (++link.changes > MOST_CHANGES) return this.#blame(now, from, 'limit-exceeded')
    }
    const topic = this.#topic(id)
    const isSame = topic !== undefined && differingTerm(topic.terms, terms) === undefined
    link.hear(id, isSame ? topic.terms : terms)
    if (topic !== undefined) this.#compareTerms(now, link, from, topic)
  }

  #compareTerms(now: Millis, link: Link, peer: PeerId, topic: Topic): void {
    const { id } = topic
    const theirTerms = link.termsOf(id)
    if (theirTerms === undefined) return
    const field = differingTerm(topic.terms, theirTerms)
    if (field === undefined) {
      link.setMismatched(id, false)
      return
    }
    link.setMismatched(id, true)
    // Ours goes out too, so that the difference is seen on both sides.
    this.#greet(link, peer, id, topic.terms)
    const [ours, theirs] = [String(topic.terms[field]), String(theirTerms[field])]
    this.#out.push({
      type: 'emit',
      topic: id,
      event: { type: 'mismatch', peer, field, ours, theirs },
    })
    this.#perform(now, topic, topic.lose(now, 'ban', peer))
    this.#release(peer, id)
  }

  #frame(now: Millis, input: Extract<NodeInput, { type: 'frame' }>): void {
    const { from, epoch, topic: id, message } = input
    const link = this.#link(from, epoch)
    if (link === undefined) return
    this.#relay.learn(now, from, message)
    const topic = this.#topic(id)
    const mismatched = link.isMismatched(id)
    if (topic === undefined || mismatched) {
      if (isKnock(message)) this.#refuse(link, from, id, message, mismatched)
      else this.#count(mismatched ? 'frame-of-mismatched-topic' : 'frame-for-unknown-topic')
      return
    }
    this.#perform(now, topic, topic.hear(now, from, message, true))
  }

  /** On a link: the answer needs an alias for the topic, so the asker's own terms are said back. */
  #refuse(link: Link, to: PeerId, topic: TopicId, asked: Knock, mismatched: boolean): void {
    const ours = this.#find(topic)?.terms
    const terms = ours ?? link.termsOf(topic)
    if (terms === undefined) return this.#count('frame-for-unknown-topic')
    if (ours !== undefined) this.#greet(link, to, topic, ours)
    // No greeting: where the topic is opened here later, its terms are still to be said.
    else this.#out.push({ type: 'send-topic-hello', to, epoch: link.epoch, topic, terms })
    const reason = mismatched ? 'mismatch' : 'not-in-topic'
    const message = rejection(asked, reason)
    this.#out.push({ type: 'send', to, epoch: link.epoch, topic, message, class: 'control' })
  }

  #mayTalk(from: PeerId, epoch: number, topic: TopicId): boolean {
    const link = this.#link(from, epoch)
    return link !== undefined && !link.isMismatched(topic)
  }

  #knock(now: Millis, from: PeerId, id: TopicId, knock: Knock): void {
    if (this.isBanned(now, from)) return this.#count('knock-of-banned-peer')
    const isNew = this.#heardKnocks.isNew(from, knock.requestId, peer => this.#links.has(peer))
    if (!isNew) return this.#count('knock-repeated')
    const topic = this.#find(id)
    if (topic === undefined) {
      const answer = rejection(knock, 'not-in-topic')
      this.#out.push({ type: 'answer-knock', to: from, topic: id, answer })
      return
    }
    const link = this.#links.get(from)
    if (link?.up && !link.adopted && now - link.since > STALE_LINK_MS) {
      // Who knocks has no link. It came back before we noticed that it was gone.
      this.#out.push({ type: 'hang-up', peer: from, reason: 'unused' })
      this.#linkDown(now, from, 'superseded')
    }
    this.#perform(now, topic, topic.hear(now, from, knock, false))
  }

  #fromRelay(now: Millis, outputs: RelayOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'pass': {
          const link = this.#links.get(output.to)
          if (!link?.up) this.#count('send-without-link')
          else {
            const { to, relay } = output
            this.#out.push({ type: 'send-relay', to, epoch: link.epoch, relay: relay as Relay })
          }
          break
        }
        case 'server':
          this.#out.push({ type: 'signal', to: output.to, body: output.body })
          break
        case 'arrived':
          this.#out.push({ type: 'signal-in', body: output.body })
          break
        case 'unreachable':
          this.#unreachable(now, output.to)
          break
        case 'count':
          this.#count(output.counter)
      }
    }
  }

  // ——— blame

  #blame(now: Millis, peer: PeerId, reason: BlameReason): void {
    this.#count(`blamed-${reason}`)
    this.#ledger ??= new BlameLedger()
    const banned = this.#ledger.blame(now, peer, reason)
    this.#out.push({ type: 'blamed', peer, reason, banned })
    const users = this.#links.get(peer)?.users ?? []
    for (const id of users) {
      const event = { type: 'peerBlamed', peer, reason, banned } as const
      this.#out.push({ type: 'emit', topic: id, event })
    }
    if (!banned) return
    const linked = this.#links.has(peer)
    for (const topic of this.#topics) {
      this.#perform(now, topic, topic.lose(now, 'ban', peer))
    }
    if (linked && this.#links.has(peer)) this.#hangUp(peer, 'blamed')
  }

  #eligible(now: Millis, peers: readonly PeerId[]): PeerId[] {
    return peers.filter(peer => peer !== this.self && !this.isBanned(now, peer))
  }

  #count(counter: string, by = 1): void {
    this.#counters.add(counter, by)
  }
}

function payload(now: Millis, topic: Topic, input: PayloadInput): TopicOutput[] {
  switch (input.type) {
    case 'broadcast':
      return topic.publish(now, input.ref, input.payload, input.count)
    case 'sealed':
      return topic.sealed(now, input.ref, input.message)
    case 'message':
      return topic.message(now, input.from, input.message, input.round)
    case 'duplicate':
      return topic.duplicate(now, input.from, input.id, input.round)
  }
}

type PayloadInput = Extract<NodeInput, { type: 'broadcast' | 'sealed' | 'message' | 'duplicate' }>

/** A knock that crossed a link just made is younger than this. Guess. */
const STALE_LINK_MS = 3_000
/** Topics one peer may speak of on one link (wire/limits.ts has the same bound). */
const MOST_TOPICS = 256
/** A topic left and opened again with other terms, on one link: a person does not do that often. Guess. */
const MOST_CHANGES = 64
