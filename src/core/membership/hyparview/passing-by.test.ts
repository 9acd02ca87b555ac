import { describe, expect, it } from 'vitest'
import { testPeer } from '../network.suite.js'
import { a, b, c, d, e, f, g, messages, say, self, sends, withNeighbors } from './machine.suite.js'
import type { HyparviewMessage } from './messages.js'
import { entry, hyparview, record } from './messages.suite.js'

describe('what passes by', () => {
  it('a forward-join is cut to the longest walk, noted in the middle, and goes on', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const walk = (hopsLeft: number) =>
      messages(say(machine, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft }))
    expect(walk(255)).toMatchObject([[expect.anything(), { type: 'forward-join', hopsLeft: 5 }]])
    expect(machine.known).not.toContain(f)
    expect(walk(3)).toMatchObject([[expect.anything(), { type: 'forward-join', hopsLeft: 2 }]])
    expect(machine.snapshot().passive).toContain(f)
    expect(walk(3)[0]![0]).not.toBe(a)
  })

  it('a forward-join that ends here offers the joiner a place', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const end = say(machine, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 0 })
    expect(messages(end)).toMatchObject([[f, { type: 'neighbor-request', priority: 'high' }]])
    expect(machine.neighbors).toHaveLength(5)
  })

  it('a forward-join turns round where there is nowhere to go, and passes by who knows the joiner', () => {
    const lone = withNeighbors(0, a)
    const back = say(lone, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 6 })
    expect(messages(back)).toMatchObject([[a, { type: 'forward-join', hopsLeft: 5 }]])
    const contact = withNeighbors(0, a, b, f)
    const on = say(contact, 5_000, a, { type: 'forward-join', joiner: entry(f), hopsLeft: 5 })
    expect(sends(on)).toEqual([[b, 'forward-join']])
  })

  it('a forward-join of our own goes out once, after the first shuffle, where many are known', () => {
    for (const known of [4, 5]) {
      const machine = withNeighbors(0, a, b, c, d, e)
      const sample = Array.from({ length: known }, (_, i) => entry(testPeer(100 + i)))
      say(machine, 0, a, { type: 'shuffle', origin: entry(a), walkId: 1, hopsLeft: 0, sample })
      const walks: [at: number, message: HyparviewMessage][] = []
      for (let at = 1_000; at < 300_000; at += 1_000) {
        for (const [to, message] of messages(machine.handle(at, { type: 'wake' }))) {
          if (message.type === 'forward-join') walks.push([at, message])
          if (message.type === 'shuffle') {
            say(machine, at, to, { type: 'shuffle-reply', walkId: message.walkId, sample: [] })
          }
        }
      }
      expect(walks.map(([, message]) => message)).toEqual(
        known < 5 ? [] : [{ type: 'forward-join', joiner: entry(self), hopsLeft: 6 }],
      )
      for (const [at] of walks) expect(at).toBeLessThan(25_000)
    }
  })

  it('a forward-join that names us, a neighbor, or a banned peer goes nowhere', () => {
    const machine = withNeighbors(0, a, b, c)
    machine.handle(4_000, { type: 'ban', peer: g })
    for (const joiner of [self, b, g]) {
      expect(
        sends(say(machine, 5_000, a, { type: 'forward-join', joiner: entry(joiner), hopsLeft: 0 })),
      ).toEqual([])
    }
    expect(machine.known).toEqual([])
  })

  it('from one that wrongly thinks itself a neighbor is answered once a second', () => {
    const machine = withNeighbors(0, a)
    const walk = { type: 'forward-join', joiner: entry(f), hopsLeft: 6 } as const
    expect(sends(say(machine, 5_000, b, walk))).toEqual([[b, 'disconnect']])
    expect(sends(say(machine, 5_999, b, walk))).toEqual([])
    expect(sends(say(machine, 6_000, b, walk))).toEqual([[b, 'disconnect']])
    expect(machine.known).not.toContain(f)
  })

  it('from one we ask is too early, and nothing to part over', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    const walk = { type: 'forward-join', joiner: entry(f), hopsLeft: 6 } as const
    expect(sends(say(machine, 5_001, b, walk))).toEqual([])
    expect(machine.busy).toBe(true)
  })

  it('a record newer than the one known is passed on and told once', () => {
    const machine = withNeighbors(0, a, b)
    const told = say(machine, 5_000, a, {
      type: 'forward-join',
      joiner: { peer: f, record: record(2, 1, 2) },
      hopsLeft: 3,
    })
    expect(told).toContainEqual({ type: 'peer-data', peer: f, data: new Uint8Array([1, 2]) })
    for (const old of [record(2, 9), record(1, 9), record(3, 1, 2), record(4)]) {
      const again = say(machine, 5_001, a, {
        type: 'forward-join',
        joiner: { peer: f, record: old },
        hopsLeft: 3,
      })
      expect(again.some(one => one.type === 'peer-data')).toBe(false)
    }
  })

  it('our own record travels with what we send from then on', () => {
    const machine = hyparview(self)
    machine.handle(0, { type: 'own-record', record: record(1, 7) })
    expect(messages(machine.handle(0, { type: 'join', peers: [a] }))).toMatchObject([
      [a, { type: 'join', record: { time: 1 } }],
    ])
  })
})
