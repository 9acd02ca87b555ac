import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ClientEvent, EVENT_CREDIT, type NodeEvent } from '../bridge/node-messages.js'
import { peerIdFromBytes } from '../core/ids.js'

import { Subscriber } from './subscribers.js'

const PEER = peerIdFromBytes(new Uint8Array(32))

function received(seq: number, content = new Uint8Array(1)): ClientEvent {
  return {
    type: 'received',
    content,
    author: PEER,
    verified: true,
    seq,
    time: 0,
    id: `${PEER}:${seq}`,
    deliveredFrom: PEER,
    scope: { kind: 'swarm', round: 0 },
    fromHistory: false,
  }
}

/** A received event as its seq, `lagged` as minus its count. */
function brief(events: NodeEvent[]): number[] {
  return events.map(event => {
    if (event.type === 'received' || event.type === 'received-bundle') return event.seq
    return event.type === 'lagged' ? -event.count : Number.NaN
  })
}

function bundle(first: number, count: number): NodeEvent {
  return {
    type: 'received-bundle',
    bundle: new Uint8Array(1_000),
    count,
    author: PEER,
    verified: true,
    seq: first,
    time: 0,
    deliveredFrom: PEER,
    scope: { kind: 'swarm', round: 0 },
  }
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n)
}

describe('subscriber', () => {
  it('hands on events in their order', () => {
    const subscriber = new Subscriber(10)
    for (const seq of [1, 2, 3]) subscriber.push(received(seq))
    expect(brief(subscriber.take())).toEqual([1, 2, 3])
    expect(subscriber.take()).toEqual([])
  })

  it('sends no more than the credit before the reader took some', () => {
    const subscriber = new Subscriber()
    for (const seq of from(1, 300)) subscriber.push(received(seq))
    expect(brief(subscriber.take())).toEqual(from(1, EVENT_CREDIT))
    expect(subscriber.take()).toEqual([])
    subscriber.credit(2)
    expect(brief(subscriber.take())).toEqual([EVENT_CREDIT + 1, EVENT_CREDIT + 2])
    subscriber.credit(EVENT_CREDIT)
    expect(brief(subscriber.take())).toEqual(from(EVENT_CREDIT + 3, 300))
    expect(subscriber.dropped).toBe(0)
  })

  it('a bundle is as many events as it holds messages, sent or dropped as one', () => {
    const subscriber = new Subscriber(1_600)
    for (const first of [1, 351, 701, 1051]) subscriber.push(bundle(first, 350))
    expect(brief(subscriber.take())).toEqual([1, 351, 701])
    subscriber.credit(26)
    expect(subscriber.take()).toEqual([])
    subscriber.credit(1)
    expect(brief(subscriber.take())).toEqual([1051])
    for (const first of [1401, 1751, 2101, 2451, 2801]) subscriber.push(bundle(first, 350))
    expect(subscriber.dropped).toBe(350)
    subscriber.push(received(3151))
    expect(subscriber.dropped).toBe(350)
    expect(subscriber.take()).toEqual([])
    subscriber.credit(1_373)
    expect(brief(subscriber.take())).toEqual([-350, 1751, 2101, 2451])
    expect(subscriber.creditRefused).toBe(0)
    subscriber.credit(1_052)
    expect(subscriber.creditRefused).toBe(1)
    expect(brief(subscriber.take())).toEqual([2801, 3151])
  })

  it('a bundle of which the reader takes a part at a time is done with when it took the last', () => {
    const subscriber = new Subscriber(60_000)
    const firsts = from(0, 299).map(n => 1 + n * 200)
    for (const first of firsts) subscriber.push(bundle(first, 200))
    const sent = brief(subscriber.take())
    for (const _ of from(1, 60_000 / 50)) {
      subscriber.credit(50)
      sent.push(...brief(subscriber.take()))
    }
    expect(sent).toEqual(firsts)
    expect(subscriber.creditRefused).toBe(0)
    subscriber.credit(1)
    expect(subscriber.creditRefused).toBe(1)
  })

  it('bundles weigh what is in them: no more than 32 MiB wait', () => {
    const subscriber = new Subscriber(65_536)
    const large = { ...bundle(1, 2), bundle: new Uint8Array(1 << 20) } as NodeEvent
    for (const _ of from(1, 40)) subscriber.push(large)
    expect(subscriber.dropped).toBe(16)
    expect(brief(subscriber.take())).toEqual([-16, 1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('of small bundles no more than 256 are under way', () => {
    const subscriber = new Subscriber()
    for (let n = 0; n < 300; n++) subscriber.push(bundle(n, 2))
    expect(subscriber.take()).toHaveLength(EVENT_CREDIT)
  })

  it('a bundle larger than the ring takes the place of all', () => {
    const subscriber = new Subscriber(3)
    for (const seq of [1, 2]) subscriber.push(received(seq))
    subscriber.push(bundle(3, 100))
    expect(brief(subscriber.take())).toEqual([-2, 3])
  })

  it('a full ring drops its oldest, and `lagged` with their number stands in their place', () => {
    const subscriber = new Subscriber(3)
    for (const seq of from(1, 8)) subscriber.push(received(seq))
    expect(brief(subscriber.take())).toEqual([-5, 6, 7, 8])
    expect(subscriber.dropped).toBe(5)
    subscriber.push(received(9))
    expect(brief(subscriber.take())).toEqual([9])
  })

  it('a gap comes after what was sent before it', () => {
    const subscriber = new Subscriber(4)
    for (const seq of from(1, EVENT_CREDIT)) {
      subscriber.push(received(seq))
      subscriber.take()
    }
    for (const seq of from(1001, 1006)) subscriber.push(received(seq))
    expect(subscriber.take()).toEqual([])
    subscriber.credit(1)
    expect(brief(subscriber.take())).toEqual([-2])
    // One more goes after the reader was told of the first two: a gap of its own, in its own place.
    subscriber.push(received(1007))
    subscriber.credit(10)
    expect(brief(subscriber.take())).toEqual([-1, 1004, 1005, 1006, 1007])
  })

  it('credit beyond what is in flight is refused and counted', () => {
    const subscriber = new Subscriber()
    subscriber.push(received(1))
    subscriber.take()
    subscriber.credit(5)
    expect(subscriber.creditRefused).toBe(4)
    for (const seq of from(2, 600)) subscriber.push(received(seq))
    expect(subscriber.take()).toHaveLength(EVENT_CREDIT)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3'])(
    'credit of %s is refused',
    count => {
      const subscriber = new Subscriber()
      for (const seq of from(1, 600)) subscriber.push(received(seq))
      subscriber.take()
      subscriber.credit(count as number)
      expect(subscriber.take()).toEqual([])
      expect(subscriber.creditRefused).toBe(1)
    },
  )

  it.each([0, -1, 1.5, Number.NaN, 65_537, '9'])('a capacity of %s is refused', capacity => {
    expect(() => new Subscriber(capacity as number)).toThrow(/1 to 65536/)
  })

  it('waiting payloads are bounded in bytes as well: 32 MiB, the newest always', () => {
    const subscriber = new Subscriber()
    const large = new Uint8Array(8 << 20)
    for (const seq of from(1, 6)) subscriber.push(received(seq, large))
    expect(subscriber.dropped).toBe(2)
    subscriber.push(received(7, new Uint8Array(64 << 20)))
    expect(brief(subscriber.take())).toEqual([-6, 7])
  })

  it('what is in flight is bounded in bytes as well: 8 MiB, one event always', () => {
    const subscriber = new Subscriber()
    const large = new Uint8Array(5 << 20)
    for (const seq of from(1, 4)) subscriber.push(received(seq, large))
    expect(brief(subscriber.take())).toEqual([1, 2])
    subscriber.credit(1)
    expect(brief(subscriber.take())).toEqual([3])
    subscriber.credit(1)
    expect(brief(subscriber.take())).toEqual([4])
  })

  it('every event is sent once in order or counted in the gap before the next, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ credit: fc.integer({ min: 1, max: 300 }) }),
      fc.constant({ take: true }),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(step, { maxLength: 40 }),
        (capacity, steps) => {
          const subscriber = new Subscriber(capacity)
          let pushed = 0
          let expected = 1
          let inFlight = 0
          const read = () => {
            const events = brief(subscriber.take())
            inFlight += events.length
            expect(inFlight).toBeLessThanOrEqual(EVENT_CREDIT)
            for (const event of events) {
              if (event < 0) expected -= event
              else expect(event).toBe(expected++)
            }
          }
          const take = (count: number) => {
            subscriber.credit(count)
            inFlight -= Math.min(count, inFlight)
          }
          for (const todo of steps) {
            if ('push' in todo)
              for (let i = 0; i < todo.push; i++) subscriber.push(received(++pushed))
            else if ('credit' in todo) take(todo.credit)
            else read()
          }
          while (expected <= pushed) {
            take(EVENT_CREDIT)
            read()
          }
          expect(expected).toBe(pushed + 1)
        },
      ),
      { seed: 5, numRuns: 200 },
    )
  })
})
