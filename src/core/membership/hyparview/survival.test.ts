import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import { testPeer } from '../network.suite.js'
import { HYPARVIEW_DEFAULTS } from './config.js'
import {
  a,
  b,
  c,
  d,
  e,
  f,
  messages,
  neighbor,
  request,
  say,
  self,
  sends,
  withNeighbors,
} from './machine.suite.js'
import { hyparview, type Message } from './messages.suite.js'
import type { HyparviewOutput } from './overlay.js'
import { Backoff } from './pacing.js'

const strangers = Array.from({ length: 20 }, (_, i) => testPeer(50 + i))

describe('peers short of neighbors', () => {
  it('are paired: who makes room is told first of whom it made room for, and asks it', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    request(machine, 2_000, f, 'high', 1)
    const sent = messages(machine.handle(2_100, { type: 'link-up', peer: f }))
    const [evicted, parting] = sent.find(([, { type }]) => type === 'disconnect')!
    const { sample } = parting as Message<'disconnect'>
    expect(sample[0]!.peer).toBe(f)
    const other = hyparview(evicted)
    for (const peer of [self, b, c].filter(one => one !== evicted)) neighbor(other, 0, peer)
    expect(sends(say(other, 2_200, self, parting))).toContainEqual([f, 'neighbor-request'])
  })

  it('are named to one another two by two', () => {
    const machine = withNeighbors(0, a, b, c, d, e)
    const firstNamed = (peer: PeerId) => {
      const [[, answer]] = messages(request(machine, 2_000, peer, 'low', 1)) as [
        [PeerId, Message<'neighbor-reject'>],
      ]
      return answer.sample[0]?.peer
    }
    const [one, two, three, four] = strangers
    expect([a, b, c, d, e, undefined]).toContain(firstNamed(one!))
    expect(firstNamed(two!)).toBe(one)
    // Nobody is left to be the third's partner; it is the next one's.
    firstNamed(three!)
    expect(firstNamed(four!)).toBe(three)
  })
})

describe('a peer that lost all its neighbors', () => {
  it('asks everyone it knows once without a pause, as many at a time as could be neighbors', () => {
    const machine = withNeighbors(0, a)
    machine.handle(1_000, { type: 'remember', peers: strangers })
    for (const peer of machine.snapshot().requests) {
      machine.handle(1_000, { type: 'unreachable', peer: peer.peer })
    }
    const asked = new Set<PeerId>()
    const note = (outputs: HyparviewOutput[]) => {
      for (const [to, type] of sends(outputs)) if (type === 'neighbor-request') asked.add(to)
    }
    note(machine.handle(40_000, { type: 'link-down', peer: a, reason: 'closed' }))
    expect(machine.snapshot().requests).toHaveLength(5)
    for (let now = 40_000; machine.snapshot().requests.length > 0 && now < 40_100; now++) {
      const [first] = machine.snapshot().requests
      note(machine.handle(now, { type: 'unreachable', peer: first!.peer }))
    }
    expect(asked.size).toBeGreaterThan(strangers.length - 8)
  })

  it('asks those first that answered at all', () => {
    const backoff = new Backoff({ ...HYPARVIEW_DEFAULTS }, new Random(1))
    backoff.delay(10, a, 'gone')
    backoff.delay(5, b, 'gone')
    backoff.delay(20, c, 'refused')
    expect(backoff.inOrder([a, b, c, d])).toEqual([d, c, b, a])
  })

  it('forgets nobody that does not answer: perhaps it is itself that is out of reach', () => {
    const machine = withNeighbors(0, a)
    machine.handle(1_000, { type: 'remember', peers: [b, c] })
    machine.handle(2_000, { type: 'link-down', peer: a, reason: 'failed' })
    for (const peer of [a, b, c]) machine.handle(2_100, { type: 'unreachable', peer })
    expect([...machine.known].sort()).toEqual([a, b, c].sort())
  })
})

it('a broken link is followed by a shuffle, one for several', () => {
  const machine = withNeighbors(0, a, b, c, d, e)
  machine.handle(20_000, { type: 'wake' })
  for (const peer of [a, b]) machine.handle(30_000, { type: 'link-down', peer, reason: 'closed' })
  const shuffles: number[] = []
  for (let now = 30_000; now < 35_000; now += 100) {
    for (const [, type] of sends(machine.handle(now, { type: 'wake' }))) {
      if (type === 'shuffle') shuffles.push(now)
    }
  }
  expect(shuffles).toHaveLength(1)
})

it('a place agreed on is not kept for one that gave up: who waits says so again after a third of the time', () => {
  const machine = hyparview(self)
  request(machine, 0, a, 'low', 7)
  const again = messages(machine.handle(5_000, { type: 'wake' }))
  expect(again).toMatchObject([[a, { type: 'neighbor-accept', requestId: 7 }]])
  // It does not wait for us any more.
  const given = hyparview(a)
  const answer = given.handle(5_100, {
    type: 'message',
    from: self,
    message: again[0]![1],
    linked: false,
  })
  expect(messages(answer)).toMatchObject([[self, { type: 'neighbor-reject', requestId: 7 }]])
  machine.handle(5_200, {
    type: 'message',
    from: a,
    message: messages(answer)[0]![1],
    linked: false,
  })
  expect(machine.snapshot().requests).toEqual([])
})
