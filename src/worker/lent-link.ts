import { LINK_DEFAULTS } from '../link/config.js'
import { LARGEST_HISTORY_PACKET_BYTES } from '../link/packer.js'
import type { Link, LinkListener } from './link.js'

/** The members of RTCDataChannel used here: the worker's types know no WebRTC. */
export interface DataChannel {
  binaryType: string
  readonly readyState: string
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  onopen: (() => void) | null
  onclose: (() => void) | null
  onerror: ((event: unknown) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onbufferedamountlow: (() => void) | null
  send(bytes: Uint8Array): void
  close(): void
}

/** A link over a data channel that the page transferred to this worker. */
export class LentLink implements Link {
  readonly #channel: DataChannel
  readonly #listener: LinkListener
  readonly kind = 'lent'
  #isOpen = false
  #isClosed = false

  constructor(channel: DataChannel, listener: LinkListener) {
    this.#channel = channel
    this.#listener = listener
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LINK_DEFAULTS.lowWaterBytes
    channel.onopen = () => this.#open()
    channel.onmessage = ({ data }) => {
      // Firefox may deliver before it says open.
      this.#open()
      if (data instanceof ArrayBuffer) listener.packet(new Uint8Array(data))
      else this.#end()
    }
    channel.onbufferedamountlow = () => {
      // Also where nothing is written now: what waits may want less in the channel.
      this.#awaitLow()
      listener.drained()
    }
    channel.onclose = () => this.#end()
    channel.onerror = () => this.#end()
    // It may have opened on its way here; Firefox says so again later.
    if (channel.readyState === 'open') queueMicrotask(() => this.#open())
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount
  }

  send(packet: Uint8Array): void {
    if (this.#isClosed) return
    try {
      this.#channel.send(packet)
      this.#awaitLow()
    } catch {
      // The state changed under us; close events follow only where the other side still lives.
      this.#end()
    }
  }

  /** Also of little in the channel, as history is, word comes while there is still some. */
  #awaitLow(): void {
    const amount = this.#channel.bufferedAmount
    const half = amount < LARGEST_HISTORY_PACKET_BYTES ? Number.POSITIVE_INFINITY : amount >> 1
    this.#channel.bufferedAmountLowThreshold = Math.min(LINK_DEFAULTS.lowWaterBytes, half)
  }

  close(): void {
    this.#isClosed = true
    try {
      this.#channel.close()
    } catch {
      // Closed already.
    }
  }

  #open(): void {
    if (this.#isOpen || this.#isClosed) return
    this.#isOpen = true
    this.#listener.opened()
  }

  #end(): void {
    if (this.#isClosed) return
    this.close()
    this.#listener.closed()
  }
}
