import { EventEmitter } from 'node:events'
import type { RtcReport } from '../bridge/rtc-messages.js'
import { somePeer } from './fake-node.suite.js'
import { pageExtra } from './load-extra.js'
import { RtcDriver } from './rtc-driver.js'
import type { RtcEngine, SimplePeerOptions } from './rtc-engine.js'

export const peer = somePeer(3)

export function dial(epoch: number) {
  return {
    type: 'rtc-dial',
    peer,
    epoch,
    initiator: true,
    iceServers: [] as { urls: string }[],
    relayed: false,
  } as const
}

export function signal(epoch: number, value: unknown) {
  return { type: 'rtc-signal', peer, epoch, signal: JSON.stringify(value) } as const
}

export function packets(...contents: number[][]) {
  const list = contents.map(content => new Uint8Array(content))
  return { type: 'rtc-relay-packets' as const, peer, epoch: 1, packets: list }
}

export async function relaying() {
  const all = world()
  all.driver.obey({ ...dial(1), relayed: true })
  await pageExtra()
  return { ...all, channel: all.peers[0]!.connection.channel }
}

interface Faults {
  lends?: boolean
  broken?: 'peer' | 'connection' | 'channel'
}

/** A driver over stand-ins for simple-peer and RTCPeerConnection. */
export function world({ lends = true, broken }: Faults = {}) {
  const reports: [RtcReport, readonly unknown[] | undefined][] = []
  const peers: FakePeer[] = []
  class Connection extends FakeConnection {
    constructor() {
      super()
      if (broken === 'connection') throw new Error('broken connection')
    }
    override createDataChannel(label: string, options: unknown): FakeChannel {
      if (broken === 'channel') throw new Error('broken channel')
      return super.createDataChannel(label, options)
    }
  }
  const engine = {
    createPeer(options: SimplePeerOptions) {
      if (broken === 'peer') throw new Error('broken peer')
      const made = new FakePeer(options)
      peers.push(made)
      return made
    },
    RTCPeerConnection: Connection,
    RTCSessionDescription: class {},
    RTCIceCandidate: class {},
  } as unknown as RtcEngine
  const driver = new RtcDriver((report, transfer) => {
    const isLending = report.type === 'rtc-lent' || report.type === 'rtc-adopted'
    if (isLending && report.channel !== undefined && !lends) throw new Error('DataCloneError')
    reports.push([report, transfer])
  }, engine)
  const said = () => reports.map(([{ type }]) => type)
  const last = () => reports.at(-1)![0]
  return { driver, reports, peers, said, last }
}

class FakeConnection {
  channel!: FakeChannel
  isClosed = false
  signalingState = 'stable'
  localDescription: unknown = null

  createDataChannel(label: string, options: unknown): FakeChannel {
    this.channel = new FakeChannel(label, options)
    return this.channel
  }

  close(): void {
    this.isClosed = true
  }
}

/** Behaves as simple-peer does: what its constructor throws becomes an error event, later. */
export class FakePeer extends EventEmitter {
  readonly connection!: FakeConnection
  readonly signals: unknown[] = []
  negotiations = 0
  isDestroyed = false

  constructor(readonly options: SimplePeerOptions) {
    super()
    const Connection = options.wrtc.RTCPeerConnection as unknown as new (
      config: unknown,
    ) => FakeConnection
    this.connection = new Connection(options.config)
  }

  signal(value: unknown): void {
    if (JSON.stringify(value).includes('unreadable')) throw new Error('unreadable')
    this.signals.push(value)
  }

  negotiate(): void {
    this.negotiations++
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

export class FakeChannel {
  binaryType = ''
  readyState = 'connecting'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  isClosed = false
  /** Packets it takes. */
  capacity = Number.POSITIVE_INFINITY
  readonly sent: number[][] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onbufferedamountlow: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: ((event: unknown) => void) | null = null

  constructor(
    readonly label: string,
    readonly options?: unknown,
  ) {}

  open(): void {
    this.readyState = 'open'
    this.onopen?.()
  }

  send(packet: Uint8Array): void {
    if (this.sent.length >= this.capacity) throw new Error('OperationError')
    this.sent.push([...packet])
  }

  close(): void {
    this.isClosed = true
    this.readyState = 'closed'
  }
}
