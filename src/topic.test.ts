import { describe, expect, it, vi } from 'vitest'
import { received, settled, somePeer } from './page/fake-node.suite.js'
import {
  bytes,
  openGossip,
  outcome,
  subscribed,
  take,
  texts,
} from './page/gossip-on-fake-node.suite.js'
import { isDirect } from './topic.js'

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

  it('leaves also where the signal has aborted before, and does not wait', async () => {
    const { topic, node } = await subscribed()
    node.answers.delete('leave')
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(topic.leave({ signal })).rejects.toThrow('enough')
    expect(topic.state).toBe('closed')
    await settled()
    expect(node.all('leave')).toHaveLength(1)
  })

  it('leaves also where too many calls wait for the node', async () => {
    const { gossip, node } = await openGossip()
    const topic = gossip.subscribe('tea')
    node.answers.delete('inspect')
    for (let i = 0; i < 1_024; i++) gossip.inspect().catch(() => {})
    await expect(gossip.metrics()).rejects.toMatchObject({ code: 'busy' })
    await topic.leave()
    expect(node.all('leave')).toHaveLength(1)
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
