import { afterEach, describe, expect, it, vi } from 'vitest'
import { settled, somePeer } from './page/fake-node.suite.js'
import { openGossip } from './page/gossip-on-fake-node.suite.js'

describe('subscribeAndJoin', () => {
  it('resolves with the topic when it has a neighbor', async () => {
    const { gossip, node } = await openGossip()
    const joining = gossip.subscribeAndJoin('tea')
    await node.next('subscribe')
    node.status(1, { state: 'alone' })
    node.status(1, { neighbors: [somePeer(3)] })
    const topic = await joining
    expect(topic.isJoined).toBe(true)
    expect(topic.neighbors).toEqual([somePeer(3)])
  })

  it('waits for as many neighbors as asked for', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip, node } = await openGossip()
    const over = new AbortController()
    const joining = gossip.subscribeAndJoin('tea', { signal: over.signal })
    const left = node.next('leave')
    over.abort(new Error('enough'))
    await expect(joining).rejects.toThrow('enough')
    await left
  })

  it('is not ended by its signal once it has joined', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip, node } = await openGossip()
    const joining = gossip.subscribeAndJoin('tea')
    await node.next('subscribe')
    node.say({ type: 'ended', handle: 1, code: 'terms-differ', message: 'signed differs.' })
    await expect(joining).rejects.toMatchObject({
      code: 'terms-differ',
      message: 'signed differs.',
    })
  })

  it('rejects what is not allowed before it subscribes', async () => {
    const { gossip, node } = await openGossip()
    await expect(gossip.subscribeAndJoin('tea', { neighbors: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await settled()
    expect(node.all('subscribe')).toHaveLength(0)
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
