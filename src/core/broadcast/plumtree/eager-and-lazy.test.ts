import { describe, expect, it } from 'vitest'
import { ALICE, BOB, CAROL, DAVE } from '../network.suite.js'
import { Bench, sent, sentTo } from './plumtree.suite.js'

describe('a duplicate', () => {
  it('prunes its sender', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    expect(sentTo(CAROL, bench.duplicate(2, CAROL, DAVE, 1))).toEqual(['prune'])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('that crossed ours on the way prunes too', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    expect(sentTo(CAROL, bench.message(1, BOB, DAVE, 1))).toEqual(['gossip'])
    expect(sentTo(CAROL, bench.duplicate(2, CAROL, DAVE, 1))).toEqual(['prune'])
  })

  it('of our own message never prunes', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.publish(1, 1)
    expect(sent(bench.duplicate(2, BOB, ALICE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB, CAROL])
  })

  it('from the giver of the first copy never prunes', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    expect(sent(bench.duplicate(2, BOB, DAVE, 1))).toEqual([])
  })

  it('never prunes the last eager neighbor', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, CAROL, DAVE, 1)
    bench.wake(30_001)
    // The cache has forgotten who gave it; the id is still known.
    expect(bench.machine.snapshot().cached).toBe(0)
    bench.prune(30_002, CAROL)
    expect(sent(bench.duplicate(30_003, BOB, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB])
  })

  it('does not prune when the giver of the first copy is no eager neighbor any more', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, DAVE] })
    bench.message(1, BOB, DAVE, 1)
    bench.at(2, { type: 'neighbor-down', peer: BOB })
    expect(sent(bench.duplicate(3, CAROL, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([CAROL, DAVE])
  })

  it('of many in flight prunes once, and the first copies among them do not undo it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    bench.message(1, BOB, DAVE, 2)
    const outputs = [
      ...bench.duplicate(2, CAROL, DAVE, 1),
      ...bench.duplicate(2, CAROL, DAVE, 2),
      ...bench.message(3, CAROL, DAVE, 3),
      ...bench.duplicate(4, BOB, DAVE, 3),
    ]
    expect(sent(outputs).map(({ to, message }) => [to, message.type])).toEqual([
      [CAROL, 'prune'],
      [BOB, 'gossip'],
    ])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('prunes again when the first prune did not help', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.message(1, BOB, DAVE, 1)
    bench.duplicate(2, CAROL, DAVE, 1)
    expect(sentTo(CAROL, bench.duplicate(500, CAROL, DAVE, 1))).toEqual(['prune'])
  })

  it('does not prune a peer grafted lately', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, CAROL)
    bench.ihave(1, CAROL, DAVE, 1)
    expect(sentTo(CAROL, bench.wake(81))).toEqual(['graft'])
    bench.message(90, BOB, DAVE, 1)
    expect(sent(bench.duplicate(95, CAROL, DAVE, 1))).toEqual([])
    expect(bench.eager).toEqual([BOB, CAROL])
    expect(sentTo(CAROL, bench.duplicate(161, CAROL, DAVE, 1))).toEqual(['prune'])
  })
})

describe('a lazy peer that gives the first copy', () => {
  it('becomes eager', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(1, CAROL)
    bench.message(2, CAROL, DAVE, 1)
    expect(bench.eager).toEqual([BOB, CAROL])
  })
})

describe('tree optimization', () => {
  const announcedAt2 = () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    bench.prune(0, CAROL)
    bench.ihave(1, CAROL, DAVE, 1, 1, 2)
    return bench
  }

  it('leaves a path that is not much longer', () => {
    expect(sent(announcedAt2().message(2, BOB, DAVE, 1, 6))).toEqual([])
  })

  it('measures from the received round: six hops longer is not seven', () => {
    const bench = announcedAt2()
    expect(sent(bench.message(2, BOB, DAVE, 1, 8))).toEqual([])
    expect([bench.eager, bench.lazy]).toEqual([[BOB], [CAROL]])
  })

  it('grafts the announcer and prunes the giver when the path is seven hops longer', () => {
    const bench = announcedAt2()
    const outputs = bench.message(2, BOB, DAVE, 1, 9)
    expect(sent(outputs)).toEqual([
      { to: CAROL, message: { type: 'graft', source: undefined, wanted: undefined } },
      { to: BOB, message: { type: 'prune', source: undefined } },
    ])
    expect(outputs.at(-1)).toMatchObject({ type: 'deliver', round: 9 })
    expect([bench.eager, bench.lazy]).toEqual([[CAROL], [BOB]])
  })

  it('does not happen again while copies of before may be on their way', () => {
    const bench = announcedAt2()
    bench.message(2, BOB, DAVE, 1, 9)
    bench.ihave(10, BOB, DAVE, 2, 1, 2)
    expect(sent(bench.message(81, CAROL, DAVE, 2, 9))).toEqual([])
    bench.ihave(2_300, BOB, DAVE, 3, 1, 2)
    expect(
      sent(bench.message(2_301, CAROL, DAVE, 3, 9)).map(({ to, message }) => [to, message.type]),
    ).toEqual([
      [BOB, 'graft'],
      [CAROL, 'prune'],
    ])
  })
})
