import { describe, expect, it } from 'vitest'
import { testPeer } from '../network.suite.js'
import {
  a,
  b,
  c,
  d,
  e,
  f,
  g,
  messages,
  rejected,
  request,
  say,
  sends,
  withNeighbors,
} from './machine.suite.js'
import { entry } from './messages.suite.js'

describe('a parting', () => {
  it('alive keeps the peer and takes its sample; leaving forgets it', () => {
    const machine = withNeighbors(0, a, b, c)
    const replaced = say(machine, 5_000, a, {
      type: 'disconnect',
      alive: 'alive',
      sample: [entry(f)],
    })
    expect(replaced).toContainEqual({ type: 'neighbor-down', peer: a, reason: 'replaced' })
    expect(machine.snapshot().passive).toEqual(expect.arrayContaining([a, f]))
    const left = say(machine, 5_000, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(left).toContainEqual({ type: 'neighbor-down', peer: b, reason: 'left' })
    expect(machine.known).not.toContain(b)
  })

  it('has the place filled at once, whatever was refused before', () => {
    const machine = withNeighbors(0, a, b, c, d)
    machine.handle(5_000, { type: 'remember', peers: [e] })
    rejected(machine, 5_100, e)
    machine.handle(5_200, { type: 'remember', peers: [f] })
    expect(machine.busy).toBe(false)
    const parted = say(machine, 5_300, a, { type: 'disconnect', alive: 'alive', sample: [] })
    expect(sends(parted)).toEqual([[f, 'neighbor-request']])
  })

  it('of one only known, for good, forgets it', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    say(machine, 5_001, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(machine.known).not.toContain(b)
  })

  it('by our own choice is not followed by a request to the same peer', () => {
    const machine = withNeighbors(0, a, b)
    expect(sends(machine.handle(5_000, { type: 'congested', peer: b }))).toEqual([
      [b, 'disconnect'],
    ])
    expect(machine.snapshot().passive).toEqual([b])
  })

  it('is never answered with another', () => {
    const machine = withNeighbors(0, a)
    for (const from of [a, a, b]) {
      for (const alive of ['alive', 'leaving'] as const) {
        const outputs = say(machine, 5_000, from, { type: 'disconnect', alive, sample: [] })
        expect(sends(outputs).filter(([, type]) => type === 'disconnect')).toEqual([])
      }
    }
  })

  it('of a stranger puts nothing into our views', () => {
    const machine = withNeighbors(0, a)
    say(machine, 5_000, b, { type: 'disconnect', alive: 'alive', sample: [entry(f), entry(g)] })
    expect(machine.known).toEqual([])
  })

  it('does not undo a request under way, unless the peer leaves', () => {
    const machine = withNeighbors(0, a)
    machine.handle(5_000, { type: 'remember', peers: [b] })
    say(machine, 5_001, b, { type: 'disconnect', alive: 'alive', sample: [] })
    expect(machine.snapshot().requests).toHaveLength(1)
    say(machine, 5_002, b, { type: 'disconnect', alive: 'leaving', sample: [] })
    expect(machine.snapshot().requests).toHaveLength(0)
  })

  it('by a broken link keeps the peer among the remembered, first of all', () => {
    const machine = withNeighbors(0, a, b)
    machine.handle(4_000, { type: 'remember', peers: [c, d] })
    const down = machine.handle(5_000, { type: 'link-down', peer: a, reason: 'silent' })
    expect(down).toContainEqual({ type: 'neighbor-down', peer: a, reason: 'link-lost' })
    expect(down).toContainEqual({ type: 'release', peer: a })
    expect(machine.known[0]).toBe(a)
  })

  it('of ours, for good, goes to every neighbor and to those that dial us', () => {
    const machine = withNeighbors(0, a, b)
    request(machine, 5_000, c, 'high', 8)
    const outputs = machine.handle(5_001, { type: 'quit' })
    expect(messages(outputs)).toEqual([
      [a, { type: 'disconnect', alive: 'leaving', sample: [] }],
      [b, { type: 'disconnect', alive: 'leaving', sample: [] }],
      // The link may stand, and we be its neighbor, before we hear of it.
      [c, { type: 'disconnect', alive: 'leaving', sample: [] }],
      [c, { type: 'neighbor-reject', requestId: 8, reason: 'not-in-topic', sample: [] }],
    ])
    for (const peer of [a, b, c]) expect(outputs).toContainEqual({ type: 'release', peer })
  })

  it('more entries than a message may hold are blamed and not taken', () => {
    const many = Array.from({ length: 17 }, (_, i) => entry(testPeer(100 + i)))
    const machine = withNeighbors(0, a, b, c)
    const blame = { type: 'blame', peer: a, reason: 'limit-exceeded' }
    const walk = {
      type: 'shuffle',
      origin: entry(a),
      walkId: 1,
      hopsLeft: 0,
      sample: many,
    } as const
    expect(say(machine, 5_000, a, walk)).toContainEqual(blame)
    expect(
      say(machine, 5_000, a, { type: 'disconnect', alive: 'alive', sample: many }),
    ).toContainEqual(blame)
    expect(machine.known).toEqual([a])
  })
})
