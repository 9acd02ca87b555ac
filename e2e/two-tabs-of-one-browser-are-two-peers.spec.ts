import { expect, test } from './fixtures.js'
import type { Room } from './room.js'
import type { Tab } from './tab.js'

test('two tabs of one browser are two peers', async ({ room, kinds }) => {
  const tabs = await pairs(room, kinds)
  const identities = await Promise.all(tabs.map(tab => tab.peerId()))
  expect(new Set(identities).size).toBe(tabs.length)
  await room.roundOfTalk('hello')
})

test('two tabs that reload at once keep each its own identity', async ({ room, kinds }) => {
  const tabs = await pairs(room, kinds)
  const identities = await Promise.all(tabs.map(tab => tab.peerId()))
  await Promise.all(tabs.map(tab => tab.page.reload()))
  for (const tab of tabs) await tab.opened()
  expect(await Promise.all(tabs.map(tab => tab.peerId()))).toEqual(identities)
  await room.joined()
  await room.roundOfTalk('again')
})

test('a duplicated tab becomes a peer of its own', async ({ room }) => {
  const original = await room.open()
  // A window opened by the page starts with a copy of its session storage, as a duplicated tab does.
  const duplicate = await room.adopt(original, 'duplicate', page => {
    return page.evaluate(() => void window.open(location.href))
  })
  expect(await duplicate.peerId()).not.toBe(await original.peerId())
  await room.joined()
  await original.say('to my double')
  await duplicate.hears('to my double')
})

/** Two tabs in each of the project's browsers. */
async function pairs(room: Room, kinds: readonly string[]): Promise<Tab[]> {
  return room.peers(2 * kinds.length)
}
