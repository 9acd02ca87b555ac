// A Gossip and a topic whose node is played by the test, and what tests of them say of bytes.

import type { createPortPair } from '../bridge/port.js'
import { Gossip } from '../gossip.js'
import type { GossipOptions } from '../options.js'
import type { GossipEvent, GossipTopic } from '../topic.js'
import { FakeNode, settled, somePeer } from './fake-node.suite.js'

export async function openGossip(
  options: GossipOptions = {},
): Promise<{ gossip: Gossip; node: FakeNode }> {
  const { node, end } = FakeNode.pair()
  return { gossip: await Gossip.open({ worker: end, ...options }), node }
}

/** A Worker whose other side is an end of a pair. */
export function workerOn(end: ReturnType<typeof createPortPair>[0], terminate: () => void) {
  return {
    postMessage: (message: unknown, transfer?: unknown[]) => end.postMessage(message, transfer),
    addEventListener(type: string, listener: (event: unknown) => void) {
      if (type === 'message') end.onmessage = data => listener({ data })
    },
    terminate,
  }
}

export async function subscribed(
  maxMessageSize = 4096,
): Promise<{ topic: GossipTopic; node: FakeNode }> {
  const { node: first, end } = FakeNode.pair()
  const node = new FakeNode(first.port, somePeer(0), maxMessageSize)
  const gossip = await Gossip.open({ worker: end })
  const topic = gossip.subscribe('tea')
  await settled()
  return { topic, node }
}

export async function take(
  topic: AsyncIterable<GossipEvent>,
  count: number,
): Promise<GossipEvent[]> {
  const events: GossipEvent[] = []
  for await (const event of topic) if (events.push(event) === count) break
  return events
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

export function texts(node: FakeNode): string[] {
  return node.broadcasts.map(({ payload }) => new TextDecoder().decode(payload))
}

export function outcome(ref: number, id: string, neighbors: number) {
  return { ref, ok: true, id, neighbors }
}

export function credited(node: FakeNode): number {
  return node.all('credit').reduce((sum, { count }) => sum + count, 0)
}
