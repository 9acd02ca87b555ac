import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import type { PeerId } from '../core/ids.js'
import { MemoryChannel } from './channel.js'
import type { Time } from './time.js'

/** Who can reach whom, and every connection by the number that stands in its descriptions. */
export interface Network {
  readonly time: Time
  readonly latencyMs: number
  readonly connections: Connection[]
  reaches(a: PeerId, b: PeerId): boolean
}

export interface Connection {
  readonly number: number
  readonly of: PeerId
  readonly peer: PeerId
  readonly epoch: number
  readonly channel: MemoryChannel
}

/** What a page is to its node: it makes connections, here in memory, where it is ordered to. */
export class MemoryPage {
  readonly #network: Network
  readonly #own: PeerId
  readonly #report: (report: RtcReport) => void
  readonly #connections = new Map<string, Connection>()
  #isGone = false

  constructor(network: Network, own: PeerId, report: (report: RtcReport) => void) {
    this.#network = network
    this.#own = own
    this.#report = report
  }

  readonly obey = (order: RtcOrder): void => {
    this.#network.time.soon(() => this.#act(order))
  }

  get connections(): Iterable<Connection> {
    return this.#connections.values()
  }

  /** The machine falls dead: no word, no end of channels. */
  crash(): void {
    this.#isGone = true
    for (const { channel } of this.#connections.values()) channel.hold()
  }

  closeAll(): void {
    for (const connection of [...this.#connections.values()]) this.#end(connection, 'closed')
  }

  #act(order: RtcOrder): void {
    if (this.#isGone) return
    if (order.type === 'rtc-dial') return this.#dial(order)
    if (order.type !== 'rtc-signal' && order.type !== 'rtc-hang-up') return
    const connection = this.#connections.get(`${order.peer} ${order.epoch}`)
    if (connection === undefined) return
    if (order.type === 'rtc-hang-up') this.#end(connection, 'hung up')
    else this.#signal(connection, order.signal)
  }

  #dial({ peer, epoch, initiator }: Extract<RtcOrder, { type: 'rtc-dial' }>): void {
    const { connections, time, latencyMs } = this.#network
    const channel = new MemoryChannel(time, latencyMs)
    const connection = { number: connections.length, of: this.#own, peer, epoch, channel }
    connections.push(connection)
    this.#connections.set(`${peer} ${epoch}`, connection)
    this.#tell({ type: 'rtc-lent', peer, epoch, channel })
    if (initiator) this.#describe(connection, 'offer')
  }

  #signal(connection: Connection, text: string): void {
    const { type, sdp } = JSON.parse(text) as { type: string; sdp?: string }
    const number = /a=number:(\d+)/.exec(sdp ?? '')?.[1]
    const remote = this.#network.connections[Number(number)]
    if (number === undefined || remote === undefined) return
    if (type === 'offer') return this.#describe(connection, 'answer')
    if (!this.#network.reaches(this.#own, connection.peer)) return
    MemoryChannel.join(connection.channel, remote.channel)
  }

  #describe({ peer, epoch, number }: Connection, type: 'offer' | 'answer'): void {
    const signal = JSON.stringify({ type, sdp: `v=0\r\n${FINGERPRINT}\r\na=number:${number}\r\n` })
    this.#tell({ type: 'rtc-signal', peer, epoch, signal })
  }

  #end({ peer, epoch, channel }: Connection, reason: string): void {
    if (!this.#connections.delete(`${peer} ${epoch}`)) return
    channel.close()
    this.#tell({ type: 'rtc-closed', peer, epoch, reason })
  }

  #tell(report: RtcReport): void {
    this.#network.time.soon(() => !this.#isGone && this.#report(report))
  }
}

/** No certificate is behind it: in memory nobody could stand between. */
const FINGERPRINT = `a=fingerprint:sha-256 ${new Array(32).fill('00').join(':')}`
