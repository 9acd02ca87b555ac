import { expect, test } from './fixtures.js'
import type { Room } from './room.js'
import { NO_SERVER, ServerProcess } from './servers.js'
import type { Tab } from './tab.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

// Three laws about one room of seven: of seven, nobody can have all others as neighbors; of six, everybody must, for views
// hold five.
test('a room keeps talking and replaces within seconds who closes or crashes, also when the signaling server dies', async ({
  room,
  kinds,
}) => {
  test.setTimeout(300_000)
  const server = await ServerProcess.signaling()
  try {
    const signaling = server.signalingUrl
    const tabs = await room.peers(7, { signaling })
    await everyoneIsContent(tabs)
    const leaver = tabs[3]!
    const six = await without(leaver, room, tabs, 'without it', CLOSED_WITHIN_MS)

    if (kinds.includes('chromium')) {
      // In a context of its own, so that no other tab shares its process.
      const victim = await room.open({ kind: 'chromium', context: 'own', signaling })
      await joinedBy(victim, room, six)
      expect(await victim.neighborCount(), 'neighbors of the one that crashes').toBeGreaterThan(0)
      await crash(victim)
      await everyoneIsNeighborOfEveryone(six, CRASHED_WITHIN_MS)
      await room.roundOfTalk('without the other', six)
    }

    const last = await room.open({ kind: leaver.kind, signaling })
    await joinedBy(last, room, six)
    const seven = [...six, last]
    await room.roundOfTalk('before', seven)
    expect(room.complaints, 'while there was a server').toEqual([])
    room.expectComplaint(NO_SERVER)
    await server.kill()
    await room.roundOfTalk('after', seven)
    for (const tab of seven) await tab.reaches('degraded')
    await without(last, room, seven, 'without server', REPLACED_WITHIN_MS)
  } finally {
    await server.kill()
  }
})

/** It closes; returns the others when all have become neighbors and talked. */
async function without(
  leaver: Tab,
  room: Room,
  tabs: readonly Tab[],
  word: string,
  withinMs: number,
): Promise<Tab[]> {
  const rest = tabs.filter(tab => tab !== leaver)
  await leaver.close()
  await everyoneIsNeighborOfEveryone(rest, withinMs)
  await room.roundOfTalk(word, rest)
  return rest
}

async function joinedBy(tab: Tab, room: Room, others: readonly Tab[]): Promise<void> {
  await room.joined([...others, tab])
  await everyoneIsContent([...others, tab])
}

async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const devtools = await page.context().newCDPSession(page)
  devtools.send('Page.crash').catch(() => undefined) // It has nobody left to answer.
  await crashed
}

/** The parting words come at once; a new neighbor costs a request and a handshake. */
const CLOSED_WITHIN_MS = 10_000

/** As with a server, and every signal takes some hops more. */
const REPLACED_WITHIN_MS = 15_000

/**
 * A crashed page says nothing: 2.5 s of silence make its link suspect, an attempt to save it follows.
 * Without heartbeats it would be 17 s before the browser itself gives up.
 */
const CRASHED_WITHIN_MS = 15_000
