import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundleOf } from '../core/bundle.suite.js'
import { type PeerId, peerIdFromBytes } from '../core/ids.js'
import type { BroadcastOutcome, ClientEvent } from './node-messages.js'
import {
  addOutcome,
  type OutcomeRun,
  packEvents,
  type ReceivedRun,
  unpackEvents,
  unpackOutcomes,
} from './runs.js'

describe('events', () => {
  it('arrive as they were, in order, whoever said them and however', () => {
    const event = fc.oneof(
      fc.constant<ClientEvent>({ type: 'lagged', count: 1 }),
      fc
        .record({
          author: fc.nat(1),
          from: fc.nat(1),
          seq: fc.integer({ min: 1, max: 1e6 }),
          time: fc.integer({ min: 0, max: 2e12 }),
          round: fc.integer({ min: -1, max: 9 }),
          at: fc.nat(100_000),
          length: fc.oneof(fc.nat(300), fc.nat(70_000)),
        })
        .map(each => received(each)),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), given => {
        const arrived = unpacked(post(packEvents(given)))
        expect(arrived.map(withoutContent)).toEqual(given.map(withoutContent))
        expect(arrived.every((event, n) => sameContent(event, given[n]!))).toBe(true)
      }),
      { seed: 5, numRuns: 60 },
    )
  })

  it('of one author cost one object and one buffer', () => {
    const given = [1, 2, 3].map(seq => received({ seq }))
    const { events, transfer } = packEvents(given)
    expect(events).toHaveLength(1)
    expect(transfer.map(buffer => buffer.byteLength)).toEqual([300])
  })

  it('share buffers of 64 KiB at most; contents of 16 KiB and more have their own', () => {
    const small = Array.from({ length: 100 }, (_, seq) => received({ seq: seq + 1, length: 1_000 }))
    const large = [16_384, 100_000, 5].map(length => received({ seq: 200, length }))
    const { transfer } = packEvents([...small, ...large])
    expect(transfer.map(buffer => buffer.byteLength)).toEqual([65_000, 35_000, 16_384, 100_000, 5])
  })

  it('of a bundle cost one object and one buffer, and arrive one by one', () => {
    const contents = [new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2, 3])]
    const scope = { kind: 'history' } as const
    const said = { author: A, verified: true, time: 9, deliveredFrom: peer(2), scope }
    const given = { ...said, type: 'received-bundle', bundle: bundleOf(...contents) } as const
    const packed = packEvents([{ ...given, count: 3, seq: 7 }])
    expect([packed.events.length, packed.transfer.length]).toEqual([1, 1])
    expect(unpacked(post(packed))).toEqual(
      contents.map((content, i) => ({
        ...{ ...said, type: 'received', content, fromHistory: true },
        ...{ seq: 7 + i, id: `${A}:${7 + i}` },
      })),
    )
    expect(given.bundle.length).toBe(10)
  })

  it('stay as they were for the next subscriber', () => {
    const given = received({ seq: 1 })
    const before = copied(given)
    post(packEvents([given]))
    expect(given).toEqual(before)
    expect(PACKET.buffer.byteLength).toBe(200_000)
  })
})

describe('outcomes', () => {
  it('made one after the other are one run, and arrive one by one', () => {
    const outcomes: (BroadcastOutcome | OutcomeRun)[] = []
    for (let i = 0; i < 5; i++)
      addOutcome(outcomes, { ref: 10 + i, author: A, seq: 70 + i, count: 1, neighbors: 2 })
    expect(outcomes).toHaveLength(1)
    const each: BroadcastOutcome[] = []
    unpackOutcomes(outcomes, outcome => each.push(outcome))
    expect(each.map(({ ref }) => ref)).toEqual([10, 11, 12, 13, 14])
    expect(each[4]).toEqual({ ref: 14, ok: true, id: `${A}:74`, neighbors: 2 })
  })

  it('of bundles, too, are one run', () => {
    const outcomes: (BroadcastOutcome | OutcomeRun)[] = []
    addOutcome(outcomes, { ref: 1, author: A, seq: 1, count: 200, neighbors: 2 })
    addOutcome(outcomes, { ref: 201, author: A, seq: 201, count: 1, neighbors: 2 })
    addOutcome(outcomes, { ref: 202, author: A, seq: 202, count: 9, neighbors: 2 })
    const each: BroadcastOutcome[] = []
    unpackOutcomes(outcomes, outcome => each.push(outcome))
    expect([outcomes.length, each.length]).toEqual([1, 210])
    expect(each[209]).toEqual({ ref: 210, ok: true, id: `${A}:210`, neighbors: 2 })
  })

  it('with a gap in refs or seqs, or other neighbors, begin a new run', () => {
    const outcomes: (BroadcastOutcome | OutcomeRun)[] = []
    addOutcome(outcomes, { ref: 1, author: A, seq: 1, count: 1, neighbors: 2 })
    addOutcome(outcomes, { ref: 3, author: A, seq: 2, count: 1, neighbors: 2 })
    addOutcome(outcomes, { ref: 4, author: A, seq: 9, count: 1, neighbors: 2 })
    addOutcome(outcomes, { ref: 5, author: A, seq: 10, count: 1, neighbors: 3 })
    outcomes.push({ ref: 6, ok: false, code: 'closed', message: 'The topic was left.' })
    addOutcome(outcomes, { ref: 7, author: A, seq: 11, count: 1, neighbors: 3 })
    const refs: number[] = []
    unpackOutcomes(outcomes, ({ ref }) => refs.push(ref))
    expect(outcomes).toHaveLength(6)
    expect(refs).toEqual([1, 3, 4, 5, 6, 7])
  })
})

const PACKET = Uint8Array.from({ length: 200_000 }, (_, n) => n % 251)
const A = peer(1)

function peer(n: number): PeerId {
  return peerIdFromBytes(new Uint8Array(32).fill(n))
}

/** `round` -1: to neighbors only. */
function received({
  author = 0,
  from = 1,
  seq = 1,
  time = 5,
  round = 0,
  at = 7,
  length = 100,
}): ClientEvent {
  return {
    type: 'received',
    content: PACKET.subarray(at, at + length),
    author: peer(author),
    verified: true,
    seq,
    time,
    id: `${peer(author)}:${seq}`,
    deliveredFrom: peer(from),
    scope: round < 0 ? { kind: 'neighbors' } : { kind: 'swarm', round },
    fromHistory: false,
  }
}

function withoutContent(event: ClientEvent): object {
  return event.type === 'received' ? { ...event, content: event.content.length } : event
}

function sameContent(a: ClientEvent, b: ClientEvent): boolean {
  if (a.type !== 'received' || b.type !== 'received') return a.type === b.type
  return Buffer.compare(a.content, b.content) === 0
}

function copied(event: ClientEvent): ClientEvent {
  return event.type === 'received' ? { ...event, content: event.content.slice() } : event
}

function post({ events, transfer }: ReturnType<typeof packEvents>): (ClientEvent | ReceivedRun)[] {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(events, transfer)
  const { message } = receiveMessageOnPort(port2)!
  port1.close()
  return message
}

function unpacked(events: (ClientEvent | ReceivedRun)[]): ClientEvent[] {
  const each: ClientEvent[] = []
  unpackEvents(events, event => each.push(copied(event)))
  return each
}
