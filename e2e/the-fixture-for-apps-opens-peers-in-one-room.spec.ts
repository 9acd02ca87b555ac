import { expect, test } from './fixtures.js'
import { Tab } from './tab.js'

test('the fixture for apps opens peers in one room, who are one mesh when it returns', async ({
  peers,
}) => {
  const pages = [...(await peers(3)), ...(await peers(1, { own: true }))]
  const views = await Promise.all(
    pages.map(page =>
      page.evaluate(() => ({
        peer: String(window.gossamer.gossip.peerId),
        neighbors: window.gossamer.topic.neighbors.length,
      })),
    ),
  )
  expect(new Set(views.map(({ peer }) => peer)).size, 'different peers').toBe(4)
  expect(Math.min(...views.map(({ neighbors }) => neighbors))).toBeGreaterThan(0)
  for (const page of pages) expect(new URL(page.url()).searchParams.get('room')).toBe(peers.room)

  expect(pages[3]!.context(), 'a machine of its own').not.toBe(pages[0]!.context())
  const tabs = pages.map((page, i) => new Tab(page, `p${i}`, 'chromium'))
  await tabs[0]!.say('hello from the first')
  for (const tab of tabs) await tab.hears('hello from the first')
})
