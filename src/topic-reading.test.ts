import { describe, expect, it } from 'vitest'
import { EVENT_CREDIT } from './bridge/node-messages.js'
import { received, settled, somePeer } from './page/fake-node.suite.js'
import { credited, subscribed, take } from './page/gossip-on-fake-node.suite.js'

describe('reading', () => {
  it('yields what came before anyone read, in order', async () => {
    const { topic, node } = await subscribed()
    node.events(1, { type: 'neighborUp', peer: somePeer(3) }, received(1))
    node.events(1, received(2))
    await settled()
    expect(await take(topic, 3)).toEqual([
      { type: 'neighborUp', peer: somePeer(3) },
      received(1),
      received(2),
    ])
  })

  it('waits for events that have not come', async () => {
    const { topic, node } = await subscribed()
    const reading = take(topic, 2)
    node.events(1, received(1))
    await settled()
    node.events(1, received(2))
    expect(await reading).toEqual([received(1), received(2)])
  })

  it('a second reader throws while the first is at it, through a half as well', async () => {
    const { topic } = await subscribed()
    const [, receiver] = topic.split()
    const first = topic[Symbol.asyncIterator]()
    const reading = expect.objectContaining({ code: 'already-reading' })
    expect(() => topic[Symbol.asyncIterator]()).toThrow(reading)
    expect(() => receiver[Symbol.asyncIterator]()).toThrow(reading)
    await first.return!()
    expect(() => receiver[Symbol.asyncIterator]()).not.toThrow()
  })

  it('goes on where a loop was left', async () => {
    const { topic, node } = await subscribed()
    node.events(1, received(1), received(2), received(3))
    await settled()
    expect(await take(topic, 1)).toEqual([received(1)])
    expect(await take(topic, 2)).toEqual([received(2), received(3)])
  })

  it('several calls of next are answered in order', async () => {
    const { topic, node } = await subscribed()
    const reader = topic.events()
    const reads = [reader.next(), reader.next(), reader.next()]
    node.events(1, received(1), received(2), received(3))
    const values = (await Promise.all(reads)).map(({ value }) => value)
    expect(values).toEqual([received(1), received(2), received(3)])
  })

  it('ends when the topic is left, also for one who waits', async () => {
    const { topic } = await subscribed()
    const waits = topic.events().next()
    await topic.leave()
    expect(await waits).toEqual({ value: undefined, done: true })
    expect(await take(topic, 1)).toEqual([])
  })

  it('throws what ended the topic, after what had arrived', async () => {
    const { topic, node } = await subscribed()
    node.events(1, received(1))
    node.say({ type: 'ended', handle: 1, code: 'terms-differ', message: 'signed differs.' })
    await settled()
    const reader = topic.events()
    expect((await reader.next()).value).toEqual(received(1))
    await expect(reader.next()).rejects.toMatchObject({ code: 'terms-differ' })
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })

  it('ends without an error where the node shuts down', async () => {
    const { topic, node } = await subscribed()
    node.events(1, received(1))
    node.say({ type: 'ended', handle: 1, code: 'closed', message: 'The node is shutting down.' })
    expect(await take(topic, 9)).toEqual([received(1)])
  })

  it('ends with the reason of its signal, and the next reader begins', async () => {
    const { topic, node } = await subscribed()
    const over = new AbortController()
    const reader = topic.events({ signal: over.signal })
    const waits = reader.next()
    over.abort(new Error('enough'))
    await expect(waits).rejects.toThrow('enough')
    expect(await reader.next()).toEqual({ value: undefined, done: true })
    node.events(1, received(1))
    expect(await take(topic, 1)).toEqual([received(1)])
  })

  it('an abort between two reads shows at the next one', async () => {
    const { topic } = await subscribed()
    const over = new AbortController()
    const reader = topic.events({ signal: over.signal })
    over.abort(new Error('enough'))
    await expect(reader.next()).rejects.toThrow('enough')
    expect(await reader.next()).toEqual({ value: undefined, done: true })
  })

  it('passes on that it lagged', async () => {
    const { topic, node } = await subscribed()
    node.events(1, { type: 'lagged', count: 17 })
    expect(await take(topic, 1)).toEqual([{ type: 'lagged', count: 17 }])
  })
})

describe('credit', () => {
  it('is given back for what was read, in quarters, and for nothing else', async () => {
    const { topic, node } = await subscribed()
    for (let i = 1; i <= EVENT_CREDIT; i++) node.events(1, received(i))
    await settled()
    expect(node.all('credit')).toEqual([])
    await take(topic, 63)
    await settled()
    expect(node.all('credit')).toEqual([])
    await take(topic, 1)
    await settled()
    expect(node.all('credit')).toEqual([{ type: 'credit', handle: 1, count: 64 }])
    await take(topic, EVENT_CREDIT - 64)
    await settled()
    expect(credited(node)).toBe(EVENT_CREDIT)
  })

  it('is given back early for large messages, before the node runs out of room', async () => {
    const { topic, node } = await subscribed(1 << 20)
    node.events(1, received(1, new Uint8Array(1 << 20)))
    await take(topic, 1)
    await settled()
    expect(credited(node)).toBe(1)
  })

  it('a waiting reader gives back credit too', async () => {
    const { topic, node } = await subscribed()
    const reading = take(topic, 64)
    for (let i = 1; i <= 64; i++) node.events(1, received(i))
    await reading
    await settled()
    expect(credited(node)).toBe(64)
  })
})
