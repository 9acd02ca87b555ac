import { describe, expect, it } from 'vitest'
import { ALICE, BOB, CAROL, DAVE, messageOf } from '../network.suite.js'
import { Bench, runsTo, sent } from './plumtree.suite.js'

const ALL = [BOB, CAROL, DAVE]

describe('in a complete full mesh', () => {
  it('an author pushes to every neighbor, those pruned before too, and announces to nobody', () => {
    const bench = meshed()
    bench.at(1, { type: 'mesh', isComplete: false })
    bench.prune(1, CAROL)
    bench.at(1, { type: 'mesh', isComplete: true })
    const outputs = [...bench.publish(2, 1), ...bench.wake(1_000)]
    expect(sent(outputs).map(({ to, message }) => [to, message.type])).toEqual(
      ALL.map(to => [to, 'gossip']),
    )
  })

  it('what came from its author goes no further: one hop, one copy', () => {
    const bench = meshed()
    const outputs = [...bench.message(1, BOB, BOB, 1), ...bench.wake(1_000)]
    expect(sent(outputs)).toEqual([])
    expect(outputs.some(output => output.type === 'deliver')).toBe(true)
  })

  it('the tree rests: a better way to its root costs no word', () => {
    const bench = meshed()
    const words = (now: number) => {
      for (const [peer, costMs] of [
        [BOB, 0],
        [CAROL, 10],
      ] as const) {
        bench.control(now, peer, { type: 'root-path', term: 1, rank: 1, costMs })
        bench.at(now, { type: 'rtt', peer, rttMs: 100 })
      }
      bench.wake(now + 10_000)
      bench.at(now + 10_000, { type: 'rtt', peer: CAROL, rttMs: 100 })
      const outputs = bench.at(now + 10_000, { type: 'rtt', peer: BOB, rttMs: 3_000 })
      return sent([...outputs, ...bench.wake(now + 20_000)])
    }
    expect(words(1)).toEqual([])
    bench.at(30_000, { type: 'mesh', isComplete: false })
    expect(words(30_001)).not.toEqual([])
  })

  it('what came another way goes on as ever', () => {
    const bench = meshed()
    const outputs = bench.message(1, BOB, CAROL, 1, 1)
    expect(sent(outputs).map(({ to }) => to)).toEqual([CAROL, DAVE])
  })

  it('what was told by its author alone is announced to all when the mesh is complete no more', () => {
    const bench = meshed()
    bench.message(1, BOB, BOB, 1)
    bench.publish(1, 1)
    const outputs = bench.at(2, { type: 'mesh', isComplete: false })
    for (const peer of ALL) expect(runsTo(peer, outputs)).toHaveLength(2)
    expect(bench.at(3, { type: 'mesh', isComplete: false })).toEqual([])
  })

  it('and whoever asks is given it', () => {
    const bench = meshed()
    bench.message(1, BOB, BOB, 1)
    expect(sent(bench.graft(2, CAROL, BOB, 1))).toMatchObject([{ to: CAROL }])
  })
})

describe('our own runs', () => {
  it('are our newest messages in a row that can still be had', () => {
    const bench = meshed()
    expect(bench.machine.ownRuns).toEqual([])
    for (const seq of [1, 2, 4, 5, 6]) bench.publish(1, seq)
    expect(bench.machine.ownRuns).toEqual([{ first: 4, count: 3 }])
    for (const seq of [16, 26, 27]) {
      const count = seq === 27 ? undefined : 10
      bench.at(1, { type: 'publish', message: { ...messageOf(ALICE, seq, 1), count } })
    }
    expect(bench.machine.ownRuns).toEqual([
      { first: 26, count: 2 },
      { first: 16, count: 1 },
      { first: 4, count: 3 },
    ])
    for (let seq = 37; seq <= 87; seq += 10)
      bench.at(1, { type: 'publish', message: { ...messageOf(ALICE, seq, 1), count: 10 } })
    expect(bench.machine.ownRuns.map(({ first }) => first)).toEqual([87, 77, 67, 57, 47, 37])
    bench.wake(60_000)
    expect(bench.machine.ownRuns).toEqual([])
  })
})

function meshed(): Bench {
  const bench = new Bench({ neighbors: ALL })
  bench.at(0, { type: 'mesh', isComplete: true })
  return bench
}
