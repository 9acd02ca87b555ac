import { describe, expect, it } from 'vitest'
import { settled, somePeer } from './page/fake-node.suite.js'
import { bytes, outcome, subscribed, texts } from './page/gossip-on-fake-node.suite.js'

describe('broadcast', () => {
  it('resolves with the id and the neighbors it was handed to', async () => {
    const { topic, node } = await subscribed()
    const said = topic.broadcast(bytes('hi'))
    const [call] = (await node.next('broadcast')).calls
    node.say({ type: 'outcomes', handle: 1, outcomes: [outcome(call!.ref, 'a:1', 3)] })
    expect(await said).toEqual({ id: 'a:1', neighbors: 3 })
  })

  it('resolves with 0 neighbors while alone', async () => {
    const { topic, node } = await subscribed()
    const said = topic.broadcast(bytes('hi'))
    const [call] = (await node.next('broadcast')).calls
    node.say({ type: 'outcomes', handle: 1, outcomes: [outcome(call!.ref, 'a:1', 0)] })
    expect(await said).toEqual({ id: 'a:1', neighbors: 0 })
  })

  it('copies the bytes at the call', async () => {
    const { topic, node } = await subscribed()
    const buffer = bytes('hi')
    void topic.broadcast(buffer).catch(() => {})
    buffer.fill(0)
    await settled()
    expect(texts(node)).toEqual(['hi'])
  })

  it('takes an ArrayBuffer, a view into a larger one, and nothing at all', async () => {
    const { topic, node } = await subscribed()
    const large = bytes('..hi..')
    for (const content of [bytes('a').buffer, large.subarray(2, 4), new Uint8Array(0)]) {
      void topic.broadcast(content as Uint8Array).catch(() => {})
    }
    await settled()
    expect(texts(node)).toEqual(['a', 'hi', ''])
  })

  it('calls of one task travel in one message, in order', async () => {
    const { topic, node } = await subscribed()
    for (let i = 0; i < 100; i++) void topic.broadcast(bytes(`${i}`)).catch(() => {})
    await settled()
    expect(node.all('broadcast')).toHaveLength(1)
    expect(texts(node)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
  })

  it('keeps the order between broadcasts and messages to neighbors', async () => {
    const { topic, node } = await subscribed()
    for (const text of ['a', 'b']) void topic.broadcast(bytes(text)).catch(() => {})
    void topic.broadcastNeighbors(bytes('c')).catch(() => {})
    void topic.broadcast(bytes('d')).catch(() => {})
    await settled()
    expect(node.all('broadcast').map(({ scope, calls }) => [scope, calls.length])).toEqual([
      ['swarm', 1],
      ['neighbors', 1],
      ['swarm', 1],
    ])
    expect(texts(node)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('a message over the limit throws at the call, with the size and the limit, and sends nothing', async () => {
    const { topic, node } = await subscribed()
    expect(() => topic.broadcast(new Uint8Array(4097))).toThrow(
      expect.objectContaining({
        code: 'message-too-large',
        message: expect.stringMatching(/4097.*4096/),
      }),
    )
    await settled()
    expect(node.broadcasts).toEqual([])
  })

  it('what is not bytes throws at the call', async () => {
    const { topic } = await subscribed()
    for (const wrong of ['text', 7, null, undefined, [1, 2], new Uint16Array(2)]) {
      expect(() => topic.broadcast(wrong as never)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
    expect(() => topic.broadcast('text' as never)).toThrow(/TextEncoder/)
  })

  it('rejects with what the node says of it', async () => {
    const { topic, node } = await subscribed()
    const said = topic.broadcast(bytes('hi'))
    const [call] = (await node.next('broadcast')).calls
    const refused = { ref: call!.ref, ok: false, code: 'storage-failed', message: 'No numbers.' }
    node.say({ type: 'outcomes', handle: 1, outcomes: [refused] })
    await expect(said).rejects.toMatchObject({ code: 'storage-failed', message: 'No numbers.' })
  })

  it('stops waiting when the signal aborts, though the message goes out', async () => {
    const { topic, node } = await subscribed()
    const over = new AbortController()
    const said = topic.broadcast(bytes('hi'), { signal: over.signal })
    over.abort(new Error('enough'))
    await expect(said).rejects.toThrow('enough')
    expect(texts(node)).toEqual(['hi'])
  })

  it('is not sent when the signal was aborted before', async () => {
    const { topic, node } = await subscribed()
    const signal = AbortSignal.abort(new Error('no'))
    await expect(topic.broadcast(bytes('hi'), { signal })).rejects.toThrow('no')
    await settled()
    expect(node.broadcasts).toEqual([])
  })

  it('rejects with busy above 8,192 without an outcome, and takes more when some have theirs', async () => {
    const { topic, node } = await subscribed()
    for (let i = 0; i < 8_192; i++) void topic.broadcast(bytes('x')).catch(() => {})
    await expect(topic.broadcast(bytes('x'))).rejects.toMatchObject({ code: 'busy' })
    await settled()
    const { ref } = node.broadcasts[0]!
    node.say({ type: 'outcomes', handle: 1, outcomes: [outcome(ref, 'a:1', 1)] })
    await settled()
    const said = topic.broadcast(bytes('last'))
    await settled()
    expect(texts(node).at(-1)).toBe('last')
    node.say({
      type: 'outcomes',
      handle: 1,
      outcomes: [outcome(node.broadcasts.at(-1)!.ref, 'a:2', 1)],
    })
    expect(await said).toMatchObject({ id: 'a:2' })
  })

  it('calls of one task are bundles, one that is alone or larger than 4 KiB is none', async () => {
    const { topic, node } = await subscribed(1 << 20)
    const shapes = async (...sizes: number[]) => {
      const before = node.all('broadcast').length
      for (const size of sizes) void topic.broadcast(new Uint8Array(size)).catch(() => {})
      await settled()
      const fresh = node.all('broadcast').slice(before)
      return fresh.flatMap(({ calls }) => calls.map(({ count }) => count))
    }
    expect(await shapes(5)).toEqual([undefined])
    expect(await shapes(5, 4096)).toEqual([2])
    expect(await shapes(5, 0, 4097, 5, 7, 70_000, 5)).toEqual([
      2,
      undefined,
      2,
      undefined,
      undefined,
    ])
    expect(await shapes(...new Array(300).fill(1))).toEqual([256, 44])
    // 16,384 bytes hold four of these with what stands before them, and not one more.
    expect(await shapes(...new Array(8).fill(4_093))).toEqual([4, 4])
    expect(await shapes(...new Array(8).fill(4_094))).toEqual([3, 3, 2])
  })

  it('of one bundle each has an outcome, an id and an end of its own', async () => {
    const { topic, node } = await subscribed()
    const over = new AbortController()
    const said = ['a', 'b', 'c', 'd'].map(text =>
      topic.broadcast(bytes(text), text === 'c' ? { signal: over.signal } : {}),
    )
    over.abort(new Error('enough'))
    await expect(said[2]).rejects.toThrow('enough')
    const [call, ...more] = node.last('broadcast').calls
    expect([call!.count, more]).toEqual([4, []])
    const why = { code: 'storage-failed', message: 'No numbers.' }
    const run = { ok: true, ref: call!.ref, count: 3, author: somePeer(1), seq: 7, neighbors: 2 }
    const outcomes = [run, { ref: call!.ref + 3, ok: false, ...why }]
    node.say({ type: 'outcomes', handle: 1, outcomes })
    const ends = await Promise.allSettled(said)
    expect(ends.map(end => (end.status === 'fulfilled' ? end.value.id : `${end.reason}`))).toEqual([
      `${somePeer(1)}:7`,
      `${somePeer(1)}:8`,
      'Error: enough',
      expect.stringContaining('No numbers.'),
    ])
  })

  it('of one bundle leave before the topic is left, and are rejected each where no outcome comes', async () => {
    const { topic, node } = await subscribed()
    const said = ['a', 'b', 'c'].map(text => topic.broadcast(bytes(text)))
    void topic.leave()
    const ends = await Promise.allSettled(said)
    expect(ends).toMatchObject(new Array(3).fill({ reason: { code: 'closed' } }))
    expect(texts(node)).toEqual(['a', 'b', 'c'])
    expect(node.heard.slice(-2).map(({ type }) => type)).toEqual(['broadcast', 'leave'])
  })

  it('messages to neighbors of one task go one by one', async () => {
    const { topic, node } = await subscribed()
    for (const text of ['a', 'b', 'c']) void topic.broadcastNeighbors(bytes(text)).catch(() => {})
    await settled()
    expect(node.all('broadcast').map(({ calls }) => calls.map(({ count }) => count))).toEqual([
      [undefined, undefined, undefined],
    ])
    expect(texts(node)).toEqual(['a', 'b', 'c'])
  })

  it('large payloads arrive whole among small ones', async () => {
    const { topic, node } = await subscribed(1 << 20)
    const sizes = [1, 20_000, 3, 16_384, 16_385, 60_000, 0, 900_000, 300_000]
    for (const [i, size] of sizes.entries()) {
      void topic.broadcast(new Uint8Array(size).fill(i)).catch(() => {})
    }
    await settled()
    const arrived = node.broadcasts.map(({ payload }) => payload)
    expect(arrived.map(({ length }) => length)).toEqual(sizes)
    for (const [i, payload] of arrived.entries()) {
      expect(payload.every(byte => byte === i)).toBe(true)
    }
  })
})
