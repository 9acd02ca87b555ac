// Long, and one file: every law is about what one port is posted, by the same player of a port.

import { beforeEach, describe, expect, it } from 'vitest'
import { GossamerError } from '../bridge/errors.js'
import type { ClientEvent, ClientMessage, NodeMessage, Welcome } from '../bridge/node-messages.js'
import { unpackEvents, unpackOutcomes } from '../bridge/runs.js'
import { someBundle } from '../core/bundle.suite.js'
import type { PeerId } from '../core/ids.js'

import type { TopicTerms } from '../core/topic-hello.js'
import { Client, type Subscription } from './clients.js'
import { fiveKeys, TERMS, TOPIC } from './world.suite.js'

let peer: PeerId
let test: ClientTest
beforeEach(async () => {
  peer = (await fiveKeys())[0]!.id.peerId
  test = new ClientTest(peer)
})

describe('a call', () => {
  it('is answered under its number: connect, metrics, provoke, leave, shutdown', async () => {
    test.subscribe(1)
    test.say({ type: 'connect', call: 1 })
    test.say({ type: 'metrics', call: 2 })
    test.say({ type: 'leave', call: 3, handle: 1 })
    test.say({ type: 'shutdown', call: 4 })
    test.say({ type: 'provoke', call: 5, fault: { kind: 'cut-signaling' } })
    await Promise.resolve()
    expect(test.posted).toEqual([
      { type: 'answer', call: 1, value: { peerId: peer, maxMessageSize: 4096 } },
      { type: 'answer', call: 2, value: { some: 1 } },
      { type: 'answer', call: 5, value: undefined },
      { type: 'answer', call: 3, value: undefined },
      { type: 'answer', call: 4, value: undefined },
    ])
  })

  it('that fails is refused with its code, and with its words', async () => {
    test.refusal = new GossamerError('busy', 'Not now.')
    test.say({ type: 'inspect', call: 1 })
    test.say({ type: 'shutdown', call: 2 })
    test.refusal = new Error('odd')
    test.say({ type: 'inspect', call: 3 })
    await Promise.resolve()
    await Promise.resolve()
    const refused = test.posted.map(each => each.type === 'refused' && [each.call, each.code])
    expect(refused.sort()).toEqual([
      [1, 'busy'],
      [2, 'busy'],
      [3, 'failed'],
    ])
  })

  it('is answered after what was said before it', () => {
    test.subscribe(1)
    test.subscriptions[0]!.event({ type: 'neighborUp', peer })
    test.say({ type: 'metrics', call: 1 })
    expect(test.posted.map(({ type }) => type)).toEqual(['events', 'answer'])
  })
})

describe('a message that makes no sense', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['a text', 'subscribe'],
    ['a type that nobody knows', { type: 'sing' }],
    ['a topic that is none', { type: 'subscribe', handle: 2, topic: 'x', terms: TERMS }],
    ['credit for a handle that is none', { type: 'credit', handle: 9, count: 1 }],
    ['broadcasts that are no list', { type: 'broadcast', handle: 1, calls: 3 }],
    ['peers that are no list', { type: 'join-peers', handle: 1, peers: { length: 1 } }],
    ['peers that are none', { type: 'join-peers', handle: 1, peers: ['x'] }],
    ['more peers than can be', { type: 'join-peers', handle: 1, peers: Array(1025).fill('x') }],
  ])('is counted and harms nothing: %s', (_, message) => {
    test.subscribe(1)
    expect(() => test.say(message)).not.toThrow()
    expect([test.counted, test.posted]).toEqual([['client-message-refused'], []])
    test.say({ type: 'connect', call: 5 })
    expect(test.posted).toHaveLength(1)
  })

  it('is refused where it has a number', () => {
    test.say({ type: 'sing', call: 8 })
    test.say({ type: 'leave', call: 9, handle: 44 })
    expect(test.posted).toMatchObject([
      { type: 'refused', call: 8, code: 'invalid-argument' },
      { type: 'refused', call: 9, code: 'closed' },
    ])
  })

  it('with a handle in use leaves the one that has it alone', () => {
    test.subscribe(1)
    test.subscribe(1)
    test.subscribe(1.5)
    expect(test.subscriptions).toHaveLength(1)
    test.subscriptions[0]!.event({ type: 'neighborUp', peer })
    test.client.flush()
    expect(test.posted).toMatchObject([{ type: 'events', handle: 1 }])
  })
})

describe('a subscription', () => {
  it('that the node refuses ends with the code, and its handle is free again', () => {
    test.refusal = new GossamerError('terms-differ', 'Other terms.')
    test.subscribe(1)
    expect(test.posted).toEqual([
      { type: 'ended', handle: 1, code: 'terms-differ', message: 'Other terms.' },
    ])
    test.refusal = undefined
    test.subscribe(1)
    expect(test.subscriptions).toHaveLength(1)
  })

  it('with bootstrap peers that are none, or a capacity that is none, ends before the node hears of it', () => {
    test.subscribe(1, { bootstrap: ['nobody'] })
    test.say({ ...subscribing(2), capacity: 0, call: 3 })
    expect(test.posted).toMatchObject([
      { type: 'ended', handle: 1, code: 'invalid-argument' },
      { type: 'refused', call: 3, code: 'invalid-argument' },
    ])
    expect(test.subscriptions).toEqual([])
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['empty ones', {}],
    ['a membership that nobody knows', { ...TERMS, membership: 'ring' }],
    ['a history that is a reserved word', { ...TERMS, history: 'sectors' }],
    ['a size that is none', { ...TERMS, maxMessageSize: -1 }],
    ['a size beyond what the wire carries', { ...TERMS, maxMessageSize: 1e9 }],
  ])('whose terms are %s ends before the node hears of it', (_, terms) => {
    test.say({ ...subscribing(1), terms })
    expect(test.posted).toMatchObject([{ type: 'ended', handle: 1, code: 'invalid-argument' }])
    expect(test.subscriptions).toEqual([])
  })

  it('is one of 64 at most, on each port', () => {
    for (let handle = 1; handle <= 65; handle++) test.subscribe(handle)
    expect(test.subscriptions).toHaveLength(64)
    expect(test.posted).toMatchObject([{ type: 'ended', handle: 65, code: 'busy' }])
    test.say({ type: 'leave', call: 1, handle: 1 })
    test.subscribe(66)
    expect(test.subscriptions).toHaveLength(65)
  })

  it('is told its newest status, then events, then outcomes, all at once at the end of a task', () => {
    test.subscribe(1)
    const [subscription] = test.subscriptions
    subscription!.outcome({ ref: 1, ok: true, id: 'a:1', neighbors: 1 })
    subscription!.outcome({ ref: 2, ok: true, id: 'a:2', neighbors: 1 })
    subscription!.event({ type: 'neighborUp', peer })
    subscription!.say({ state: 'connecting', reason: '', neighbors: [] })
    subscription!.say({ state: 'joined', reason: '', neighbors: [peer] })
    expect([test.posted, test.settles]).toEqual([[], 5])
    test.client.flush()
    test.client.flush()
    expect(test.posted).toMatchObject([
      { type: 'status', handle: 1, status: { state: 'joined' } },
      { type: 'events', handle: 1, events: [{ type: 'neighborUp' }] },
      { type: 'outcomes', handle: 1, outcomes: [{ ref: 1 }, { ref: 2 }] },
    ])
    expect(test.posted).toHaveLength(3)
  })

  it('hears of presence without credit, of each peer the newest word of the task', () => {
    test.subscribe(1)
    const shown = (peer: PeerId, n: number) => ({ peer, value: new Uint8Array([n]), time: n })
    test.subscriptions[0]!.presence(shown(peer, 1))
    test.subscriptions[0]!.presence(shown(peer, 2))
    test.client.flush()
    test.client.flush()
    expect(test.posted).toEqual([{ type: 'presence', handle: 1, changes: [shown(peer, 2)] }])
  })

  it('shows what it says, and no more than the wire carries', () => {
    test.subscribe(1)
    for (const value of [new Uint8Array(1024), undefined, new Uint8Array(1025), 'text' as never]) {
      test.say({ type: 'set-presence', handle: 1, value })
    }
    test.say({ type: 'set-presence', handle: 2, value: undefined })
    expect(test.presence).toEqual([
      { topic: TOPIC, value: new Uint8Array(1024) },
      { topic: TOPIC, value: undefined },
    ])
    expect(test.counted).toEqual(Array(3).fill('client-message-refused'))
  })

  it('gets 256 events without credit, then as many as it gives back, and hears how many it missed', () => {
    test.subscribe(1, { capacity: 10 })
    const [subscription] = test.subscriptions
    const put = (count: number) => {
      for (let n = 0; n < count; n++) {
        subscription!.event(received(peer, n))
        if (n % 10 === 9) test.client.flush()
      }
      test.client.flush()
    }
    put(256)
    expect(test.events).toHaveLength(256)
    put(25)
    expect(test.events).toHaveLength(256)
    test.say({ type: 'credit', handle: 1, count: 3 })
    test.client.flush()
    expect(test.events.slice(256)).toMatchObject([
      { type: 'lagged', count: 15 },
      { type: 'received', seq: 15 },
      { type: 'received', seq: 16 },
    ])
    expect(test.client.losses).toEqual({ dropped: 15, creditRefused: 0 })
  })

  it('that gives more credit than it was sent gains nothing by it', () => {
    test.subscribe(1)
    test.say({ type: 'credit', handle: 1, count: 500 })
    test.say({ type: 'credit', handle: 1, count: -3 })
    for (let n = 0; n < 300; n++) test.subscriptions[0]!.event(received(peer, n))
    test.client.flush()
    expect(test.events).toHaveLength(256)
    expect(test.client.losses.creditRefused).toBe(501)
  })

  it('with a small ring loses nothing within its credit, though it all comes in one task', () => {
    test.subscribe(1, { capacity: 1 })
    for (let n = 0; n < 200; n++) test.subscriptions[0]!.event(received(peer, n))
    test.client.flush()
    expect([test.events.length, test.client.losses.dropped]).toEqual([200, 0])
  })

  it('that was left gets no more, and its losses stay counted', () => {
    test.subscribe(1, { capacity: 1 })
    const [subscription] = test.subscriptions
    for (let n = 0; n < 256; n++) subscription!.event(received(peer, n))
    test.client.flush()
    for (let n = 0; n < 3; n++) subscription!.event(received(peer, n))
    test.say({ type: 'leave', call: 1, handle: 1 })
    test.client.flush()
    expect([test.events.length, test.client.losses.dropped]).toEqual([256, 2])
  })
})

describe('a broadcast', () => {
  it('of a bundle that the node refuses fails under the ref of each of its messages', () => {
    test.subscribe(1)
    const calls = [{ ref: 4, payload: someBundle(3), count: 3 }]
    test.refuses = () => new GossamerError('busy', 'Wait.')
    test.say({ type: 'broadcast', handle: 1, scope: 'swarm', calls })
    test.say({ type: 'broadcast', handle: 7, scope: 'swarm', calls })
    test.client.flush()
    const refs = test.posted.map(message => {
      const each: number[] = []
      if (message.type === 'outcomes') unpackOutcomes(message.outcomes, ({ ref }) => each.push(ref))
      return each
    })
    expect(refs).toEqual([
      [4, 5, 6],
      [4, 5, 6],
    ])
  })

  it('on a topic that was left, or that the node refuses, fails under its own ref; the others go out', () => {
    test.subscribe(1)
    const calls = [1, 2, 3].map(ref => ({ ref, payload: new Uint8Array([ref]) }))
    test.refuses = ref => (ref === 2 ? new GossamerError('message-too-large', 'Big.') : undefined)
    test.say({ type: 'broadcast', handle: 1, scope: 'swarm', calls })
    test.say({ type: 'broadcast', handle: 7, scope: 'swarm', calls: [{ ...calls[0]!, ref: 9 }] })
    test.client.flush()
    expect(test.broadcasts).toEqual([1, 3])
    expect(test.posted).toMatchObject([
      { handle: 7, outcomes: [{ ref: 9, ok: false, code: 'closed' }] },
      { handle: 1, outcomes: [{ ref: 2, ok: false, code: 'message-too-large' }] },
    ])
  })
})

it('a node that shuts down tells every subscription, after all else, and nothing follows', () => {
  test.subscribe(1)
  test.subscribe(2)
  test.subscriptions[1]!.event({ type: 'neighborUp', peer })
  test.client.end()
  test.subscriptions[0]!.event({ type: 'neighborUp', peer })
  test.client.flush()
  expect(test.posted).toMatchObject([
    { type: 'events', handle: 2 },
    { type: 'ended', handle: 1, code: 'closed' },
    { type: 'ended', handle: 2, code: 'closed' },
  ])
  expect(test.posted).toHaveLength(3)
})

it('a port that closes leaves all its topics, once', () => {
  test.subscribe(1)
  test.subscribe(2)
  test.client.close()
  test.client.close()
  expect(test.left).toEqual([1, 2])
})

describe('history', () => {
  const request = { since: 5, limit: 10, position: undefined, live: false }

  it('is read for a subscription, and the page is the answer', async () => {
    test.subscribe(1)
    test.say({ type: 'read-history', handle: 1, call: 7, request })
    await Promise.resolve()
    expect(test.reads).toEqual([request])
    expect(test.posted).toEqual([{ type: 'answer', call: 7, value: PAGE }])
  })

  it('with no handle of ours is refused', () => {
    test.subscribe(1)
    test.say({ type: 'read-history', handle: 9, call: 7, request })
    expect(test.posted).toMatchObject([{ type: 'refused', call: 7, code: 'closed' }])
    expect(test.reads).toEqual([])
  })

  it('is told by its newest state', () => {
    test.subscribe(1)
    test.subscriptions[0]!.sayHistory({ synced: false, have: 1, known: 9 })
    test.subscriptions[0]!.sayHistory({ synced: false, have: 5, known: 9 })
    test.client.flush()
    test.client.flush()
    const state = { synced: false, have: 5, known: 9 }
    expect(test.posted).toEqual([{ type: 'history', handle: 1, state }])
  })
})

const PAGE = {
  authors: [],
  seqs: [],
  times: [],
  ends: [],
  contents: new Uint8Array(0),
  position: 1,
}

class ClientTest {
  readonly posted: NodeMessage[] = []
  readonly counted: string[] = []
  readonly subscriptions: Subscription[] = []
  readonly broadcasts: number[] = []
  readonly payloads: Uint8Array[] = []
  readonly left: number[] = []
  readonly reads: unknown[] = []
  readonly presence: unknown[] = []
  settles = 0
  refusal: Error | undefined
  refuses: (ref: number) => Error | undefined = () => undefined
  readonly client: Client

  constructor(peerId: PeerId) {
    const asked = <T>(value: T): T => {
      if (this.refusal !== undefined) throw this.refusal
      return value
    }
    this.client = new Client(message => void this.posted.push(message), {
      welcome: (): Welcome => ({ peerId, maxMessageSize: 4096 }),
      subscribe: subscription => void this.subscriptions.push(asked(subscription)),
      readHistory: async (_, request) => {
        asked(undefined)
        this.reads.push(request)
        return PAGE
      },
      unsubscribe: async subscription => void this.left.push(subscription.handle),
      joinPeers: () => {},
      setPresence: (topic, value) => void this.presence.push({ topic, value }),
      broadcast: (_, { ref, payload }) => {
        const refusal = this.refuses(ref)
        if (refusal !== undefined) throw refusal
        this.broadcasts.push(ref)
        this.payloads.push(payload)
      },
      inspect: () => asked({ peerId, topics: [], links: [], deadline: undefined, blame: [] }),
      metrics: () => ({ some: 1 }),
      provoke: () => {},
      listen: () => {},
      shutdown: async () => asked(undefined),
      settle: () => void this.settles++,
      count: counter => void this.counted.push(counter),
    })
  }

  say(message: unknown): void {
    this.client.receive(message as ClientMessage)
  }

  subscribe(handle: number, more: { bootstrap?: string[]; capacity?: number } = {}): void {
    this.say({ ...subscribing(handle), ...more })
  }

  get events() {
    const events: ClientEvent[] = []
    for (const each of this.posted) {
      if (each.type === 'events') unpackEvents(each.events, event => events.push(event))
    }
    return events
  }
}

function subscribing(handle: number) {
  const terms: TopicTerms = TERMS
  return { type: 'subscribe', handle, topic: TOPIC, terms, bootstrap: [], capacity: 2048 } as const
}

function received(author: PeerId, seq: number): ClientEvent {
  return {
    type: 'received',
    content: new Uint8Array([seq]),
    author,
    verified: true,
    seq,
    time: 0,
    id: `${author}:${seq}`,
    deliveredFrom: author,
    scope: { kind: 'swarm', round: 0 },
    fromHistory: false,
  }
}
