import { describe, expect, it } from 'vitest'
import { ALL_PROTOCOLS } from './all-protocols.js'
import { PLUMTREE_DEFAULTS } from './broadcast/plumtree/config.js'
import { type PeerId, peerIdFromBytes, type TopicId, topicIdFromBytes } from './ids.js'
import type { NodeInput, NodeOutput, TopicEvent, TopicStatus } from './io.js'
import { isKnock } from './knocks.js'
import { HYPARVIEW_DEFAULTS } from './membership/hyparview/config.js'
import type { Knock, KnockAnswer } from './membership/messages.js'
import { Node } from './node.js'
import { Random } from './random.js'
import type { TopicTerms } from './topic-hello.js'

describe('node', () => {
  it('two peers that enter a topic become neighbors', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.subscribe(b!, CHAT)
    mesh.run(5_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([b])
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
    expect(mesh.status(a!, CHAT).state).toBe('joined')
  })

  it('a first peer is alone once the server has named nobody', () => {
    const mesh = new Mesh(1)
    const [a] = mesh.peers(1)
    mesh.subscribe(a!, CHAT)
    expect(mesh.status(a!, CHAT).state).toBe('connecting')
    mesh.run(1_000)
    expect(mesh.status(a!, CHAT).state).toBe('alone')
  })

  it.each([1, 2, 3])('a message reaches everyone exactly once, seed %i', seed => {
    const mesh = new Mesh(seed)
    const peers = mesh.peers(30)
    for (const peer of peers) {
      mesh.subscribe(peer, CHAT)
      mesh.run(200)
    }
    mesh.run(20_000)
    for (const peer of peers.slice(0, 10)) mesh.broadcast(peer, CHAT, `from ${peer}`)
    mesh.run(10_000)
    for (const peer of peers) {
      const expected = peers.slice(0, 10).filter(author => author !== peer)
      expect(mesh.received(peer, CHAT).sort()).toEqual(expected.map(p => `from ${p}`).sort())
    }
  })

  it('the same bytes said twice arrive twice', () => {
    const mesh = pair()
    mesh.broadcast(mesh.all[0]!, CHAT, 'hello')
    mesh.broadcast(mesh.all[0]!, CHAT, 'hello')
    mesh.run(1_000)
    expect(mesh.received(mesh.all[1]!, CHAT)).toEqual(['hello', 'hello'])
  })

  it('a broadcast made alone resolves with no neighbors and reaches who comes soon', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.run(1_000)
    mesh.broadcast(a!, CHAT, 'anyone?')
    mesh.run(1_000)
    expect(mesh.outcomes(a!)).toEqual([0])
    mesh.subscribe(b!, CHAT)
    mesh.run(5_000)
    expect(mesh.received(b!, CHAT)).toEqual(['anyone?'])
  })

  it('one link serves two topics and stands until the last lets go', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.subscribe(a!, NEWS)
    mesh.subscribe(b!, NEWS)
    mesh.run(5_000)
    expect(mesh.neighbors(a!, NEWS)).toEqual([b])
    expect(mesh.dials).toBe(1)
    mesh.input(a!, { type: 'leave', topic: CHAT })
    mesh.run(5_000)
    expect(mesh.neighbors(b!, CHAT)).toEqual([])
    expect(mesh.neighbors(b!, NEWS)).toEqual([a])
    expect(mesh.links(a!)).toBe(1)
    mesh.input(a!, { type: 'leave', topic: NEWS })
    mesh.run(5_000)
    expect(mesh.links(a!)).toBe(0)
    expect(mesh.links(b!)).toBe(0)
  })

  it('a difference in terms is an event on both sides and makes no neighbors', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.subscribe(a!, CHAT)
    mesh.subscribe(b!, CHAT, { maxMessageSize: 9 })
    mesh.run(5_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, CHAT)).toEqual([])
      const event = mesh.events(peer, CHAT).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'maxMessageSize' })
    }
  })

  it('a knock for a topic nobody joined here is refused, and costs no link', () => {
    const mesh = new Mesh(1)
    const [a, b] = mesh.peers(2)
    mesh.input(a!, subscription(CHAT, { bootstrap: [b!] }))
    mesh.run(2_000)
    expect(mesh.dials).toBe(0)
    expect(mesh.neighbors(a!, CHAT)).toEqual([])
  })

  it('a banned peer is hung up, refused, and said to be so', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.input(a!, { type: 'misbehaved', peer: b!, reason: 'malformed-frame' })
    mesh.run(10_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([])
    expect(mesh.links(a!)).toBe(0)
    const events = mesh.events(a!, CHAT)
    expect(events).toContainEqual({
      type: 'peerBlamed',
      peer: b,
      reason: 'malformed-frame',
      banned: true,
    })
  })

  it.each([1, 2, 3, 4])('lost neighbors are replaced when the server is gone, seed %i', seed => {
    const mesh = new Mesh(seed)
    const peers = mesh.peers(12)
    for (const peer of peers) {
      mesh.subscribe(peer, CHAT)
      mesh.run(300)
    }
    mesh.run(150_000)
    mesh.stopServer()
    const dead = peers.slice(0, 4)
    for (const peer of dead) mesh.kill(peer)
    mesh.run(60_000)
    const alive = peers.slice(4)
    for (const peer of alive) {
      expect(mesh.neighbors(peer, CHAT).length).toBeGreaterThan(0)
      expect(mesh.neighbors(peer, CHAT).some(one => dead.includes(one))).toBe(false)
    }
    mesh.broadcast(alive[0]!, CHAT, 'still here')
    mesh.run(5_000)
    for (const peer of alive.slice(1)) expect(mesh.received(peer, CHAT)).toEqual(['still here'])
    expect(mesh.status(alive[0]!, CHAT).state).toBe('degraded')
  })

  it('ids seen before a reload are not delivered again', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.broadcast(a!, CHAT, 'once')
    mesh.run(1_000)
    expect(mesh.received(b!, CHAT)).toEqual(['once'])
    mesh.reload(b!)
    mesh.subscribe(b!, CHAT)
    mesh.run(10_000)
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
    expect(mesh.received(b!, CHAT)).toEqual(['once'])
  })

  it('a peer that comes back before its loss was noticed is a neighbor again', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.run(10_000)
    mesh.reload(b!, { silently: true })
    mesh.subscribe(b!, CHAT)
    mesh.run(10_000)
    expect(mesh.neighbors(a!, CHAT)).toEqual([b])
    expect(mesh.neighbors(b!, CHAT)).toEqual([a])
  })

  it('a topic opened again with other terms is told anew over a link that stands', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    for (const peer of [a!, b!]) mesh.subscribe(peer, NEWS)
    mesh.run(5_000)
    mesh.input(a!, { type: 'leave', topic: CHAT })
    mesh.run(1_000)
    mesh.subscribe(a!, CHAT, { signed: false })
    mesh.run(10_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, CHAT)).toEqual([])
      const event = mesh.events(peer, CHAT).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'signed' })
    }
  })

  it('a topic opened again with the right terms finds its peer over a link that stands', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.subscribe(a!, NEWS, { signed: false })
    mesh.subscribe(b!, NEWS)
    mesh.run(5_000)
    expect(mesh.events(a!, NEWS).some(({ type }) => type === 'mismatch')).toBe(true)
    mesh.input(a!, { type: 'leave', topic: NEWS })
    mesh.run(1_000)
    mesh.subscribe(a!, NEWS)
    mesh.run(100_000)
    expect(mesh.neighbors(a!, NEWS)).toEqual([b])
    expect(mesh.neighbors(b!, NEWS)).toEqual([a])
  })

  it('terms that were heard before the topic was open here are compared when it is', () => {
    const mesh = pair()
    const [a, b] = mesh.all
    mesh.input(b!, subscription(NEWS, { bootstrap: [a!] }))
    mesh.run(1_000)
    mesh.subscribe(a!, NEWS, { signed: false })
    mesh.run(40_000)
    for (const peer of [a!, b!]) {
      expect(mesh.neighbors(peer, NEWS)).toEqual([])
      const event = mesh.events(peer, NEWS).find(({ type }) => type === 'mismatch')
      expect(event).toMatchObject({ field: 'signed' })
    }
  })

  it.each<['open' | 'none']>([['open'], ['none']])(
    'who is remembered is asked where nobody else is named, signaling %s',
    state => {
      const mesh = new Mesh(3)
      const [a, b] = mesh.peers(2)
      mesh.input(a!, { type: 'signaling', state })
      const knocks = () => mesh.outputs(a!).filter(({ type }) => type === 'knock')
      mesh.input(a!, { ...subscription(CHAT), remembered: [b!] } as NodeInput)
      if (state === 'open') {
        expect(knocks()).toEqual([])
        mesh.input(a!, { type: 'introduced', topic: CHAT, peers: [] })
      }
      expect(knocks()).toMatchObject([{ to: b, knock: { type: 'join' } }])
    },
  )

  it('what is for a peer that the server just named goes through the server, whoever named it before', () => {
    const mesh = pair()
    const [a, b] = mesh.all as [PeerId, PeerId]
    const far = peerIdFromBytes(new Random(99).bytes(32))
    const joiner = { peer: far, record: undefined }
    const message = { type: 'forward-join', joiner, hopsLeft: 1 } as const
    const word = { type: 'signal-out', to: far, body: new Uint8Array(1) } as const
    const way = () => {
      mesh.input(a, word)
      return mesh.outputs(a).at(-1)?.type
    }
    mesh.input(a, { type: 'frame', from: b, epoch: mesh.epochWith(a, b), topic: CHAT, message })
    expect(way()).toBe('send-relay')
    mesh.input(a, { type: 'introduced', topic: CHAT, peers: [far] })
    expect(way()).toBe('signal')
  })

  it('the same seed replays the same run', () => {
    const trace = () => {
      const mesh = new Mesh(7)
      for (const peer of mesh.peers(8)) {
        mesh.subscribe(peer, CHAT)
        mesh.run(100)
      }
      mesh.run(30_000)
      return mesh.trace.join('\n')
    }
    expect(trace()).toBe(trace())
  })
})

const CHAT = topicIdFromBytes(new Uint8Array(32).fill(1))
const NEWS = topicIdFromBytes(new Uint8Array(32).fill(2))
const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}
const LATENCY_MS = 20
const DIAL_MS = 100

function subscription(
  topic: TopicId,
  {
    bootstrap = [],
    seen = [],
    ...terms
  }: Partial<TopicTerms> & {
    bootstrap?: PeerId[]
    seen?: Extract<NodeInput, { type: 'subscribe' }>['seen']
  } = {},
): NodeInput {
  return {
    type: 'subscribe',
    topic,
    terms: { ...TERMS, ...terms },
    bootstrap,
    remembered: [],
    seen,
  }
}

function pair(): Mesh {
  const mesh = new Mesh(1)
  for (const peer of mesh.peers(2)) mesh.subscribe(peer, CHAT)
  mesh.run(5_000)
  return mesh
}

interface Place {
  node: Node
  outputs: NodeOutput[]
  wantsLinkWith: Set<PeerId>
  linkedWith: Map<PeerId, number>
  entered: Set<TopicId>
  generation: number
  seqs: Map<TopicId, number>
}

/** Nodes, a server that introduces them, and links between who both dialed; one virtual clock. */
class Mesh {
  readonly all: PeerId[] = []
  readonly trace: string[] = []
  dials = 0
  private readonly places = new Map<PeerId, Place>()
  private readonly random: Random
  private readonly signals: { from: PeerId; topic: TopicId; said: Knock | KnockAnswer }[] = []
  private readonly agenda: { at: number; order: number; act: () => void }[] = []
  private now = 1_000_000
  private order = 0
  private epoch = 1
  private isServerUp = true

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  peers(count: number): PeerId[] {
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(32)
      bytes[0] = this.all.length + 1
      const peer = peerIdFromBytes(bytes)
      this.all.push(peer)
      this.place(peer, 0)
    }
    return this.all.slice(-count)
  }

  subscribe(peer: PeerId, topic: TopicId, terms: Partial<TopicTerms> = {}): void {
    const seen = this.kept.get(peer + topic) ?? []
    this.input(peer, { type: 'signaling', state: this.isServerUp ? 'open' : 'lost' })
    this.input(peer, subscription(topic, { ...terms, seen }))
  }
  private readonly kept = new Map<string, Extract<NodeInput, { type: 'subscribe' }>['seen'][0][]>()

  broadcast(peer: PeerId, topic: TopicId, words: string): void {
    const payload = new TextEncoder().encode(words)
    this.input(peer, { type: 'broadcast', topic, ref: this.order, payload })
  }

  outputs(peer: PeerId): readonly NodeOutput[] {
    return this.places.get(peer)!.outputs
  }

  input(peer: PeerId, input: NodeInput): void {
    const place = this.places.get(peer)
    if (place === undefined) return
    for (const output of place.node.handle(this.now, input)) {
      this.trace.push(`${this.now} ${peer.slice(0, 4)} ${output.type}`)
      place.outputs.push(output)
      this.perform(peer, place, output)
    }
  }

  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      this.agenda.sort((x, y) => x.at - y.at || x.order - y.order)
      const event = this.agenda[0]
      const sleeper = this.nextSleeper()
      const at = Math.min(event?.at ?? Infinity, sleeper?.at ?? Infinity)
      if (at > end) break
      this.now = Math.max(this.now, at)
      if (event !== undefined && event.at <= at) {
        this.agenda.shift()
        event.act()
      } else this.input(sleeper!.peer, { type: 'wake' })
    }
    this.now = end
  }

  kill(peer: PeerId): void {
    const place = this.places.get(peer)!
    this.places.delete(peer)
    for (const [other, epoch] of place.linkedWith) this.tellLinkDown(other, peer, epoch)
  }

  reload(peer: PeerId, { silently = false } = {}): void {
    const place = this.places.get(peer)!
    for (const output of place.outputs) {
      if (output.type !== 'remember-ids') continue
      const key = peer + output.topic
      this.kept.set(key, [...(this.kept.get(key) ?? []), ...output.seen])
    }
    const kept = place.outputs
    if (!silently) this.kill(peer)
    this.place(peer, place.generation + 1).outputs.push(...kept)
    this.places.get(peer)!.seqs = place.seqs
  }

  stopServer(): void {
    this.isServerUp = false
    for (const peer of [...this.places.keys()]) {
      this.input(peer, { type: 'signaling', state: 'lost' })
    }
  }

  neighbors(peer: PeerId, topic: TopicId): PeerId[] {
    const snapshot = this.places.get(peer)!.node.snapshot(this.now)
    const found = snapshot.topics.find(one => one.topic === topic)
    return found?.membership.active.map(one => one.peer) ?? []
  }

  epochWith(peer: PeerId, other: PeerId): number {
    return this.places.get(peer)!.linkedWith.get(other)!
  }

  links(peer: PeerId): number {
    return this.places.get(peer)!.linkedWith.size
  }

  status(peer: PeerId, topic: TopicId): TopicStatus {
    let status: TopicStatus | undefined
    for (const output of this.places.get(peer)!.outputs) {
      if (output.type === 'status' && output.topic === topic) status = output.status
    }
    return status!
  }

  events(peer: PeerId, topic: TopicId): TopicEvent[] {
    return this.places
      .get(peer)!
      .outputs.flatMap(output =>
        output.type === 'emit' && output.topic === topic ? [output.event] : [],
      )
  }

  received(peer: PeerId, topic: TopicId): string[] {
    return this.events(peer, topic).flatMap(event =>
      event.type === 'received' ? [new TextDecoder().decode(event.content)] : [],
    )
  }

  outcomes(peer: PeerId): number[] {
    return this.places
      .get(peer)!
      .outputs.flatMap(output => (output.type === 'broadcast-done' ? [output.neighbors] : []))
  }

  private place(peer: PeerId, generation: number): Place {
    const config = { membership: HYPARVIEW_DEFAULTS, broadcast: PLUMTREE_DEFAULTS }
    const place: Place = {
      node: new Node(peer, config, ALL_PROTOCOLS, this.random.u32()),
      outputs: [],
      wantsLinkWith: new Set(),
      linkedWith: new Map(),
      entered: new Set(),
      generation,
      seqs: new Map(),
    }
    this.places.set(peer, place)
    return place
  }

  private perform(peer: PeerId, place: Place, output: NodeOutput): void {
    switch (output.type) {
      case 'seal':
        this.soon(0, peer, {
          type: 'sealed',
          topic: output.topic,
          ref: output.ref,
          message: { ...output.draft, signature: undefined },
        })
        break
      case 'reserve-seqs': {
        const { topic, count } = output
        const first = place.seqs.get(topic) ?? 1
        place.seqs.set(topic, first + count)
        this.soon(0, peer, { type: 'seqs-reserved', topic, first, last: first + count - 1 })
        break
      }
      case 'knock':
      case 'answer-knock': {
        const said = output.type === 'knock' ? output.knock : output.answer
        const index = this.signals.push({ from: peer, topic: output.topic, said }) - 1
        const body = new Uint8Array(new Uint32Array([index]).buffer)
        this.soon(0, peer, { type: 'signal-out', to: output.to, body })
        break
      }
      case 'signal':
        this.throughServer(peer, output.to, output.body)
        break
      case 'signal-in':
        this.heardSignal(peer, output.body, 'mesh')
        break
      case 'dial':
        place.wantsLinkWith.add(output.peer)
        this.later(DIAL_MS, () => this.link(peer, output.peer))
        this.later(3_000, () => {
          const now = this.places.get(peer)
          if (now === place && place.wantsLinkWith.delete(output.peer)) {
            this.input(peer, { type: 'dial-failed', peer: output.peer })
          }
        })
        break
      case 'hang-up': {
        place.wantsLinkWith.delete(output.peer)
        const epoch = place.linkedWith.get(output.peer)
        place.linkedWith.delete(output.peer)
        if (epoch !== undefined) this.tellLinkDown(output.peer, peer, epoch)
        break
      }
      case 'send-topic-hello': {
        const { to, topic, terms } = output
        this.across(peer, to, epoch => ({ type: 'topic-hello', from: peer, epoch, topic, terms }))
        break
      }
      case 'send-relay': {
        const { to, relay } = output
        this.across(peer, to, epoch => ({ type: 'relay', from: peer, epoch, relay }))
        break
      }
      case 'send': {
        const { to, topic, message } = output
        if (message.type !== 'gossip') {
          this.across(peer, to, epoch => ({ type: 'frame', from: peer, epoch, topic, message }))
          break
        }
        this.across(peer, to, epoch => {
          const { round } = message
          const common = { from: peer, epoch, topic, round }
          return this.places.get(to)!.node.knows(topic, message.message)
            ? { type: 'duplicate', id: message.message, ...common }
            : { type: 'message', message: message.message, ...common }
        })
        break
      }
      case 'enter': {
        place.entered.add(output.topic)
        if (!this.isServerUp) break
        const others = [...this.places].filter(
          ([other, { entered }]) => other !== peer && entered.has(output.topic),
        )
        const peers = this.random.sample(others, 5).map(([other]) => other)
        this.soon(LATENCY_MS, peer, { type: 'introduced', topic: output.topic, peers })
        break
      }
      case 'exit':
        place.entered.delete(output.topic)
    }
  }

  private throughServer(from: PeerId, to: PeerId, body: Uint8Array): void {
    if (this.isServerUp && this.places.has(to)) {
      this.later(LATENCY_MS, () => this.heardSignal(to, body, 'server'))
    } else this.soon(LATENCY_MS, from, { type: 'undeliverable', to })
  }

  private heardSignal(peer: PeerId, body: Uint8Array, via: 'server' | 'mesh'): void {
    const { from, topic, said } = this.signals[new Uint32Array(body.slice().buffer)[0]!]!
    if (via === 'server') this.input(peer, { type: 'signal-heard', from, via })
    if (isKnock(said)) {
      this.input(peer, { type: 'knock', from, topic, knock: said })
    } else this.input(peer, { type: 'knock-answer', from, topic, answer: said })
  }

  private link(a: PeerId, b: PeerId): void {
    const [one, other] = [this.places.get(a), this.places.get(b)]
    if (!one?.wantsLinkWith.has(b) || !other?.wantsLinkWith.has(a)) return
    one.wantsLinkWith.delete(b)
    other.wantsLinkWith.delete(a)
    const epoch = this.epoch++
    this.dials++
    one.linkedWith.set(b, epoch)
    other.linkedWith.set(a, epoch)
    this.input(a, { type: 'link-up', peer: b, epoch })
    this.input(b, { type: 'link-up', peer: a, epoch })
  }

  private tellLinkDown(peer: PeerId, other: PeerId, epoch: number): void {
    this.later(LATENCY_MS + 1, () => {
      const place = this.places.get(peer)
      if (place?.linkedWith.get(other) !== epoch) return
      place.linkedWith.delete(other)
      this.input(peer, { type: 'link-down', peer: other, epoch, reason: 'closed' })
    })
  }

  private across(from: PeerId, to: PeerId, input: (epoch: number) => NodeInput): void {
    const epoch = this.places.get(from)!.linkedWith.get(to)
    this.later(LATENCY_MS, () => {
      if (epoch !== undefined && this.places.get(to)?.linkedWith.get(from) === epoch) {
        this.input(to, input(epoch))
      }
    })
  }

  private soon(ms: number, peer: PeerId, input: NodeInput): void {
    const place = this.places.get(peer)
    this.later(ms, () => {
      if (this.places.get(peer) === place) this.input(peer, input)
    })
  }

  private later(ms: number, act: () => void): void {
    this.agenda.push({ at: this.now + ms, order: this.order++, act })
  }

  private nextSleeper(): { at: number; peer: PeerId } | undefined {
    let next: { at: number; peer: PeerId } | undefined
    for (const [peer, { node }] of this.places) {
      const deadline = node.nextDeadline
      if (deadline !== undefined && (next === undefined || deadline.at < next.at)) {
        next = { at: deadline.at, peer }
      }
    }
    return next
  }
}
