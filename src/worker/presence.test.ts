import { describe, expect, it } from 'vitest'
import type { PresenceChange } from '../bridge/node-messages.js'
import { OPTIONS, TOPIC, useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()

describe('presence', () => {
  it('is seen by all others, the newest word of each, and not by its author', async () => {
    const [a, b, c] = await new World(time()).joined(3)
    a!.topic.show('here')
    await time().until(() => [b, c].every(each => each!.topic.shown.includes('here')))
    a!.topic.show('typing')
    b!.topic.show('there')
    await time().until(() => c!.topic.shown.includes('there') && c!.topic.shown.includes('typing'))
    expect([a!.topic.shown, c!.topic.shown.length]).toEqual([['there'], 2])
  })

  it('comes with the time of its author’s word', async () => {
    const [a, b] = await new World(time()).joined(2)
    const before = time().now
    a!.topic.show('here')
    await time().until(() => b!.topic.shown.length === 1)
    const [{ peer, time: said }] = b!.topic.presence as [PresenceChange]
    expect(peer).toBe(a!.peer.id)
    expect(said).toBeGreaterThanOrEqual(Math.floor(before))
    expect(said).toBeLessThanOrEqual(time().now)
  })

  it('that was set before anybody came is shown to those who come', async () => {
    const world = new World(time())
    const [one, other] = [await world.peer(0), await world.peer(1)]
    const early = one.client.subscribe()
    early.show('first')
    const late = other.client.subscribe()
    await time().until(() => late.shown.length === 1)
    expect(late.shown).toEqual(['first'])
  })

  it('is gone when it is taken back, and when its peer leaves', async () => {
    const [a, b, c] = await new World(time()).joined(3)
    for (const each of [a, b]) each!.topic.show('here')
    await time().until(() => c!.topic.shown.length === 2)
    a!.topic.show(undefined)
    await time().until(() => c!.topic.shown.length === 1)
    void b!.topic.leave()
    await time().until(() => c!.topic.shown.length === 0)
  })

  it('is told to a handle that comes later', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.topic.show('here')
    await time().until(() => b!.topic.shown.length === 1)
    const second = b!.peer.client.subscribe({ topic: TOPIC })
    await time().until(() => second.shown.length === 1)
    expect(second.shown).toEqual(['here'])
  })

  it('is gone from a page that is put away, and comes back with it', async () => {
    const [a, b] = await new World(time()).joined(2)
    a!.topic.show('here')
    b!.topic.show('there')
    await time().until(() => a!.topic.shown.length + b!.topic.shown.length === 2)
    a!.peer.runtime.report({ type: 'page', state: 'leaving' })
    await time().until(() => a!.topic.shown.length + b!.topic.shown.length === 0)
    a!.peer.runtime.report({ type: 'page', state: 'restored' })
    await time().until(() => a!.topic.shown.length + b!.topic.shown.length === 2)
  })

  it('passes from neighbor to neighbor where neighbors are few', async () => {
    const world = new World(time())
    const options = { membership: { ...OPTIONS.membership, activeViewCapacity: 2 } }
    const peers = [] as Awaited<ReturnType<World['peer']>>[]
    for (let n = 0; n < 5; n++) peers.push(await world.peer(n, options))
    const topics = peers.map(peer => peer.client.subscribe())
    await time().until(() => topics.every(topic => topic.neighbors.length > 0))
    topics[0]!.show('far')
    await time().until(() => topics.slice(1).every(topic => topic.shown.includes('far')))
    expect(topics.some(topic => topic.neighbors.length < 4)).toBe(true)
  })
})
