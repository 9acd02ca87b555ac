import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Notice } from './bridge/node-messages.js'
import { Gossip } from './gossip.js'
import { FakeNode, settled, somePeer } from './page/fake-node.suite.js'
import { openGossip, workerOn } from './page/gossip-on-fake-node.suite.js'
import * as own from './page/own-extra.js'
import { topicIdOf } from './page/topic-name.js'

describe('Gossip.open', () => {
  it('hands the worker every option, checked and filled up', async () => {
    const { node } = await openGossip({ signaling: 'https://example.org/x', maxMessageSize: 8192 })
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
    const { gossip } = await openGossip()
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
    const first = await openGossip()
    expect(first.node.last('open').options.slot).toBeUndefined()
    first.node.say({ type: 'slot', slot: 7 })
    await settled()
    await first.gossip.shutdown()
    const again = await openGossip()
    expect(again.node.last('open').options.slot).toBe(7)
    const second = await openGossip()
    expect(second.node.last('open').options.slot).toBeUndefined()
    await again.gossip.shutdown()
    await second.gossip.shutdown()
  })
})

describe('an open Gossip', () => {
  it('dispatches notices and keeps those from before anyone listened', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip, node } = await openGossip()
    for (let i = 0; i < 40; i++) {
      node.say({ type: 'notice', notice: { code: 'signaling-lost', message: `${i}` } })
    }
    await settled()
    expect(gossip.notices.map(({ message }) => message)).toEqual(
      Array.from({ length: 32 }, (_, i) => `${i + 8}`),
    )
  })

  it('gives the counters and the whole picture of the node', async () => {
    const { gossip } = await openGossip()
    expect(await gossip.metrics()).toEqual({ framesSent: 3 })
    expect(await gossip.inspect()).toMatchObject({ peerId: gossip.peerId, topics: [] })
  })

  it('provokes a fault in the node, and refuses one that is none', async () => {
    const { gossip, node } = await openGossip()
    await gossip.provoke({ kind: 'lose-link', peer: somePeer(2) })
    expect(node.last('provoke').fault).toEqual({ kind: 'lose-link', peer: somePeer(2) })
    for (const fault of [{ kind: 'lose-link' }, { kind: 'explode' }, undefined]) {
      await expect(gossip.provoke(fault as never)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    }
  })

  it('refuses options that are none, or hold what it does not know', async () => {
    const { gossip } = await openGossip()
    for (const wrong of [null, { signals: undefined }, { signal: 'now' }] as never[]) {
      const refused = { code: 'invalid-argument', message: expect.stringMatching(/options|signal/) }
      await expect(gossip.metrics(wrong)).rejects.toMatchObject(refused)
      await expect(gossip.inspect(wrong)).rejects.toMatchObject(refused)
      const fault = gossip.provoke({ kind: 'cut-signaling' }, wrong)
      await expect(fault).rejects.toMatchObject(refused)
    }
  })

  it('stops waiting for a picture when the signal aborts', async () => {
    const { gossip, node } = await openGossip()
    node.answers.delete('inspect')
    const over = new AbortController()
    const asked = gossip.inspect({ signal: over.signal })
    over.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })

  it('subscribes at once and says by which id, terms and bootstrap', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip } = await openGossip()
    const id = topicIdOf('tea')
    expect(gossip.subscribe({ id })).toMatchObject({ id, name: undefined })
  })

  it('leaves a topic when the signal given to subscribe aborts', async () => {
    const { gossip, node } = await openGossip()
    const over = new AbortController()
    const topic = gossip.subscribe('tea', { signal: over.signal })
    over.abort()
    expect(topic.state).toBe('closed')
    await settled()
    expect(node.last('leave').handle).toBe(1)
  })

  it('lets go of the signal when the topic ends before it', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip } = await openGossip()
    expect(() => gossip.subscribe('x', { signal: AbortSignal.abort(new Error('no')) })).toThrow(
      'no',
    )
    for (let i = 0; i < 64; i++) gossip.subscribe(`${i}`)
    expect(() => gossip.subscribe('more')).toThrow(expect.objectContaining({ code: 'busy' }))
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
