import { beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../core/ids.js'
import { candidateOf, earlyPeer, LinksTest, offerOf } from './links.suite.js'
import { sdpOf } from './page.suite.js'
import { fiveKeys, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let ids: PeerId[]
beforeEach(async () => {
  ids = (await fiveKeys()).map(({ id }) => id.peerId)
})

describe('who offers', () => {
  it('orders a connection, sends what the page says of it, and is linked when the peer has proven itself', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    test.links.iceServers = [{ urls: 'stun:stun.test' }]
    test.dial(peer)
    const epoch = time().now
    expect(test.orders).toEqual([
      {
        type: 'rtc-dial',
        peer,
        epoch,
        initiator: true,
        iceServers: [{ urls: 'stun:stun.test' }],
        relayed: false,
      },
    ])
    const signal = JSON.stringify({ type: 'offer', sdp: sdpOf(1) })
    test.report({ type: 'rtc-signal', peer, epoch, signal })
    expect(test.signals).toEqual([{ to: peer, body: offerOf(epoch) }])

    const answer = { type: 'answer', epoch, sdp: sdpOf(2) } as const
    test.links.heard(peer, answer)
    const toPage = { type: 'rtc-signal', peer, epoch }
    expect(test.orders.at(-1)).toEqual({
      ...toPage,
      signal: JSON.stringify({ type: 'answer', sdp: sdpOf(2) }),
    })
    await test.lend(2)
    await time().until(() => test.told.length > 0)
    expect(test.told).toEqual([{ type: 'link-up', peer, epoch, adopted: false }])
  })

  it('takes no offers: one is out of turn, counted, and changes nothing', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const before = test.orders.length
    test.links.heard(ids[2]!, offerOf(time().now + 5))
    test.links.heard(ids[3]!, offerOf(time().now + 5))
    expect(test.counted).toEqual(['offer-out-of-turn', 'offer-out-of-turn'])
    expect([test.orders.length, test.inputs]).toEqual([before, []])
  })

  it('passes on no signal of the page’s that names another epoch, nor one that is none', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    test.dial(peer)
    const [epoch] = test.dials
    const signal = JSON.stringify({ type: 'offer', sdp: sdpOf(1) })
    test.report({ type: 'rtc-signal', peer, epoch: epoch! - 1, signal })
    test.report({ type: 'rtc-signal', peer, epoch: epoch!, signal: '{"type":"renegotiate"}' })
    test.report({ type: 'rtc-signal', peer, epoch: epoch!, signal: 'nonsense' })
    expect(test.signals).toEqual([])
    expect(test.counted).toEqual(['page-signal-ignored', 'page-signal-refused'])
  })

  it('gives a channel that never opens ten seconds, tries once more under a new epoch, and gives up', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const first = await test.lend(2, false)
    await time().run(9_999)
    expect([test.dials.length, test.hungUp]).toEqual([1, []])
    await time().run(2)
    expect(test.dials).toHaveLength(2)
    expect(test.dials[1]).toBeGreaterThan(test.dials[0]!)
    expect([test.hungUp, first.channel.readyState]).toEqual([[test.dials[0]], 'closed'])
    await time().run(10_001)
    expect(test.told).toEqual([{ type: 'dial-failed', peer: ids[2] }])
    expect([test.dials.length, test.hungUp]).toEqual([2, test.dials])
  })

  it('succeeds at the second try where the page ended the first', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    test.dial(peer)
    const [epoch] = test.dials
    test.report({ type: 'rtc-closed', peer, epoch: epoch!, reason: 'ice failed' })
    expect(test.dials).toHaveLength(2)
    await test.lend(2)
    await time().until(() => test.isUp(peer))
    expect(test.told).toEqual([{ type: 'link-up', peer, epoch: test.dials[1], adopted: false }])
  })

  it('gives up a peer that hung up twice, and hears nothing more of the epochs before', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    test.dial(peer)
    const [first] = test.dials
    test.links.heard(peer, { type: 'hang-up', epoch: first! })
    expect(test.dials).toHaveLength(2)
    test.links.heard(peer, { type: 'hang-up', epoch: first! })
    test.report({ type: 'rtc-closed', peer, epoch: first!, reason: 'late' })
    expect(test.told).toEqual([])
    test.links.heard(peer, { type: 'hang-up', epoch: test.dials[1]! })
    expect(test.told).toEqual([{ type: 'dial-failed', peer }])
  })

  it('makes four connections at a time, and the fifth when one of them ended', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const strangers = ids.slice(1)
    const last = `z${ids[4]!.slice(1)}` as PeerId
    for (const peer of [...strangers, last]) test.dial(peer)
    expect(test.of('rtc-dial').map(({ peer }) => peer)).toEqual(strangers)
    test.links.hangUp(strangers[0]!, 'unused')
    expect(test.of('rtc-dial').at(-1)!.peer).toBe(last)
  })

  it('calls a dial off without a word to the core where no one wants the link any more', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const rogue = await test.lend(2)
    test.links.hangUp(ids[2]!, 'unused')
    await time().run(60_000)
    expect([test.hungUp, test.told]).toEqual([test.dials, []])
    expect(rogue.channel.readyState).toBe('closed')
  })
})

describe('who answers', () => {
  it('waits for the offer and then begins, offer first and candidates after it in their order', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    expect(test.orders).toEqual([])
    test.links.heard(peer!, offerOf(77))
    test.links.heard(peer!, candidateOf(77, 'one'))
    test.links.heard(peer!, candidateOf(77, 'two'))
    expect(test.orders.map(order => brief(order))).toEqual([
      'rtc-dial 77',
      'rtc-signal 77 offer',
      'rtc-signal 77 one',
      'rtc-signal 77 two',
    ])
    expect(test.of('rtc-dial')[0]!.initiator).toBe(false)
  })

  it('takes an offer only where both sides agreed; an early one waits for its welcome with its candidates', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.links.heard(peer!, offerOf(77))
    test.links.heard(peer!, candidateOf(77, 'one'))
    test.links.heard(peer!, candidateOf(76, 'of another epoch'))
    await time().run(5_000)
    expect([test.orders, test.counted]).toEqual([[], ['signal-of-stale-epoch']])
    test.dial(peer!)
    expect(test.orders.map(order => brief(order))).toEqual([
      'rtc-dial 77',
      'rtc-signal 77 offer',
      'rtc-signal 77 one',
    ])
  })

  it('takes an offer that comes again when it is wanted, and what follows it', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.links.heard(peer!, offerOf(77))
    test.wanted.add(peer!)
    test.links.heard(peer!, offerOf(77))
    test.links.heard(peer!, candidateOf(77, 'one'))
    expect(test.orders.map(order => brief(order))).toEqual([
      'rtc-dial 77',
      'rtc-signal 77 offer',
      'rtc-signal 77 one',
    ])
  })

  it('takes no early offer that waited for more than ten seconds', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    test.links.heard(ids[0]!, offerOf(77))
    await time().run(10_001)
    test.dial(ids[0]!)
    expect(test.orders).toEqual([])
    expect(test.counted).toEqual(['early-offer-dropped'])
  })

  it('keeps 64 candidates of an offer that waits, and counts those beyond', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.links.heard(peer!, offerOf(77))
    for (let n = 0; n < 66; n++) test.links.heard(peer!, candidateOf(77, `${n}`))
    expect(test.counted).toEqual(Array(2).fill('candidates-over-limit'))
    test.dial(peer!)
    expect(test.of('rtc-signal')).toHaveLength(1 + 64)
  })

  it('keeps 32 early offers; of more the oldest goes', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    for (let n = 0; n < 33; n++) test.links.heard(earlyPeer(n), offerOf(77))
    expect(test.counted).toEqual(['early-offer-dropped'])
    for (const n of [0, 1, 32]) test.dial(earlyPeer(n))
    expect(test.of('rtc-dial').map(({ peer }) => peer)).toEqual([earlyPeer(1), earlyPeer(32)])
  })

  it('ignores signals of stale epochs, and counts them', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    test.links.heard(peer!, offerOf(77))
    const before = test.orders.length
    test.links.heard(peer!, offerOf(76))
    test.links.heard(peer!, candidateOf(76, 'late'))
    test.links.heard(peer!, { type: 'answer', epoch: 76, sdp: sdpOf(1) })
    test.links.heard(peer!, { type: 'hang-up', epoch: 76 })
    expect(test.orders).toHaveLength(before)
    expect(test.counted).toEqual(Array(3).fill('signal-of-stale-epoch'))
  })

  it('lets a newer epoch replace the older: the old connection goes, the new one begins', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    test.links.heard(peer!, offerOf(77))
    const first = await test.lend(0, false)
    test.links.heard(peer!, offerOf(78, 2))
    expect([test.dials, test.hungUp]).toEqual([[77, 78], [77]])
    expect(first.channel.other!.readyState).toBe('closed')
    await test.lend(0)
    await time().until(() => test.isUp(peer!))
    expect(test.told).toEqual([{ type: 'link-up', peer, epoch: 78, adopted: false }])
  })

  it('forgives an offerer whose clock ran ahead, or that lied: a minute on, its lower epochs count', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    await test.linked(0, Number.MAX_SAFE_INTEGER)
    const back = offerOf(time().now + 1, 2)
    test.links.heard(peer!, back)
    expect(test.counted).toEqual(['signal-of-stale-epoch'])
    await time().run(61_000)
    const epoch = time().now
    test.links.heard(peer!, offerOf(epoch, 2))
    await test.lend(0)
    await time().until(() => test.told.some(input => 'epoch' in input && input.epoch === epoch))
    expect(test.told.at(-1)).toMatchObject({ type: 'link-up', peer, epoch })
  })

  it('takes eight offers of one peer at once, and then one every two seconds: each costs a connection', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    for (let n = 0; n < 1000; n++) test.links.heard(peer!, offerOf(77 + n, n))
    expect([test.dials.length, test.hungUp.length]).toEqual([8, 7])
    expect(test.counted).toEqual(Array(992).fill('offer-over-rate'))
    await time().run(2_000)
    test.links.heard(peer!, offerOf(2_000))
    expect(test.dials).toHaveLength(9)
  })

  it('gives a second description of the same epoch to the page: ICE is restarted', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    await test.linked(0, 77)
    test.links.heard(ids[0]!, offerOf(77, 5))
    expect(test.dials).toEqual([77])
    expect(brief(test.orders.at(-1)!)).toBe('rtc-signal 77 offer')
  })

  it('keeps the link that stands until a newer one is proven, and then tells of the newer alone', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const old = await test.linked(0, 77)
    test.links.heard(ids[0]!, offerOf(78))
    await time().quiet()
    expect([test.isUp(ids[0]!), old.channel.readyState]).toEqual([true, 'open'])
    await test.lend(0)
    await time().until(() => old.channel.readyState === 'closed')
    expect(test.told.map(input => input.type === 'link-up' && input.epoch)).toEqual([77, 78])
  })

  it('waits 25 s for an offer, and as long for the next one after a connection that failed', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    await time().run(24_000)
    test.links.heard(peer!, offerOf(77))
    test.report({ type: 'rtc-closed', peer: peer!, epoch: 77, reason: 'ice failed' })
    await time().run(24_999)
    expect(test.told).toEqual([])
    await time().run(2)
    expect(test.told).toEqual([{ type: 'dial-failed', peer }])
    expect(test.dials).toEqual([77])
  })

  it('does not offer where its page was slow: the second try is the offerer’s', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    const [peer] = ids
    test.dial(peer!)
    test.links.heard(peer!, offerOf(77))
    await time().run(12_000)
    expect([test.dials, test.hungUp]).toEqual([[77], [77]])
    test.links.heard(peer!, offerOf(78))
    await test.lend(0)
    await time().until(() => test.isUp(peer!))
  })
})

describe('a description brought again', () => {
  const said = (test: LinksTest) => test.of('rtc-signal').map(order => JSON.parse(order.signal).sdp)

  it('is not acted upon where it is an answer: a link that stands would end by it', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    await test.linked(2)
    const [epoch] = test.dials as [number]
    const offer = (n: number) => {
      const signal = JSON.stringify({ type: 'offer', sdp: sdpOf(n) })
      test.report({ type: 'rtc-signal', peer, epoch, signal })
    }
    const answer = (n: number) => test.links.heard(peer, { type: 'answer', epoch, sdp: sdpOf(n) })
    answer(1)
    offer(1)
    answer(2)
    answer(2)
    answer(3)
    expect(said(test)).toEqual([sdpOf(2)])
    // ICE is restarted: only a new answer is one to the new offer.
    offer(4)
    answer(2)
    answer(5)
    expect(said(test)).toEqual([sdpOf(2), sdpOf(5)])
    expect(test.counted).toEqual(Array(4).fill('signal-repeated'))
  })

  it('is acted upon where it is the newest offer, whose answer may be lost, and not where it is an older one', async () => {
    const test = await LinksTest.of(time(), 'answerer')
    await test.linked(0, 77)
    for (const n of [1, 5, 5, 1]) test.links.heard(ids[0]!, offerOf(77, n))
    expect(said(test)).toEqual([1, 1, 5, 5].map(sdpOf))
    expect(test.counted).toEqual(['signal-repeated'])
  })
})

describe('a report that names an epoch which is over', () => {
  it('brings a channel that is closed and counted', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const rogue = await test.lend(2, false)
    const near = rogue.channel.other!
    near.readyState = 'connecting'
    test.report({ type: 'rtc-lent', peer: ids[2]!, epoch: 5, channel: near })
    expect([near.readyState, test.counted]).toEqual(['closed', ['channel-of-stale-epoch']])
  })

  it('ends no newer link', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    await test.linked(2)
    test.report({ type: 'rtc-closed', peer: ids[2]!, epoch: 5, reason: 'late' })
    test.report({ type: 'rtc-interrupted', peer: ids[2]!, epoch: 5 })
    await time().run(100)
    expect([test.isUp(ids[2]!), test.told.length, test.counted]).toEqual([true, 1, []])
  })
})

function brief(order: { type: string; epoch?: number; signal?: string }): string {
  const said = order.signal && (JSON.parse(order.signal) as Record<string, never>)
  const name =
    said && (said['type'] === 'candidate' ? said['candidate']!['candidate'] : said['type'])
  return [order.type, order.epoch, name].filter(part => part !== undefined).join(' ')
}

describe('what is said of relayed links while what relays them is loaded', () => {
  it('waits up to a bound, beyond which who says more is closed; then all is as ever', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const peer = ids[2]!
    let load = () => {}
    const loaded = new Promise<void>(resolve => {
      load = resolve
    })
    const { relaying } = test
    test.relaying = () => loaded.then(relaying)
    test.dial(peer)
    const epoch = test.dials[0]!
    test.report({ type: 'rtc-relaying', peer, epoch })
    const packets = [new Uint8Array(1)]
    for (let n = 1; n < 128; n++) test.report({ type: 'rtc-relay-packets', peer, epoch, packets })
    await time().run(0)
    expect(test.of('rtc-hang-up')).toEqual([])
    test.report({ type: 'rtc-relay-packets', peer, epoch, packets })
    expect(test.of('rtc-hang-up')[0]).toEqual({ type: 'rtc-hang-up', peer, epoch })

    load()
    await time().until(() => test.dials.length === 2)
    const again = { peer, epoch: test.dials[1]! }
    test.report({ type: 'rtc-relaying', ...again })
    test.report({ type: 'rtc-relay-open', ...again })
    await time().until(() => test.of('rtc-relay-packets').length > 0)
    expect(test.of('rtc-relay-packets')[0]).toMatchObject(again)
  })
})
