import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

test('a tab that is closed, and one that crashes, is replaced as neighbor within seconds', async ({
  room,
  kinds,
}) => {
  // Of seven, nobody can have all others as neighbors; of six, everybody must: views hold five.
  const tabs = await room.peers(7)
  const leaver = tabs[3]!
  const rest = tabs.filter(tab => tab !== leaver)
  await everyoneIsContent(tabs)
  await leaver.close()
  await everyoneIsNeighborOfEveryone(rest, CLOSED_WITHIN_MS)
  await room.roundOfTalk('without it', rest)

  if (!kinds.includes('chromium')) return
  // In a context of its own, so that no other tab shares its process.
  const victim = await room.open({ kind: 'chromium', context: 'own' })
  await room.joined([...rest, victim])
  await everyoneIsContent([...rest, victim])
  expect(await victim.neighborCount(), 'neighbors of the one that crashes').toBeGreaterThan(0)
  await crash(victim)
  await everyoneIsNeighborOfEveryone(rest, CRASHED_WITHIN_MS)
  await room.roundOfTalk('without the other', rest)
})

async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const devtools = await page.context().newCDPSession(page)
  devtools.send('Page.crash').catch(() => undefined) // It has nobody left to answer.
  await crashed
}

/** The parting words come at once; a new neighbor costs a request and a handshake. */
const CLOSED_WITHIN_MS = 10_000

/**
 * A crashed page says nothing: 2.5 s of silence make its link suspect, an attempt to save it follows.
 * Without heartbeats it would be 17 s before the browser itself gives up.
 */
const CRASHED_WITHIN_MS = 15_000
