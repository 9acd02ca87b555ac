import { describe, expect, it, vi } from 'vitest'
import type { RtcReport } from '../bridge/rtc-messages.js'
import { pageExtra } from './load-extra.js'
import * as own from './own-extra.js'
import {
  dial,
  type FakeChannel,
  type FakePeer,
  packets,
  peer,
  relaying,
  world,
} from './rtc-driver.suite.js'

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

  it.each([
    ['the channel', ({ connection }: FakePeer) => connection.channel.onclose!()],
    ['the connection', (simple: FakePeer) => simple.emit('close')],
  ])('passes on what arrived in the very task in which %s closed', async (_, close) => {
    const { channel, peers, reports } = await relaying()
    channel.onmessage!({ data: new Uint8Array([7]).buffer })
    close(peers[0]!)
    await Promise.resolve()
    channel.onmessage?.({ data: new Uint8Array([8]).buffer })
    await Promise.resolve()
    const [before, report, closed] = reports.slice(-3).map(([each]) => each)
    expect(before).toMatchObject({ type: 'rtc-relay-open' })
    expect(report).toMatchObject({ type: 'rtc-relay-packets', packets: [new Uint8Array([7])] })
    expect(closed).toMatchObject({ type: 'rtc-closed' })
  })

  it('that is hung up with nothing to tell says that it closed, and no more', async () => {
    const { driver, channel, said } = await relaying()
    channel.open()
    const before = said().length
    driver.obey({ type: 'rtc-hang-up', peer, epoch: 1 })
    await Promise.resolve()
    expect(said().slice(before)).toEqual(['rtc-closed'])
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
