import { textOf } from '../bridge/errors.js'
import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { lendingConnection } from './lending-connection.js'
import { Relay } from './relay.js'
import type { RtcEngine, SimplePeer } from './rtc-engine.js'

export type DialOrder = Extract<RtcOrder, { type: 'rtc-dial' }>

/** Throws what `postMessage` throws: that is how a channel which can't be lent is found out. */
export type Report = (report: RtcReport, transfer?: readonly unknown[]) => void

/** One connection, from the order to dial to exactly one `rtc-closed`. */
export class DialedConnection {
  readonly #order: DialOrder
  readonly #engine: RtcEngine
  readonly #report: Report
  readonly #closed: () => void
  readonly isAdopted = false
  #simple: SimplePeer | undefined
  #connection: RTCPeerConnection | undefined
  #relay: Relay | undefined
  #isClosed = false
  /** simple-peer reads it at each offer. */
  readonly #offerOptions: RTCOfferOptions = {}

  constructor(order: DialOrder, engine: RtcEngine, report: Report, closed: () => void) {
    this.#order = order
    this.#engine = engine
    this.#report = report
    this.#closed = closed
  }

  get peer(): DialOrder['peer'] {
    return this.#order.peer
  }

  get epoch(): number {
    return this.#order.epoch
  }

  start(): void {
    const { initiator, iceServers } = this.#order
    const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = this.#engine
    const lending = lendingConnection(RTCPeerConnection, {
      born: (connection, channel) => this.#born(connection, channel),
      stillborn: cause => this.end(`no channel could be made: ${textOf(cause)}`),
    })
    try {
      const simple = this.#engine.createPeer({
        initiator,
        trickle: true,
        config: { iceServers },
        offerOptions: this.#offerOptions,
        wrtc: { RTCPeerConnection: lending, RTCSessionDescription, RTCIceCandidate },
      })
      this.#simple = simple
      this.#listen(simple)
      if (this.#isClosed) simple.destroy()
    } catch (cause) {
      this.end(textOf(cause))
    }
  }

  /** As the worker makes it of what the peer said and it checked: an offer for whoever answers, or the like. */
  signal(text: string): void {
    try {
      this.#simple?.signal(JSON.parse(text))
    } catch (cause) {
      this.end(textOf(cause))
    }
  }

  /** Only the initiator can: the other side's simple-peer asks it to, by a signal. */
  restartIce(): void {
    const connection = this.#connection
    const order = this.#order
    // An offer or its answer was lost on the way: simple-peer would wait for it before offering again.
    const unanswered =
      connection?.signalingState === 'have-local-offer' ? connection.localDescription : null
    try {
      if (unanswered === null) this.#simple?.negotiate()
      else this.#tell({ type: 'rtc-signal', ...this.#name(), signal: JSON.stringify(unanswered) })
    } catch (cause) {
      this.end(
        `ICE could not be restarted (${order.initiator ? 'offering' : 'asking'}): ${textOf(cause)}`,
      )
    }
  }

  send(packets: readonly Uint8Array[]): void {
    this.#relay?.send(packets)
  }

  end(reason: string): void {
    if (this.#isClosed) return
    // Its last words are told before it counts as closed.
    this.#relay?.close()
    if (this.#isEnded()) return
    this.#isClosed = true
    // simple-peer closes in a microtask; a page that is leaving may not come to that.
    this.#connection?.close()
    this.#simple?.destroy()
    this.#closed()
    this.#tell({ type: 'rtc-closed', ...this.#name(), reason })
  }

  #isEnded(): boolean {
    return this.#isClosed
  }

  #born(connection: RTCPeerConnection, channel: RTCDataChannel): void {
    this.#connection = connection
    if (!this.#order.relayed && this.#lend(channel)) return
    this.#relay = new Relay(
      channel,
      this.#name(),
      (report, transfer) => this.#tell(report, transfer),
      reason => this.end(reason),
    )
    this.#tell({ type: 'rtc-relaying', ...this.#name() })
  }

  #lend(channel: RTCDataChannel): boolean {
    try {
      this.#report({ type: 'rtc-lent', ...this.#name(), channel }, [channel])
      return true
    } catch {
      return false
    }
  }

  #listen(simple: SimplePeer): void {
    let failure: string | undefined
    simple.on('signal', (signal: { type?: string }) => {
      this.#tell({ type: 'rtc-signal', ...this.#name(), signal: JSON.stringify(signal) })
      // Every offer after the first is a restart: nothing else is ever negotiated anew.
      if (signal.type === 'offer') this.#offerOptions.iceRestart = true
    })
    simple.on('connect', () => this.#tell({ type: 'rtc-connected', ...this.#name() }))
    simple.on('iceStateChange', (state: string) => {
      if (state === 'disconnected') this.#tell({ type: 'rtc-interrupted', ...this.#name() })
    })
    // Nobody reads simple-peer's own channel; bytes there would pile up.
    simple.on('data', () => this.end('the peer sent bytes on the wrong channel'))
    simple.on('error', cause => (failure = textOf(cause)))
    simple.on('close', () => this.end(failure ?? 'the connection closed'))
  }

  #name(): { peer: DialOrder['peer']; epoch: number } {
    return { peer: this.#order.peer, epoch: this.#order.epoch }
  }

  #tell(report: RtcReport, transfer?: readonly unknown[]): void {
    if (!this.#isClosed || report.type === 'rtc-closed') this.#report(report, transfer)
  }
}
