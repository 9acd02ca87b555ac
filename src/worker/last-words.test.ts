import { expect, it } from 'vitest'
import { useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()

it('what was said just before leaving still leaves, and is told as done', async () => {
  const [a, b] = await new World(time()).joined(2)
  a!.topic.broadcast('first', 'second')
  await a!.topic.leave()
  await time().until(() => b!.topic.of('neighborDown').length === 1)
  expect(b!.topic.texts).toEqual(['first', 'second'])
  expect(a!.topic.outcomes).toMatchObject([
    { ok: true, neighbors: 1 },
    { ok: true, neighbors: 1 },
  ])
})

it('what was said just before the node shuts down still leaves', async () => {
  const [a, b] = await new World(time()).joined(2)
  a!.topic.broadcast('last')
  await a!.peer.client.call({ type: 'shutdown' })
  await time().until(() => b!.topic.of('neighborDown').length === 1)
  expect(b!.topic.texts).toEqual(['last'])
  expect(a!.topic.outcomes).toMatchObject([{ ok: true, neighbors: 1 }])
})

it('parting words overtake no payload that waits for room in the channel', async () => {
  const [a, b] = await new World(time()).joined(2)
  const { channel } = a!.peer.page.with(b!.peer.id)
  channel.isStuck = true
  const large = new Uint8Array(4096)
  const payloads = Array.from({ length: 150 }, () => large)
  a!.topic.broadcast(...payloads)
  await time().until(() => channel.bufferedAmount >= 256 << 10)
  const left = a!.topic.leave()
  time().after(300, () => channel.release())
  await left
  await time().until(() => b!.topic.of('neighborDown').length === 1)
  expect(b!.topic.texts).toHaveLength(150)
  expect(b!.topic.of('neighborDown')[0]!.reason).toBe('left')
})

it.each(['auto', 'relayed'] as const)(
  'a link (%s) that closes does so as soon as all has arrived',
  async link => {
    const [a, b] = await new World(time()).joined(2, { link })
    const { channel } = a!.peer.page.with(b!.peer.id)
    await time().run(5_000)
    const large = new Uint8Array(4096)
    a!.topic.broadcast(...Array.from({ length: 50 }, () => large))
    const before = time().now
    await a!.topic.leave()
    await time().until(() => channel.readyState === 'closed')
    expect(b!.topic.texts).toHaveLength(50)
    expect(time().now - before).toBeLessThan(200)
  },
)
