import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Notice } from './bridge/node-messages.js'
import { createPortPair } from './bridge/port.js'
import { Gossip } from './gossip.js'
import type { GossipOptions } from './options.js'
import { FakeNode, settled, somePeer } from './page/fake-node.suite.js'
import * as own from './page/own-extra.js'
import { topicIdOf } from './page/topic-name.js'

describe('Gossip.open', () => {
  it('hands the worker every option, checked and filled up', async () => {
    const { node } = await open({ signaling: 'https://example.org/x', maxMessageSize: 8192 })
    expect(node.last('open').options).toMatchObject({
      signaling: 'wss://example.org/x',
      iceServers: undefined,
      maxMessageSize: 8192,
      protocol: 'gossamer',
      storage: { kind: 'indexeddb', name: 'gossamer' },
      link: 'auto',
      membership: { activeViewCapacity: 5 },
      broadcast: { graftTimeout1Ms: 80 },
    })
  })

  it('knows its id and the largest message when it is open', async () => {
    const { gossip } = await open()
    expect(gossip.peerId).toBe(somePeer(0))
    expect(gossip.maxMessageSize).toBe(4096)
  })

  it('rejects options that are not allowed before any worker is made', async () => {
    const worker = vi.fn()
    await expect(Gossip.open({ maxMessageSize: 0, worker })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    expect(worker).not.toHaveBeenCalled()
  })

  it('rejects with worker-unavailable and what to try when nothing answers within 15 s', async () => {
    vi.useFakeTimers()
    const { node, end } = FakeNode.pair()
    node.answers.delete('open')
    const opening = Gossip.open({ worker: end })
    const outcome = expect(opening).rejects.toMatchObject({
      code: 'worker-unavailable',
      message: expect.stringContaining("new URL('gossamer/worker', import.meta.url)"),
    })
    await vi.advanceTimersByTimeAsync(15_000)
    await outcome
  })

  it('rejects at once when the worker fails before it answers', async () => {
    const listeners = new Map<string, (event: unknown) => void>()
    const worker = {
      postMessage: () => listeners.get('error')!(new Event('error')),
      addEventListener: (type: string, listener: (event: unknown) => void) =>
        void listeners.set(type, listener),
    }
    await expect(Gossip.open({ worker })).rejects.toMatchObject({ code: 'worker-unavailable' })
  })

  it('rejects with worker-unavailable where there is no Worker and none is given', async () => {
    await expect(Gossip.open()).rejects.toMatchObject({
      code: 'worker-unavailable',
      message: expect.stringContaining('There is no Worker here'),
    })
  })

  it('rejects with the reason alone where what to try can not be loaded either', async () => {
    vi.spyOn(own, 'ownExtra').mockRejectedValueOnce(new Error('404'))
    const worker = () => {
      throw new Error('blocked')
    }
    await expect(Gossip.open({ worker })).rejects.toMatchObject({
      code: 'worker-unavailable',
      message: 'The worker could not be made: blocked.',
    })
  })

  it('rejects with what the worker refuses for', async () => {
    const { node, end } = FakeNode.pair()
    node.answers.delete('open')
    const opening = Gossip.open({ worker: end })
    const { call } = await node.next('open')
    node.say({ type: 'refused', call, code: 'insecure-context', message: 'No Ed25519 here.' })
    await expect(opening).rejects.toMatchObject({
      code: 'insecure-context',
      message: 'No Ed25519 here.',
    })
  })

  it('rejects with insecure-context where the page says it is none', async () => {
    vi.stubGlobal('isSecureContext', false)
    await expect(Gossip.open()).rejects.toMatchObject({ code: 'insecure-context' })
  })

  it('gives up with the reason of its signal and ends the worker it made', async () => {
    const { node, end } = FakeNode.pair()
    node.answers.delete('open')
    const terminate = vi.fn()
    const over = new AbortController()
    const opening = Gossip.open({ worker: () => workerOn(end, terminate), signal: over.signal })
    await settled()
    over.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
    expect(terminate).toHaveBeenCalledOnce()
  })

  it('asks for the slot it had before a reload', async () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    })
    const first = await open()
    expect(first.node.last('open').options.slot).toBeUndefined()
    first.node.say({ type: 'slot', slot: 7 })
    await settled()
    await first.gossip.shutdown()
    const again = await open()
    expect(again.node.last('open').options.slot).toBe(7)
    const second = await open()
    expect(second.node.last('open').options.slot).toBeUndefined()
    await again.gossip.shutdown()
    await second.gossip.shutdown()
  })
})

describe('an open Gossip', () => {
  it('dispatches notices and keeps those from before anyone listened', async () => {
    const { gossip, node } = await open()
    const early: Notice = { code: 'storage-unavailable', message: 'Private window.' }
    node.say({ type: 'notice', notice: early })
    await settled()
    const seen: Notice[] = []
    gossip.addEventListener('notice', ({ detail }) => seen.push(detail))
    const late: Notice = { code: 'signaling-lost', message: 'It went away.' }
    node.say({ type: 'notice', notice: late })
    await settled()
    expect(seen).toEqual([late])
    expect(gossip.notices).toEqual([early, late])
  })

  it('keeps the last 32 notices', async () => {
    const { gossip, node } = await open()
    for (let i = 0; i < 40; i++) {
      node.say({ type: 'notice', notice: { code: 'signaling-lost', message: `${i}` } })
    }
    await settled()
    expect(gossip.notices.map(({ message }) => message)).toEqual(
      Array.from({ length: 32 }, (_, i) => `${i + 8}`),
    )
  })

  it('gives the counters and the whole picture of the node', async () => {
    const { gossip } = await open()
    expect(await gossip.metrics()).toEqual({ framesSent: 3 })
    expect(await gossip.inspect()).toMatchObject({ peerId: gossip.peerId, topics: [] })
  })

  it('provokes a fault in the node, and refuses one that is none', async () => {
    const { gossip, node } = await open()
    await gossip.provoke({ kind: 'lose-link', peer: somePeer(2) })
    expect(node.last('provoke').fault).toEqual({ kind: 'lose-link', peer: somePeer(2) })
    for (const fault of [{ kind: 'lose-link' }, { kind: 'explode' }, undefined]) {
      await expect(gossip.provoke(fault as never)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    }
  })

  it('stops waiting for a picture when the signal aborts', async () => {
    const { gossip, node } = await open()
    node.answers.delete('inspect')
    const over = new AbortController()
    const asked = gossip.inspect({ signal: over.signal })
    over.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })

  it('subscribes at once and says by which id, terms and bootstrap', async () => {
    const { gossip, node } = await open()
    const topic = gossip.subscribe('tea', { bootstrap: [somePeer(3)], signed: false })
    expect(topic).toMatchObject({ name: 'tea', id: topicIdOf('tea'), state: 'connecting' })
    await settled()
    expect(node.last('subscribe')).toEqual({
      type: 'subscribe',
      handle: 1,
      topic: topicIdOf('tea'),
      terms: { signed: false, membership: 'hyparview', history: 'none', maxMessageSize: 4096 },
      bootstrap: [somePeer(3)],
      capacity: 2048,
    })
  })

  it('takes a topic by its id', async () => {
    const { gossip } = await open()
    const id = topicIdOf('tea')
    expect(gossip.subscribe({ id })).toMatchObject({ id, name: undefined })
  })

  it('leaves a topic when the signal given to subscribe aborts', async () => {
    const { gossip, node } = await open()
    const over = new AbortController()
    const topic = gossip.subscribe('tea', { signal: over.signal })
    over.abort()
    expect(topic.state).toBe('closed')
    await settled()
    expect(node.last('leave').handle).toBe(1)
  })

  it('lets go of the signal when the topic ends before it', async () => {
    const { gossip, node } = await open()
    const { signal } = new AbortController()
    const heard = new Set<unknown>()
    signal.addEventListener = (_: string, listener: unknown) => void heard.add(listener)
    signal.removeEventListener = (_: string, listener: unknown) => void heard.delete(listener)
    const left = gossip.subscribe('tea', { signal })
    gossip.subscribe('milk', { signal })
    expect(heard.size).toBe(2)
    await left.leave()
    node.say({ type: 'ended', handle: 2, code: 'closed', message: 'The node is shutting down.' })
    await settled()
    expect(heard.size).toBe(0)
  })

  it('refuses a 65th handle and a signal that was aborted before', async () => {
    const { gossip } = await open()
    expect(() => gossip.subscribe('x', { signal: AbortSignal.abort(new Error('no')) })).toThrow(
      'no',
    )
    for (let i = 0; i < 64; i++) gossip.subscribe(`${i}`)
    expect(() => gossip.subscribe('more')).toThrow(expect.objectContaining({ code: 'busy' }))
  })
})

describe('subscribeAndJoin', () => {
  it('resolves with the topic when it has a neighbor', async () => {
    const { gossip, node } = await open()
    const joining = gossip.subscribeAndJoin('tea')
    await node.next('subscribe')
    node.status(1, { state: 'alone' })
    node.status(1, { neighbors: [somePeer(3)] })
    const topic = await joining
    expect(topic.isJoined).toBe(true)
    expect(topic.neighbors).toEqual([somePeer(3)])
  })

  it('waits for as many neighbors as asked for', async () => {
    const { gossip, node } = await open()
    const joined = vi.fn()
    const joining = gossip.subscribeAndJoin('tea', { neighbors: 2 }).then(joined)
    await node.next('subscribe')
    node.status(1, { neighbors: [somePeer(3)] })
    await settled()
    expect(joined).not.toHaveBeenCalled()
    node.status(1, { neighbors: [somePeer(3), somePeer(4)] })
    await joining
  })

  it('rejects with the reason of its signal and leaves', async () => {
    const { gossip, node } = await open()
    const over = new AbortController()
    const joining = gossip.subscribeAndJoin('tea', { signal: over.signal })
    const left = node.next('leave')
    over.abort(new Error('enough'))
    await expect(joining).rejects.toThrow('enough')
    await left
  })

  it('is not ended by its signal once it has joined', async () => {
    const { gossip, node } = await open()
    const over = new AbortController()
    const joining = gossip.subscribeAndJoin('tea', { signal: over.signal })
    await node.next('subscribe')
    node.status(1, { neighbors: [somePeer(3)] })
    const topic = await joining
    over.abort()
    await settled()
    expect(topic.state).toBe('joined')
  })

  it('rejects with why the topic ended', async () => {
    const { gossip, node } = await open()
    const joining = gossip.subscribeAndJoin('tea')
    await node.next('subscribe')
    node.say({ type: 'ended', handle: 1, code: 'terms-differ', message: 'signed differs.' })
    await expect(joining).rejects.toMatchObject({
      code: 'terms-differ',
      message: 'signed differs.',
    })
  })

  it('rejects what is not allowed before it subscribes', async () => {
    const { gossip, node } = await open()
    await expect(gossip.subscribeAndJoin('tea', { neighbors: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await settled()
    expect(node.all('subscribe')).toHaveLength(0)
  })
})

describe('shutdown', () => {
  it('leaves every topic, stops the node, ends the worker it made, once', async () => {
    const { node, end } = FakeNode.pair()
    const terminate = vi.fn()
    const gossip = await Gossip.open({ worker: () => workerOn(end, terminate) })
    const topic = gossip.subscribe('tea')
    gossip.subscribe('coffee')
    const first = gossip.shutdown()
    expect(gossip.shutdown()).toBe(first)
    await first
    expect(node.heard.slice(-3).map(({ type }) => type)).toEqual(['leave', 'leave', 'shutdown'])
    expect(terminate).toHaveBeenCalledOnce()
    expect(topic.state).toBe('closed')
  })

  it('leaves a worker alone that the application made', async () => {
    const { end } = FakeNode.pair()
    const terminate = vi.fn()
    const gossip = await Gossip.open({ worker: workerOn(end, terminate) })
    await gossip.shutdown()
    expect(terminate).not.toHaveBeenCalled()
  })

  it('lets everything later reject with closed', async () => {
    const { gossip } = await open()
    const topic = gossip.subscribe('tea')
    await gossip.shutdown()
    const closed = { code: 'closed' }
    expect(() => gossip.subscribe('tea')).toThrow(expect.objectContaining(closed))
    expect(() => gossip.listen(createPortPair()[0])).toThrow(expect.objectContaining(closed))
    await expect(gossip.inspect()).rejects.toMatchObject(closed)
    await expect(topic.broadcast(new Uint8Array(1))).rejects.toMatchObject(closed)
  })

  it('does not wait longer than 5 s for a silent node', async () => {
    const { gossip, node } = await open()
    gossip.subscribe('tea')
    node.answers.clear()
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    const over = new AbortController()
    timeout.mockReturnValue(over.signal)
    const ended = gossip.shutdown()
    expect(timeout).toHaveBeenCalledWith(5_000)
    over.abort(new Error('time'))
    await ended
  })

  it('is what `await using` calls', async () => {
    const { gossip, node } = await open()
    await gossip[Symbol.asyncDispose]()
    expect(node.all('shutdown')).toHaveLength(1)
  })
})

describe('when the node dies', () => {
  it('everything that waits rejects with worker-gone and every topic ends', async () => {
    const { gossip, node } = await open()
    node.answers.clear()
    const topic = gossip.subscribe('tea')
    const gone = new Promise(resolve => gossip.addEventListener('gone', resolve))
    const died = { code: 'worker-gone' }
    const waits = [
      expect(gossip.inspect()).rejects.toMatchObject(died),
      expect(topic.joined()).rejects.toMatchObject(died),
      expect(topic.broadcast(new Uint8Array(1))).rejects.toMatchObject(died),
      expect(topic.events().next()).rejects.toMatchObject(died),
    ]
    await settled()
    node.port.close()
    await Promise.all(waits)
    await gone
    expect(topic.state).toBe('closed')
    await expect(gossip.metrics()).rejects.toMatchObject(died)
    expect(() => gossip.subscribe('tea')).toThrow(expect.objectContaining(died))
  })

  it('it is noticed without any event: two questions in a row stay unanswered', async () => {
    vi.useFakeTimers()
    const { gossip, node } = await open()
    const gone = vi.fn()
    gossip.addEventListener('gone', gone)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(gone).not.toHaveBeenCalled()
    node.answers.clear()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(gone).toHaveBeenCalledOnce()
  })
})

describe('listen and connect', () => {
  it('a MessagePort moves to the node', async () => {
    const { gossip, node } = await open()
    const { port1, port2 } = new MessageChannel()
    gossip.listen(port2)
    const { port } = await node.next('listen')
    expect(port).toBe(port2)
    port1.close()
  })

  it('what is only like a MessagePort is carried on', async () => {
    const { gossip, node } = await open()
    const [mine, theirs] = createPortPair()
    gossip.listen(theirs)
    const port = (await node.next('listen')).port as MessagePort
    const answered = new Promise(resolve => (mine.onmessage = resolve))
    port.onmessage = ({ data }) => port.postMessage({ echo: data })
    mine.postMessage('hello')
    expect(await answered).toEqual({ echo: 'hello' })
    mine.close()
  })

  it('a connected gossip subscribes through the port and shares the id', async () => {
    const { node, end } = FakeNode.pair()
    const gossip = await Gossip.connect(end)
    expect(node.heard[0]).toMatchObject({ type: 'connect' })
    expect(gossip.peerId).toBe(node.peerId)
    gossip.subscribe('tea')
    expect((await node.next('subscribe')).topic).toBe(topicIdOf('tea'))
  })

  it('a connected gossip leaves its topics when it shuts down, and not the node', async () => {
    const { node, end } = FakeNode.pair()
    const gossip = await Gossip.connect(end)
    gossip.subscribe('tea')
    await gossip.shutdown()
    expect(node.all('leave')).toHaveLength(1)
    expect(node.all('shutdown')).toHaveLength(0)
  })

  it('works over a MessagePort of Node or a browser', async () => {
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = ({ data }) => {
      const value = { peerId: somePeer(9), maxMessageSize: 100 }
      port2.postMessage({ type: 'answer', call: data.call, value })
    }
    const gossip = await Gossip.connect(port1)
    expect(gossip.peerId).toBe(somePeer(9))
    await gossip.shutdown()
  })

  it('rejects with no-answer when nothing is behind the port, and refuses what is no port', async () => {
    await expect(Gossip.connect({} as never)).rejects.toMatchObject({ code: 'invalid-argument' })
    vi.useFakeTimers()
    const [end] = createPortPair()
    const outcome = expect(Gossip.connect(end)).rejects.toMatchObject({ code: 'no-answer' })
    await vi.advanceTimersByTimeAsync(5_000)
    await outcome
  })
})

describe('handleConnection', () => {
  it('lends a channel to the node with the peer it leads to', async () => {
    const { gossip, node } = await open()
    const channel = { readyState: 'connecting' } as RTCDataChannel
    gossip.handleConnection(channel, somePeer(3))
    expect(await node.next('rtc-adopted')).toMatchObject({ peer: somePeer(3), channel })
  })

  it('refuses what is no open channel, no peer id, or oneself', async () => {
    const { gossip } = await open()
    const channel = { readyState: 'open' } as RTCDataChannel
    const closed = { readyState: 'closed' } as RTCDataChannel
    const refused = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => gossip.handleConnection(closed, somePeer(3))).toThrow(refused)
    expect(() => gossip.handleConnection({} as never, somePeer(3))).toThrow(refused)
    expect(() => gossip.handleConnection(channel, 'someone')).toThrow(refused)
    expect(() => gossip.handleConnection(channel, gossip.peerId)).toThrow(refused)
  })

  it("is not for another's node", async () => {
    const { end } = FakeNode.pair()
    const gossip = await Gossip.connect(end)
    const channel = { readyState: 'open' } as RTCDataChannel
    expect(() => gossip.handleConnection(channel, somePeer(3))).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    )
  })
})

async function open(options: GossipOptions = {}): Promise<{ gossip: Gossip; node: FakeNode }> {
  const { node, end } = FakeNode.pair()
  return { gossip: await Gossip.open({ worker: end, ...options }), node }
}

/** A Worker whose other side is an end of a pair. */
function workerOn(end: ReturnType<typeof createPortPair>[0], terminate: () => void) {
  return {
    postMessage: (message: unknown, transfer?: unknown[]) => end.postMessage(message, transfer),
    addEventListener(type: string, listener: (event: unknown) => void) {
      if (type === 'message') end.onmessage = data => listener({ data })
    },
    terminate,
  }
}

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
