import { afterEach, describe, expect, it, vi } from 'vitest'
import { createPortPair } from './bridge/port.js'
import { Gossip } from './gossip.js'
import { FakeNode, somePeer } from './page/fake-node.suite.js'
import { openGossip } from './page/gossip-on-fake-node.suite.js'
import { topicIdOf } from './page/topic-name.js'

describe('listen and connect', () => {
  it('a MessagePort moves to the node', async () => {
    const { gossip, node } = await openGossip()
    const { port1, port2 } = new MessageChannel()
    gossip.listen(port2)
    const { port } = await node.next('listen')
    expect(port).toBe(port2)
    port1.close()
  })

  it('what is only like a MessagePort is carried on', async () => {
    const { gossip, node } = await openGossip()
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
    const { gossip, node } = await openGossip()
    const channel = { readyState: 'connecting' } as RTCDataChannel
    gossip.handleConnection(channel, somePeer(3))
    expect(await node.next('rtc-adopted')).toMatchObject({ peer: somePeer(3), channel })
  })

  it('refuses what is no open channel, no peer id, or oneself', async () => {
    const { gossip } = await openGossip()
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

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
