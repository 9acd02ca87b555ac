import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { PeerId } from '../core/ids.js'
import type { HelloProof } from '../wire/hello.js'
import { InOrder } from './in-order.js'
import { GREETING, LinksTest, PRUNE } from './links.suite.js'
import { Rogue } from './rogue.suite.js'
import { fiveKeys, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let ids: PeerId[]
beforeEach(async () => {
  ids = (await fiveKeys()).map(({ id }) => id.peerId)
})

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

async function dialed() {
  const test = await LinksTest.of(time(), 'offerer')
  test.dial(ids[2]!)
  return { test, rogue: await test.lend(2, false) }
}

/** It says hello and never proves it. */
function holdProofs(rogue: Rogue): void {
  const send = rogue.link.send.bind(rogue.link)
  rogue.link.send = frame => {
    if (frame.type !== 'hello-proof') send(frame)
  }
}
