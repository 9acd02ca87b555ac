import { beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { LinkMachine } from '../link/link.js'
import { GREETING, LinksTest, PRUNE } from './links.suite.js'
import { FakeChannel } from './page.suite.js'
import { fiveKeys, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let ids: PeerId[]
beforeEach(async () => {
  ids = (await fiveKeys()).map(({ id }) => id.peerId)
})

it('what a peer says while we hang up is counted, and heard by nobody', async () => {
  const test = await LinksTest.of(time(), 'answerer')
  const rogue = await test.linked(0)
  test.links.hangUp(rogue.id, 'unused')
  rogue.link.send(GREETING)
  rogue.link.flush()
  await time().until(() => test.links.isDrained)
  expect(test.frames).toEqual([])
  expect(test.counted).toEqual(['frame-while-closing'])
})

describe('rubbish', () => {
  it('drops the peer that sent it, and the others do not notice', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const [bad, good] = [await test.linked(1), await test.linked(2)]
    const epoch = test.dials[0]!
    bad.rubbish()
    await time().quiet()
    expect(test.told.slice(2)).toEqual([
      { type: 'misbehaved', peer: bad.id, reason: 'malformed-frame' },
      { type: 'link-down', peer: bad.id, epoch, reason: 'blamed' },
    ])
    expect([bad.channel.readyState, test.hungUp]).toEqual(['closed', [epoch]])
    good.link.send(GREETING)
    test.links.send(good.id, test.dials[1]!, GREETING)
    test.settle()
    await time().until(() => test.frames.length === 1 && good.frames.length === 1)
    expect(test.isUp(good.id)).toBe(true)
  })

  it('in a frame of a sound packet is the same', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const bad = await test.linked(1)
    bad.channel.send(packetOf(new Uint8Array([99, 99])))
    await time().quiet()
    expect(test.told.slice(1)).toMatchObject([
      { type: 'misbehaved', reason: 'malformed-frame' },
      { type: 'link-down', reason: 'blamed' },
    ])
    expect(bad.channel.readyState).toBe('closed')
  })
})

describe('hanging up', () => {
  it('lets queued frames leave, and closes when the last has left', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    const [epoch] = test.dials
    const near = rogue.channel.other!
    near.isStuck = true
    test.links.send(rogue.id, epoch!, GREETING)
    for (let n = 0; n < 50; n++) test.links.send(rogue.id, epoch!, PRUNE)
    test.links.hangUp(rogue.id, 'unused')
    test.settle()
    await time().run(200)
    expect([near.readyState, test.links.isDrained, test.isUp(rogue.id)]).toEqual([
      'open',
      false,
      false,
    ])
    near.release()
    await time().quiet()
    expect(rogue.frames).toHaveLength(51)
    expect([near.readyState, test.links.isDrained, rogue.down]).toEqual(['closed', true, 'closed'])
    expect(test.hungUp).toEqual([epoch])
    expect(test.told.map(({ type }) => type)).toEqual(['link-up'])
  })

  it('waits no longer than a second for a channel that takes nothing', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    rogue.channel.other!.isStuck = true
    test.links.send(rogue.id, test.dials[0]!, GREETING)
    test.links.hangUp(rogue.id, 'unused')
    test.settle()
    await time().run(999)
    expect(test.links.isDrained).toBe(false)
    await time().run(2)
    expect([test.links.isDrained, rogue.channel.readyState]).toEqual([true, 'closed'])
  })

  it('on a peer that is blamed is at once and without a word', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    const sent = rogue.channel.other!.sent.length
    test.links.send(rogue.id, test.dials[0]!, GREETING)
    test.links.hangUp(rogue.id, 'blamed')
    await time().quiet()
    expect([rogue.channel.readyState, rogue.channel.other!.sent.length]).toEqual(['closed', sent])
    expect(test.hungUp).toEqual(test.dials)
  })

  it('is over for the peer’s frames as well, and sends to it are counted', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    test.links.hangUp(rogue.id, 'unused')
    test.links.send(rogue.id, test.dials[0]!, GREETING)
    rogue.link.send(GREETING)
    await time().run(2_000)
    expect([test.frames, test.counted[0]]).toEqual([[], 'send-on-stale-link'])
  })

  it('on all at the end leaves nothing: links, attempts and those that drain', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const [up, leaving] = [await test.linked(1), await test.linked(2)]
    leaving.channel.other!.isStuck = true
    test.links.send(leaving.id, test.dials[1]!, GREETING)
    test.links.hangUp(leaving.id, 'unused')
    test.dial(ids[3]!)
    const attempt = await test.lend(3, false)
    test.links.stop()
    await time().run(30_000)
    for (const rogue of [up, leaving, attempt]) {
      expect(rogue.channel.other!.readyState).toBe('closed')
    }
    expect(test.hungUp.sort()).toEqual(test.dials.sort())
    expect(test.told.map(({ type }) => type)).toEqual(['link-up', 'link-up'])
  })
})

describe('a link that falls silent', () => {
  it('is suspect after 2.5 s, when who offered restarts ICE, and down after five', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    await time().run(5_000)
    rogue.channel.crash()
    await time().run(2_600)
    expect(test.of('rtc-restart-ice')).toMatchObject([{ peer: rogue.id, epoch: test.dials[0] }])
    expect(test.counted).toEqual(['link-suspect'])
    await time().run(2_600)
    expect(test.told.at(-1)).toMatchObject({ type: 'link-down', peer: rogue.id, reason: 'silent' })
  })

  it.each(['offerer', 'answerer'] as const)(
    'is not restarted by who answered, nor where the channel was made elsewhere: %s',
    async who => {
      const test = await LinksTest.of(time(), who)
      if (who === 'answerer') await test.linked(0, 77)
      const { rogue, near } = await test.adopted(1)
      near.open()
      await time().until(() => test.isUp(rogue.id))
      rogue.channel.crash()
      test.report({ type: 'rtc-interrupted', peer: ids[0]!, epoch: 77 })
      await time().run(6_000)
      expect(test.of('rtc-restart-ice')).toEqual([])
      expect(test.counted.filter(counter => counter === 'link-suspect').length).toBeGreaterThan(0)
      expect(test.told.at(-1)).toMatchObject({ type: 'link-down', reason: 'silent' })
    },
  )

  it('is suspect at once where the page says that ICE lost the path', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const rogue = await test.linked(1)
    const [epoch] = test.dials
    test.report({ type: 'rtc-interrupted', peer: rogue.id, epoch: epoch! })
    expect(test.of('rtc-restart-ice')).toHaveLength(1)
  })
})

describe('a channel made elsewhere', () => {
  it('is a link when its peer has proven itself, under the page’s epoch', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const { rogue, near } = await test.adopted(1)
    expect(test.told).toEqual([])
    const epoch = time().now
    near.open()
    await time().until(() => test.told.length > 0)
    expect(test.told).toEqual([{ type: 'link-up', peer: rogue.id, epoch, adopted: true }])
    expect(test.orders).toEqual([])
  })

  it('whose peer is silent is given up after 25 s, and one to ourselves is counted', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    const { near } = await test.adopted(1)
    await time().run(25_001)
    expect([near.readyState, test.isUp(ids[1]!)]).toEqual(['closed', false])
    const [own] = FakeChannel.pair(time())
    test.report({ type: 'rtc-adopted', peer: test.self, epoch: time().now, channel: own })
    expect(test.counted).toEqual(['adopted-own-channel'])
  })

  it('takes the place of a dial under way, which is not begun again', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[1]!)
    await test.lend(1, false)
    await time().run(8_000)
    const { rogue, near } = await test.adopted(1)
    await time().run(8_000)
    near.open()
    await time().until(() => rogue.isProven)
    await time().run(20_000)
    expect([test.dials.length, test.isUp(ids[1]!)]).toEqual([1, true])
  })

  it('that fails says so to a core that waits for its dial', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[1]!)
    const { near } = await test.adopted(1)
    near.close()
    await time().quiet()
    expect(test.told).toEqual([{ type: 'dial-failed', peer: ids[1] }])
  })
})

/** As a sound link writes it, whatever the frame is. */
function packetOf(frame: Uint8Array): Uint8Array {
  const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
  machine.handle(0, { type: 'opened' })
  machine.handle(0, { type: 'frame', bytes: frame, class: 'control' })
  const [written] = machine.handle(0, { type: 'flush' })
  return (written as { packet: Uint8Array }).packet
}
