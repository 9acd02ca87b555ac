import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import type { PeerId } from '../core/ids.js'
import type { DataChannel } from './lent-link.js'
import type { VirtualTime } from './time.suite.js'

/** One end of a channel in memory, with what can go wrong on a real one. */
export class FakeChannel implements DataChannel {
  binaryType = 'blob'
  readyState: 'connecting' | 'open' | 'closed' = 'connecting'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onbufferedamountlow: (() => void) | null = null
  readonly sent: Uint8Array[] = []
  other: FakeChannel | undefined
  delayMs = 0
  /** What is sent stays in the buffer. */
  isStuck = false
  /** What is sent is lost, and so is the news of its end: the machine behind it fell dead. */
  isCut = false
  private held: Uint8Array[] = []

  constructor(readonly time: VirtualTime) {}

  static pair(time: VirtualTime): [FakeChannel, FakeChannel] {
    const [a, b] = [new FakeChannel(time), new FakeChannel(time)]
    FakeChannel.join(a, b)
    return [a, b]
  }

  static join(a: FakeChannel, b: FakeChannel): void {
    a.other = b
    b.other = a
  }

  /** Both ends. */
  open(): void {
    for (const end of [this, this.other!]) {
      this.time.soon(() => {
        if (end.readyState !== 'connecting') return
        end.readyState = 'open'
        end.onopen?.()
      })
    }
  }

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'open') throw new Error('InvalidStateError')
    const copy = bytes.slice()
    this.sent.push(copy)
    if (this.isStuck) {
      this.held.push(copy)
      this.bufferedAmount += copy.length
    } else this.carry(() => this.other?.arrive(copy.buffer))
  }

  arrive(data: unknown): void {
    if (this.readyState === 'open') this.onmessage?.({ data })
  }

  /** The network takes all that was held back. */
  release(): void {
    this.isStuck = false
    for (const bytes of this.held.splice(0)) this.carry(() => this.other?.arrive(bytes.buffer))
    this.bufferedAmount = 0
    this.time.soon(() => this.onbufferedamountlow?.())
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.carry(() => this.other?.ended())
    this.time.soon(() => this.onclose?.())
  }

  ended(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.onclose?.()
  }

  /** Neither end hears of the other again, nor that it is gone. */
  crash(): void {
    for (const end of [this, this.other]) if (end !== undefined) end.isCut = true
  }

  private carry(act: () => void): void {
    if (this.isCut) return
    if (this.delayMs > 0) this.time.after(this.delayMs, act)
    else this.time.soon(act)
  }
}

/** A connection of a page: its channel, and the number by which descriptions name it. */
export interface FakeConnection {
  readonly number: number
  readonly page: FakePage
  readonly peer: PeerId
  readonly epoch: number
  readonly channel: FakeChannel
  remote: FakeConnection | undefined
}

/** The connections of all pages of a test. */
export class FakeNetwork {
  readonly connections: FakeConnection[] = []
  constructor(readonly time: VirtualTime) {}
}

/** A page that obeys orders as the real one does, without a browser. Orders and reports take a task each. */
export class FakePage {
  readonly orders: RtcOrder[] = []
  readonly connections = new Map<string, FakeConnection>()
  /** Dials end at once, as where the page has too many connections. */
  refuses = false
  /** Channels of connections that follow never open, and nothing says so. */
  neverOpens = false
  /** Signals that concern connections are lost. */
  isMute = false
  private isGone = false

  constructor(
    private readonly network: FakeNetwork,
    private readonly tell: (report: RtcReport) => void,
  ) {}

  get time(): VirtualTime {
    return this.network.time
  }

  readonly obey = (order: RtcOrder): void => {
    this.orders.push(order)
    this.time.soon(() => this.act(order))
  }

  report(report: RtcReport): void {
    this.time.soon(() => this.tell(report))
  }

  of<Type extends RtcOrder['type']>(type: Type): Extract<RtcOrder, { type: Type }>[] {
    return this.orders.filter(order => order.type === type) as never
  }

  /** The newest connection with a peer. */
  with(peer: PeerId): FakeConnection {
    const found = [...this.connections.values()].filter(each => each.peer === peer).at(-1)
    if (found === undefined) throw new Error('no connection with this peer')
    return found
  }

  /** A channel made elsewhere. */
  adopt(peer: PeerId, channel: FakeChannel, relayed = false): void {
    const connection = this.add(peer, this.time.now, channel)
    const { epoch } = connection
    this.report({ type: 'rtc-adopted', peer, epoch, channel: relayed ? undefined : channel })
    if (relayed) this.relay(connection)
  }

  leave(): void {
    this.report({ type: 'page', state: 'leaving' })
    this.time.soon(() => this.closeAll())
  }

  /** The whole machine falls dead: no word, no end of channels. */
  crash(): void {
    this.isGone = true
    for (const { channel } of this.connections.values()) channel.crash()
  }

  closeAll(): void {
    for (const connection of [...this.connections.values()]) this.end(connection, 'page closed')
  }

  private act(order: RtcOrder): void {
    if (this.isGone || order.type === 'slot') return
    if (order.type === 'rtc-dial') return this.dial(order)
    const connection = this.connections.get(`${order.peer} ${order.epoch}`)
    if (connection === undefined) return
    if (order.type === 'rtc-signal') this.signal(connection, order.signal)
    if (order.type === 'rtc-relay-packets') {
      const { peer, epoch, channel } = connection
      for (const packet of order.packets) channel.send(packet)
      this.report({ type: 'rtc-relay-buffered', peer, epoch, amount: channel.bufferedAmount })
    }
    if (order.type === 'rtc-hang-up') this.end(connection, 'hung up')
  }

  private dial({ peer, epoch, initiator, relayed }: Extract<RtcOrder, { type: 'rtc-dial' }>): void {
    if (this.refuses) {
      return this.report({ type: 'rtc-closed', peer, epoch, reason: 'too many connections' })
    }
    const channel = new FakeChannel(this.time)
    const connection = this.add(peer, epoch, channel)
    if (relayed) {
      this.report({ type: 'rtc-relaying', peer, epoch })
      this.relay(connection)
    } else this.report({ type: 'rtc-lent', peer, epoch, channel })
    if (initiator) this.describe(connection, 'offer')
  }

  private signal(connection: FakeConnection, text: string): void {
    const said = JSON.parse(text) as { type: string; sdp?: string }
    if (said.type === 'candidate') return
    connection.remote = this.network.connections[Number(/a=number:(\d+)/.exec(said.sdp!)![1])]
    if (said.type === 'offer') return this.describe(connection, 'answer')
    const { channel, remote } = connection
    if (remote === undefined || this.neverOpens || remote.page.neverOpens) return
    FakeChannel.join(channel, remote.channel)
    channel.open()
  }

  private describe(connection: FakeConnection, type: 'offer' | 'answer'): void {
    if (this.isMute) return
    const { peer, epoch, number } = connection
    const candidate = { candidate: `candidate:${number}`, sdpMid: '0', sdpMLineIndex: 0 }
    for (const said of [
      { type, sdp: sdpOf(number) },
      { type: 'candidate', candidate },
    ]) {
      this.report({ type: 'rtc-signal', peer, epoch, signal: JSON.stringify(said) })
    }
  }

  private add(peer: PeerId, epoch: number, channel: FakeChannel): FakeConnection {
    const number = this.network.connections.length
    const connection = { number, page: this, peer, epoch, channel, remote: undefined }
    this.network.connections.push(connection)
    this.connections.set(`${peer} ${epoch}`, connection)
    return connection
  }

  private relay({ peer, epoch, channel }: FakeConnection): void {
    const name = { peer, epoch }
    channel.onopen = () => this.report({ type: 'rtc-relay-open', ...name })
    channel.onmessage = ({ data }) => {
      const packets = [new Uint8Array(data as ArrayBuffer)]
      this.report({ type: 'rtc-relay-packets', ...name, packets })
    }
    channel.onbufferedamountlow = () =>
      this.report({ type: 'rtc-relay-buffered', ...name, amount: channel.bufferedAmount })
    channel.onclose = () =>
      this.report({ type: 'rtc-closed', ...name, reason: 'the channel closed' })
  }

  private end({ peer, epoch, channel }: FakeConnection, reason: string): void {
    if (!this.connections.delete(`${peer} ${epoch}`)) return
    channel.close()
    this.report({ type: 'rtc-closed', peer, epoch, reason })
  }
}

/** What a browser would say, as far as anybody here reads it. */
export function sdpOf(number: number): string {
  const fingerprint = Array.from({ length: 32 }, (_, i) => (i * 7).toString(16).padStart(2, '0'))
  return `v=0\r\na=fingerprint:sha-256 ${fingerprint.join(':')}\r\na=number:${number}\r\n`
}
