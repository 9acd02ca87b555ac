import { expect, it } from 'vitest'
import { peerIdFromBytes } from '../core/ids.js'
import { useVirtualTime, World } from './world.suite.js'

const time = useVirtualTime()

it.each([
  ['auto', ['links-relayed']],
  ['relayed', []],
] as const)(
  'links the page must relay are told once, unless it was asked to: %s',
  async (link, notices) => {
    const { runtime, client } = await new World(time()).peer(0, { link })
    for (let n = 1; n <= 3; n++) {
      runtime.report({
        type: 'rtc-relaying',
        peer: peerIdFromBytes(new Uint8Array(32).fill(n)),
        epoch: n,
      })
    }
    expect(client.notices).toEqual(notices)
  },
)
