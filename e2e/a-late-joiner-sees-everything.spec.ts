import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a late joiner sees everything, from who kept it, in the order of its days', async ({
  room,
}) => {
  const [first, keeper] = (await room.peers(2)) as [Tab, Tab]
  const texts = Array.from({ length: 30 }, (_, n) => `message ${n} of long ago`)
  for (const text of texts) await first.say(text)
  await keeper.hears(...texts)
  await first.close()
  // What a reload leaves is on disk: the broadcast has nothing left to offer to newcomers.
  await keeper.page.reload()
  await keeper.opened()
  await keeper.hears(...texts)

  const late = await room.open({ context: 'own' })
  await late.hears(...texts)
  const shown = (await late.messages()).filter(({ text }) => text.includes('of long ago'))
  expect(shown).toHaveLength(texts.length)
  expect(texts.every((text, n) => shown[n]?.text.includes(text))).toBe(true)
  await expect(late.page.locator('[data-testid=message][data-history]')).toHaveCount(texts.length)
  // Nothing is left to come.
  await expect(late.page.getByTestId('history-progress')).toHaveCount(0)

  await room.roundOfTalk('now', [keeper, late])
  expect(await late.page.evaluate(() => window.gossamer.topic.historyState.synced)).toBe(true)
})
