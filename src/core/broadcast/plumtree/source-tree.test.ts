import { describe, expect, it } from 'vitest'
import { peerIdFromBytes } from '../../ids.js'
import { BOB, CAROL, DAVE, ERIN } from '../network.suite.js'
import { asked, Bench, counted, sent, sentTo } from './plumtree.suite.js'

describe('a tree of one source', () => {
  /** Dave was heard often enough to have one; Bob gives, Carol and Erin announce. */
  const heardThrice = () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], strangers: [ERIN], sourceTrees: true })
    bench.prune(0, CAROL)
    for (const seq of [1, 2, 3]) bench.message(seq, BOB, DAVE, seq)
    return bench
  }
  const prune = { type: 'prune', source: DAVE } as const
  const graft = { type: 'graft', source: DAVE, wanted: undefined } as const

  it('grows from the shared one with the third message, and what is said of it changes no other', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    bench.control(4, BOB, prune)
    expect(bench.eager).toEqual([BOB])
    expect(sentTo(CAROL, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
    expect(sentTo(CAROL, bench.message(5, BOB, BOB, 1))).toEqual([])
  })

  it('begins with a word of a neighbor too', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], sourceTrees: true })
    bench.control(1, CAROL, prune)
    expect(bench.eager).toEqual([BOB, CAROL])
    expect(sentTo(CAROL, bench.message(2, BOB, DAVE, 1))).toEqual([])
    expect(sentTo(CAROL, bench.message(2, BOB, BOB, 1))).toEqual(['gossip'])
  })

  it('names its source in prunes and grafts', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    expect(sent(bench.duplicate(500, CAROL, DAVE, 3))).toEqual([{ to: CAROL, message: prune }])
    bench.ihave(600, ERIN, DAVE, 4)
    const [ask] = sent(bench.wake(680))
    expect(ask).toMatchObject({
      to: ERIN,
      message: { type: 'graft', source: DAVE, wanted: { seq: 4 } },
    })
  })

  it('changes to who announced earlier', () => {
    const bench = heardThrice()
    bench.ihave(500, CAROL, DAVE, 4, 1, 0)
    expect(sent(bench.message(505, BOB, DAVE, 4, 0))).toEqual([])
    bench.ihave(700, CAROL, DAVE, 5, 1, 0)
    expect(sent(bench.message(706, BOB, DAVE, 5, 0))).toMatchObject([
      { to: CAROL, message: graft },
      { to: BOB, message: prune },
    ])
    expect(bench.eager).toEqual([BOB])
  })

  it('changes once while copies may be on their way, also to who is eager already', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    bench.control(4, ERIN, graft)
    for (const seq of [4, 5]) bench.ihave(500, CAROL, DAVE, seq, 1, 0)
    expect(sent(bench.message(530, BOB, DAVE, 4, 3)).map(({ to }) => to)).toContain(BOB)
    expect(sentTo(ERIN, bench.message(540, ERIN, DAVE, 5, 3))).toEqual([])
  })

  it('begins with the loss that the shared one had', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, ERIN], sourceTrees: true })
    bench.at(0, { type: 'rtt', peer: BOB, rttMs: 60 })
    bench.at(10, { type: 'neighbor-down', peer: CAROL })
    bench.control(20, ERIN, prune)
    bench.ihave(30, ERIN, DAVE, 1)
    expect(asked(bench.wake(150))).toEqual([[ERIN, 1]])
  })

  it('and without who gave the last message, if the shared one lost it', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL, ERIN], sourceTrees: true })
    bench.message(1, CAROL, BOB, 1)
    bench.at(10, { type: 'neighbor-down', peer: CAROL })
    bench.control(20, ERIN, prune)
    expect(asked(bench.ihave(30, ERIN, DAVE, 1))).toEqual([[ERIN, 1]])
  })

  it('changes to who announces later, but fewer hops from the source', () => {
    const bench = heardThrice()
    bench.message(500, BOB, DAVE, 4, 3)
    expect(sent(bench.ihave(520, CAROL, DAVE, 4, 1, 2))).toEqual([])
    bench.message(700, BOB, DAVE, 5, 3)
    expect(sent(bench.ihave(720, CAROL, DAVE, 5, 1, 1)).map(({ to }) => to)).toEqual([CAROL, BOB])
  })

  it('waits for its own messages no more where a link of its is lost, and for others as before', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    bench.at(5, { type: 'rtt', peer: BOB, rttMs: 60 })
    bench.ihave(500, ERIN, DAVE, 4)
    bench.ihave(500, ERIN, peerIdFromBytes(new Uint8Array(32).fill(99)), 1)
    bench.at(510, { type: 'neighbor-down', peer: CAROL })
    expect(asked(bench.wake(630))).toEqual([[ERIN, 4]])
    expect(asked(bench.wake(680))).toContainEqual([ERIN, 1])
  })

  it('ends when its source is unheard for a minute', () => {
    const bench = heardThrice()
    bench.control(4, CAROL, graft)
    expect(sentTo(CAROL, bench.message(60_100, BOB, DAVE, 4))).toEqual([])
  })

  it('is not grown where more than 32 sources are active', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL], sourceTrees: true })
    const sources = Array.from({ length: 33 }, (_, i) =>
      peerIdFromBytes(new Uint8Array(32).fill(10 + i)),
    )
    for (const seq of [1, 2, 3]) for (const one of sources) bench.message(seq, BOB, one, seq)
    for (const source of sources) bench.control(4, CAROL, { type: 'prune', source })
    expect(sentTo(CAROL, bench.message(5, BOB, sources[0]!, 4))).toEqual(['gossip'])
  })

  it('is not kept where messages are unsigned', () => {
    const bench = new Bench({ neighbors: [BOB, CAROL] })
    for (const seq of [1, 2, 3]) bench.message(seq, BOB, DAVE, seq)
    expect(counted('prunes-of-unknown-trees', bench.control(4, CAROL, prune))).toBe(1)
    expect(sentTo(CAROL, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
  })

  it('takes in who asks by the shared tree, knowing of no other', () => {
    const bench = heardThrice()
    bench.graft(4, ERIN, DAVE, 3)
    expect(sentTo(ERIN, bench.message(5, BOB, DAVE, 4))).toEqual(['gossip'])
    expect(bench.eager).toEqual([BOB, ERIN])
  })
})
