import { describe, expect, it } from 'vitest'
import { bundleOf, someBundle } from '../core/bundle.suite.js'
import type { TopicId } from '../core/ids.js'
import type { Message } from '../core/message.js'
import { recordBytes } from './door.js'
import {
  author,
  blame,
  DoorTest,
  gossip,
  others,
  signed,
  time,
  toNeighbors,
  topic,
} from './door.suite.js'
import { TOPIC } from './world.suite.js'

describe('a message', () => {
  it('whose signature verifies is delivered, once and as it came', async () => {
    const { door, link, inputs } = new DoorTest()
    const message = await signed(1)
    door.frame(link(0), gossip(message, 3))
    await time().quiet()
    expect(inputs).toEqual([
      { type: 'message', from: others[0], epoch: 1, topic: TOPIC, message, round: 3 },
    ])
  })

  it.each<[string, (message: Message) => Partial<Message>]>([
    ['payload', () => ({ payload: new Uint8Array([66]) })],
    ['seq', ({ seq }) => ({ seq: seq + 1 })],
    ['author', () => ({ author: others[1]! })],
    ['time', ({ time }) => ({ time: time + 1 })],
    ['extensions', () => ({ extensions: new Uint8Array([1]) })],
    ['signature', () => ({ signature: new Uint8Array(64) })],
    ['form', () => ({ payload: someBundle(2), count: 2 })],
    ['count', () => ({ count: 2 })],
  ])('with another %s is blamed on who brought it, and delivered nowhere', async (_, change) => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, ...change(message) }))
    await time().quiet()
    expect(test.inputs).toEqual([blame(others[0]!, 'bad-signature')])
  })

  it('of another topic, signed there, is blamed here', async () => {
    const test = new DoorTest()
    const message = await signed(1, 'x', others[0] as unknown as TopicId)
    test.door.frame(test.link(0), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved'])
  })

  it('without a signature is blamed where messages are signed, and one with it where they are not', async () => {
    const test = new DoorTest()
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), signature: undefined }))
    const raw = new DoorTest({ signed: false })
    raw.door.frame(raw.link(0), gossip(await signed(1)))
    await time().quiet()
    expect([test.said, raw.said]).toEqual([['misbehaved'], ['misbehaved']])
  })

  it('on an unsigned topic is delivered at once, without crypto', async () => {
    const test = new DoorTest({ signed: false })
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), signature: undefined }))
    expect(test.said).toEqual(['message'])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })

  it('larger than the topic allows is blamed, without crypto', async () => {
    const test = new DoorTest({ maxMessageSize: 3 })
    test.door.frame(test.link(0), gossip(await signed(1, 'four')))
    expect(test.inputs).toEqual([blame(others[0]!, 'message-too-large')])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })

  it('that holds a larger one than the topic allows is blamed, and not for what it has in all', async () => {
    const test = new DoorTest({ maxMessageSize: 3, signed: false })
    const bundle = (payload: Uint8Array) =>
      gossip({ ...said, payload, count: 2, signature: undefined })
    const said = await signed(2)
    test.door.frame(test.link(0), bundle(bundleOf(new Uint8Array(3), new Uint8Array(3))))
    test.door.frame(test.link(1), bundle(bundleOf(new Uint8Array(4), new Uint8Array(1))))
    expect(test.said).toEqual(['message', 'misbehaved'])
  })

  it('of a topic we left is counted and goes no further', async () => {
    const test = new DoorTest()
    test.terms = undefined
    test.door.frame(test.link(0), gossip(await signed(1)))
    expect([test.inputs, test.counted]).toEqual([[], ['gossip-for-unknown-topic']])
  })

  it('that is known already is a duplicate and costs no crypto, whatever its bytes', async () => {
    const test = new DoorTest()
    test.known.add(1)
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), payload: new Uint8Array(9) }))
    expect(test.said).toEqual(['duplicate'])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })
})

describe('copies of one message', () => {
  it('wait for one verification, the first is delivered and three are duplicates; a fifth is dropped', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    for (const n of [0, 1, 2, 3, 4]) test.door.frame(test.link(n), gossip(message, n))
    await time().quiet()
    expect(crypto.subtle.verify).toHaveBeenCalledTimes(1)
    expect(test.said).toEqual(['message', 'duplicate', 'duplicate', 'duplicate'])
    expect(test.inputs.map(input => 'from' in input && input.from)).toEqual(others.slice(0, 4))
    expect(test.counted).toEqual(['copy-while-verifying-dropped'])
  })

  it('behind a forgery are not suppressed by it: the genuine one arrives, the forger is blamed', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, payload: new Uint8Array([1]) }))
    test.door.frame(test.link(1), gossip(message))
    test.door.frame(test.link(2), gossip(message))
    await time().quiet()
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'bad-signature'))
    expect(test.said.slice(1).sort()).toEqual(['duplicate', 'message'])
    const delivered = test.inputs.find(input => input.type === 'message')
    expect(delivered).toMatchObject({ message: { payload: message.payload } })
  })

  it('that are all forged are each blamed on who brought them', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    for (const n of [0, 1, 2]) {
      test.door.frame(test.link(n), gossip({ ...message, payload: new Uint8Array([n]) }))
    }
    await time().quiet()
    expect(test.inputs).toEqual(others.slice(0, 3).map(peer => blame(peer, 'bad-signature')))
  })

  it('from one link take one place: a forger can not shut out the genuine one', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    const forger = test.link(0)
    for (let n = 0; n < 5; n++) {
      test.door.frame(forger, gossip({ ...message, payload: new Uint8Array([n]) }))
    }
    test.door.frame(test.link(1), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved', 'message'])
  })

  it('that come after a forgery failed are verified anew', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, payload: new Uint8Array([1]) }))
    await time().quiet()
    test.door.frame(test.link(1), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved', 'message'])
  })
})

describe('a message to neighbors', () => {
  it('is passed on where its sender signed it for this topic', async () => {
    const test = new DoorTest()
    test.door.frame(test.linkTo(author.peerId), topic(await toNeighbors(TOPIC)))
    await time().quiet()
    expect(test.said).toEqual(['neighbor-gossip'])
  })

  it('is blamed where another peer passes it off as its own, or brings it to another topic', async () => {
    const test = new DoorTest()
    test.door.frame(test.link(0), topic(await toNeighbors(TOPIC)))
    const elsewhere = await toNeighbors(others[3] as unknown as TopicId)
    test.door.frame(test.linkTo(author.peerId), topic(elsewhere))
    await time().quiet()
    expect(test.inputs).toEqual([
      blame(others[0]!, 'bad-signature'),
      blame(author.peerId, 'bad-signature'),
    ])
  })
})

describe('what peers say of themselves', () => {
  it('is passed on where each record is signed by whom it is about', async () => {
    const test = new DoorTest()
    const data = new Uint8Array([1, 2])
    const signature = await author.sign(recordBytes(author.peerId, { data, time: 5 }))
    const record = { data, time: 5, signature }
    const sample = [
      { peer: author.peerId, record },
      { peer: others[2]!, record: undefined },
    ]
    test.door.frame(test.link(0), topic({ type: 'shuffle-reply', walkId: 1, sample }))
    await time().quiet()
    expect(test.said).toEqual(['shuffle-reply'])
  })

  it('one record signed by nobody it names spoils the whole message', async () => {
    const test = new DoorTest()
    const data = new Uint8Array([1, 2])
    const signature = await author.sign(recordBytes(author.peerId, { data, time: 5 }))
    const record = { data, time: 5, signature }
    const joiner = { peer: others[1]!, record }
    test.door.frame(test.link(0), topic({ type: 'forward-join', joiner, hopsLeft: 3 }))
    const origin = { peer: author.peerId, record: { ...record, time: 6 } }
    const walk = { origin, walkId: 1, hopsLeft: 2, sample: [] }
    test.door.frame(test.link(1), topic({ type: 'shuffle', ...walk }))
    await time().quiet()
    expect(test.inputs).toEqual([
      blame(others[0]!, 'bad-signature'),
      blame(others[1]!, 'bad-signature'),
    ])
  })
})
