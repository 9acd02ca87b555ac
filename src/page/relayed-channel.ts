import type { RtcReport } from '../bridge/rtc-messages.js'
import type { Report } from './dialed-connection.js'
import type { RelayName } from './relay.js'

/** A channel that stays on the page, whose bytes travel over the port. The worker sees the same link, slower. */
export class RelayedChannel {
  readonly #channel: RTCDataChannel
  readonly #name: RelayName
  readonly #report: Report
  readonly #closed: (reason: string) => void
  #arrived: Uint8Array[] = []
  /** Packets the channel did not take yet: it is not open, or full. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isOpen = false
  #isClosed = false

  /** Sets the channel's handlers at once: what comes before they are set is lost. */
  constructor(
    channel: RTCDataChannel,
    name: RelayName,
    report: Report,
    closed: (reason: string) => void,
  ) {
    this.#channel = channel
    this.#name = name
    this.#report = report
    this.#closed = closed
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_BYTES
    channel.onopen = () => this.#opened()
    channel.onmessage = ({ data }) => this.#arrive(data)
    channel.onbufferedamountlow = () => this.#drain()
    channel.onclose = () => this.#end('the channel closed')
    channel.onerror = event => this.#end(failureOf(event))
    const { readyState } = channel
    if (readyState === 'open') queueMicrotask(() => this.#opened())
    // It closed before this was loaded.
    else if (readyState !== 'connecting') queueMicrotask(() => this.#end('the channel closed'))
  }

  send(packets: readonly Uint8Array[]): void {
    if (this.#isClosed) return
    for (const packet of packets) {
      this.#waiting.push(packet)
      this.#waitingBytes += packet.length
    }
    if (this.#waitingBytes > MOST_WAITING_BYTES) {
      return this.#end('more was given to a relayed channel than it can hold')
    }
    this.#drain()
  }

  /** Last words are handed over: Node's channels say in one task what came and that they closed. */
  close(): void {
    if (this.#isClosed) return
    try {
      this.#hand()
    } finally {
      this.#release()
    }
  }

  #release(): void {
    this.#isClosed = true
    this.#waiting = []
    const channel = this.#channel
    channel.onopen = channel.onmessage = channel.onbufferedamountlow = null
    channel.onclose = channel.onerror = null
    try {
      channel.close()
    } catch {
      // It is closed, which is what was wanted.
    }
  }

  #opened(): void {
    if (this.#isOpen || this.#isClosed) return
    this.#isOpen = true
    this.#report({ type: 'rtc-relay-open', ...this.#name })
    if (this.#waiting.length > 0) this.#drain()
  }

  #drain(): void {
    if (this.#isClosed || this.#channel.readyState === 'closed') return
    if (this.#channel.readyState === 'open') this.#write()
    const amount = this.#channel.bufferedAmount
    // Also of little, as history is, word comes while there is still some.
    const half = amount < HISTORY_PACKET_BYTES ? LOW_BYTES : amount >> 1
    this.#channel.bufferedAmountLowThreshold = Math.min(LOW_BYTES, half)
    if (this.#isEnded()) return
    const held = this.#channel.bufferedAmount + this.#waitingBytes
    this.#report({ type: 'rtc-relay-buffered', ...this.#name, amount: held })
  }

  #write(): void {
    let sent = 0
    for (const packet of this.#waiting) {
      try {
        this.#channel.send(packet as Uint8Array<ArrayBuffer>)
      } catch {
        if (this.#channel.bufferedAmount <= LOW_BYTES)
          return this.#end('the channel refused to send')
        // Full (Chromium holds 16 MiB); the rest goes when it falls low.
        break
      }
      sent++
      this.#waitingBytes -= packet.length
    }
    this.#waiting.splice(0, sent)
  }

  #isEnded(): boolean {
    return this.#isClosed
  }

  #arrive(data: unknown): void {
    if (this.#isClosed) return
    // Firefox may deliver before it says open.
    this.#opened()
    if (!(data instanceof ArrayBuffer)) return this.#end('text on a binary channel')
    if (this.#arrived.push(new Uint8Array(data)) === 1) queueMicrotask(() => this.#hand())
  }

  /** What came in this task. */
  #hand(): void {
    if (this.#isClosed || this.#arrived.length === 0) return
    const packets = this.#arrived
    this.#arrived = []
    const report: RtcReport = { type: 'rtc-relay-packets', ...this.#name, packets }
    this.#report(
      report,
      packets.map(packet => packet.buffer),
    )
  }

  #end(reason: string): void {
    if (this.#isClosed) return
    this.close()
    this.#closed(reason)
  }
}

function failureOf(event: Event): string {
  const message = (event as { error?: { message?: unknown } }).error?.message
  return typeof message === 'string' ? message : 'the channel failed'
}

/** As the worker has it for lent channels: half of what is kept in flight. */
const LOW_BYTES = 128 << 10
/** The largest packet of history (link/packer.ts). */
const HISTORY_PACKET_BYTES = 16 << 10
/** The worker stops at its window, far below. Guess. */
const MOST_WAITING_BYTES = 4 << 20
