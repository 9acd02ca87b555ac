import type { Kind } from './browsers.js'
import { expect, test } from './fixtures.js'
import type { Room } from './room.js'
import type { Tab } from './tab.js'

test('two tabs of one browser are two peers', async ({ room, kinds }) => {
  const tabs = await pairs(room, kinds)
  const identities = await Promise.all(tabs.map(tab => tab.peerId()))
  expect(new Set(identities).size).toBe(tabs.length)
  await room.roundOfTalk('hello')
})

test('two tabs that reload at once keep each its own identity, though another one is free', async ({
  room,
  kinds,
}) => {
  // Tabs that were there first, and leave what they were to whoever takes the first that is free.
  const former = await Promise.all(kinds.map(kind => room.open({ kind })))
  const tabs = await pairs(room, kinds)
  for (const tab of former) await tab.close()
  const identities = await Promise.all(tabs.map(tab => tab.peerId()))
  await Promise.all(tabs.map(tab => tab.page.reload()))
  for (const tab of tabs) await tab.opened()
  expect(await Promise.all(tabs.map(tab => tab.peerId()))).toEqual(identities)
  await room.joined(tabs)
  await room.roundOfTalk('again', tabs)
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

/** Two tabs in each of the project's browsers, in turn. */
async function pairs(room: Room, kinds: readonly Kind[]): Promise<Tab[]> {
  const tabs: Tab[] = []
  for (const kind of [...kinds, ...kinds]) tabs.push(await room.open({ kind }))
  await room.joined(tabs)
  return tabs
}
