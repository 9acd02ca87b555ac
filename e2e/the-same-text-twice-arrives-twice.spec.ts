import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('the same text twice arrives twice, from one author and from another', async ({ room }) => {
  const tabs = await room.peers(3)
  const [first, second] = tabs as [Tab, Tab, Tab]
  await first.say('once more')
  await first.say('once more')
  await second.say('once more')
  await room.roundOfTalk('afterwards')
  for (const tab of tabs) {
    const shown = await tab.heard('once more')
    expect(shown, `messages at ${tab.name}`).toHaveLength(3)
    expect(new Set(shown.map(message => message.id)).size, 'different ids').toBe(3)
    const authors = shown.map(message => message.author).sort()
    const [one, other] = [await first.peerId(), await second.peerId()]
    expect(authors).toEqual([one, one, other].sort())
  }
})
