import { expect, it } from 'vitest'
import { graphOf } from './graph.js'
import { World } from './world.js'

// Newcomers that were named the dead, or each other, are a room of their own and know of nobody else.

it.each(['hyparview', 'full-mesh', 'auto'] as const)(
  'islands of kind %s that never had a link find each other through the server within two minutes',
  membership => {
    const world = new World({ seed: 3, wire: 'off', server: { introductions: 0 } })
    const topic = world.topic('room', { membership })
    for (const size of [3, 2]) {
      const island = world.add(size)
      for (const peer of island) {
        const [first] = island
        world.join(peer, topic, { bootstrap: peer === first ? [] : [first!] })
        world.run(300)
      }
    }
    world.run(20_000)
    expect(graphOf(world, topic).components).toEqual([3, 2])
    world.settings.server.introductions = 5
    world.run(120_000)
    expect(graphOf(world, topic).components).toEqual([5])
  },
)
