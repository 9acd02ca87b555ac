import type { RtcOrder } from '../bridge/rtc-messages.js'
import type { PeerId } from '../core/ids.js'
import { AdoptedConnection } from './adopted-connection.js'
import { DialedConnection, type DialOrder, type Report } from './dialed-connection.js'
import { browserEngine, type RtcEngine } from './rtc-engine.js'

/** Makes connections where the node says so, and lends it their channels. Decides nothing. */
export class RtcDriver {
  readonly #report: Report
  readonly #engine: RtcEngine | undefined
  /** By peer and epoch. */
  readonly #connections = new Map<string, DialedConnection | AdoptedConnection>()
  #lastEpoch = 0

  constructor(report: Report, engine: RtcEngine | undefined = browserEngine()) {
    this.#report = report
    this.#engine = engine
  }

  obey(order: Exclude<RtcOrder, { type: 'slot' }>): void {
    if (order.type === 'rtc-dial') return this.#dial(order)
    // What concerns a connection that is no more comes too late.
    const connection = this.#connections.get(nameOf(order.peer, order.epoch))
    switch (order.type) {
      case 'rtc-signal':
        connection?.signal(order.signal)
        break
      case 'rtc-restart-ice':
        connection?.restartIce()
        break
      case 'rtc-relay-packets':
        connection?.send(order.packets)
        break
      case 'rtc-hang-up':
        connection?.end('hung up')
        break
    }
  }

  /** Lends a channel made elsewhere, or relays it where it can't be lent: an open one never can. */
  adopt(channel: RTCDataChannel, peer: PeerId): void {
    // Later than any epoch before it, and that of a peer reached once more.
    this.#lastEpoch = Math.max(this.#lastEpoch + 1, Date.now())
    const epoch = this.#lastEpoch
    try {
      this.#report({ type: 'rtc-adopted', peer, epoch, channel }, [channel])
    } catch {
      const name = nameOf(peer, epoch)
      const forget = () => this.#connections.delete(name)
      const connection = new AdoptedConnection(peer, epoch, channel, this.#report, forget)
      this.#connections.set(name, connection)
      connection.start()
    }
  }

  closeAll(reason: string): void {
    for (const connection of [...this.#connections.values()]) connection.end(reason)
  }

  #dial(order: DialOrder): void {
    const { peer, epoch } = order
    const refuse = (reason: string) => this.#report({ type: 'rtc-closed', peer, epoch, reason })
    const name = nameOf(peer, epoch)
    if (this.#connections.has(name)) return
    for (const other of [...this.#connections.values()]) {
      if (other.peer !== peer || other.isAdopted) continue
      if (other.epoch > epoch) return refuse('superseded')
      other.end('superseded')
    }
    if (this.#engine === undefined) return refuse('this page has no WebRTC')
    if (this.#connections.size >= MOST_CONNECTIONS) return refuse('too many connections')
    const forget = () => this.#connections.delete(name)
    const connection = new DialedConnection(order, this.#engine, this.#report, forget)
    this.#connections.set(name, connection)
    connection.start()
  }
}

function nameOf(peer: PeerId, epoch: number): string {
  return `${peer} ${epoch}`
}

/** Browsers stop at about 500 in one page; the node keeps to far fewer. Guess. */
const MOST_CONNECTIONS = 256
