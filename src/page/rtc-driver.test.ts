import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import type { RtcReport } from '../bridge/rtc-messages.js'
import { somePeer } from './fake-node.suite.js'
import { pageExtra } from './load-extra.js'
import * as own from './own-extra.js'
import { RtcDriver } from './rtc-driver.js'
import type { RtcEngine, SimplePeerOptions } from './rtc-engine.js'

const peer = somePeer(3)

describe('a dial', () => {
  it('makes a simple-peer with the servers it was told, and none of its own', () => {
    const { driver, peers } = world()
    const iceServers = [{ urls: 'stun:a' }]
    driver.obey({ ...dial(1), iceServers, initiator: false })
    expect(peers[0]!.options).toMatchObject({
      initiator: false,
      trickle: true,
      config: { iceServers },
    })
  })

  it('lends the channel in the same task, before anything else is reported', () => {
    const { driver, reports, peers } = world()
    driver.obey(dial(1))
    const { channel } = peers[0]!.connection
    expect(channel).toMatchObject({
      label: 'gossamer',
      options: { negotiated: true, id: 1000, ordered: true },
    })
    expect(reports).toEqual([[{ type: 'rtc-lent', peer, epoch: 1, channel }, [channel]]])
  })

  it('relays where the channel can’t be lent', () => {
    const { driver, said } = world({ lends: false })
    driver.obey(dial(1))
    expect(said()).toEqual(['rtc-relaying'])
  })

  it('relays where it is told to, without trying to lend', () => {
    const { driver, said } = world()
    driver.obey({ ...dial(1), relayed: true })
    expect(said()).toEqual(['rtc-relaying'])
  })

  it('passes signals both ways', () => {
    const { driver, last, peers } = world()
    driver.obey(dial(1))
    peers[0]!.emit('signal', { type: 'offer', sdp: 'x' })
    expect(last()).toEqual({
      type: 'rtc-signal',
      peer,
      epoch: 1,
      signal: '{"type":"offer","sdp":"x"}',
    })
    driver.obey(signal(1, { type: 'answer', sdp: 'y' }))
    driver.obey(signal(1, { type: 'candidate', candidate: { candidate: 'c', sdpMid: '0' } }))
    expect(peers[0]!.signals).toEqual([
      { type: 'answer', sdp: 'y' },
      { type: 'candidate', candidate: { candidate: 'c', sdpMid: '0' } },
    ])
  })

  it.each([
    ['no JSON', '{', 'JSON'],
    ['one that simple-peer throws at', '{"type":"answer","sdp":"unreadable"}', 'unreadable'],
  ])('ends at a signal that is %s', (_case, text, reason) => {
    const { driver, last } = world()
    driver.obey(dial(1))
    driver.obey({ type: 'rtc-signal', peer, epoch: 1, signal: text })
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: expect.stringContaining(reason) })
  })

  it('tells that it is connected, and each time ICE is interrupted', () => {
    const { driver, said, peers } = world()
    driver.obey(dial(1))
    peers[0]!.emit('connect')
    peers[0]!.emit('iceStateChange', 'connected', 'complete')
    peers[0]!.emit('iceStateChange', 'disconnected', 'complete')
    expect(said()).toEqual(['rtc-lent', 'rtc-connected', 'rtc-interrupted'])
  })

  it('ends in exactly one rtc-closed, with the reason', () => {
    const { driver, reports, said, peers } = world()
    driver.obey(dial(1))
    peers[0]!.emit('error', new Error('Ice connection failed.'))
    peers[0]!.emit('close')
    peers[0]!.emit('connect')
    driver.obey({ type: 'rtc-hang-up', peer, epoch: 1 })
    expect(said()).toEqual(['rtc-lent', 'rtc-closed'])
    expect(reports.at(-1)![0]).toMatchObject({ reason: 'Ice connection failed.' })
  })

  it('a hang-up closes the connection at once', () => {
    const { driver, last, peers } = world()
    driver.obey(dial(1))
    driver.obey({ type: 'rtc-hang-up', peer, epoch: 1 })
    expect(peers[0]).toMatchObject({ isDestroyed: true, connection: { isClosed: true } })
    expect(last()).toEqual({ type: 'rtc-closed', peer, epoch: 1, reason: 'hung up' })
  })

  it('bytes on simple-peer’s own channel end it', () => {
    const { driver, last, peers } = world()
    driver.obey(dial(1))
    peers[0]!.emit('data', new Uint8Array(1))
    expect(last()).toMatchObject({
      type: 'rtc-closed',
      reason: expect.stringContaining('wrong channel'),
    })
  })

  it('reports what goes wrong in the making, wherever it does', () => {
    for (const broken of ['peer', 'connection', 'channel'] as const) {
      const { driver, said, last } = world({ broken })
      driver.obey(dial(1))
      expect(said()).toEqual(['rtc-closed'])
      expect(last()).toMatchObject({ reason: expect.stringContaining('broken') })
    }
  })

  it('says so where the page has no WebRTC', () => {
    const reports: RtcReport[] = []
    const driver = new RtcDriver(report => reports.push(report), undefined)
    driver.obey(dial(1))
    expect(reports).toMatchObject([{ type: 'rtc-closed', reason: 'this page has no WebRTC' }])
  })

  it('the 257th connection is refused', () => {
    const { driver, said, last } = world()
    for (let n = 0; n < 256; n++) driver.obey({ ...dial(1), peer: somePeer(n) })
    driver.obey({ ...dial(1), peer: 'another' as never })
    expect(said().filter(type => type === 'rtc-lent')).toHaveLength(256)
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: 'too many connections' })
  })
})

describe('epochs', () => {
  it('a newer dial ends the older with the same peer, and no other', () => {
    const { driver, peers, reports } = world()
    driver.obey(dial(1))
    driver.obey({ ...dial(1), peer: somePeer(4) })
    driver.obey(dial(2))
    expect(peers.map(one => one.isDestroyed)).toEqual([true, false, false])
    expect(reports.map(([report]) => report)).toContainEqual({
      type: 'rtc-closed',
      peer,
      epoch: 1,
      reason: 'superseded',
    })
  })

  it('an older dial does nothing to the newer', () => {
    const { driver, peers, last } = world()
    driver.obey(dial(2))
    driver.obey(dial(1))
    expect(peers).toHaveLength(1)
    expect(last()).toMatchObject({ type: 'rtc-closed', epoch: 1 })
  })

  it('orders of another epoch concern nobody', () => {
    const { driver, peers, said } = world()
    driver.obey(dial(2))
    driver.obey({ type: 'rtc-hang-up', peer, epoch: 1 })
    driver.obey(signal(1, { type: 'answer', sdp: 'y' }))
    driver.obey({ type: 'rtc-restart-ice', peer, epoch: 3 })
    expect(peers[0]).toMatchObject({ isDestroyed: false, signals: [], negotiations: 0 })
    expect(said()).toEqual(['rtc-lent'])
  })
})

describe('an ICE restart', () => {
  it('negotiates anew, and every offer after the first asks for it', () => {
    const { driver, peers } = world()
    driver.obey(dial(1))
    const { options } = peers[0]!
    expect(options.offerOptions.iceRestart).toBeUndefined()
    peers[0]!.emit('signal', { type: 'offer', sdp: 'x' })
    driver.obey({ type: 'rtc-restart-ice', peer, epoch: 1 })
    expect(peers[0]!.negotiations).toBe(1)
    expect(options.offerOptions.iceRestart).toBe(true)
  })

  it('the other side asks the one who offers, who takes it', () => {
    const { driver, peers } = world()
    driver.obey(dial(1))
    driver.obey(signal(1, { type: 'renegotiate', renegotiate: true }))
    expect(peers[0]!.signals).toEqual([{ type: 'renegotiate', renegotiate: true }])
  })

  it('says the offer again where no answer came', () => {
    const { driver, peers, last } = world()
    driver.obey(dial(1))
    Object.assign(peers[0]!.connection, {
      signalingState: 'have-local-offer',
      localDescription: { type: 'offer', sdp: 'again' },
    })
    driver.obey({ type: 'rtc-restart-ice', peer, epoch: 1 })
    expect(peers[0]!.negotiations).toBe(0)
    expect(last()).toMatchObject({ type: 'rtc-signal', signal: '{"type":"offer","sdp":"again"}' })
  })
})

describe('a relayed channel', () => {
  it('says that it is open once, holds what comes before, and sends it then', async () => {
    const { driver, channel, said } = await relaying()
    driver.obey(packets([1], [2]))
    expect(channel.sent).toEqual([])
    channel.open()
    channel.open()
    expect(channel.sent).toEqual([[1], [2]])
    expect(said().filter(type => type === 'rtc-relay-open')).toHaveLength(1)
  })

  it('tells after each batch what it holds, and again when that falls low', async () => {
    const { driver, channel, last } = await relaying()
    channel.open()
    channel.bufferedAmount = 500
    driver.obey(packets([1]))
    expect(last()).toEqual({ type: 'rtc-relay-buffered', peer, epoch: 1, amount: 500 })
    channel.bufferedAmount = 10
    channel.onbufferedamountlow!()
    expect(last()).toMatchObject({ amount: 10 })
    expect(channel.bufferedAmountLowThreshold).toBe(128 << 10)
  })

  it('tells also of little when half of it has left', async () => {
    const { driver, channel } = await relaying()
    channel.open()
    channel.bufferedAmount = 48 << 10
    driver.obey(packets([1]))
    expect(channel.bufferedAmountLowThreshold).toBe(24 << 10)
    channel.bufferedAmount = 100
    driver.obey(packets([1]))
    expect(channel.bufferedAmountLowThreshold).toBe(128 << 10)
  })

  it('keeps the packets a full channel refused, counts them, and sends them in order when it has room', async () => {
    const { driver, channel, last } = await relaying()
    channel.open()
    channel.capacity = 1
    channel.bufferedAmount = 16 << 20
    driver.obey(packets([1], [2], [3]))
    expect(channel.sent).toEqual([[1]])
    expect(last()).toMatchObject({ amount: (16 << 20) + 2 })
    channel.capacity = 99
    channel.bufferedAmount = 0
    channel.onbufferedamountlow!()
    driver.obey(packets([4]))
    expect(channel.sent).toEqual([[1], [2], [3], [4]])
  })

  it('ends where a channel with room refuses', async () => {
    const { driver, channel, last } = await relaying()
    channel.open()
    channel.capacity = 0
    driver.obey(packets([1]))
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: 'the channel refused to send' })
  })

  it('ends where it is given more than it may hold', async () => {
    const { driver, last } = await relaying()
    driver.obey({ ...packets(), packets: [new Uint8Array((4 << 20) + 1)] })
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: expect.stringContaining('hold') })
  })

  it('passes on what arrives, moved and not copied, also before it says open', async () => {
    const { channel, reports } = await relaying()
    const { buffer } = new Uint8Array([1, 2])
    channel.onmessage!({ data: buffer })
    await Promise.resolve()
    const [open, [report, transfer]] = reports.slice(-2) as [unknown, [RtcReport, unknown]]
    expect(open).toMatchObject([{ type: 'rtc-relay-open' }, undefined])
    expect(report).toEqual({
      type: 'rtc-relay-packets',
      peer,
      epoch: 1,
      packets: [new Uint8Array([1, 2])],
    })
    expect(transfer).toEqual([buffer])
  })

  it('passes on in its order what arrived before it was loaded', async () => {
    const { driver, peers, reports } = world()
    driver.obey({ ...dial(1), relayed: true })
    const { channel } = peers[0]!.connection
    for (const n of [1, 2]) channel.onmessage!({ data: new Uint8Array([n]).buffer })
    await pageExtra()
    await Promise.resolve()
    const relayed = reports.flatMap(([report]) =>
      report.type === 'rtc-relay-packets' ? report.packets.map(([first]) => first) : [],
    )
    expect(relayed).toEqual([1, 2])
  })

  it('that closed before it was loaded is closed', async () => {
    const { driver, peers, last } = world()
    driver.obey({ ...dial(1), relayed: true })
    peers[0]!.connection.channel.readyState = 'closed'
    await pageExtra()
    await Promise.resolve()
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: 'the channel closed' })
  })

  it('ends where more comes before it is loaded than can wait', () => {
    const { driver, peers, last } = world()
    driver.obey({ ...dial(1), relayed: true })
    const { channel } = peers[0]!.connection
    for (let n = 0; n < 64; n++) channel.onmessage!({ data: new ArrayBuffer(1) })
    expect(last()).toMatchObject({ type: 'rtc-relaying' })
    channel.onmessage!({ data: new ArrayBuffer(1) })
    expect(last()).toMatchObject({ type: 'rtc-closed', reason: expect.stringContaining('before') })
  })

  it('ends where it can not be loaded, with the reason', async () => {
    vi.spyOn(own, 'ownExtra').mockRejectedValueOnce(new Error('404'))
    const { last } = await relaying()
    const reason = expect.stringContaining('page-extra.js could not be loaded')
    expect(last()).toMatchObject({ type: 'rtc-closed', reason })
  })

  it('hung up before it was loaded is closed, and nothing is said of it', async () => {
    const { driver, peers, said } = world()
    driver.obey({ ...dial(1), relayed: true })
    driver.obey({ type: 'rtc-hang-up', peer, epoch: 1 })
    await pageExtra()
    expect(peers[0]!.connection.channel.isClosed).toBe(true)
    expect(said()).toEqual(['rtc-relaying', 'rtc-closed'])
  })

  it('text, a failure and a close end it', async () => {
    for (const [happen, reason] of [
      [(c: FakeChannel) => c.onmessage!({ data: 'text' }), 'text on a binary channel'],
      [(c: FakeChannel) => c.onerror!({ error: new Error('boom') }), 'boom'],
      [(c: FakeChannel) => c.onclose!(), 'the channel closed'],
    ] as const) {
      const { channel, last, said } = await relaying()
      channel.open()
      happen(channel)
      expect(last()).toMatchObject({ type: 'rtc-closed', reason })
      expect(said().filter(type => type === 'rtc-closed')).toHaveLength(1)
    }
  })
})

describe('an adopted channel', () => {
  it('is lent where it can be, and is then no concern of the page', () => {
    const { driver, reports } = world()
    const channel = new FakeChannel('theirs')
    driver.adopt(channel as never, peer)
    expect(reports).toEqual([
      [{ type: 'rtc-adopted', peer, epoch: expect.any(Number), channel }, [channel]],
    ])
    expect(channel.onmessage).toBeNull()
  })

  it('is relayed where it can’t: announced, opened, carried, hung up', async () => {
    const { driver, reports, said, last } = world({ lends: false })
    const channel = new FakeChannel('theirs')
    channel.readyState = 'open'
    driver.adopt(channel as never, peer)
    await pageExtra()
    await Promise.resolve()
    expect(said()).toEqual(['rtc-adopted', 'rtc-relay-open'])
    const { epoch } = reports[0]![0] as { epoch: number }
    driver.obey({ ...packets([7]), epoch })
    expect(channel.sent).toEqual([[7]])
    driver.obey({ type: 'rtc-hang-up', peer, epoch })
    expect(channel.isClosed).toBe(true)
    expect(last()).toEqual({ type: 'rtc-closed', peer, epoch, reason: 'hung up' })
  })

  it('two with the same peer have epochs that grow', () => {
    const { driver, reports } = world()
    for (let i = 0; i < 3; i++) driver.adopt(new FakeChannel('theirs') as never, peer)
    const epochs = reports.map(([report]) => (report as { epoch: number }).epoch)
    expect(new Set(epochs).size).toBe(3)
    expect([...epochs].sort((a, b) => a - b)).toEqual(epochs)
  })
})

it('closeAll ends every connection', () => {
  const { driver, peers, said } = world()
  driver.obey(dial(1))
  driver.obey({ ...dial(1), peer: somePeer(4) })
  driver.closeAll('the page is leaving')
  expect(peers.every(one => one.connection.isClosed)).toBe(true)
  expect(said().slice(-2)).toEqual(['rtc-closed', 'rtc-closed'])
})

function dial(epoch: number) {
  return {
    type: 'rtc-dial',
    peer,
    epoch,
    initiator: true,
    iceServers: [] as { urls: string }[],
    relayed: false,
  } as const
}

function signal(epoch: number, value: unknown) {
  return { type: 'rtc-signal', peer, epoch, signal: JSON.stringify(value) } as const
}

function packets(...contents: number[][]) {
  const list = contents.map(content => new Uint8Array(content))
  return { type: 'rtc-relay-packets' as const, peer, epoch: 1, packets: list }
}

async function relaying() {
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
function world({ lends = true, broken }: Faults = {}) {
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
class FakePeer extends EventEmitter {
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

class FakeChannel {
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
