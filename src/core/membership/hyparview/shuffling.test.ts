import { describe, expect, it } from 'vitest'
import { testPeer } from '../network.suite.js'
import type { Hyparview } from './hyparview.js'
import type { HyparviewMessage } from './messages.js'
import { entry, hyparview, type Message } from './messages.suite.js'

const self = testPeer(0)
const [a, b, c] = [testPeer(1), testPeer(2), testPeer(3)] as const
const strangers = Array.from({ length: 40 }, (_, i) => testPeer(100 + i))

describe('a shuffle', () => {
  it('carries at most 3 active and 4 passive peers, never the target, and walks 6 hops', () => {
    const machine = withNeighbors(a, b, c)
    fill(machine, ...strangers.slice(0, 20))
    const { to, message } = ownShuffle(machine)
    expect(message.origin.peer).toBe(self)
    expect(message.hopsLeft).toBe(6)
    expect(message.sample.length).toBe(2 + 4)
    const named = message.sample.map(one => one.peer)
    expect(named).not.toContain(to)
    expect(named).not.toContain(self)
  })

  it('comes a few seconds after the first neighbor, then every minute, a quarter more or less', () => {
    const machine = withNeighbors(a)
    const times: number[] = []
    while (times.length < 4) {
      const { at } = machine.nextDeadline!
      const outputs = machine.handle(at, { type: 'wake' })
      if (outputs.some(one => one.type === 'send' && one.message.type === 'shuffle')) times.push(at)
    }
    expect(times[0]).toBeLessThanOrEqual(6_250)
    for (let i = 1; i < times.length; i++) {
      expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(45_000)
      expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(75_000)
    }
  })

  it('goes on to neither its origin nor where it came from, one hop shorter', () => {
    const machine = withNeighbors(a, b, c)
    for (let walkId = 0; walkId < 20; walkId++) {
      const [sent] = say(machine, a, shuffle({ origin: entry(b), walkId, hopsLeft: 255 }))
      expect(sent).toMatchObject({ to: c, message: { type: 'shuffle', hopsLeft: 5, walkId } })
    }
  })

  it('with nowhere to go, or at its last hop, is taken in and answered on the way it came', () => {
    for (const [neighbors, hopsLeft] of [
      [[a], 6],
      [[a, b], 6],
      [[a, b, c], 0],
    ] as const) {
      const machine = withNeighbors(...neighbors)
      fill(machine, ...strangers.slice(0, 10), ...strangers.slice(20, 23))
      const told = strangers.slice(20, 23)
      const sent = say(
        machine,
        a,
        shuffle({ origin: entry(b), hopsLeft, sample: told.map(entry), walkId: 5 }),
      )
      const reply = sent.find(one => one.message.type === 'shuffle-reply')!
      expect(reply).toMatchObject({ to: a, message: { walkId: 5 } })
      const named = (reply.message as Message<'shuffle-reply'>).sample.map(one => one.peer)
      expect(named).toHaveLength(4)
      for (const peer of [...told, b, self]) expect(named).not.toContain(peer)
      expect(machine.snapshot().passive).toEqual(expect.arrayContaining(told))
    }
  })

  it('that came back to its origin is dropped', () => {
    const machine = withNeighbors(a, b)
    expect(say(machine, a, shuffle({ origin: entry(self) }))).toEqual([])
  })

  it('does not bring ourselves, neighbors or the banned into the passive view', () => {
    const machine = withNeighbors(a, b)
    machine.handle(1_000, { type: 'ban', peer: strangers[0]! })
    const sample = [self, b, strangers[0]!, strangers[1]!].map(entry)
    say(machine, a, shuffle({ origin: entry(c), hopsLeft: 0, sample }))
    const { passive } = machine.snapshot()
    expect(passive).toEqual(expect.arrayContaining([c, strangers[1]]))
    for (const peer of [self, b, strangers[0]]) expect(passive).not.toContain(peer)
  })

  it('does not bring back a peer that just did not answer', () => {
    const machine = withNeighbors(a)
    fill(machine, strangers[0]!)
    machine.handle(2_000, { type: 'wake' })
    expect(machine.snapshot().requests.map(one => one.peer)).toEqual([strangers[0]])
    machine.handle(2_500, { type: 'unreachable', peer: strangers[0]! })
    const again = shuffle({ origin: entry(c), hopsLeft: 0, sample: [entry(strangers[0]!)] })
    say(machine, a, again, 2_600)
    expect(machine.snapshot().passive).not.toContain(strangers[0])
    say(machine, a, again, 4_000)
    expect(machine.snapshot().passive).toContain(strangers[0])
  })

  it('of one neighbor cannot crowd out the walks of another', () => {
    const machine = withNeighbors(a, b, c)
    say(machine, b, shuffle({ origin: entry(strangers[0]!), walkId: 1 }))
    for (let i = 0; i < 500; i++) {
      say(machine, a, shuffle({ origin: entry(strangers[1]!), walkId: 10 + i }))
    }
    const backs = [a, c].flatMap(from =>
      say(machine, from, { type: 'shuffle-reply', walkId: 1, sample: [] }),
    )
    expect(backs.filter(one => one.to === b)).toHaveLength(1)
  })
})

describe('a reply', () => {
  it('is passed back the way the shuffle came, and only once', () => {
    const machine = withNeighbors(a, b)
    const reply = {
      type: 'shuffle-reply',
      walkId: 7,
      sample: [entry(strangers[0]!)],
    } as HyparviewMessage
    expect(say(machine, a, shuffle({ origin: entry(c), walkId: 7 }))).toMatchObject([{ to: b }])
    expect(say(machine, b, reply)).toEqual([{ type: 'send', to: a, message: reply }])
    expect(machine.known).toEqual([])
    expect(blamed(machine, b, reply)).toBe(true)
  })

  it('from another than the walk went to is blamed and not passed on', () => {
    const machine = withNeighbors(a, b, c)
    const [sent] = say(machine, a, shuffle({ origin: entry(strangers[0]!), walkId: 7 }))
    const other = sent!.to === b ? c : b
    const reply = { type: 'shuffle-reply', walkId: 7, sample: [] } as HyparviewMessage
    expect(blamed(machine, other, reply)).toBe(true)
    expect(say(machine, sent!.to, reply)).toMatchObject([{ to: a }])
  })

  it('finds back through a peer that the walk passed twice', () => {
    const machine = withNeighbors(a, b, c)
    const walk = shuffle({ origin: entry(strangers[0]!), walkId: 7 })
    const first = say(machine, a, walk)[0]!.to
    // It comes back from the next hop: it may go anywhere but there, and never twice the same way.
    const second = say(machine, first, walk)[0]!.to
    expect(second).not.toBe(first)
    const reply = { type: 'shuffle-reply', walkId: 7, sample: [] } as HyparviewMessage
    expect(say(machine, second, reply)).toMatchObject([{ to: first }])
    expect(say(machine, first, reply)).toMatchObject([{ to: a }])
  })

  it('to our own shuffle fills the passive view, first in place of what we sent', () => {
    // Full, so that it asks nobody meanwhile.
    const machine = admitting(hyparview(self, { activeViewCapacity: 1 }), a)
    fill(machine, ...strangers.slice(0, 30))
    const { message } = ownShuffle(machine)
    const given = message.sample.map(one => one.peer).filter(peer => peer !== a)
    expect(given).toHaveLength(4)
    const sample = strangers.slice(30, 34).map(entry)
    say(machine, a, { type: 'shuffle-reply', walkId: message.walkId, sample }, 7_000)
    const { passive, reserve } = machine.snapshot()
    expect(passive).toHaveLength(30)
    expect(passive).toEqual(expect.arrayContaining(strangers.slice(30, 34)))
    for (const peer of given) expect(passive).not.toContain(peer)
    expect(reserve).toEqual(expect.arrayContaining(given))
  })

  it('whose way back is gone is dropped and counted', () => {
    const machine = withNeighbors(a, b)
    say(machine, a, shuffle({ origin: entry(c), walkId: 7 }))
    machine.handle(1_500, { type: 'link-down', peer: a, reason: 'failed' })
    const message = { type: 'shuffle-reply', walkId: 7, sample: [] } as HyparviewMessage
    const outputs = machine.handle(1_600, { type: 'message', from: b, message, linked: true })
    expect(outputs).toContainEqual({ type: 'count', counter: 'walks-lost' })
    expect(outputs.some(one => one.type === 'blame')).toBe(false)
  })
})

function withNeighbors(...peers: (typeof self)[]): Hyparview {
  return admitting(hyparview(self), ...peers)
}

function admitting(machine: Hyparview, ...peers: (typeof self)[]): Hyparview {
  for (const from of peers) {
    const message = {
      type: 'neighbor-request',
      requestId: 1,
      priority: 'low',
      record: undefined,
    } as const
    machine.handle(0, { type: 'message', from, message, linked: false })
    machine.handle(0, { type: 'link-up', peer: from })
  }
  return machine
}

/** Puts peers into the passive view, by shuffles that end here. */
function fill(machine: Hyparview, ...peers: (typeof self)[]): void {
  for (const peer of peers) say(machine, a, shuffle({ origin: entry(peer), hopsLeft: 0 }), 500)
}

function shuffle(fields: Partial<Message<'shuffle'>>): HyparviewMessage {
  return { type: 'shuffle', origin: entry(c), walkId: 1, hopsLeft: 6, sample: [], ...fields }
}

function say(machine: Hyparview, from: typeof self, message: HyparviewMessage, now = 1_000) {
  const outputs = machine.handle(now, { type: 'message', from, message, linked: true })
  return outputs.filter(one => one.type === 'send' && one.message.type.startsWith('shuffle')) as {
    type: 'send'
    to: typeof self
    message: HyparviewMessage
  }[]
}

function blamed(machine: Hyparview, from: typeof self, message: HyparviewMessage): boolean {
  const outputs = machine.handle(1_000, { type: 'message', from, message, linked: true })
  return outputs.some(one => one.type === 'blame' && one.reason === 'unasked-reply')
}

function ownShuffle(machine: Hyparview): { to: typeof self; message: Message<'shuffle'> } {
  for (;;) {
    const { at } = machine.nextDeadline!
    for (const output of machine.handle(at, { type: 'wake' })) {
      if (output.type === 'send' && output.message.type === 'shuffle') {
        return { to: output.to, message: output.message }
      }
    }
  }
}
