import { describe, expect, it } from 'vitest'
import type { TopicMessage } from '../core/io.js'
import {
  author,
  blame,
  DoorTest,
  gateVerification,
  gosp,
  gossip,
  others,
  shown,
  signed,
  time,
  toNeighbors,
  topic,
} from './door.suite.js'
import { TOPIC } from './world.suite.js'

describe('a flood', () => {
  it('of empty messages fills no more than the budget; those over it are dropped and counted', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    const message = { ...(await signed(1)), payload: new Uint8Array(0) }
    gateVerification()
    for (let seq = 1; seq <= 40_000; seq++) test.door.frame(link, gossip({ ...message, seq }))
    expect(link.live.waiting).toBeLessThan(33_000)
    expect(new Set(test.counted)).toEqual(new Set(['gossip-over-verify-budget']))
    expect(test.counted.length + link.live.waiting).toBe(40_000)
  })

  it('of messages to neighbors is bounded by the same budget, which is free again when they were verified', async () => {
    const test = new DoorTest({ maxMessageSize: 1 << 20 })
    const link = test.linkTo(author.peerId)
    const said = await toNeighbors(TOPIC)
    const large = { ...said, payload: new Uint8Array(1 << 20) } as TopicMessage
    for (let n = 0; n < 20; n++) test.door.frame(link, topic(large))
    expect(link.live.waiting).toBe(15)
    expect(test.counted).toEqual(Array(5).fill('gossip-over-verify-budget'))
    await time().quiet()
    test.inputs.length = 0
    test.door.frame(link, topic(said))
    await time().quiet()
    expect(test.said).toEqual(['neighbor-gossip'])
  })

  it('of presence to verify is blamed when thousands of statements wait', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    const entry = await shown(1)
    gateVerification()
    const full = topic(gosp(...Array(64).fill(entry)))
    for (let n = 0; n < 200; n++) test.door.frame(link, full)
    expect(link.control.waiting).toBeLessThan(70)
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'limit-exceeded'))
    // What other links bring is no worse off.
    test.inputs.length = 0
    test.door.frame(test.link(1), full)
    expect(test.inputs).toEqual([])
  })

  it('of records to verify is blamed when thousands of frames wait behind them', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    gateVerification()
    const record = { data: new Uint8Array(3), time: 5, signature: new Uint8Array(64).fill(1) }
    for (let n = 0; n < 10_000; n++) {
      test.door.frame(link, topic({ type: 'join', requestId: n, record }))
    }
    expect(link.control.waiting).toBeLessThan(5_000)
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'limit-exceeded'))
  })
})
