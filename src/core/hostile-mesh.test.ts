import { describe, expect, it } from 'vitest'
import { utf8 } from '../codec/bytes.js'
import { CHAT, LoneNode, peerOf } from './hostile.suite.js'
import type { PeerId } from './ids.js'
import type { TopicMessage } from './io.js'
import type { FullMeshMessage } from './membership/full-mesh/messages.js'
import type { TopicTerms } from './topic-hello.js'

const [A, B, C] = [1, 2, 3].map(peerOf) as [PeerId, PeerId, PeerId]
const PERIOD_MS = 5_000
type Gosp = Extract<FullMeshMessage, { type: 'gosp' }>

describe('a neighbor whose link is replaced', () => {
  it('by a new one, before the end of the old was noticed, hears again what we show', () => {
    const lone = meshed(A)
    show(lone, 'here')
    lone.run(1_000)
    expect(shownTo(lone, A)).toEqual(['here'])
    lone.outputs.length = 0
    lone.linkUp(A, 2)
    lone.run(1_000)
    expect(shownTo(lone, A)).toEqual(['here'])
    expect(lone.events('neighborDown')).toEqual([])
  })

  it('hears again what it may have missed', () => {
    const lone = meshed(A)
    publish(lone)
    lone.outputs.length = 0
    lone.linkUp(A, 2)
    lone.run(1_000)
    expect(said(lone, A, 'ihave')).toHaveLength(1)
  })
})

describe('a neighbor that falls silent and speaks again', () => {
  it('is shown as before: it says nothing twice to who it thinks heard it', () => {
    const lone = meshed(A)
    lone.hear(A, { ...GOSP, presence: [shown(A, 'x')] })
    lone.run(3 * PERIOD_MS)
    expect(lone.neighbors()).toEqual([])
    lone.hear(A, GOSP)
    expect(lone.neighbors()).toEqual([A])
    const values = lone.events('presence').map(({ value }) => value && text(value))
    expect(values).toEqual(['x', undefined, 'x'])
  })
})

describe('words of another membership than the topic’s', () => {
  it('are dropped and counted, whatever they are', () => {
    const lone = meshed(A)
    const words: TopicMessage[] = [
      { type: 'join', requestId: 1, record: undefined },
      { type: 'neighbor-request', requestId: 2, priority: 'high', record: undefined },
      { type: 'neighbor-accept', requestId: 3, record: undefined },
      { type: 'disconnect', alive: 'leaving', sample: [] },
    ]
    for (const word of words) lone.hear(A, word)
    expect(lone.neighbors()).toEqual([A])
    expect(lone.node.metrics()['words-of-other-membership']).toBe(4)

    const other = new LoneNode()
    other.subscribe()
    other.neighbor(A)
    for (const word of [{ ...BYE, reason: 'full' } as const, BYE]) other.hear(A, word)
    expect(other.node.metrics()['words-of-other-membership']).toBe(2)
    expect(other.neighbors()).toEqual([A])
  })
})

describe('a frontier that can’t be', () => {
  it('at the end of all numbers is nothing, and takes no time', () => {
    const lone = meshed(A)
    for (const first of [0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 4_000]) {
      lone.hear(A, { ...GOSP, frontier: frontierOf(first, 4_096) })
    }
    expect(lone.node.metrics()['announcements-of-nothing']).toBe(3)
    lone.hear(A, { ...GOSP, frontier: new Uint8Array(64).fill(255) })
    expect(lone.node.metrics()['frontier-malformed']).toBe(1)
  })

  it('of ever new messages that it never gives is blamed', () => {
    const lone = meshed(A, B)
    for (let n = 0; n < 4; n++) {
      lone.hear(A, { ...GOSP, frontier: frontierOf(1 + n * 10_000, 4_096) })
    }
    expect(lone.node.isBanned(lone.now, A)).toBe(true)
    expect(lone.neighbors()).toEqual([B])
  })

  it('of a stranger is not asked for', () => {
    const lone = meshed(A)
    lone.linkUp(C)
    lone.greet(C, CHAT, MESH)
    lone.outputs.length = 0
    lone.hear(C, { ...GOSP, view: undefined, frontier: frontierOf(1, 10) })
    lone.run(10_000)
    expect(said(lone, C, 'graft')).toEqual([])
  })
})

const MESH: Partial<TopicTerms> = { membership: 'full-mesh' }
const GOSP: Gosp = {
  type: 'gosp',
  view: { digest: new Uint8Array(8), members: undefined },
  presence: [],
  frontier: undefined,
}
const BYE = { type: 'bye', requestId: 0, reason: 'leaving' } as const

function meshed(...peers: PeerId[]): LoneNode {
  const lone = new LoneNode()
  lone.subscribe(CHAT, MESH)
  for (const peer of peers) {
    lone.linkUp(peer)
    lone.greet(peer, CHAT, MESH)
    lone.hear(peer, { type: 'init', requestId: 1, record: undefined })
  }
  expect(lone.neighbors()).toEqual(peers)
  return lone
}

function show(lone: LoneNode, value: string): void {
  const given = { type: 'set-presence', topic: CHAT, value: utf8(value) } as const
  for (const output of lone.input(given)) {
    if (output.type !== 'seal-presence') continue
    const statement = { ...output.draft, signature: undefined }
    lone.input({ type: 'presence-sealed', topic: CHAT, statement })
  }
}

function publish(lone: LoneNode): void {
  lone.input({ type: 'broadcast', topic: CHAT, ref: 1, payload: utf8('said') })
  lone.input({ type: 'seqs-reserved', topic: CHAT, first: 1, last: 100 })
  for (const output of [...lone.outputs]) {
    if (output.type !== 'seal') continue
    const message = { ...output.draft, signature: undefined }
    lone.input({ type: 'sealed', topic: CHAT, ref: output.ref, message })
  }
}

function said(lone: LoneNode, to: PeerId, type: TopicMessage['type']): TopicMessage[] {
  return lone.outputs.flatMap(one =>
    one.type === 'send' && one.to === to && one.message.type === type ? [one.message] : [],
  )
}

function shownTo(lone: LoneNode, to: PeerId): string[] {
  const gosps = said(lone, to, 'gosp') as Gosp[]
  return gosps.flatMap(({ presence }) => presence.map(({ statement }) => text(statement.value!)))
}

function shown(peer: PeerId, value: string) {
  const statement = {
    value: utf8(value),
    time: 1_000_000,
    lifetimeMs: 90_000,
    signature: undefined,
  }
  return { peer, statement, leftMs: 90_000 }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** As an author says what it said last (topic.ts). */
function frontierOf(first: number, count: number): Uint8Array {
  const bytes: number[] = []
  for (let value of [first, count]) {
    for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
    bytes.push(value)
  }
  return Uint8Array.from(bytes)
}
