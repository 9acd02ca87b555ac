import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a message reaches everyone in a room of twelve exactly once', async ({ room }) => {
  const tabs = await room.peers(12)
  for (const tab of tabs) await tab.startRecord()
  const speaker = tabs[0]!
  await speaker.say('the one message')
  for (const tab of tabs) await tab.hears('the one message')

  // A second copy would come on the same links as what all twelve say next, at once.
  await room.roundOfTalk('afterwards')

  const [own] = await speaker.heard('the one message')
  expect(own).toMatchObject({ author: await speaker.peerId(), round: 0 })
  for (const tab of tabs) {
    const self = await tab.peerId()
    const shown = await tab.messages()
    expect(shown, `${tab.name} shows one message and twelve`).toHaveLength(13)
    expect(new Set(shown.map(message => message.id)).size, 'different ids').toBe(13)
    expect(shown.filter(message => message.id === own?.id)).toHaveLength(1)
    // What the page shows could hide a second copy; what the topic says does not.
    const others = shown.filter(message => message.author !== self).map(message => message.id)
    expect(await receptions(tab), `receptions at ${tab.name}`).toEqual(others.sort())
  }
})

async function receptions(tab: Tab): Promise<string[]> {
  const record = await tab.record()
  return record.flatMap(event => (event.type === 'received' ? [event.id] : [])).sort()
}
