import type { BlameReason } from '../core/blame.js'
import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import type { FrameClass } from '../core/io.js'
import type { LinkDownReason } from '../core/membership/membership.js'
import type { LinkInput, LinkMachine } from '../link/link.js'
import { FrameDecoder } from '../wire/decoder.js'
import { FrameEncoder } from '../wire/encoder.js'
import type { Frame, OutgoingFrame } from '../wire/frame.js'
import { Descriptions } from './descriptions.js'
import { ENVELOPES, isHistory, lanes } from './envelopes.js'
import { Handshake } from './handshake.js'
import type { HistoryLane } from './history-lane.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'
import type { Link, LinkListener } from './link.js'
import type { Sleeper } from './wake.js'

/** What one link tells its owner. */
export interface PeerLinkEvents {
  /** The peer has proven who it is: frames may flow. */
  proven(link: PeerLink): void
  frame(link: PeerLink, frame: Frame): void
  down(link: PeerLink, reason: LinkDownReason): void
  misbehaved(link: PeerLink, reason: BlameReason): void
  rtt(link: PeerLink, rttMs: number): void
  congested(link: PeerLink): void
  /** Silent, or ICE says so: worth a restart of ICE. */
  suspect(link: PeerLink): void
  /** Something waits to be flushed at the end of the task. */
  dirty(link: PeerLink): void
  count(counter: string, by: number): void
}

/** One link with one peer: the channel, its pure machine, its aliases, and the proof of who is behind it. */
export class PeerLink implements LinkListener, Sleeper {
  readonly #machine: LinkMachine
  readonly #clock: () => Millis
  readonly #events: PeerLinkEvents
  /** Payload frames act in their order of arrival, however long their signatures take. */
  readonly live = new InOrder()
  /** All other frames likewise, among themselves. */
  readonly control = new InOrder()
  /** Of the connection beneath it. */
  readonly descriptions = new Descriptions()
  rttMs: number | undefined
  readonly #encoder = new FrameEncoder()
  readonly #decoder = new FrameDecoder()
  readonly #handshake: Handshake
  #hasHeardProof = false
  #link: Link | undefined
  #phase: 'opening' | 'proving' | 'proven' | 'closing' | 'closed' = 'opening'

  constructor(
    readonly peer: PeerId,
    readonly epoch: number,
    readonly adopted: boolean,
    machine: LinkMachine,
    identity: Identity,
    protocol: string,
    clock: () => Millis,
    events: PeerLinkEvents,
  ) {
    this.#machine = machine
    this.#clock = clock
    this.#events = events
    this.#handshake = new Handshake(identity, peer, protocol)
  }

  /** Called in the task that received the channel. */
  attach(link: Link): void {
    this.#link = link
  }

  get kind(): 'lent' | 'relayed' | undefined {
    return this.#link?.kind
  }

  get transport(): Link | undefined {
    return this.#link
  }

  get isProven(): boolean {
    return this.#phase === 'proven'
  }

  /**
   * It takes less than it is sent. Waited for only so long: then its queue fills, and it loses its place
   * (link/config.ts), for one slow peer is not to hold up the rest.
   */
  get isPressed(): boolean {
    if (this.#phase !== 'proven' || !this.#machine.isPressed) {
      this.#pressedSince = undefined
      return false
    }
    const now = this.#clock()
    this.#pressedSince ??= now
    return now - this.#pressedSince < PATIENCE_MS
  }
  #pressedSince: Millis | undefined

  get hasPayload(): boolean {
    return this.#phase === 'proven' && this.#machine.hasPayload
  }

  send(frame: OutgoingFrame): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    if (frame.type === 'topic-hello' && !this.#encoder.hasRoomFor(frame.topic)) {
      // Aliases are never used again: after so many topics the next needs a fresh link.
      this.#events.count('link-out-of-aliases', 1)
      return this.#end('failed')
    }
    for (const encoded of this.#encoder.encode(frame)) {
      if (encoded.class === 'history') this.history?.send(encoded.bytes)
      else this.put(encoded.bytes, encoded.class)
    }
  }

  put(bytes: Uint8Array, of: FrameClass): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    this.#drive({ type: 'frame', bytes, class: of })
    this.#events.dirty(this)
  }

  /** Of what a history says; without one there is none. */
  get history(): HistoryLane | undefined {
    this.#history ??= lanes.open?.(
      this,
      this.#events,
      this.#encoder,
      this.#decoder,
      this.#handshake.features.includes(ENVELOPES),
    )
    return this.#history
  }
  #history: HistoryLane | undefined

  /** The end of a task: what was coalesced goes out, and the machine hears what the channel holds. */
  flush(): void {
    if (this.#phase === 'closed') return
    this.#drive({ type: 'flush' })
    // A channel that took all at once never says that it fell low.
    do {
      this.#wrote = false
      if (this.#link === undefined || this.#isOver()) return
      this.#drive({ type: 'buffered', amount: this.#link.bufferedAmount })
    } while (this.#wrote)
  }
  #wrote = false

  /** Lets what is queued arrive, then closes. */
  closeSoon(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    if (this.#phase === 'opening' || this.#phase === 'proving') return this.close()
    this.#phase = 'closing'
    this.#drive({ type: 'close' })
    this.#events.dirty(this)
  }

  /** At once and without a word; no event follows. */
  close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#link?.close()
  }

  /** After everything that came before has been acted upon. */
  afterAll(act: () => void): void {
    this.live.now(() => this.control.now(act))
  }

  interrupted(): void {
    if (this.#phase !== 'proven') return
    this.#drive({ type: 'interrupted' })
    this.#events.dirty(this)
  }

  get nextDeadline(): Deadline | undefined {
    if (this.#phase === 'closed') return undefined
    return this.#machine.nextDeadline
  }

  wake(_now: Millis): void {
    this.#drive({ type: 'wake' })
    this.#events.dirty(this)
  }

  // ——— what the channel reports

  opened(): void {
    if (this.#phase !== 'opening') return
    this.#phase = 'proving'
    this.#drive({ type: 'opened' })
    this.send({ type: 'hello', hello: this.#handshake.hello() })
  }

  packet(bytes: Uint8Array): void {
    if (this.#phase === 'closed') return
    this.#drive({ type: 'packet', bytes })
    // Most ask for no answer.
    if (this.#machine.wantsFlush) this.#events.dirty(this)
  }

  drained(): void {
    this.#events.dirty(this)
  }

  closed(): void {
    this.#end('closed')
  }

  // ——— inside

  #drive(input: LinkInput): void {
    for (const output of this.#machine.handle(this.#clock(), input)) {
      // An earlier output may have ended it.
      if (this.#isOver()) return
      switch (output.type) {
        case 'write':
          this.#wrote = true
          this.#link?.send(output.packet)
          break
        case 'deliver':
          this.#deliver(output.frame)
          break
        case 'rtt':
          this.rttMs = output.rttMs
          if (this.#phase === 'proven') this.#events.rtt(this, output.rttMs)
          break
        case 'suspect':
          this.#events.suspect(this)
          break
        case 'congested':
          this.#events.congested(this)
          break
        case 'dead':
          this.#end(output.reason)
          break
        case 'misbehaved':
          this.#events.misbehaved(this, output.reason)
          break
        case 'drained':
          if (this.#phase === 'closing') this.#end('closed')
          break
        case 'count':
          this.#events.count(output.counter, output.by)
      }
    }
  }

  #isOver(): boolean {
    return this.#phase === 'closed'
  }

  #deliver(bytes: Uint8Array): void {
    const decoded = this.#decoder.decode(bytes)
    if (!decoded.ok) return this.#events.misbehaved(this, 'malformed-frame')
    const frame = decoded.value
    switch (frame.type) {
      case 'hello': {
        const answer = this.#handshake.heardHello(frame.hello)
        if (answer === undefined) return this.#events.misbehaved(this, 'bad-hello')
        this.control.later(answer, proof => this.send({ type: 'hello-proof', proof }))
        break
      }
      case 'hello-proof':
        if (this.#hasHeardProof) return this.#events.misbehaved(this, 'bad-hello')
        this.#hasHeardProof = true
        this.control.later(this.#handshake.heardProof(frame.proof), good => this.#prove(good))
        break
      default:
        if (this.#phase === 'proven') return this.#proven(frame)
        if (this.#phase === 'closing') return this.#events.count('frame-while-closing', 1)
        // Said before we finished checking who it is: it waits for that.
        if (this.control.waiting > MOST_EARLY_FRAMES) {
          return this.#events.misbehaved(this, 'limit-exceeded')
        }
        this.control.now(() => {
          if (this.#phase === 'proven') this.#proven(frame)
          else this.#events.count('frame-before-proof', 1)
        })
    }
  }

  #proven(frame: Frame): void {
    const isEnvelope = frame.type === 'envelope'
    const lane = isEnvelope || isHistory(frame) ? this.history : undefined
    if (lane !== undefined) lane.heard(frame)
    // What an envelope holds is known to who has a history.
    else if (isEnvelope) this.#events.misbehaved(this, 'malformed-frame')
    else this.#events.frame(this, frame)
  }

  #prove(good: boolean): void {
    if (this.#phase !== 'proving') return
    if (!good) return this.#events.misbehaved(this, 'bad-hello')
    this.#phase = 'proven'
    this.#events.proven(this)
    if (this.rttMs !== undefined) this.#events.rtt(this, this.rttMs)
  }

  #end(reason: LinkDownReason): void {
    if (this.#phase !== 'proving' || this.control.waiting === 0) return this.#over(reason)
    // Its proof is being checked: what it said before it went counts as soon as that holds. Channel and page both say that it closed.
    if (!this.#isEnding) this.control.now(() => this.#over(reason))
    this.#isEnding = true
  }
  #isEnding = false

  #over(reason: LinkDownReason): void {
    if (this.#phase === 'closed') return
    this.close()
    this.#events.down(this, reason)
  }
}

/** Between two proofs lies one round trip. Guess. */
const MOST_EARLY_FRAMES = 256
/** As long as a queue may stay full (link/config.ts). Guess. */
const PATIENCE_MS = 2_000
