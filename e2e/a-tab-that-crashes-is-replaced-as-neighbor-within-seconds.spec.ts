import { test } from './fixtures.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

test('a tab that crashes is replaced as neighbor within seconds', async ({ room }) => {
  const rest = await room.peers(6)
  // In a context of its own, so that no other tab shares its process.
  const victim = await room.open({ kind: 'chromium', context: 'own' })
  await room.joined()
  await everyoneIsContent(room.tabs)
  const neighbors = await victim.neighborCount()
  test.expect(neighbors, 'neighbors of the one that crashes').toBeGreaterThan(0)

  const crashed = victim.page.waitForEvent('crash')
  const devtools = await victim.page.context().newCDPSession(victim.page)
  devtools.send('Page.crash').catch(() => undefined) // It has nobody left to answer.
  await crashed

  await everyoneIsNeighborOfEveryone(rest, WITHIN_MS)
  await room.roundOfTalk('without it', rest)
})

/**
 * A crashed page says nothing: 2.5 s of silence make its link suspect, an attempt to save it follows.
 * Without heartbeats it would be 17 s before the browser itself gives up.
 */
const WITHIN_MS = 15_000
