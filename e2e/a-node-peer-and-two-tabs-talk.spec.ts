import { expect, test } from './fixtures.js'
import { NodePeer } from './node-peer.js'
import { until } from './room.js'
import type { Tab } from './tab.js'

test('a Node peer and two tabs talk', async ({ room, server }) => {
  const tabs = await room.peers(2)
  const [first, second] = tabs as [Tab, Tab]
  const topic = room.name
  const peer = await NodePeer.start({ topic, signaling: server.signalingUrl, name: 'Node' })
  try {
    await peer.prints(/^\* joined: /m)
    peer.say('hello from a terminal')
    for (const tab of tabs) {
      await tab.hears('hello from a terminal')
      const [message] = await tab.heard('hello from a terminal')
      expect(message, `what ${tab.name} shows`).toMatchObject({ author: peer.id })
      expect(message?.text, `the name at ${tab.name}`).toContain('Node')
    }
    await first.say('hello from the first tab')
    await second.say('hello from the second tab')
    await peer.prints(new RegExp(`^${first.name} \\(.{8}\\): hello from the first tab$`, 'm'))
    await peer.prints(new RegExp(`^${second.name} \\(.{8}\\): hello from the second tab$`, 'm'))

    // Each is everyone's neighbor in so small a room, until it says goodbye.
    await until('neighbors of the tabs', () => counts(tabs), [2, 2])
    for (const tab of tabs) await tab.startRecord()
    expect(await peer.interrupt()).toEqual({ code: 0, complaints: '' })
    await until('neighbors of the tabs', () => counts(tabs), [1, 1])
    for (const tab of tabs) {
      expect(await tab.record()).toMatchObject([
        { type: 'neighborDown', peer: peer.id, reason: 'left' },
      ])
    }
  } finally {
    peer.kill()
  }
})

function counts(tabs: readonly Tab[]): Promise<number[]> {
  return Promise.all(tabs.map(tab => tab.neighborCount()))
}
