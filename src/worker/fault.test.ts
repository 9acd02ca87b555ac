import { describe, expect, it } from 'vitest'
import { useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()

describe('a fault that is provoked', () => {
  it('breaks a link on both sides without a word, and the mesh mends it', async () => {
    const [a, b, c] = await new World(time()).joined(3)
    const lost = b!.peer.id
    await a!.peer.client.call({ type: 'provoke', fault: { kind: 'lose-link', peer: lost } })
    await time().until(() => b!.topic.of('neighborDown').length === 1)
    expect(a!.topic.of('neighborDown')).toMatchObject([{ peer: lost, reason: 'link-lost' }])
    expect(b!.topic.of('neighborDown')).toMatchObject([{ reason: 'link-lost' }])
    await time().until(() => [a, b, c].every(each => each!.topic.neighbors.length === 2))
  })

  it('cuts signaling off until it is mended: retries fail, and it comes back at once', async () => {
    const world = new World(time())
    const [a] = await world.joined(2)
    await a!.peer.client.call({ type: 'provoke', fault: { kind: 'cut-signaling' } })
    await time().until(() => a!.topic.state === 'degraded')
    await time().run(30_000)
    expect(a!.topic.state).toBe('degraded')
    expect((await a!.peer.metrics())['signaling-reconnects']).toBeGreaterThan(1)
    await a!.peer.client.call({ type: 'provoke', fault: { kind: 'mend-signaling' } })
    await time().until(() => a!.topic.state === 'joined', 100)
    expect(a!.peer.client.notices).toEqual(['signaling-lost', 'signaling-open'])
  })

  it('is refused where there is nothing to harm', async () => {
    const world = new World(time())
    const [a, b] = [await world.peer(0, { signaling: undefined }), await world.peer(1)]
    const faults = [{ kind: 'lose-link', peer: b.id }, { kind: 'cut-signaling' }] as const
    for (const fault of faults) {
      await expect(a.client.call({ type: 'provoke', fault })).rejects.toThrow('unsupported')
    }
  })
})
