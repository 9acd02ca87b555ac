import { ALL_PROTOCOLS } from './all-protocols.js'
import { PLUMTREE_DEFAULTS } from './broadcast/plumtree/config.js'
import { type PeerId, peerIdFromBytes, type TopicId, topicIdFromBytes } from './ids.js'
import type { NodeInput, NodeOutput, TopicEvent, TopicMessage } from './io.js'
import { HYPARVIEW_DEFAULTS } from './membership/hyparview/config.js'
import { Node } from './node.js'
import type { TopicTerms } from './topic-hello.js'

export const CHAT = topicIdFromBytes(new Uint8Array(32).fill(1))
export const NEWS = topicIdFromBytes(new Uint8Array(32).fill(2))
export const TERMS: TopicTerms = {
  signed: true,
  membership: 'hyparview',
  history: 'none',
  maxMessageSize: 4096,
}

/** One node, to which the test says what other peers, a server or an application might. */
export class LoneNode {
  readonly node = new Node(
    peerOf(255),
    { membership: HYPARVIEW_DEFAULTS, broadcast: PLUMTREE_DEFAULTS },
    ALL_PROTOCOLS,
    7,
  )
  readonly outputs: NodeOutput[] = []
  now = 1_000_000

  input(input: NodeInput): NodeOutput[] {
    const given = this.node.handle(this.now, input)
    this.outputs.push(...given)
    return given
  }

  /** Lets time pass, with every deadline in it. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.node.nextDeadline
      if (next === undefined || next.at > end) break
      this.now = Math.max(this.now, next.at)
      this.input({ type: 'wake' })
    }
    this.now = end
  }

  subscribe(topic: TopicId = CHAT, terms: Partial<TopicTerms> = {}): void {
    const given = { ...TERMS, ...terms }
    this.input({ type: 'subscribe', topic, terms: given, bootstrap: [], remembered: [], seen: [] })
  }

  greet(from: PeerId, topic: TopicId = CHAT, terms: Partial<TopicTerms> = {}, epoch = 1) {
    return this.input({ type: 'topic-hello', from, epoch, topic, terms: { ...TERMS, ...terms } })
  }

  hear(from: PeerId, message: TopicMessage, topic: TopicId = CHAT, epoch = 1): NodeOutput[] {
    return this.input({ type: 'frame', from, epoch, topic, message })
  }

  linkUp(peer: PeerId, epoch = 1): NodeOutput[] {
    return this.input({ type: 'link-up', peer, epoch })
  }

  /** A peer that asked for a place over its link, and has it. */
  neighbor(peer: PeerId, ...topics: TopicId[]): void {
    this.linkUp(peer)
    for (const topic of topics.length === 0 ? [CHAT] : topics) {
      this.greet(peer, topic)
      this.hear(
        peer,
        { type: 'neighbor-request', requestId: 1, priority: 'high', record: undefined },
        topic,
      )
    }
  }

  neighbors(topic: TopicId = CHAT): PeerId[] {
    const found = this.node.snapshot(this.now).topics.find(each => each.topic === topic)
    return found?.membership.active.map(({ peer }) => peer) ?? []
  }

  events<Type extends TopicEvent['type']>(type: Type): Extract<TopicEvent, { type: Type }>[] {
    return this.outputs.flatMap(output =>
      output.type === 'emit' && output.event.type === type ? [output.event as never] : [],
    )
  }
}

export function peerOf(n: number): PeerId {
  const bytes = new Uint8Array(32)
  bytes[0] = n & 255
  bytes[1] = n >>> 8
  return peerIdFromBytes(bytes)
}
