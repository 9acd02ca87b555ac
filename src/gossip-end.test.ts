import { afterEach, describe, expect, it, vi } from 'vitest'
import { createPortPair } from './bridge/port.js'
import { Gossip } from './gossip.js'
import { FakeNode, settled, somePeer } from './page/fake-node.suite.js'
import { openGossip, workerOn } from './page/gossip-on-fake-node.suite.js'

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
    const { gossip } = await openGossip()
    const topic = gossip.subscribe('tea')
    await gossip.shutdown()
    const closed = { code: 'closed' }
    expect(() => gossip.subscribe('tea')).toThrow(expect.objectContaining(closed))
    expect(() => gossip.listen(createPortPair()[0])).toThrow(expect.objectContaining(closed))
    const channel = { readyState: 'connecting' } as RTCDataChannel
    expect(() => gossip.handleConnection(channel, somePeer(3))).toThrow(
      expect.objectContaining(closed),
    )
    await expect(gossip.inspect()).rejects.toMatchObject(closed)
    await expect(topic.broadcast(new Uint8Array(1))).rejects.toMatchObject(closed)
  })

  it('stops the node also where a topic was left by somebody who does not wait, or too many calls do', async () => {
    const { gossip, node } = await openGossip()
    node.answers.delete('leave')
    const enough = new AbortController()
    node.answers.delete('inspect')
    for (let i = 0; i < 1_024; i++) gossip.inspect().catch(() => {})
    const left = gossip.subscribe('tea').leave({ signal: enough.signal })
    left.catch(() => {})
    const ended = gossip.shutdown()
    enough.abort()
    await ended
    expect(node.all('shutdown')).toHaveLength(1)
  })

  it('does not wait longer than 5 s for a silent node', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip, node } = await openGossip()
    await gossip[Symbol.asyncDispose]()
    expect(node.all('shutdown')).toHaveLength(1)
  })
})

describe('when the node dies', () => {
  it('everything that waits rejects with worker-gone and every topic ends', async () => {
    const { gossip, node } = await openGossip()
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
    const channel = { readyState: 'connecting' } as RTCDataChannel
    for (const act of [
      () => gossip.subscribe('tea'),
      () => gossip.listen(createPortPair()[0]),
      () => gossip.handleConnection(channel, somePeer(3)),
    ])
      expect(act).toThrow(expect.objectContaining(died))
  })

  it('it is noticed without any event: two questions in a row stay unanswered', async () => {
    vi.useFakeTimers()
    const { gossip, node } = await openGossip()
    const gone = vi.fn()
    gossip.addEventListener('gone', gone)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(gone).not.toHaveBeenCalled()
    node.answers.clear()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(gone).toHaveBeenCalledOnce()
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
