import { describe, expect, it, vi } from 'vitest'
import { EVENT_CREDIT } from './bridge/node-messages.js'
import { Gossip } from './gossip.js'
import { FakeNode, received, settled, somePeer } from './page/fake-node.suite.js'
import { type GossipEvent, type GossipTopic, isDirect } from './topic.js'

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

describe('joined', () => {
  it('resolves at the first neighbor and eats no event', async () => {
    const { topic, node } = await subscribed()
    const joined = topic.joined()
    expect(topic.isJoined).toBe(false)
    node.events(1, { type: 'neighborUp', peer: somePeer(3) })
    node.status(1, { neighbors: [somePeer(3)] })
    await joined
    expect(topic.isJoined).toBe(true)
    expect(await take(topic, 1)).toEqual([{ type: 'neighborUp', peer: somePeer(3) }])
  })

  it('resolves at once where there is one', async () => {
    const { topic, node } = await subscribed()
    node.status(1, { neighbors: [somePeer(3)] })
    await settled()
    await topic.joined()
    await topic.split()[1].joined()
  })

  it('rejects when the topic is left, when the signal aborts, and for what is not allowed', async () => {
    const { topic } = await subscribed()
    const over = new AbortController()
    const aborted = topic.joined({ signal: over.signal })
    over.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    await expect(topic.joined({ neighbors: 65 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await expect(topic.joined({ neighbor: 1 } as never)).rejects.toThrow(/neighbors, signal/)
    const left = topic.joined()
    void topic.leave()
    await expect(left).rejects.toMatchObject({ code: 'closed' })
    await expect(topic.joined()).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('history', () => {
  it('is in sync when some neighbor keeps the same, and progress is told by an event', async () => {
    const { topic, node } = await subscribed()
    const told: unknown[] = []
    topic.addEventListener('history', ({ detail }) => told.push(detail))
    const synced = topic.synced()
    node.history(1, { synced: false, have: 5, known: 9 })
    await settled()
    expect(topic.historyState).toEqual({ synced: false, have: 5, known: 9 })
    node.history(1, { synced: true, have: 9, known: 9 })
    await synced
    await topic.synced()
    expect(told).toHaveLength(2)
    // It is no event of the stream and takes no credit.
    expect(node.all('credit')).toEqual([])
  })

  it('is not waited for any longer once the signal aborts or the topic is left', async () => {
    const { topic } = await subscribed()
    await expect(topic.synced({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    )
    const left = topic.synced()
    void topic.leave()
    await expect(left).rejects.toMatchObject({ code: 'closed' })
    expect(() => topic.history()).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('is asked for page by page', async () => {
    const { topic, node } = await subscribed()
    const reading = topic.history({ since: 5, limit: 7 }).next()
    const { call, handle, request } = await node.next('read-history')
    expect({ handle, request }).toEqual({
      handle: 1,
      request: { since: 5, limit: 7, live: false, position: undefined },
    })
    const author = somePeer(3)
    const page = { authors: [author], seqs: [4], times: [6], ends: [2], position: 12 }
    const contents = new Uint8Array([8, 9])
    node.say({ type: 'answer', call, value: { ...page, contents } })
    expect((await reading).value).toEqual({
      content: contents,
      author,
      seq: 4,
      time: 6,
      id: `${author}:4`,
    })
  })

  it('that goes on ends for its readers when the topic is left', async () => {
    const { topic, node } = await subscribed()
    const reading = topic.history({ live: true }).next()
    await node.next('read-history')
    void topic.leave()
    expect(await reading).toEqual({ value: undefined, done: true })
  })
})

describe('neighbors', () => {
  it('are current without anyone reading', async () => {
    const { topic, node } = await subscribed()
    node.status(1, { neighbors: [somePeer(3), somePeer(4)] })
    await settled()
    expect(topic.neighbors).toEqual([somePeer(3), somePeer(4)])
    node.status(1, { neighbors: [somePeer(4)] })
    await settled()
    expect(topic.split()[1].neighbors).toEqual([somePeer(4)])
  })
})

describe('the halves', () => {
  it('the sender broadcasts and joins peers, the receiver reads', async () => {
    const { topic, node } = await subscribed()
    const [sender, receiver] = topic.split()
    void sender.broadcast(bytes('a')).catch(() => {})
    void sender.broadcastNeighbors(bytes('b')).catch(() => {})
    sender.joinPeers(new Set([somePeer(3), somePeer(3), somePeer(4)]))
    await settled()
    expect(texts(node)).toEqual(['a', 'b'])
    expect(node.last('join-peers').peers).toEqual([somePeer(3), somePeer(4)])
    node.events(1, received(1))
    for await (const event of receiver) {
      expect(event).toEqual(received(1))
      break
    }
  })

  it('joinPeers refuses what is no peer id and names it', async () => {
    const { topic } = await subscribed()
    expect(() => topic.joinPeers([somePeer(3), 'nobody'])).toThrow(/peers\[1\].*"nobody"/)
    expect(() => topic.joinPeers('nobody' as never)).toThrow(/peers/)
  })
})

describe('leave', () => {
  it('sends what was said before, then leaves, and resolves when the parting words are out', async () => {
    const { topic, node } = await subscribed()
    node.answers.delete('leave')
    const said = topic.broadcast(bytes('bye'))
    const left = vi.fn()
    const leaving = topic.leave()
    expect(topic.leave()).toBe(leaving)
    void leaving.then(left)
    const { call } = await node.next('leave')
    expect(node.heard.slice(-2).map(({ type }) => type)).toEqual(['broadcast', 'leave'])
    expect(topic).toMatchObject({ state: 'closed', neighbors: [] })
    await settled()
    expect(left).not.toHaveBeenCalled()
    const { ref } = node.broadcasts[0]!
    node.say({ type: 'outcomes', handle: 1, outcomes: [outcome(ref, 'a:1', 1)] })
    node.say({ type: 'answer', call, value: undefined })
    await leaving
    expect(await said).toEqual({ id: 'a:1', neighbors: 1 })
  })

  it('rejects broadcasts that had no outcome when it is over, and later ones at once', async () => {
    const { topic } = await subscribed()
    const said = topic.broadcast(bytes('bye'))
    const outcomeless = expect(said).rejects.toMatchObject({ code: 'closed' })
    await topic.leave()
    await outcomeless
    await expect(topic.broadcast(bytes('x'))).rejects.toMatchObject({ code: 'closed' })
    expect(() => topic.joinPeers([somePeer(3)])).toThrow(
      expect.objectContaining({ code: 'closed' }),
    )
  })

  it('stops waiting when the signal aborts', async () => {
    const { topic, node } = await subscribed()
    node.answers.delete('leave')
    const over = new AbortController()
    const leaving = topic.leave({ signal: over.signal })
    over.abort(new Error('enough'))
    await expect(leaving).rejects.toThrow('enough')
    expect(topic.state).toBe('closed')
  })

  it('resolves where the topic has ended already, or ends while it waits', async () => {
    const { topic, node } = await subscribed()
    node.say({ type: 'ended', handle: 1, code: 'terms-differ', message: 'signed differs.' })
    await settled()
    expect(topic).toMatchObject({ state: 'closed', stateReason: 'signed differs.' })
    await topic.leave()
    expect(node.all('leave')).toEqual([])
    const other = await subscribed()
    other.node.answers.delete('leave')
    const leaving = other.topic.leave()
    other.node.port.close()
    await leaving
  })

  it('is what `await using` calls', async () => {
    const { topic, node } = await subscribed()
    await topic[Symbol.asyncDispose]()
    expect(node.all('leave')).toHaveLength(1)
  })

  it('what arrives for a handle that was left is nothing', async () => {
    const { topic, node } = await subscribed()
    await topic.leave()
    node.events(1, received(1))
    node.status(1, { neighbors: [somePeer(3)] })
    await settled()
    expect(topic).toMatchObject({ state: 'closed', neighbors: [] })
    expect(node.all('credit')).toEqual([])
  })
})

it('isDirect: round 0 and messages to neighbors come straight from their author', () => {
  expect(isDirect({ kind: 'swarm', round: 0 })).toBe(true)
  expect(isDirect({ kind: 'swarm', round: 1 })).toBe(false)
  expect(isDirect({ kind: 'neighbors' })).toBe(true)
})

async function subscribed(maxMessageSize = 4096): Promise<{ topic: GossipTopic; node: FakeNode }> {
  const { node: first, end } = FakeNode.pair()
  const node = new FakeNode(first.port, somePeer(0), maxMessageSize)
  const gossip = await Gossip.open({ worker: end })
  const topic = gossip.subscribe('tea')
  await settled()
  return { topic, node }
}

async function take(topic: AsyncIterable<GossipEvent>, count: number): Promise<GossipEvent[]> {
  const events: GossipEvent[] = []
  for await (const event of topic) if (events.push(event) === count) break
  return events
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function texts(node: FakeNode): string[] {
  return node.broadcasts.map(({ payload }) => new TextDecoder().decode(payload))
}

function outcome(ref: number, id: string, neighbors: number) {
  return { ref, ok: true, id, neighbors }
}

function credited(node: FakeNode): number {
  return node.all('credit').reduce((sum, { count }) => sum + count, 0)
}
