import { expect, test } from './fixtures.js'
import { until } from './room.js'
import type { Tab } from './tab.js'
import { everyoneIsNeighborOfEveryone } from './views.js'

test('five tabs form a full mesh and see each other type', async ({ room }) => {
  const tabs = await room.peers(5, { membership: 'full-mesh' })
  await everyoneIsNeighborOfEveryone(tabs, MESH_WITHIN_MS)
  await until('tabs that know of no full mesh', () => unaware(tabs), [], MESH_WITHIN_MS)

  for (const tab of tabs) {
    await tab.types('I am about to say')
    for (const other of tabs) {
      if (other !== tab) await other.seesTyping(tab.name)
    }
    await tab.seesTyping()
    await tab.say(`something from ${tab.name}`)
    for (const other of tabs) await other.seesTyping()
  }

  // One hop: every message came straight from its author.
  for (const tab of tabs) {
    for (const { name } of tabs) {
      await tab.hears(`something from ${name}`)
      const shown = await tab.heard(`something from ${name}`)
      expect(shown, `${name} at ${tab.name}`).toMatchObject([{ round: 0 }])
    }
  }

  const [leaver, ...stayers] = tabs as [Tab, ...Tab[]]
  const peer = await leaver.peerId()
  await leaver.close()
  for (const tab of stayers) {
    await tab.page.getByTestId('tab-people').dispatchEvent('click')
    const row = tab.page.locator(`[data-testid=person][data-peer="${peer}"]`)
    await expect(row, `the one who left, at ${tab.name}`).toHaveAttribute('data-place', 'gone')
    await expect(row).toContainText('last seen at')
  }
})

/** Who has not heard from every neighbor that it knows the same members. */
async function unaware(tabs: readonly Tab[]): Promise<string[]> {
  const agreed = await Promise.all(
    tabs.map(tab =>
      tab.page.evaluate(async () => {
        const { topics } = await window.gossamer.gossip.inspect()
        return topics.every(({ membership }) => membership.agreed === true)
      }),
    ),
  )
  return tabs.filter((_, i) => !agreed[i]).map(tab => tab.name)
}

/** Five joins one after the other, and two periods of 5 s in which those hear of each other who came through different doors. */
const MESH_WITHIN_MS = 15_000
