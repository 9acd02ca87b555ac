import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bundleOf, someBundle } from '../core/bundle.suite.js'
import type { MessageId, PeerId, TopicId } from '../core/ids.js'
import type { NodeInput, TopicMessage } from '../core/io.js'
import { canonicalBytes, type Message } from '../core/message.js'
import type { Node } from '../core/node.js'
import { presenceBytes } from '../core/presence/signed-bytes.js'
import type { PresenceEntry } from '../core/presence/statement.js'
import type { TopicTerms } from '../core/topic-hello.js'
import { Door, neighborBytes, recordBytes } from './door.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'
import type { PeerLink } from './peer-link.js'
import { newsOf } from './presence-news.js'
import { fiveKeys, TERMS, TOPIC, useVirtualTime } from './world.suite.js'

const time = useVirtualTime()

let author: Identity
let others: PeerId[]
beforeEach(async () => {
  const keys = await fiveKeys()
  author = keys[0]!.id
  others = keys.slice(1).map(({ id }) => id.peerId)
})

describe('a message', () => {
  it('whose signature verifies is delivered, once and as it came', async () => {
    const { door, link, inputs } = new DoorTest()
    const message = await signed(1)
    door.frame(link(0), gossip(message, 3))
    await time().quiet()
    expect(inputs).toEqual([
      { type: 'message', from: others[0], epoch: 1, topic: TOPIC, message, round: 3 },
    ])
  })

  it.each<[string, (message: Message) => Partial<Message>]>([
    ['payload', () => ({ payload: new Uint8Array([66]) })],
    ['seq', ({ seq }) => ({ seq: seq + 1 })],
    ['author', () => ({ author: others[1]! })],
    ['time', ({ time }) => ({ time: time + 1 })],
    ['extensions', () => ({ extensions: new Uint8Array([1]) })],
    ['signature', () => ({ signature: new Uint8Array(64) })],
    ['form', () => ({ payload: someBundle(2), count: 2 })],
    ['count', () => ({ count: 2 })],
  ])('with another %s is blamed on who brought it, and delivered nowhere', async (_, change) => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, ...change(message) }))
    await time().quiet()
    expect(test.inputs).toEqual([blame(others[0]!, 'bad-signature')])
  })

  it('of another topic, signed there, is blamed here', async () => {
    const test = new DoorTest()
    const message = await signed(1, 'x', others[0] as unknown as TopicId)
    test.door.frame(test.link(0), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved'])
  })

  it('without a signature is blamed where messages are signed, and one with it where they are not', async () => {
    const test = new DoorTest()
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), signature: undefined }))
    const raw = new DoorTest({ signed: false })
    raw.door.frame(raw.link(0), gossip(await signed(1)))
    await time().quiet()
    expect([test.said, raw.said]).toEqual([['misbehaved'], ['misbehaved']])
  })

  it('on an unsigned topic is delivered at once, without crypto', async () => {
    const test = new DoorTest({ signed: false })
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), signature: undefined }))
    expect(test.said).toEqual(['message'])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })

  it('larger than the topic allows is blamed, without crypto', async () => {
    const test = new DoorTest({ maxMessageSize: 3 })
    test.door.frame(test.link(0), gossip(await signed(1, 'four')))
    expect(test.inputs).toEqual([blame(others[0]!, 'message-too-large')])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })

  it('that holds a larger one than the topic allows is blamed, and not for what it has in all', async () => {
    const test = new DoorTest({ maxMessageSize: 3, signed: false })
    const bundle = (payload: Uint8Array) =>
      gossip({ ...said, payload, count: 2, signature: undefined })
    const said = await signed(2)
    test.door.frame(test.link(0), bundle(bundleOf(new Uint8Array(3), new Uint8Array(3))))
    test.door.frame(test.link(1), bundle(bundleOf(new Uint8Array(4), new Uint8Array(1))))
    expect(test.said).toEqual(['message', 'misbehaved'])
  })

  it('of a topic we left is counted and goes no further', async () => {
    const test = new DoorTest()
    test.terms = undefined
    test.door.frame(test.link(0), gossip(await signed(1)))
    expect([test.inputs, test.counted]).toEqual([[], ['gossip-for-unknown-topic']])
  })

  it('that is known already is a duplicate and costs no crypto, whatever its bytes', async () => {
    const test = new DoorTest()
    test.known.add(1)
    test.door.frame(test.link(0), gossip({ ...(await signed(1)), payload: new Uint8Array(9) }))
    expect(test.said).toEqual(['duplicate'])
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
  })
})

describe('copies of one message', () => {
  it('wait for one verification, the first is delivered and three are duplicates; a fifth is dropped', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    for (const n of [0, 1, 2, 3, 4]) test.door.frame(test.link(n), gossip(message, n))
    await time().quiet()
    expect(crypto.subtle.verify).toHaveBeenCalledTimes(1)
    expect(test.said).toEqual(['message', 'duplicate', 'duplicate', 'duplicate'])
    expect(test.inputs.map(input => 'from' in input && input.from)).toEqual(others.slice(0, 4))
    expect(test.counted).toEqual(['copy-while-verifying-dropped'])
  })

  it('behind a forgery are not suppressed by it: the genuine one arrives, the forger is blamed', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, payload: new Uint8Array([1]) }))
    test.door.frame(test.link(1), gossip(message))
    test.door.frame(test.link(2), gossip(message))
    await time().quiet()
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'bad-signature'))
    expect(test.said.slice(1).sort()).toEqual(['duplicate', 'message'])
    const delivered = test.inputs.find(input => input.type === 'message')
    expect(delivered).toMatchObject({ message: { payload: message.payload } })
  })

  it('that are all forged are each blamed on who brought them', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    for (const n of [0, 1, 2]) {
      test.door.frame(test.link(n), gossip({ ...message, payload: new Uint8Array([n]) }))
    }
    await time().quiet()
    expect(test.inputs).toEqual(others.slice(0, 3).map(peer => blame(peer, 'bad-signature')))
  })

  it('from one link take one place: a forger can not shut out the genuine one', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    const forger = test.link(0)
    for (let n = 0; n < 5; n++) {
      test.door.frame(forger, gossip({ ...message, payload: new Uint8Array([n]) }))
    }
    test.door.frame(test.link(1), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved', 'message'])
  })

  it('that come after a forgery failed are verified anew', async () => {
    const test = new DoorTest()
    const message = await signed(1)
    test.door.frame(test.link(0), gossip({ ...message, payload: new Uint8Array([1]) }))
    await time().quiet()
    test.door.frame(test.link(1), gossip(message))
    await time().quiet()
    expect(test.said).toEqual(['misbehaved', 'message'])
  })
})

describe('order', () => {
  it('is kept on each link, however long each signature takes, and other links do not wait', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const [a, b] = [test.link(0), test.link(1)]
    for (const seq of [1, 2, 3]) test.door.frame(a, gossip(await signed(seq)))
    test.known.add(9)
    test.door.frame(a, gossip(await signed(9)))
    test.door.frame(b, gossip(await signed(4)))
    await time().quiet()
    await gates.open(3, 2)
    expect(test.seqs).toEqual([4])
    await gates.open(1)
    expect(test.seqs).toEqual([4])
    await gates.open(0)
    expect(test.seqs).toEqual([4, 1, 2, 3, 9])
  })

  it('payload does not hold up control, but a farewell waits for what was said before it', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const link = test.link(0)
    test.door.frame(link, gossip(await signed(1)))
    test.door.frame(link, topic({ type: 'prune', source: undefined }))
    test.door.frame(link, topic({ type: 'disconnect', alive: 'leaving', sample: [] }))
    test.door.frame(link, topic({ type: 'ihave', announcements: [] }))
    await time().quiet()
    expect(test.said).toEqual(['prune'])
    await gates.open(0)
    expect(test.said).toEqual(['prune', 'message', 'disconnect', 'ihave'])
  })

  it('control frames wait for the records of those before them', async () => {
    const test = new DoorTest()
    const gates = gateVerification()
    const link = test.link(0)
    const record = { data: new Uint8Array(3), time: 5, signature: new Uint8Array(64).fill(1) }
    test.door.frame(link, topic({ type: 'join', requestId: 1, record }))
    test.door.frame(link, topic({ type: 'prune', source: undefined }))
    test.door.frame(link, { type: 'topic-hello', alias: 0, topic: TOPIC, terms: TERMS })
    await time().quiet()
    expect(test.said).toEqual([])
    await gates.open(0)
    expect(test.said).toEqual(['misbehaved', 'prune', 'topic-hello'])
  })
})

describe('a message to neighbors', () => {
  it('is passed on where its sender signed it for this topic', async () => {
    const test = new DoorTest()
    test.door.frame(test.linkTo(author.peerId), topic(await toNeighbors(TOPIC)))
    await time().quiet()
    expect(test.said).toEqual(['neighbor-gossip'])
  })

  it('is blamed where another peer passes it off as its own, or brings it to another topic', async () => {
    const test = new DoorTest()
    test.door.frame(test.link(0), topic(await toNeighbors(TOPIC)))
    const elsewhere = await toNeighbors(others[3] as unknown as TopicId)
    test.door.frame(test.linkTo(author.peerId), topic(elsewhere))
    await time().quiet()
    expect(test.inputs).toEqual([
      blame(others[0]!, 'bad-signature'),
      blame(author.peerId, 'bad-signature'),
    ])
  })
})

describe('what peers say of themselves', () => {
  it('is passed on where each record is signed by whom it is about', async () => {
    const test = new DoorTest()
    const data = new Uint8Array([1, 2])
    const signature = await author.sign(recordBytes(author.peerId, { data, time: 5 }))
    const record = { data, time: 5, signature }
    const sample = [
      { peer: author.peerId, record },
      { peer: others[2]!, record: undefined },
    ]
    test.door.frame(test.link(0), topic({ type: 'shuffle-reply', walkId: 1, sample }))
    await time().quiet()
    expect(test.said).toEqual(['shuffle-reply'])
  })

  it('one record signed by nobody it names spoils the whole message', async () => {
    const test = new DoorTest()
    const data = new Uint8Array([1, 2])
    const signature = await author.sign(recordBytes(author.peerId, { data, time: 5 }))
    const record = { data, time: 5, signature }
    const joiner = { peer: others[1]!, record }
    test.door.frame(test.link(0), topic({ type: 'forward-join', joiner, hopsLeft: 3 }))
    const origin = { peer: author.peerId, record: { ...record, time: 6 } }
    const walk = { origin, walkId: 1, hopsLeft: 2, sample: [] }
    test.door.frame(test.link(1), topic({ type: 'shuffle', ...walk }))
    await time().quiet()
    expect(test.inputs).toEqual([
      blame(others[0]!, 'bad-signature'),
      blame(others[1]!, 'bad-signature'),
    ])
  })
})

describe('a flood', () => {
  it('of empty messages fills no more than the budget; those over it are dropped and counted', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    const message = { ...(await signed(1)), payload: new Uint8Array(0) }
    gateVerification()
    for (let seq = 1; seq <= 40_000; seq++) test.door.frame(link, gossip({ ...message, seq }))
    expect(link.live.waiting).toBeLessThan(33_000)
    expect(new Set(test.counted)).toEqual(new Set(['gossip-over-verify-budget']))
    expect(test.counted.length + link.live.waiting).toBe(40_000)
  })

  it('of messages to neighbors is bounded by the same budget, which is free again when they were verified', async () => {
    const test = new DoorTest({ maxMessageSize: 1 << 20 })
    const link = test.linkTo(author.peerId)
    const said = await toNeighbors(TOPIC)
    const large = { ...said, payload: new Uint8Array(1 << 20) } as TopicMessage
    for (let n = 0; n < 20; n++) test.door.frame(link, topic(large))
    expect(link.live.waiting).toBe(15)
    expect(test.counted).toEqual(Array(5).fill('gossip-over-verify-budget'))
    await time().quiet()
    test.inputs.length = 0
    test.door.frame(link, topic(said))
    await time().quiet()
    expect(test.said).toEqual(['neighbor-gossip'])
  })

  it('of presence to verify is blamed when thousands of statements wait', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    const entry = await shown(1)
    gateVerification()
    const full = topic(gosp(...Array(64).fill(entry)))
    for (let n = 0; n < 200; n++) test.door.frame(link, full)
    expect(link.control.waiting).toBeLessThan(70)
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'limit-exceeded'))
    // What other links bring is no worse off.
    test.inputs.length = 0
    test.door.frame(test.link(1), full)
    expect(test.inputs).toEqual([])
  })

  it('of records to verify is blamed when thousands of frames wait behind them', async () => {
    const test = new DoorTest()
    const link = test.link(0)
    gateVerification()
    const record = { data: new Uint8Array(3), time: 5, signature: new Uint8Array(64).fill(1) }
    for (let n = 0; n < 10_000; n++) {
      test.door.frame(link, topic({ type: 'join', requestId: n, record }))
    }
    expect(link.control.waiting).toBeLessThan(5_000)
    expect(test.inputs[0]).toEqual(blame(others[0]!, 'limit-exceeded'))
  })
})

/** A door to a node that knows only what the test says. */
class DoorTest {
  readonly inputs: NodeInput[] = []
  readonly counted: string[] = []
  readonly known = new Set<number>()
  terms: TopicTerms | undefined
  presenceKnown = 0
  readonly door: Door

  constructor(terms: Partial<TopicTerms> = {}) {
    this.terms = { ...TERMS, ...terms }
    const node = {
      knows: (_: TopicId, { seq }: MessageId) => this.known.has(seq),
      termsOf: () => this.terms,
      knowsPresence: (_: TopicId, __: PeerId, at: number) => at <= this.presenceKnown,
    } as unknown as Node
    const input = (given: NodeInput) => {
      this.inputs.push(given)
      if (given.type === 'message') this.known.add(given.message.seq)
    }
    this.door = new Door(node, input, counter => void this.counted.push(counter))
    this.door.loadNews = () => newsOf
  }

  readonly link = (n: number): PeerLink => this.linkTo(others[n] ?? (`stranger ${n}` as PeerId))

  linkTo(peer: PeerId): PeerLink {
    return { peer, epoch: 1, live: new InOrder(), control: new InOrder() } as unknown as PeerLink
  }

  get said(): string[] {
    return this.inputs.map(input => (input.type === 'frame' ? input.message.type : input.type))
  }

  get seqs(): number[] {
    return this.inputs.flatMap(input => {
      if (input.type === 'message') return [input.message.seq]
      return input.type === 'duplicate' ? [input.id.seq] : []
    })
  }
}

describe('presence in a GOSP', () => {
  it('is verified, and passes as it came', async () => {
    const test = new DoorTest()
    const message = gosp(await shown(1))
    test.door.frame(test.link(0), topic(message))
    await time().quiet()
    expect(test.inputs).toEqual([
      { type: 'frame', from: others[0], epoch: 1, topic: TOPIC, message },
    ])
  })

  it.each<[string, (entry: PresenceEntry) => Partial<PresenceEntry['statement']>]>([
    ['value', () => ({ value: new Uint8Array([66]) })],
    ['time', ({ statement }) => ({ time: statement.time + 1 })],
    ['lifetime', () => ({ lifetimeMs: 600_000 })],
    ['signature', () => ({ signature: new Uint8Array(64) })],
    ['no signature', () => ({ signature: undefined })],
  ])('with another %s is blamed on who brought it', async (_, change) => {
    const test = new DoorTest()
    const good = await shown(1)
    const bad = { ...good, statement: { ...good.statement, ...change(good) } }
    test.door.frame(test.link(0), topic(gosp(good, bad)))
    await time().quiet()
    expect(test.inputs).toEqual([blame(others[0]!, 'bad-signature')])
  })

  it('that is no news costs no crypto, and is left out', async () => {
    const test = new DoorTest()
    test.presenceKnown = 1
    test.door.frame(test.link(0), topic(gosp(await shown(1))))
    await time().quiet()
    expect(crypto.subtle.verify).not.toHaveBeenCalled()
    expect(test.inputs).toMatchObject([{ message: { type: 'gosp', presence: [] } }])
  })

  it('of an unsigned topic passes without a signature', async () => {
    const test = new DoorTest({ signed: false })
    const signed = await shown(1)
    const message = gosp({ ...signed, statement: { ...signed.statement, signature: undefined } })
    test.door.frame(test.link(0), topic(message))
    await time().quiet()
    expect(test.inputs).toMatchObject([{ type: 'frame', message }])
  })
})

function gosp(...presence: PresenceEntry[]): TopicMessage {
  return { type: 'gosp', view: undefined, presence, frontier: undefined }
}

async function shown(at: number): Promise<PresenceEntry> {
  const draft = { value: new Uint8Array([65]), time: at, lifetimeMs: 90_000 }
  const signature = await author.sign(presenceBytes(TOPIC, author.peerId, draft))
  return { peer: author.peerId, statement: { ...draft, signature }, leftMs: 90_000 }
}

/** Verifications end when the test says so; `open` names them in the order of their beginning. */
function gateVerification() {
  const real = vi.mocked(crypto.subtle.verify).getMockImplementation()!
  const gates: (() => void)[] = []
  vi.mocked(crypto.subtle.verify).mockImplementation(async (name, key, signature, bytes) => {
    // As WebCrypto does, before it returns.
    const copy = new Uint8Array(bytes as Uint8Array)
    await new Promise<void>(resolve => gates.push(resolve))
    return real(name, key, signature, copy)
  })
  return {
    async open(...turns: number[]) {
      for (const turn of turns) {
        gates[turn]!()
        await time().quiet()
      }
    },
  }
}

async function signed(seq: number, text = `number ${seq}`, of = TOPIC): Promise<Message> {
  const draft = {
    author: author.peerId,
    seq,
    time: 1_000 + seq,
    payload: new TextEncoder().encode(text),
    extensions: new Uint8Array(0),
  }
  return { ...draft, signature: await author.sign(canonicalBytes(of, draft)) }
}

async function toNeighbors(of: TopicId): Promise<TopicMessage> {
  const said = { nonce: new Uint8Array(16).fill(4), time: 7, payload: new Uint8Array([1]) }
  const signature = await author.sign(neighborBytes(of, author.peerId, said))
  return { type: 'neighbor-gossip', ...said, signature }
}

function gossip(message: Message, round = 0) {
  return topic({ type: 'gossip', round, message })
}

function topic(message: TopicMessage) {
  return { type: 'topic', topic: TOPIC, message } as const
}

function blame(peer: PeerId, reason: string) {
  return { type: 'misbehaved', peer, reason }
}
