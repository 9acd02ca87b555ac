import { Writer } from '../codec/writer.js'
import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { type LinkInput, LinkMachine } from '../link/link.js'
import { PONG, putHead } from '../link/records.js'
import { FrameDecoder } from '../wire/decoder.js'
import { FrameEncoder } from '../wire/encoder.js'
import type { OutgoingFrame } from '../wire/frame.js'
import { speakHistory } from '../wire/history-frames.js'
import { isOfHistory } from './history-words.js'
import { LinkEnd } from './link-end.js'
import type { Peer } from './peer.js'

speakHistory()

/** A link end as the worker has it: every frame is encoded, packed, sent, unpacked and decoded. */
export class WiredEnd extends LinkEnd<Uint8Array> {
  readonly #machine: LinkMachine
  readonly #encoder = new FrameEncoder()
  readonly #decoder = new FrameDecoder()
  #drivenAt: Millis = 0
  #isWatched: boolean
  #rttMs: number | undefined
  #wrote = false
  #isLow = false

  constructor(peer: Peer, remote: PeerId, epoch: number, latencyMs: number) {
    super(peer, remote, epoch, latencyMs)
    this.#machine = new LinkMachine(LINK_DEFAULTS, peer.world.newRandom())
    this.#isWatched = peer.world.settings.heartbeats === 'driven'
  }

  send(frame: OutgoingFrame): void {
    if (this.phase === 'closing' || this.phase === 'closed') return
    const { traffic } = this.peer.world
    const isHistory = frame.type === 'topic' && isOfHistory(frame.message)
    for (const encoded of this.#encoder.encode(frame)) {
      traffic.frameBytes += encoded.bytes.length
      if (isHistory) traffic.historyBytes += encoded.bytes.length
      this.#drive({ type: 'frame', bytes: encoded.bytes, class: encoded.class })
    }
    this.markDirty()
  }

  flush(): void {
    if (this.phase === 'closed') return
    this.#drive(FLUSH)
    // Frames of many bytes are written before the flush. Where nothing was written the machine knows already what the channel holds.
    let isNews = this.#wrote || this.phase === 'closing' || this.#isLow
    while (isNews) {
      this.#wrote = this.#isLow = false
      const amount = this.channel?.buffered ?? 0
      this.#drive(amount === 0 ? EMPTY : { type: 'buffered', amount })
      isNews = this.#wrote
    }
  }

  arrived(packet: Uint8Array): void {
    if (this.phase === 'closed') return
    const { world } = this.peer
    world.trace.note(world.now, this.peer.index, TRACE_PACKET, packet.length)
    this.#drive({ type: 'packet', bytes: packet })
    if (this.#machine.wantsFlush) this.markDirty()
    this.peer.settle()
  }

  fellLow(): void {
    if (this.phase === 'closed') return
    this.#isLow = true
    this.markDirty()
    this.peer.settle()
  }

  closeSoon(): void {
    if (this.phase === 'closing' || this.phase === 'closed') return
    if (this.phase !== 'proven') return this.close()
    this.phase = 'closing'
    this.#drive({ type: 'close' })
    this.markDirty()
  }

  /**
   * A healthy link's heartbeats are left out, for they would change nothing. From here on they are not: the
   * machine hears the last sign of life and is woken at its deadlines.
   */
  fallSilent(heardAt: Millis): void {
    if (this.phase === 'closed') return
    const { world } = this.peer
    if (!this.#isWatched) {
      this.#isWatched = true
      this.peer.watched.push(this)
      const machineAt = Math.max(heardAt, this.#drivenAt)
      if (machineAt <= world.now) {
        this.#drive({ type: 'packet', bytes: SIGN_OF_LIFE }, machineAt)
        this.#drive(WAKE, machineAt)
      } else world.later(machineAt - world.now, () => this.arrived(SIGN_OF_LIFE))
    }
    this.peer.settle()
  }

  get nextDeadline(): Deadline | undefined {
    return this.phase === 'closed' ? undefined : this.#machine.nextDeadline
  }

  wake(now: Millis): void {
    const deadline = this.nextDeadline
    if (deadline === undefined || deadline.at > now) return
    this.#drive(WAKE)
    this.markDirty()
  }

  protected opened(): void {
    this.#drive({ type: 'opened' })
    if (this.#isWatched) this.peer.watched.push(this)
  }

  #drive(input: LinkInput, now: Millis = this.peer.world.now): void {
    this.#drivenAt = now
    for (const output of this.#machine.handle(now, input)) {
      if (this.#isOver()) return
      switch (output.type) {
        case 'write': {
          const { traffic } = this.peer.world
          this.#wrote = true
          traffic.packets++
          traffic.packetBytes += output.packet.length
          this.channel!.send(output.packet, output.packet.length)
          break
        }
        case 'deliver':
          this.#deliver(output.frame)
          break
        case 'rtt':
          this.#rttMs = output.rttMs
          if (this.phase === 'proven') this.#tellRtt()
          break
        case 'congested':
          this.peer.take({ type: 'congested', peer: this.remote, epoch: this.epoch })
          break
        case 'suspect':
          this.peer.world.count('link-suspect')
          break
        case 'dead':
          this.end(output.reason)
          break
        case 'misbehaved':
          throw new Error(`a simulated link broke the wire: ${output.reason}`)
        case 'drained':
          if (this.phase === 'closing') this.end('closed')
          break
        case 'count':
          this.peer.world.count(output.counter, output.by)
      }
    }
  }

  #isOver(): boolean {
    return this.phase === 'closed'
  }

  #deliver(bytes: Uint8Array): void {
    const decoded = this.#decoder.decode(bytes)
    if (!decoded.ok) throw new Error(`a simulated frame is malformed: ${decoded.reason}`)
    const frame = decoded.value
    this.hear(frame)
    if (frame.type === 'hello-proof' && this.#rttMs !== undefined) this.#tellRtt()
  }

  #tellRtt(): void {
    const { remote, epoch } = this
    this.peer.take({ type: 'rtt', peer: remote, epoch, rttMs: this.#rttMs! })
  }
}

const EMPTY: LinkInput = { type: 'buffered', amount: 0 }
const FLUSH: LinkInput = { type: 'flush' }
const WAKE: LinkInput = { type: 'wake' }
const TRACE_PACKET = 1

/** A packet with one pong that answers no ping: it says that its sender lives, and nothing else. */
const SIGN_OF_LIFE = signOfLife()

function signOfLife(): Uint8Array {
  const number = new Writer(1)
  number.varint(0)
  const body = number.finish()
  const packet = new Uint8Array(1 + body.length)
  packet.set(body, putHead(packet, 0, PONG, body.length))
  return packet
}
