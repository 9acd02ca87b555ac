// One link as a pure machine: what of which queue goes into which packet, what comes out of those that
// arrive, and whether the peer is alive. Worker and simulator drive this same one. Long, and one file: a packet is
// filled by what all queues hold, what is alive and what was acknowledged. Queues, packets, records and heartbeats stand beside it.
import { Malformed, Reader } from '../codec/reader.js'
import { type Deadline, sooner } from '../core/deadline.js'
import type { Millis } from '../core/ids.js'
import type { FrameClass } from '../core/io.js'
import type { Random } from '../core/random.js'
import { LARGEST_PACKET_BYTES } from '../wire/limits.js'
import type { LinkConfig } from './config.js'
import { Heartbeat, type Verdict } from './heartbeat.js'
import { type OwnRecord, Packer } from './packer.js'
import { CLASSES, classOf, type Part, PING, PONG, partOf, readHead } from './records.js'
import { type Joined, Rejoiner } from './rejoiner.js'

export type LinkInput =
  /** The channel takes packets from now on. Frames given before have waited. */
  | { type: 'opened' }
  /** Send this. It leaves at the next `flush`, or before where a packet is full. */
  | { type: 'frame'; bytes: Uint8Array; class: FrameClass }
  /** A packet arrived; its bytes belong to the link from now on. */
  | { type: 'packet'; bytes: Uint8Array }
  /**
   * What the channel still holds, bytes. To be given after the writes of each call were made, and when the
   * channel says that it fell low; between, the link counts what it wrote.
   */
  | { type: 'buffered'; amount: number }
  /** The end of the task in which anything was put in: write what was held back for company. */
  | { type: 'flush' }
  /** `nextDeadline` has come. */
  | { type: 'wake' }
  /** ICE says the path is gone, for now. */
  | { type: 'interrupted' }
  /** Take no more frames, let what is queued arrive, then say `drained`. */
  | { type: 'close' }

/** Writes come before whatever may make the caller put in more, so that packets keep their order. */
export type LinkOutput =
  | { type: 'write'; packet: Uint8Array }
  /** A frame of the peer's, whole; maybe a view into a packet. */
  | { type: 'deliver'; frame: Uint8Array }
  /** Smoothed round trip, when it changed by a tenth. */
  | { type: 'rtt'; rttMs: number }
  /** Nothing was heard for a while, or ICE lost the path: time for an ICE restart. */
  | { type: 'suspect' }
  | { type: 'recovered' }
  /** The end: the link does nothing more. */
  | { type: 'dead'; reason: DeathReason }
  /** A queue stayed full: this peer is too slow for what it is sent. Said again while it lasts. */
  | { type: 'congested' }
  | { type: 'misbehaved'; reason: Fault }
  | { type: 'count'; counter: LinkCounter; by: number }
  /** After `close`: the other side has all, or the time for it is over. */
  | { type: 'drained' }

/** What a peer can do wrong below its frames; blame reasons of the core. */
export type Fault = 'malformed-frame' | 'limit-exceeded'

/** Silent beyond suspicion, control queue over its limit, or bytes that are no packets of this wire. */
export type DeathReason = 'silent' | 'failed' | 'blamed'

export type LinkCounter =
  | 'link-live-dropped'
  | 'link-history-dropped'
  | 'link-control-overflow'
  /** Frames put in after `close`. */
  | 'link-late-frame'
  /** Frames that had not left when the time to drain was over, or the link died. */
  | 'link-undelivered'

export interface LinkMachineSnapshot {
  state: LinkState
  rttMs: number | undefined
  suspect: boolean
  lastHeardAt: Millis
  queued: Record<FrameClass, { frames: number; bytes: number }>
  /** Written and, as far as is known, still in the channel. */
  bufferedBytes: number
  /** Of frames that the peer has begun and not ended. */
  rejoiningBytes: number
  deadline: Deadline | undefined
}

export type LinkState = 'waiting' | 'open' | 'draining' | 'ended'

export class LinkMachine {
  readonly #config: LinkConfig
  #state: LinkState = 'waiting'
  readonly #packer: Packer
  readonly #heartbeat: Heartbeat
  /** Made for the first fragment: most links never see one. */
  #rejoiners: Partial<Record<FrameClass, Rejoiner>> | undefined
  /** When a full queue is to be told of, and when draining has taken long enough. */
  #congestedAt: Millis | undefined
  #drainAt: Millis | undefined
  /** Draining, all is written, and the other side was asked whether it has it. */
  #hasAsked = false
  #buffered = 0
  /** A flush found no room in the channel, and is to be made up for. */
  #flushing = false
  /** The body of the last ping not yet answered; answering the last is enough, and bounded. */
  #toEcho: Uint8Array | undefined

  constructor(config: LinkConfig, random: Random) {
    this.#config = config
    this.#packer = new Packer(config.queues)
    this.#heartbeat = new Heartbeat(config, random)
  }

  /** Throws RangeError for a frame that the peer would not take: empty, or above the largest of its class. */
  handle(now: Millis, input: LinkInput): LinkOutput[] {
    const outputs: LinkOutput[] = []
    if (this.#state === 'ended') return outputs
    switch (input.type) {
      case 'opened':
        this.#open(now)
        break
      case 'frame':
        this.#enqueue(now, input.bytes, input.class, outputs)
        break
      case 'packet':
        this.#receive(now, input.bytes, outputs)
        break
      case 'buffered':
        this.#buffered = input.amount
        this.#pump(now, outputs)
        break
      case 'flush':
        this.#flush(now, outputs)
        break
      case 'wake':
        this.#wake(now, outputs)
        break
      case 'interrupted':
        this.#judge(this.#heartbeat.interrupted(now), outputs)
        break
      case 'close':
        this.#close(now, outputs)
        break
    }
    return outputs
  }

  get nextDeadline(): Deadline | undefined {
    let next = this.#heartbeat.nextDeadline
    if (this.#congestedAt !== undefined) {
      next = sooner(next, { at: this.#congestedAt, reason: 'congested' })
    }
    if (this.#drainAt !== undefined) next = sooner(next, { at: this.#drainAt, reason: 'drain' })
    return next
  }

  /** Payload comes faster than the channel takes it: its author is to wait, long before frames are dropped. */
  get isPressed(): boolean {
    return this.#packer.queues.live.isPressed
  }

  /** Payload waits for room in the channel; control frames put in now would leave before it. */
  get hasPayload(): boolean {
    return this.#packer.queues.live.length > 0
  }

  /** Whether a flush now would find something to write: most packets ask for none. */
  get wantsFlush(): boolean {
    return this.#hasSomething(true)
  }

  snapshot(): LinkMachineSnapshot {
    const queued = (of: FrameClass) => {
      const { length: frames, bytes } = this.#packer.queues[of]
      return { frames, bytes }
    }
    return {
      state: this.#state,
      rttMs: this.#heartbeat.rttMs,
      suspect: this.#heartbeat.isSuspect,
      lastHeardAt: this.#heartbeat.lastHeardAt,
      queued: { control: queued('control'), live: queued('live'), history: queued('history') },
      bufferedBytes: this.#buffered,
      rejoiningBytes: CLASSES.reduce((sum, each) => sum + (this.#rejoiners?.[each]?.held ?? 0), 0),
      deadline: this.nextDeadline,
    }
  }

  #open(now: Millis): void {
    if (this.#state !== 'waiting') return
    this.#state = 'open'
    this.#heartbeat.start(now)
  }

  #enqueue(now: Millis, frame: Uint8Array, of: FrameClass, outputs: LinkOutput[]): void {
    const largest = this.#config.largestFrameBytes[of]
    if (frame.length === 0 || frame.length > largest) {
      throw new RangeError(`${of} frame: ${frame.length} bytes, not 1 to ${largest}`)
    }
    if (this.#state === 'draining') {
      return this.#drop('link-late-frame', 1, outputs)
    }
    const queue = this.#packer.queues[of]
    if (queue.wouldOverflow(frame)) {
      if (of === 'control') {
        return this.#overflow(outputs)
      }
      this.#congestedAt ??= now + this.#config.congestedAfterMs
      // An exchange of history is a row: it keeps its beginning, and its end is asked for again.
      if (of === 'history') {
        return this.#drop('link-history-dropped', 1, outputs)
      }
      // Of live frames the oldest go: they have had the longest time to reach the peer another way.
      let count = 0
      while (queue.wouldOverflow(frame) && this.#packer.dropOldest(of)) count++
      this.#drop('link-live-dropped', count, outputs)
      if (queue.wouldOverflow(frame)) {
        return this.#drop('link-live-dropped', 1, outputs)
      }
    }
    this.#packer.push(of, frame)
    if (this.#isFull) this.#pump(now, outputs)
  }

  #flush(now: Millis, outputs: LinkOutput[]): void {
    this.#flushing = true
    this.#pump(now, outputs)
  }

  /** Full packets at any time, others only for a flush; none above the high water of what they hold. */
  #pump(now: Millis, outputs: LinkOutput[]): void {
    if (this.#state !== 'open' && this.#state !== 'draining') return
    while (this.#buffered < this.#config.highWaterBytes) {
      const takesHistory = this.#takesHistory
      if (!this.#isFull && !(this.#flushing && this.#hasSomething(takesHistory))) {
        this.#flushing &&= this.#packer.frames(true) > 0
        break
      }
      const isAnswer = this.#toEcho !== undefined
      const packet = this.#packer.pack(this.#ownRecords(now), takesHistory)
      this.#buffered += packet.length
      this.#heartbeat.sent(now, isAnswer)
      outputs.push({ type: 'write', packet })
    }
    if (this.#congestedAt !== undefined) {
      const { live, history } = this.#packer.queues
      if (live.isHalfEmpty && history.isHalfEmpty) this.#congestedAt = undefined
    }
    if (this.#state !== 'draining' || this.#hasAsked || this.#packer.frames(true) > 0) return
    // Channels let go of what has not arrived, and lose it when they close: a ping behind it asks.
    this.#hasAsked = true
    this.#heartbeat.askAnew()
    this.#flush(now, outputs)
  }

  get #takesHistory(): boolean {
    return this.#buffered < this.#config.historyWaterBytes
  }

  get #isFull(): boolean {
    return this.#packer.bytes(this.#takesHistory) >= LARGEST_PACKET_BYTES
  }

  #hasSomething(withHistory: boolean): boolean {
    const hasFrames = this.#packer.frames(withHistory) > 0
    return hasFrames || this.#toEcho !== undefined || this.#heartbeat.wantsPing
  }

  #ownRecords(now: Millis): readonly OwnRecord[] {
    if (this.#toEcho === undefined && !this.#heartbeat.wantsPing) return NO_RECORDS
    const records: OwnRecord[] = []
    if (this.#toEcho !== undefined) records.push({ kind: PONG, bytes: this.#toEcho })
    this.#toEcho = undefined
    if (this.#heartbeat.wantsPing) records.push({ kind: PING, bytes: this.#heartbeat.ping(now) })
    return records
  }

  #receive(now: Millis, packet: Uint8Array, outputs: LinkOutput[]): void {
    this.#judge(this.#heartbeat.heard(now), outputs)
    const fault = this.#takeRecords(now, packet, outputs)
    if (fault === undefined) return this.#isAllThere(outputs)
    // After a broken packet the rest of the stream means nothing.
    outputs.push({ type: 'misbehaved', reason: fault })
    this.#die('blamed', outputs)
  }

  /** It has what was sent before the ping that it answered. */
  #isAllThere(outputs: LinkOutput[]): void {
    if (this.#state !== 'draining' || !this.#hasAsked || !this.#heartbeat.isAnswered) return
    this.#end()
    outputs.push({ type: 'drained' })
  }

  #takeRecords(now: Millis, packet: Uint8Array, outputs: LinkOutput[]): Fault | undefined {
    if (packet.length > LARGEST_PACKET_BYTES) return 'limit-exceeded'
    const reader = new Reader(packet)
    try {
      while (reader.left > 0) {
        const { kind, length } = readHead(reader)
        if (length === 0) return 'malformed-frame'
        const fault = this.#takeRecord(now, kind, reader.take(length), outputs)
        if (fault !== undefined) return fault
      }
      return undefined
    } catch (error) {
      if (error instanceof Malformed) return 'malformed-frame'
      throw error
    }
  }

  #takeRecord(
    now: Millis,
    kind: number,
    bytes: Uint8Array,
    outputs: LinkOutput[],
  ): Fault | undefined {
    const of = classOf(kind)
    if (of === undefined) return this.#takeProbe(now, kind, bytes, outputs)
    const joined = this.#rejoin(of, partOf(kind), bytes)
    if (joined.type === 'wrong') return joined.reason
    if (joined.type === 'frame') outputs.push({ type: 'deliver', frame: joined.frame })
    return undefined
  }

  #rejoin(of: FrameClass, part: Part, bytes: Uint8Array): Joined {
    const largest = this.#config.largestFrameBytes[of]
    let rejoiner = this.#rejoiners?.[of]
    if (rejoiner === undefined) {
      if (part === 'whole' && bytes.length <= largest) return { type: 'frame', frame: bytes }
      this.#rejoiners ??= {}
      this.#rejoiners[of] = rejoiner = new Rejoiner(largest)
    }
    return rejoiner.take(part, bytes)
  }

  #takeProbe(
    now: Millis,
    kind: number,
    bytes: Uint8Array,
    outputs: LinkOutput[],
  ): Fault | undefined {
    if (bytes.length > LARGEST_PROBE_BYTES) return 'limit-exceeded'
    if (kind !== PING && kind !== PONG) return 'malformed-frame'
    const reader = new Reader(bytes)
    const number = reader.varint()
    if (kind === PING) {
      this.#toEcho = bytes.slice(0, reader.at)
      return undefined
    }
    const rttMs = this.#heartbeat.pong(now, number)
    if (rttMs !== undefined) outputs.push({ type: 'rtt', rttMs })
    return undefined
  }

  #wake(now: Millis, outputs: LinkOutput[]): void {
    const notices: LinkOutput[] = []
    if (this.#congestedAt !== undefined && this.#congestedAt <= now) {
      this.#congestedAt = undefined
      notices.push({ type: 'congested' })
    }
    if (this.#drainAt !== undefined && this.#drainAt <= now) this.#abandon(notices)
    // Nothing comes of it where that was the end.
    this.#judge(this.#heartbeat.wake(now), notices)
    // A wake is a task of its own.
    this.#flush(now, outputs)
    outputs.push(...notices)
  }

  #judge(verdict: Verdict | undefined, outputs: LinkOutput[]): void {
    if (verdict === 'dead') this.#die('silent', outputs)
    else if (verdict !== undefined) outputs.push({ type: verdict })
  }

  #close(now: Millis, outputs: LinkOutput[]): void {
    if (this.#state === 'waiting') {
      return this.#abandon(outputs)
    }
    if (this.#state === 'draining') return
    this.#state = 'draining'
    this.#drainAt = now + this.#config.drainMs
    this.#flush(now, outputs)
  }

  /** The drain's time is over, or the channel never opened. */
  #abandon(outputs: LinkOutput[]): void {
    this.#countUndelivered(outputs)
    this.#end()
    outputs.push({ type: 'drained' })
  }

  /** Control frames define names and carry the protocols' states: a link that loses one is of no use. */
  #overflow(outputs: LinkOutput[]): void {
    this.#drop('link-control-overflow', 1, outputs)
    outputs.push({ type: 'congested' })
    this.#die('failed', outputs)
  }

  #die(reason: DeathReason, outputs: LinkOutput[]): void {
    this.#countUndelivered(outputs)
    this.#end()
    outputs.push({ type: 'dead', reason })
  }

  #end(): void {
    this.#state = 'ended'
    this.#heartbeat.stop()
    this.#congestedAt = this.#drainAt = this.#toEcho = undefined
    this.#packer.clear()
  }

  #countUndelivered(outputs: LinkOutput[]): void {
    this.#drop('link-undelivered', this.#packer.frames(true), outputs)
  }

  #drop(counter: LinkCounter, by: number, outputs: LinkOutput[]): void {
    if (by > 0) outputs.push({ type: 'count', counter, by })
  }
}

const NO_RECORDS: readonly OwnRecord[] = []

/** A ping's or pong's number and what a later version may add to it. */
const LARGEST_PROBE_BYTES = 8 + 64
