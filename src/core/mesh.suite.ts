import { type PeerId, peerIdFromBytes, type TopicId, topicIdFromBytes } from './ids.js'
import type { NodeInput, NodeOutput, TopicEvent, TopicStatus } from './io.js'
import type { TopicTerms } from './topic-hello.js'
import { World } from './world.suite.js'

export const CHAT = topicIdFromBytes(new Uint8Array(32).fill(1))
export const NEWS = topicIdFromBytes(new Uint8Array(32).fill(2))
const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}

export function subscription(
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

export function pair(): Mesh {
  const mesh = new Mesh(1)
  for (const peer of mesh.peers(2)) mesh.subscribe(peer, CHAT)
  mesh.run(5_000)
  return mesh
}

/** Peers in a world of their own, and words to drive and read them in tests. */
export class Mesh extends World {
  readonly all: PeerId[] = []
  private readonly kept = new Map<string, Extract<NodeInput, { type: 'subscribe' }>['seen'][0][]>()

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

  broadcast(peer: PeerId, topic: TopicId, words: string): void {
    const payload = new TextEncoder().encode(words)
    this.input(peer, { type: 'broadcast', topic, ref: this.order, payload })
  }

  outputs(peer: PeerId): readonly NodeOutput[] {
    return this.places.get(peer)!.outputs
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
}
