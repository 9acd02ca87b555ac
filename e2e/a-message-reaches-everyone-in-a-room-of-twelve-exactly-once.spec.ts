import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a message reaches everyone in a room of twelve exactly once', async ({ room }) => {
  const tabs = await room.peers(12)
  for (const tab of tabs) await tab.startRecord()
  const speaker = tabs[0]!
  await speaker.say('the one message')
  for (const tab of tabs) await tab.hears('the one message')

  // A second copy would come on the same links as what is said next.
  await room.roundOfTalk('afterwards')

  const [own] = await speaker.heard('the one message')
  expect(own).toMatchObject({ author: await speaker.peerId(), round: 0 })
  for (const tab of tabs) {
    const shown = await tab.messages()
    expect(shown, `${tab.name} shows one message and twelve`).toHaveLength(13)
    expect(new Set(shown.map(message => message.id)).size, 'different ids').toBe(13)
    expect(shown.filter(message => message.id === own?.id)).toHaveLength(1)
    expect(await receptions(tab, own!.id), `receptions at ${tab.name}`).toBe(
      tab === speaker ? 0 : 1,
    )
  }
})

test('everyone of twelve is heard by all the others at once', async ({ room }) => {
  const tabs = await room.peers(12)
  await Promise.all(tabs.map(tab => tab.say(`all at once from ${tab.name}.`)))
  const texts = tabs.map(tab => `all at once from ${tab.name}.`)
  for (const tab of tabs) {
    await tab.hears(...texts)
    const shown = await tab.messages()
    expect(shown, `messages at ${tab.name}`).toHaveLength(12)
  }
})

async function receptions(tab: Tab, id: string): Promise<number> {
  return (await tab.record()).filter(event => event.type === 'received' && event.id === id).length
}
