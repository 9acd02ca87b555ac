import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { PeerId } from '../core/ids.js'
import { Random } from '../core/random.js'
import { LINK_DEFAULTS } from '../link/config.js'
import { LinkMachine } from '../link/link.js'
import type { HelloProof } from '../wire/hello.js'
import { InOrder } from './in-order.js'
import { LinksTest } from './links.suite.js'
import { FakeChannel } from './page.suite.js'
import { Rogue } from './rogue.suite.js'
import { fiveKeys, TERMS, TOPIC, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let ids: PeerId[]
beforeEach(async () => {
  ids = (await fiveKeys()).map(({ id }) => id.peerId)
})

const GREETING = { type: 'topic-hello', topic: TOPIC, terms: TERMS } as const
const PRUNE = {
  type: 'topic',
  topic: TOPIC,
  message: { type: 'prune', source: undefined },
} as const

describe('before its proof', () => {
  it('what a peer says waits for it, and then counts in the order in which it was said', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const rogue = await test.lend(2)
    await time().until(() => rogue.isProven)
    rogue.link.send(GREETING)
    rogue.link.send(PRUNE)
    await time().until(() => test.frames.length === 2)
    expect(test.frames.map(({ frame }) => frame.type)).toEqual(['topic-hello', 'topic'])
    expect(test.counted).toEqual([])
  })

  it('what a peer says without any proof is counted and heard by nobody', async () => {
    const { test, rogue } = await dialed()
    holdProofs(rogue)
    rogue.channel.other!.open()
    await time().quiet()
    rogue.link.send(GREETING)
    await time().run(100)
    expect([test.frames, test.told]).toEqual([[], []])
    expect(test.counted).toEqual(['frame-before-proof'])
  })

  it('a peer that says hello and goes is gone once, though channel and page both say so', async () => {
    const { test, rogue } = await dialed()
    holdProofs(rogue)
    let signed = () => {}
    const signing = new Promise<void>(resolve => {
      signed = resolve
    })
    const sign = test.identity.sign.bind(test.identity)
    test.identity.sign = bytes => signing.then(() => sign(bytes))
    // Ends that wait for one another would take all time there is.
    const now = vi.spyOn(InOrder.prototype, 'now')
    rogue.channel.other!.open()
    await time().run(5)
    rogue.channel.close()
    await time().run(5)
    const epoch = test.dials[0]!
    test.report({ type: 'rtc-closed', peer: rogue.id, epoch, reason: 'the connection closed' })
    now.mockImplementation(function (this: InOrder, act) {
      if (now.mock.calls.length > 100) throw new Error('it ends again and again')
      this.later(Promise.resolve(), act)
    })
    signed()
    // At once, and not when the handshake's time is over.
    await time().until(() => test.dials.length === 2, 1_000)
    expect(now.mock.calls.length).toBeLessThan(20)
    now.mockRestore()
  })

  it('what a peer said with it counts also where the peer is gone before it is checked', async () => {
    const { test, rogue } = await dialed()
    rogue.channel.other!.open()
    const proof = rogue.link.send.bind(rogue.link)
    rogue.link.send = frame => {
      proof(frame)
      if (frame.type !== 'hello-proof') return
      proof(GREETING)
      proof(PRUNE)
      rogue.link.flush()
      rogue.channel.close()
    }
    await time().until(() => rogue.channel.readyState === 'closed')
    await time().until(() => test.told.some(({ type }) => type === 'link-down'))
    expect(test.frames.map(({ frame }) => frame.type)).toEqual(['topic-hello', 'topic'])
    expect(test.told.map(({ type }) => type)).toEqual(['link-up', 'link-down'])
    expect(test.counted).toEqual([])
  })

  it('a peer may say 256 frames, and is blamed for more', async () => {
    const { test, rogue } = await dialed()
    rogue.channel.other!.open()
    // Its proof is on the way, and all of these behind it in the same packets.
    const proof = rogue.link.send.bind(rogue.link)
    rogue.link.send = frame => {
      proof(frame)
      if (frame.type === 'hello-proof')
        for (let n = 0; n < 300; n++) proof(n === 0 ? GREETING : PRUNE)
    }
    await time().until(() => test.told.length > 1)
    expect(test.told[0]).toEqual({
      type: 'misbehaved',
      peer: rogue.id,
      reason: 'limit-exceeded',
    })
  })

  it('a peer that never proves itself is given up like a channel that never opens', async () => {
    const { test, rogue } = await dialed()
    holdProofs(rogue)
    rogue.channel.other!.open()
    await time().run(10_002)
    expect(test.dials).toHaveLength(2)
    expect(rogue.channel.readyState).toBe('closed')
  })
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

it('a second proof is blamed, and costs no crypto: not even a thousand of them', async () => {
  const test = await LinksTest.of(time(), 'answerer')
  const rogue = await test.linked(0)
  vi.mocked(crypto.subtle.verify).mockClear()
  const proof = { signature: new Uint8Array(64) }
  for (let n = 0; n < 1000; n++) rogue.link.send({ type: 'hello-proof', proof })
  await time().until(() => rogue.down !== undefined)
  expect(crypto.subtle.verify).not.toHaveBeenCalled()
  expect(test.told.at(-2)).toEqual({ type: 'misbehaved', peer: rogue.id, reason: 'bad-hello' })
})

describe('a peer that is not whom it should be', () => {
  it('with another key is blamed and dropped, and a second try is made', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const { rogue, channel } = await Rogue.behind(time(), 3, test.self)
    test.report({ type: 'rtc-lent', peer: ids[2]!, epoch: test.dials[0]!, channel })
    channel.open()
    await time().until(() => rogue.channel.readyState === 'closed')
    expect(test.told).toEqual([{ type: 'misbehaved', peer: ids[2], reason: 'bad-hello' }])
    expect([test.dials.length, test.isUp(ids[2]!), test.isUp(ids[3]!)]).toEqual([2, false, false])
  })

  it('with another protocol is blamed and dropped', async () => {
    const test = await LinksTest.of(time(), 'offerer')
    test.dial(ids[2]!)
    const { rogue, channel } = await Rogue.behind(time(), 2, test.self, 'something/else')
    test.report({ type: 'rtc-lent', peer: rogue.id, epoch: test.dials[0]!, channel })
    channel.open()
    await time().until(() => rogue.channel.readyState === 'closed')
    expect(test.told).toEqual([{ type: 'misbehaved', peer: rogue.id, reason: 'bad-hello' }])
  })

  it('and has only the proof of another link is blamed and dropped', async () => {
    let old: HelloProof | undefined
    const first = await dialed()
    const send = first.rogue.link.send.bind(first.rogue.link)
    first.rogue.link.send = frame => {
      if (frame.type === 'hello-proof') old = frame.proof
      send(frame)
    }
    first.rogue.channel.other!.open()
    await time().until(() => first.test.isUp(first.rogue.id))

    const { test, rogue } = await dialed()
    const again = rogue.link.send.bind(rogue.link)
    rogue.link.send = frame =>
      again(frame.type === 'hello-proof' ? { ...frame, proof: old! } : frame)
    rogue.channel.other!.open()
    await time().until(() => rogue.channel.readyState === 'closed')
    expect(test.told).toEqual([{ type: 'misbehaved', peer: rogue.id, reason: 'bad-hello' }])
  })
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

async function dialed() {
  const test = await LinksTest.of(time(), 'offerer')
  test.dial(ids[2]!)
  return { test, rogue: await test.lend(2, false) }
}

/** As a sound link writes it, whatever the frame is. */
function packetOf(frame: Uint8Array): Uint8Array {
  const machine = new LinkMachine(LINK_DEFAULTS, new Random(1))
  machine.handle(0, { type: 'opened' })
  machine.handle(0, { type: 'frame', bytes: frame, class: 'control' })
  const [written] = machine.handle(0, { type: 'flush' })
  return (written as { packet: Uint8Array }).packet
}

/** It says hello and never proves it. */
function holdProofs(rogue: Rogue): void {
  const send = rogue.link.send.bind(rogue.link)
  rogue.link.send = frame => {
    if (frame.type !== 'hello-proof') send(frame)
  }
}
