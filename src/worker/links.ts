// Long, and one file: dials, links and epochs are one state, since each report of the page is judged by all three.

import type { IceServer, RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { type Deadline, sooner } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import type { NodeInput } from '../core/io.js'
import type { LinkDownReason } from '../core/membership/membership.js'
import { Random } from '../core/random.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { LinkMachine } from '../link/link.js'
import { DialPacing, PACING_DEFAULTS } from '../link/pacing.js'
import type { SignalBody } from '../signaling/signal.js'
import { type ConnectionBody, toSignalBody, toSimplePeer } from '../signaling/simple-peer.js'
import type { Frame, OutgoingFrame } from '../wire/frame.js'
import { offers } from './handshake.js'
import type { Identity } from './identity.js'
import { type DataChannel, LentLink } from './lent-link.js'
import { PeerLink, type PeerLinkEvents } from './peer-link.js'
import type { RelayReport, relay } from './relayed-link.js'
import type { Sleeper, WakeUp } from './wake.js'

/** What the links need around them. */
export interface LinksWorld {
  identity: Identity
  protocol: string
  clock: () => Millis
  wake: WakeUp
  relayed: boolean
  order: (order: RtcOrder) => void
  input: (input: NodeInput) => void
  frame: (link: PeerLink, frame: Frame) => void
  /** To be signed and brought to the peer. */
  signal: (to: PeerId, body: SignalBody) => void
  /** Whether both sides agreed to a link with this peer. */
  wantsLink: (peer: PeerId) => boolean
  /** Flush is due at the end of this task. */
  settle: () => void
  count: (counter: string, by?: number) => void
  /** What acts upon what the page reports of relayed links. */
  relaying: () => Promise<typeof relay>
}

type OfferSignal = Extract<ConnectionBody, { type: 'offer' }>
/** What concerns a link being made, of all that peers signal. */
type LinkSignal = Extract<SignalBody, { epoch: number }>

/**
 * All links of this node: who is dialed, under which epoch, and which link is the one that counts. The
 * page makes the connections; an order or report that names an older epoch concerns nobody any more.
 */
export class Links implements Sleeper {
  readonly #world: LinksWorld
  readonly #up = new Map<PeerId, PeerLink>()
  readonly #attempts = new Map<PeerId, Attempt>()
  readonly #epochs = new Map<PeerId, number>()
  readonly #offers = new Map<PeerId, { left: number; at: Millis }>()
  readonly #early = new Map<PeerId, EarlyOffer>()
  readonly #draining = new Set<PeerLink>()
  readonly #dirty = new Set<PeerLink>()
  readonly #pacing = new DialPacing(PACING_DEFAULTS)
  readonly #events: PeerLinkEvents
  iceServers: IceServer[] = []

  constructor(world: LinksWorld) {
    this.#world = world
    this.#events = {
      proven: link => this.#proven(link),
      frame: (link, frame) => world.frame(link, frame),
      down: (link, reason) => this.#down(link, reason),
      misbehaved: (link, reason) => {
        world.input({ type: 'misbehaved', peer: link.peer, reason })
        // Bytes that can't be read leave nothing to go on with, whatever the blame weighs.
        if (reason === 'malformed-frame' || reason === 'bad-hello') this.#drop(link, 'blamed')
      },
      rtt: ({ peer, epoch }, rttMs) => world.input({ type: 'rtt', peer, epoch, rttMs }),
      congested: ({ peer, epoch }) => world.input({ type: 'congested', peer, epoch }),
      suspect: link => {
        world.count('link-suspect')
        if (offers(world.identity.peerId, link.peer) && !link.adopted) {
          world.order({ type: 'rtc-restart-ice', peer: link.peer, epoch: link.epoch })
        }
      },
      dirty: link => {
        this.#dirty.add(link)
        world.settle()
      },
      count: (counter, by) => world.count(counter, by),
    }
    world.wake.add(this)
  }

  // ——— what the core wants

  dial(peer: PeerId): void {
    if (this.#attempts.has(peer)) return
    const now = this.#world.clock()
    if (offers(this.#world.identity.peerId, peer)) {
      this.#attempts.set(peer, { epoch: 0, giveUpAt: undefined, offer: undefined, candidates: [] })
      this.#pace(now, { type: 'want', peer })
      return
    }
    const giveUpAt = now + AWAIT_OFFER_MS
    this.#attempts.set(peer, { epoch: 0, giveUpAt, offer: undefined, candidates: [] })
    const early = this.#early.get(peer)
    if (early === undefined) return
    this.#early.delete(peer)
    if (now - early.at > EARLY_OFFER_MS) return this.#world.count('early-offer-dropped')
    this.#heardOffer(peer, early.offer)
    for (const body of early.candidates) this.heard(peer, body)
  }

  hangUp(peer: PeerId, reason: 'unused' | 'blamed'): void {
    this.#callOff(peer)
    const link = this.#up.get(peer)
    if (link === undefined) return
    this.#up.delete(peer)
    if (reason === 'blamed') return this.#finish(link)
    this.#draining.add(link)
    link.closeSoon()
  }

  /** As if its network had gone: nothing is said, here or there. */
  lose(peer: PeerId): boolean {
    const link = this.#up.get(peer)
    link?.closed()
    return link !== undefined
  }

  send(to: PeerId, epoch: number, frame: OutgoingFrame): void {
    const link = this.#up.get(to)
    if (link?.epoch === epoch) link.send(frame)
    else this.#world.count('send-on-stale-link')
  }

  // ——— what peers signal

  heard(from: PeerId, body: LinkSignal): void {
    switch (body.type) {
      case 'offer':
        return this.#heardOffer(from, body)
      case 'answer':
        if (this.#isCurrent(from, body.epoch)) this.#describe(from, body)
        else this.#world.count('signal-of-stale-epoch')
        return
      case 'hang-up':
        if (this.#attempt(from, body.epoch) !== undefined) this.#attemptFailed(from)
        return
      case 'candidates': {
        const attempt = this.#attempts.get(from)
        const early = this.#early.get(from)
        const waiting = [attempt, early].find(one => one?.offer?.epoch === body.epoch)
        if (waiting !== undefined) {
          if (waiting.candidates.length < MOST_CANDIDATES) waiting.candidates.push(body)
          else this.#world.count('candidates-over-limit')
        } else if (this.#isCurrent(from, body.epoch)) this.#toPage(from, body)
        else this.#world.count('signal-of-stale-epoch')
      }
    }
  }

  #heardOffer(from: PeerId, offer: OfferSignal): void {
    const world = this.#world
    if (offers(world.identity.peerId, from)) return world.count('offer-out-of-turn')
    if (this.#isCurrent(from, offer.epoch)) return this.#describe(from, offer)
    if (offer.epoch <= (this.#epochs.get(from) ?? 0)) return world.count('signal-of-stale-epoch')
    if (!world.wantsLink(from)) {
      // The welcome that allows it may still be on its way.
      this.#early.delete(from)
      this.#early.set(from, { offer, candidates: [], at: world.clock() })
      if (this.#early.size <= MOST_EARLY_OFFERS) return
      this.#early.delete(this.#early.keys().next().value!)
      return world.count('early-offer-dropped')
    }
    if (!this.#mayOffer(from)) return world.count('offer-over-rate')
    this.#early.delete(from)
    this.#endAttempt(from)
    this.#attempts.set(from, { epoch: 0, giveUpAt: undefined, offer, candidates: [] })
    // An offer begins anew what was under way, out of turn: its sender has given it one of its places.
    for (const type of ['cancel', 'want', 'offered'] as const) {
      this.#pace(world.clock(), { type, peer: from })
    }
  }

  // ——— what the page reports

  report(report: RtcReport): void {
    switch (report.type) {
      case 'page':
        return
      case 'rtc-adopted':
        return this.#adopt(report.peer, report.epoch, report.channel as DataChannel | undefined)
      case 'rtc-lent':
        return this.#lent(report.peer, report.epoch, report.channel as DataChannel)
      case 'rtc-relaying':
      case 'rtc-relay-open':
      case 'rtc-relay-packets':
      case 'rtc-relay-buffered':
        return this.#relayed(report)
      case 'rtc-signal': {
        const link = this.#find(report.peer, report.epoch)
        if (link === undefined) return
        const said = toSignalBody(report.epoch, report.signal)
        if (said.ok) {
          if (said.body.type === 'offer') link.descriptions.offered()
          return this.#world.signal(report.peer, said.body)
        }
        return this.#world.count(said.ignored ? 'page-signal-ignored' : 'page-signal-refused')
      }
      case 'rtc-connected':
        return
      case 'rtc-interrupted':
        return this.#find(report.peer, report.epoch)?.interrupted()
      case 'rtc-closed': {
        const link = this.#find(report.peer, report.epoch)
        if (link !== undefined) link.closed()
        else if (this.#attempt(report.peer, report.epoch) !== undefined)
          this.#attemptFailed(report.peer)
      }
    }
  }

  // ——— time

  get nextDeadline(): Deadline | undefined {
    let next = this.#pacing.nextDeadline
    for (const { giveUpAt } of this.#attempts.values()) {
      if (giveUpAt !== undefined) next = sooner(next, { at: giveUpAt, reason: 'no offer came' })
    }
    return next
  }

  wake(now: Millis): void {
    this.#pace(now, { type: 'wake' })
    for (const [peer, { giveUpAt }] of [...this.#attempts]) {
      if (giveUpAt !== undefined && giveUpAt <= now) this.#giveUp(peer)
    }
  }

  /** At the end of a task. */
  flush(): void {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    for (const link of dirty) link.flush()
  }

  /** Some neighbor takes less than it is sent, and is worth waiting for. */
  get isPressed(): boolean {
    for (const link of this.#up.values()) if (link.isPressed) return true
    return false
  }

  /** Payload is still to be written: parting words said now would overtake it. */
  get hasPayload(): boolean {
    for (const link of this.#up.values()) if (link.hasPayload) return true
    return false
  }

  /** All parting words are out, or their time is. */
  get isDrained(): boolean {
    return this.#draining.size === 0
  }

  kindOf(peer: PeerId): 'lent' | 'relayed' | undefined {
    return this.#up.get(peer)?.kind
  }

  stop(): void {
    for (const peer of [...this.#attempts.keys()]) this.#callOff(peer)
    for (const link of [...this.#up.values(), ...this.#draining]) this.#finish(link)
    this.#up.clear()
    this.#draining.clear()
    this.#world.wake.remove(this)
  }

  // ——— inside

  #pace(now: Millis, input: Parameters<DialPacing['handle']>[1]): void {
    for (const output of this.#pacing.handle(now, input)) {
      if (output.type === 'start') this.#start(output.peer)
      else this.#giveUp(output.peer)
    }
  }

  #start(peer: PeerId): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) return this.#pace(this.#world.clock(), { type: 'cancel', peer })
    const { offer, candidates } = attempt
    // A second try is the offerer's to make.
    const isOurs = offers(this.#world.identity.peerId, peer)
    if (offer === undefined && !isOurs) return this.#attemptFailed(peer)
    if (attempt.link !== undefined) this.#finish(attempt.link)
    attempt.epoch = offer?.epoch ?? this.#nextEpoch(peer)
    attempt.offer = undefined
    attempt.candidates = []
    this.#rememberEpoch(peer, attempt.epoch)
    attempt.link = this.#newLink(peer, attempt.epoch, false)
    const { epoch } = attempt
    this.#world.order({
      type: 'rtc-dial',
      peer,
      epoch,
      initiator: isOurs,
      iceServers: this.iceServers,
      relayed: this.#world.relayed,
    })
    if (offer !== undefined) this.#describe(peer, offer)
    for (const body of candidates) this.#toPage(peer, body)
  }

  #giveUp(peer: PeerId): void {
    this.#callOff(peer)
    this.#world.input({ type: 'dial-failed', peer })
  }

  #attemptFailed(peer: PeerId): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) return
    this.#endAttemptLink(attempt)
    if (offers(this.#world.identity.peerId, peer)) {
      this.#pace(this.#world.clock(), { type: 'failed', peer })
    } else {
      // Whoever offers tries again; we wait for that as we did at first.
      this.#pace(this.#world.clock(), { type: 'cancel', peer })
      attempt.epoch = 0
      attempt.giveUpAt = this.#world.clock() + AWAIT_OFFER_MS
    }
  }

  #callOff(peer: PeerId): void {
    this.#early.delete(peer)
    if (!this.#attempts.has(peer)) return
    this.#endAttempt(peer)
    this.#pace(this.#world.clock(), { type: 'cancel', peer })
  }

  #endAttempt(peer: PeerId): void {
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) return
    this.#attempts.delete(peer)
    this.#endAttemptLink(attempt)
  }

  #endAttemptLink(attempt: Attempt): void {
    const { link } = attempt
    attempt.link = undefined
    if (link !== undefined) this.#finish(link)
  }

  #lent(peer: PeerId, epoch: number, channel: DataChannel): void {
    const link = this.#attempt(peer, epoch)?.link
    if (link === undefined) {
      channel.close()
      return this.#world.count('channel-of-stale-epoch')
    }
    link.attach(new LentLink(channel, link))
  }

  /** The epoch is the page's, from the same clock: what it reports and obeys goes by it. */
  #adopt(peer: PeerId, epoch: number, channel: DataChannel | undefined): void {
    if (peer === this.#world.identity.peerId) return this.#world.count('adopted-own-channel')
    this.#rememberEpoch(peer, Math.max(epoch, this.#epochs.get(peer) ?? 0))
    // Its place in the row goes too: a second try would end this one.
    this.#callOff(peer)
    const link = this.#newLink(peer, epoch, true)
    this.#attempts.set(peer, {
      epoch,
      link,
      giveUpAt: this.#world.clock() + AWAIT_OFFER_MS,
      offer: undefined,
      candidates: [],
    })
    if (channel !== undefined) link.attach(new LentLink(channel, link))
    else this.#relayed({ type: 'rtc-relaying', peer, epoch })
  }

  #newLink(peer: PeerId, epoch: number, adopted: boolean): PeerLink {
    const { identity, protocol, clock, wake } = this.#world
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!
    const machine = new LinkMachine(LINK_DEFAULTS, new Random(seed))
    const link = new PeerLink(
      peer,
      epoch,
      adopted,
      machine,
      identity,
      protocol,
      clock,
      this.#events,
    )
    wake.add(link)
    return link
  }

  /** In the order in which they came, for what acts upon them may have to be loaded: so long few of them wait. */
  #relayed(report: RelayReport): void {
    const { peer, epoch } = report
    const fail = () => this.#find(peer, epoch)?.closed()
    if (this.#unrelayed === MOST_UNRELAYED) return fail()
    this.#unrelayed++
    this.#world
      .relaying()
      .then(relay => relay(this.#find(peer, epoch), report, this.#world.order), fail)
      .finally(() => this.#unrelayed--)
  }
  #unrelayed = 0

  #proven(link: PeerLink): void {
    const { peer, epoch, adopted } = link
    if (this.#attempts.get(peer)?.link !== link) return this.#finish(link)
    this.#attempts.delete(peer)
    this.#pace(this.#world.clock(), { type: 'opened', peer })
    const before = this.#up.get(peer)
    this.#up.set(peer, link)
    if (before !== undefined) this.#finish(before)
    this.#world.input({ type: 'link-up', peer, epoch, adopted })
  }

  #down(link: PeerLink, reason: LinkDownReason): void {
    this.#draining.delete(link)
    this.#finish(link)
    const { peer, epoch } = link
    if (this.#up.get(peer) === link) {
      this.#up.delete(peer)
      // What it said last is still being verified, and counts.
      link.afterAll(() => this.#world.input({ type: 'link-down', peer, epoch, reason }))
    } else if (this.#attempts.get(peer)?.link === link) {
      if (link.adopted) this.#giveUp(peer)
      else this.#attemptFailed(peer)
    }
  }

  #drop(link: PeerLink, reason: LinkDownReason): void {
    link.close()
    this.#down(link, reason)
  }

  /** The channel is closed on both threads. */
  #finish(link: PeerLink): void {
    link.close()
    this.#dirty.delete(link)
    this.#world.wake.remove(link)
    this.#world.order({ type: 'rtc-hang-up', peer: link.peer, epoch: link.epoch })
  }

  #describe(peer: PeerId, body: Extract<ConnectionBody, { sdp: string }>): void {
    if (this.#find(peer, body.epoch)?.descriptions.takes(body)) this.#toPage(peer, body)
    else this.#world.count('signal-repeated')
  }

  #toPage(peer: PeerId, body: ConnectionBody): void {
    for (const signal of toSimplePeer(body)) {
      this.#world.order({ type: 'rtc-signal', peer, epoch: body.epoch, signal })
    }
  }

  #attempt(peer: PeerId, epoch: number): Attempt | undefined {
    const attempt = this.#attempts.get(peer)
    return attempt?.epoch === epoch ? attempt : undefined
  }

  /** Also one that drains: what it hears says when it is over. */
  #find(peer: PeerId, epoch: number): PeerLink | undefined {
    const link = this.#attempt(peer, epoch)?.link ?? this.#up.get(peer)
    if (link?.epoch === epoch) return link
    return [...this.#draining].find(link => link.peer === peer && link.epoch === epoch)
  }

  /** Each offer that is taken costs the page a connection. */
  #mayOffer(peer: PeerId): boolean {
    const now = this.#world.clock()
    const budget = this.#offers.get(peer) ?? { left: OFFERS_AT_ONCE, at: now }
    budget.left = Math.min(OFFERS_AT_ONCE, budget.left + (now - budget.at) / OFFER_EVERY_MS)
    budget.at = now
    this.#offers.delete(peer)
    this.#offers.set(peer, budget)
    if (this.#offers.size > MOST_EPOCHS) this.#offers.delete(this.#offers.keys().next().value!)
    if (budget.left < 1) return false
    budget.left--
    return true
  }

  #isCurrent(peer: PeerId, epoch: number): boolean {
    return this.#find(peer, epoch) !== undefined
  }

  /** The offerer's clock, so that it grows across reloads. */
  #nextEpoch(peer: PeerId): number {
    return Math.max(Math.floor(this.#world.clock()), (this.#epochs.get(peer) ?? 0) + 1)
  }

  /** No higher than our clock explains: a peer whose clock ran ahead, or that lied, is not shut out for ever. */
  #rememberEpoch(peer: PeerId, epoch: number): void {
    this.#epochs.delete(peer)
    this.#epochs.set(peer, Math.min(epoch, Math.floor(this.#world.clock()) + CLOCKS_APART_MS))
    if (this.#epochs.size > MOST_EPOCHS) this.#epochs.delete(this.#epochs.keys().next().value!)
  }
}

interface Attempt {
  /** 0 until the handshake begins. */
  epoch: number
  link?: PeerLink | undefined
  /** Set while we wait for the other side's offer. */
  giveUpAt: Millis | undefined
  /** An offer that waits for its turn. */
  offer: OfferSignal | undefined
  candidates: ConnectionBody[]
}

interface EarlyOffer {
  offer: OfferSignal
  candidates: ConnectionBody[]
  at: Millis
}

/** The other side may wait for its turn, fail once and try again: pacing.ts. */
const AWAIT_OFFER_MS = 25_000
/** A welcome overtaken by the offer it allows is this late at most. Guess. */
const EARLY_OFFER_MS = 10_000
const MOST_EARLY_OFFERS = 32
const MOST_CANDIDATES = 64
/** Each new link says four times something before it needs an answer, and few are made at a time. Guess. */
const MOST_UNRELAYED = 128
const MOST_EPOCHS = 1024
/** An honest peer offers twice, ten seconds apart, and again after a reload. Guess. */
const OFFERS_AT_ONCE = 8
const OFFER_EVERY_MS = 2_000
/** Clocks set over the network are seldom further apart. Guess. */
const CLOCKS_APART_MS = 60_000
