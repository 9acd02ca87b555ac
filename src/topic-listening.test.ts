import { describe, expect, it, vi } from 'vitest'
import { EVENT_CREDIT } from './bridge/node-messages.js'
import { received, settled, somePeer } from './page/fake-node.suite.js'
import { credited, subscribed, take } from './page/gossip-on-fake-node.suite.js'
import type { GossipEvent } from './topic.js'

describe('listening', () => {
  it('dispatches each event under its type', async () => {
    const { topic, node } = await subscribed()
    const seen: unknown[] = []
    for (const type of [
      'received',
      'neighborUp',
      'neighborDown',
      'lagged',
      'mismatch',
      'peerBlamed',
      'joinFailed',
    ] as const) {
      topic.addEventListener(type, event => seen.push([event.type, event.detail]))
    }
    const peer = somePeer(3)
    const events: GossipEvent[] = [
      received(1),
      { type: 'neighborUp', peer },
      { type: 'neighborDown', peer, reason: 'link-lost' },
      { type: 'lagged', count: 2 },
      { type: 'mismatch', peer, field: 'signed', ours: 'true', theirs: 'false' },
      { type: 'peerBlamed', peer, reason: 'malformed-frame', banned: true },
      { type: 'joinFailed', peer, reason: 'it did not answer' },
    ]
    node.events(1, ...events)
    await settled()
    expect(seen).toEqual(events.map(event => [event.type, event]))
  })

  it('dispatches state when it, its reason or the neighbors change', async () => {
    const { topic, node } = await subscribed()
    const seen: unknown[] = []
    topic.addEventListener('state', ({ detail }) => seen.push(detail))
    node.status(1, { state: 'alone', reason: 'Nobody else is here.' })
    node.status(1, { neighbors: [somePeer(3)] })
    await settled()
    expect(seen).toEqual([
      { state: 'alone', reason: 'Nobody else is here.', neighbors: [] },
      { state: 'joined', reason: 'It has neighbors.', neighbors: [somePeer(3)] },
    ])
    expect(topic).toMatchObject({ state: 'joined', stateReason: 'It has neighbors.' })
  })

  it('listeners alone are never held up: what they take gives its credit back', async () => {
    const { topic, node } = await subscribed()
    let count = 0
    topic.addEventListener('received', () => count++)
    for (let i = 1; i <= 1_000; i++) node.events(1, received(i))
    await settled()
    expect(count).toBe(1_000)
    expect(credited(node)).toBeGreaterThan(1_000 - 64)
  })

  it('what a listener took is not queued; what none took waits for the reader', async () => {
    const { topic, node } = await subscribed()
    topic.addEventListener('neighborUp', () => {})
    node.events(1, { type: 'neighborUp', peer: somePeer(3) }, received(1))
    await settled()
    expect(await take(topic, 1)).toEqual([received(1)])
  })

  it('a reader gets everything, with listeners beside it', async () => {
    const { topic, node } = await subscribed()
    const heard = vi.fn()
    topic.addEventListener('received', heard)
    const reading = take(topic, 2)
    node.events(1, received(1), received(2))
    expect(await reading).toEqual([received(1), received(2)])
    expect(heard).toHaveBeenCalledTimes(2)
  })

  it('events no listener takes give way while nobody reads, and the reader is told how many', async () => {
    const { topic, node } = await subscribed()
    topic.addEventListener('neighborUp', () => {})
    for (let i = 1; i <= 1_000; i++) node.events(1, received(i))
    await settled()
    expect(credited(node)).toBeGreaterThan(1_000 - EVENT_CREDIT)
    const events = await take(topic, 129)
    expect(events[0]).toEqual({ type: 'lagged', count: 872 })
    expect(events.slice(1)).toEqual(Array.from({ length: 128 }, (_, i) => received(873 + i)))
  })

  it('a listener for any one type is not held up by the rest', async () => {
    const types = ['lagged', 'mismatch', 'peerBlamed', 'peerData', 'joinFailed'] as const
    for (const type of types) {
      const { topic, node } = await subscribed()
      topic.addEventListener(type, () => {})
      for (let i = 1; i <= 1_000; i++) node.events(1, received(i))
      await settled()
      expect([type, credited(node) > 1_000 - EVENT_CREDIT]).toEqual([type, true])
    }
  })

  it('a listener that comes to a full queue is not held up by it', async () => {
    const { topic, node } = await subscribed()
    for (let i = 1; i <= EVENT_CREDIT; i++) node.events(1, received(i))
    await settled()
    topic.addEventListener('neighborUp', () => {})
    await settled()
    expect(credited(node)).toBe(128)
    expect((await take(topic, 1))[0]).toEqual({ type: 'lagged', count: 128 })
  })

  it('what gives way may itself say how many went before it', async () => {
    const { topic, node } = await subscribed()
    node.events(1, { type: 'lagged', count: 5_000 })
    for (let i = 1; i < EVENT_CREDIT; i++) node.events(1, received(i))
    await settled()
    topic.addEventListener('neighborUp', () => {})
    expect((await take(topic, 1))[0]).toEqual({ type: 'lagged', count: 5_000 + 127 })
  })

  it('a listener for once, or removed, or by an aborted signal, listens no more', async () => {
    const { topic, node } = await subscribed()
    const over = new AbortController()
    const heard: string[] = []
    const removed = () => heard.push('removed')
    topic.addEventListener('received', () => heard.push('once'), { once: true })
    topic.addEventListener('received', removed)
    topic.addEventListener('received', () => heard.push('signal'), { signal: over.signal })
    node.events(1, received(1))
    await settled()
    topic.removeEventListener('received', removed)
    over.abort()
    node.events(1, received(2))
    await settled()
    expect(heard).toEqual(['once', 'removed', 'signal'])
    // Nobody listens, so it waits for a reader.
    expect(await take(topic, 1)).toEqual([received(2)])
  })

  it('a listener that leaves gets nothing more', async () => {
    const { topic, node } = await subscribed()
    let count = 0
    topic.addEventListener('received', () => {
      count++
      void topic.leave()
    })
    node.events(1, received(1), received(2))
    await settled()
    expect(count).toBe(1)
  })
})
