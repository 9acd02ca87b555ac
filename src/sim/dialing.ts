import { type Deadline, sooner } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import { DialPacing, PACING_DEFAULTS, type PacingInput } from '../link/pacing.js'
import type { LinkEnd } from './link-end.js'
import type { Peer } from './peer.js'
import { SDP, type SignalBody } from './signals.js'

/**
 * Handshakes of one peer, as the worker runs them: who offers is fixed by key order, the pacing decides who
 * begins when, offer and answer travel as signals, and what stays unanswered is tried again.
 */
export class Dialing {
  readonly #attempts = new Map<PeerId, Attempt>()
  readonly #early = new Map<PeerId, { epoch: number; at: Millis }>()
  readonly #pacing: DialPacing

  readonly #peer: Peer

  constructor(peer: Peer) {
    this.#peer = peer
    const { parallelDials } = peer.world.network.settings
    this.#pacing = new DialPacing({ ...PACING_DEFAULTS, parallelDials })
  }

  get isIdle(): boolean {
    return this.#attempts.size === 0 && this.#early.size === 0
  }

  dial(remote: PeerId): void {
    if (this.#attempts.has(remote)) return
    const { now } = this.#peer.world
    const attempt: Attempt = { epoch: 0, offered: undefined, begunAt: 0, giveUpAt: undefined }
    this.#attempts.set(remote, attempt)
    if (this.#offersTo(remote)) return this.#pace({ type: 'want', peer: remote })
    attempt.giveUpAt = now + AWAIT_OFFER_MS
    const early = this.#early.get(remote)
    if (early === undefined) return
    this.#early.delete(remote)
    if (now - early.at <= EARLY_OFFER_MS) this.#heardOffer(remote, early.epoch)
  }

  hear(from: PeerId, body: Extract<SignalBody, { epoch: number }>): void {
    if (body.type === 'offer') return this.#heardOffer(from, body.epoch)
    const attempt = this.#attempts.get(from)
    if (attempt?.epoch !== body.epoch) return
    this.#peer.world.open(this.#peer, from, body.epoch, attempt.begunAt)
  }

  /** True where this end's side still stands for that epoch. */
  isCurrent(remote: PeerId, epoch: number): boolean {
    const attempt = this.#attempts.get(remote)
    return attempt?.epoch === epoch && attempt.end === undefined
  }

  opened(remote: PeerId, end: LinkEnd): void {
    this.#attempts.get(remote)!.end = end
  }

  failed(remote: PeerId, epoch: number): void {
    if (this.#attempts.get(remote)?.epoch === epoch) this.#attemptFailed(remote)
  }

  /** The link stands; true where it was this attempt's. */
  proven(end: LinkEnd): boolean {
    if (this.#attempts.get(end.remote)?.end !== end) return false
    this.#attempts.delete(end.remote)
    this.#pace({ type: 'opened', peer: end.remote })
    return true
  }

  /** A link went down before it stood. */
  down(end: LinkEnd): void {
    const attempt = this.#attempts.get(end.remote)
    if (attempt?.end === end) this.#attemptFailed(end.remote)
  }

  callOff(remote: PeerId): void {
    this.#early.delete(remote)
    const attempt = this.#attempts.get(remote)
    if (attempt === undefined) return
    this.#attempts.delete(remote)
    attempt.end?.close()
    this.#pace({ type: 'cancel', peer: remote })
  }

  vanish(): void {
    for (const { end } of this.#attempts.values()) end?.close()
  }

  get nextDeadline(): Deadline | undefined {
    let next = this.#pacing.nextDeadline
    for (const { giveUpAt } of this.#attempts.values()) {
      if (giveUpAt !== undefined) next = sooner(next, { at: giveUpAt, reason: 'no offer came' })
    }
    return next
  }

  wake(now: Millis): void {
    this.#pace({ type: 'wake' })
    for (const [remote, { giveUpAt }] of [...this.#attempts]) {
      if (giveUpAt !== undefined && giveUpAt <= now) this.#giveUp(remote)
    }
  }

  #offersTo(remote: PeerId): boolean {
    return this.#peer.id < remote
  }

  #heardOffer(from: PeerId, epoch: number): void {
    if (!this.#peer.wantsLink(from)) {
      // The welcome that allows it may still be on its way.
      this.#early.delete(from)
      this.#early.set(from, { epoch, at: this.#peer.world.now })
      if (this.#early.size > MOST_EARLY_OFFERS) this.#early.delete(this.#early.keys().next().value!)
      return
    }
    this.#attempts.get(from)?.end?.close()
    this.#attempts.set(from, { epoch: 0, offered: epoch, begunAt: 0, giveUpAt: undefined })
    for (const type of ['cancel', 'want', 'offered'] as const) this.#pace({ type, peer: from })
  }

  #pace(input: PacingInput): void {
    for (const output of this.#pacing.handle(this.#peer.world.now, input)) {
      if (output.type === 'start') this.#start(output.peer)
      else this.#giveUp(output.peer)
    }
  }

  #start(remote: PeerId): void {
    const attempt = this.#attempts.get(remote)
    if (attempt === undefined) return this.#pace({ type: 'cancel', peer: remote })
    const { world } = this.#peer
    const { offered } = attempt
    if (offered === undefined && !this.#offersTo(remote)) return this.#attemptFailed(remote)
    attempt.end?.close()
    attempt.end = undefined
    attempt.epoch = offered ?? world.newEpoch()
    attempt.offered = undefined
    attempt.begunAt = world.now
    if (offered === undefined) world.traffic.dials++
    const type = offered === undefined ? 'offer' : 'answer'
    this.#peer.signal(remote, { type, epoch: attempt.epoch, sdp: SDP })
  }

  #giveUp(remote: PeerId): void {
    this.callOff(remote)
    this.#peer.take({ type: 'dial-failed', peer: remote })
  }

  #attemptFailed(remote: PeerId): void {
    const attempt = this.#attempts.get(remote)
    if (attempt === undefined) return
    attempt.end?.close()
    attempt.end = undefined
    attempt.epoch = 0
    if (this.#offersTo(remote)) return this.#pace({ type: 'failed', peer: remote })
    // Whoever offers tries again; we wait for that as we did at first.
    this.#pace({ type: 'cancel', peer: remote })
    attempt.giveUpAt = this.#peer.world.now + AWAIT_OFFER_MS
  }
}

interface Attempt {
  /** 0 until the handshake begins. */
  epoch: number
  /** The epoch of an offer that waits for its turn. */
  offered: number | undefined
  begunAt: Millis
  giveUpAt: Millis | undefined
  end?: LinkEnd | undefined
}

// The worker's numbers (worker/links.ts).
const AWAIT_OFFER_MS = 25_000
const EARLY_OFFER_MS = 10_000
const MOST_EARLY_OFFERS = 32
