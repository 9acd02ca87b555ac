import { describe, expect, it } from 'vitest'
import { DoorTest, gateVerification, gossip, signed, time, topic } from './door.suite.js'
import { TERMS, TOPIC } from './world.suite.js'

describe('order', () => {
  it('is kept on each link, however long each signature takes, and other links do not wait', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const [a, b] = [test.link(0), test.link(1)]
    for (const seq of [1, 2, 3]) test.door.frame(a, gossip(await signed(seq)))
    test.known.add(9)
    test.door.frame(a, gossip(await signed(9)))
    test.door.frame(b, gossip(await signed(4)))
    await time().quiet()
    await gates.open(3, 2)
    expect(test.seqs).toEqual([4])
    await gates.open(1)
    expect(test.seqs).toEqual([4])
    await gates.open(0)
    expect(test.seqs).toEqual([4, 1, 2, 3, 9])
  })

  it('payload does not hold up control, but a farewell waits for what was said before it', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const link = test.link(0)
    test.door.frame(link, gossip(await signed(1)))
    test.door.frame(link, topic({ type: 'prune', source: undefined }))
    test.door.frame(link, topic({ type: 'disconnect', alive: 'leaving', sample: [] }))
    test.door.frame(link, topic({ type: 'ihave', announcements: [] }))
    await time().quiet()
    expect(test.said).toEqual(['prune'])
    await gates.open(0)
    expect(test.said).toEqual(['prune', 'message', 'disconnect', 'ihave'])
  })

  it('control frames wait for the records of those before them', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const link = test.link(0)
    const record = { data: new Uint8Array(3), time: 5, signature: new Uint8Array(64).fill(1) }
    test.door.frame(link, topic({ type: 'join', requestId: 1, record }))
    test.door.frame(link, topic({ type: 'prune', source: undefined }))
    test.door.frame(link, { type: 'topic-hello', alias: 0, topic: TOPIC, terms: TERMS })
    await time().quiet()
    expect(test.said).toEqual([])
    await gates.open(0)
    expect(test.said).toEqual(['misbehaved', 'prune', 'topic-hello'])
  })
})
