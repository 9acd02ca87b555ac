import { beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { CHAT, LoneNode, peerOf } from './hostile.suite.js'
import type { NodeOutput, TopicMessage } from './io.js'
import { FULL_MESH_DEFAULTS } from './membership/full-mesh/config.js'
import type { PresenceEntry } from './presence/statement.js'
import type { TopicTerms } from './topic-hello.js'

// A topic that is a small room: what full mesh, broadcast and presence are together.

const [BOB, CAROL] = [peerOf(1), peerOf(2)]
const { periodMs } = FULL_MESH_DEFAULTS

let lone: LoneNode
beforeEach(() => {
  lone = roomOf('full-mesh')
})

describe('a topic’s kind of membership', () => {
  it.each([
    ['auto', 'full-mesh'],
    ['auto', 'hyparview'],
    ['full-mesh', 'hyparview'],
  ] as const)('%s and %s don’t mix: the difference is an event', (ours, theirs) => {
    const node = new LoneNode()
    node.subscribe(CHAT, { membership: ours })
    node.linkUp(BOB)
    node.greet(BOB, CHAT, { membership: theirs })
    node.hear(BOB, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(node.neighbors()).toEqual([])
    expect(node.events('mismatch')).toMatchObject([
      { peer: BOB, field: 'membership', ours, theirs },
    ])
  })

  it('refuses in the language it was asked in', () => {
    const node = new LoneNode()
    node.input({
      type: 'knock',
      from: BOB,
      topic: CHAT,
      knock: { type: 'init', requestId: 4, record: undefined },
    })
    expect(node.outputs).toEqual([
      {
        type: 'answer-knock',
        to: BOB,
        topic: CHAT,
        answer: { type: 'bye', requestId: 4, reason: 'not-in-topic' },
      },
    ])
  })

  it('hyparview has no ear for a full mesh’s words', () => {
    const node = new LoneNode()
    node.subscribe()
    node.linkUp(BOB)
    node.greet(BOB)
    node.hear(BOB, { type: 'conn', requestId: 1, asks: true, record: undefined })
    expect(node.neighbors()).toEqual([])
    expect(node.node.metrics()['words-of-other-membership']).toBe(1)
  })
})

describe('in a full mesh', () => {
  it('who missed a message hears of it in its author’s next GOSP, and asks the author', () => {
    const outputs = lone.hear(BOB, gosp({ frontier: run(3, 2) }))
    lone.run(1_000)
    const asked = said([...outputs, ...lone.outputs], 'graft').map(({ to, message }) => [
      to,
      'wanted' in message && message.wanted?.author,
      'wanted' in message && message.wanted?.seq,
    ])
    expect(asked.slice(0, 2)).toEqual([
      [BOB, BOB, 3],
      [BOB, BOB, 4],
    ])
  })

  it('who has them all asks for nothing, and a frontier that is none does no harm', () => {
    for (const seq of [1, 2]) {
      const message = { author: BOB, seq, time: 0, payload: utf8('x'), extensions: utf8('') }
      const signature = new Uint8Array(64)
      lone.input({
        type: 'message',
        from: BOB,
        epoch: 1,
        topic: CHAT,
        message: { ...message, signature },
        round: 0,
      })
    }
    lone.hear(BOB, gosp({ frontier: run(1, 2) }))
    lone.hear(BOB, gosp({ frontier: new Uint8Array(9).fill(255) }))
    lone.run(1_000)
    expect(said(lone.outputs, 'graft')).toEqual([])
    expect(lone.node.metrics()['frontier-malformed']).toBe(1)
  })

  it('our GOSP says what we said last', () => {
    lone.input({ type: 'broadcast', topic: CHAT, ref: 1, payload: utf8('hi') })
    lone.input({ type: 'seqs-reserved', topic: CHAT, first: 41, last: 50 })
    const sealed = lone.outputs.find(output => output.type === 'seal')!
    const message = { ...(sealed as { draft: object }).draft, signature: new Uint8Array(64) }
    lone.input({ type: 'sealed', topic: CHAT, ref: 1, message: message as never })
    lone.outputs.length = 0
    lone.run(periodMs)
    expect(said(lone.outputs, 'gosp')[0]).toMatchObject({ message: { frontier: run(41, 1) } })
  })
})

describe('presence', () => {
  it('set is sealed, and then goes out in a GOSP', () => {
    const outputs = lone.input({ type: 'set-presence', topic: CHAT, value: utf8('here') })
    expect(outputs).toMatchObject([
      { type: 'seal-presence', topic: CHAT, draft: { value: utf8('here') } },
      { type: 'seal-presence', topic: CHAT, draft: { value: undefined } },
    ])
    const { draft } = outputs[0] as Extract<NodeOutput, { type: 'seal-presence' }>
    const statement = { ...draft, signature: new Uint8Array(64) }
    lone.input({ type: 'presence-sealed', topic: CHAT, statement })
    lone.run(300)
    const presence = [{ peer: lone.node.self, statement, leftMs: 90_000 }]
    expect(
      said(lone.outputs, 'gosp').map(({ to, message }) => [
        to,
        'presence' in message && message.presence,
      ]),
    ).toEqual([
      [BOB, presence],
      [CAROL, presence],
    ])
  })

  it('heard is an event, known from then on, and over when its peer goes', () => {
    expect(lone.node.knowsPresence(CHAT, BOB, 5)).toBe(false)
    lone.hear(BOB, gosp({ presence: [entry('typing', 5)] }))
    expect(lone.node.knowsPresence(CHAT, BOB, 5)).toBe(true)
    expect(lone.node.snapshot(lone.now).topics[0]!.presence).toMatchObject([{ peer: BOB, time: 5 }])
    lone.input({ type: 'link-down', peer: BOB, epoch: 1, reason: 'failed' })
    expect(lone.events('presence')).toEqual([
      { type: 'presence', peer: BOB, value: utf8('typing'), time: 5 },
      { type: 'presence', peer: BOB, value: undefined, time: 5 },
    ])
  })

  it('of a crashed peer whose link seems to stand is over within three periods', () => {
    lone.hear(BOB, gosp({ presence: [entry('typing', 5)] }))
    lone.run(3 * periodMs)
    expect(lone.events('presence').at(-1)).toMatchObject({ peer: BOB, value: undefined })
    expect(lone.events('neighborDown')).toContainEqual({
      type: 'neighborDown',
      peer: BOB,
      reason: 'link-lost',
    })
  })

  it('in a topic that is not open is no concern', () => {
    const node = new LoneNode()
    node.input({ type: 'set-presence', topic: CHAT, value: utf8('x') })
    expect(node.outputs).toEqual([])
    expect(node.node.knowsPresence(CHAT, BOB, 5)).toBe(true)
  })
})

/** A node whose neighbors are Bob and Carol. */
function roomOf(membership: TopicTerms['membership']): LoneNode {
  const node = new LoneNode()
  node.subscribe(CHAT, { membership })
  for (const peer of [BOB, CAROL]) {
    node.linkUp(peer)
    node.greet(peer, CHAT, { membership })
    node.hear(peer, { type: 'conn', requestId: 1, asks: true, record: undefined })
  }
  expect(node.neighbors()).toEqual([BOB, CAROL])
  node.outputs.length = 0
  return node
}

function gosp(more: { presence?: PresenceEntry[]; frontier?: Uint8Array }): TopicMessage {
  return { type: 'gosp', view: undefined, presence: [], frontier: undefined, ...more }
}

function entry(text: string, time: number): PresenceEntry {
  const signature = new Uint8Array(64)
  const statement = { value: utf8(text), time, lifetimeMs: 90_000, signature }
  return { peer: BOB, statement, leftMs: 90_000 }
}

function run(first: number, count: number): Uint8Array {
  const w = new Writer(8)
  w.varint(first)
  w.varint(count)
  return w.finish()
}

function said(outputs: readonly NodeOutput[], type: TopicMessage['type']) {
  const sends = outputs.flatMap(output => (output.type === 'send' ? [output] : []))
  return [...new Set(sends)].filter(({ message }) => message.type === type)
}
