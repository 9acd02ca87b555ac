import type { PeerId } from '../core/ids.js'
import type { Report } from './dialed-connection.js'
import { Relay } from './relay.js'

/** A channel that the application made and that could not be lent: relayed until either side ends it. */
export class AdoptedConnection {
  readonly #channel: RTCDataChannel
  readonly #report: Report
  readonly #closed: () => void
  readonly isAdopted = true
  #relay: Relay | undefined
  #isClosed = false

  constructor(
    readonly peer: PeerId,
    readonly epoch: number,
    channel: RTCDataChannel,
    report: Report,
    closed: () => void,
  ) {
    this.#channel = channel
    this.#report = report
    this.#closed = closed
  }

  start(): void {
    const name = { peer: this.peer, epoch: this.epoch }
    this.#report({ type: 'rtc-adopted', ...name, channel: undefined })
    this.#relay = new Relay(this.#channel, name, this.#report, reason => this.end(reason))
  }

  /** It was made without us; signals are not for it. */
  signal(): void {}
  restartIce(): void {}

  send(packets: readonly Uint8Array[]): void {
    this.#relay?.send(packets)
  }

  end(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#relay?.close()
    this.#closed()
    this.#report({ type: 'rtc-closed', peer: this.peer, epoch: this.epoch, reason })
  }
}
