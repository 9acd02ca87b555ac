import { describe, expect, it } from 'vitest'
import type { RtcReport } from '../bridge/rtc-messages.js'
import { somePeer } from './fake-node.suite.js'
import { RtcDriver } from './rtc-driver.js'
import { dial, peer, signal, world } from './rtc-driver.suite.js'

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

it('closeAll ends every connection', () => {
  const { driver, peers, said } = world()
  driver.obey(dial(1))
  driver.obey({ ...dial(1), peer: somePeer(4) })
  driver.closeAll('the page is leaving')
  expect(peers.every(one => one.connection.isClosed)).toBe(true)
  expect(said().slice(-2)).toEqual(['rtc-closed', 'rtc-closed'])
})
