import { describe, expect, it } from 'vitest'
import { BOB, CAROL, DAVE } from '../network.suite.js'
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

describe('our own run', () => {
  it('is our newest messages in a row that can still be had', () => {
    const bench = meshed()
    expect(bench.machine.ownRun).toBeUndefined()
    for (const seq of [1, 2, 4, 5, 6]) bench.publish(1, seq)
    expect(bench.machine.ownRun).toEqual({ first: 4, count: 3 })
    bench.wake(60_000)
    expect(bench.machine.ownRun).toBeUndefined()
  })
})

function meshed(): Bench {
  const bench = new Bench({ neighbors: ALL })
  bench.at(0, { type: 'mesh', isComplete: true })
  return bench
}
