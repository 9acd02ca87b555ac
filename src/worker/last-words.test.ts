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
