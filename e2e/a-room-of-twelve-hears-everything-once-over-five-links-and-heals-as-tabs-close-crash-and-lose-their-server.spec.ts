import { expect, test } from './fixtures.js'
import { keptFiveLinks, watchLinks } from './link-counts.js'
import type { Room } from './room.js'
import { NO_SERVER, PEER_GONE, ServerProcess } from './servers.js'
import type { Tab } from './tab.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

// Six laws about one room, the dearest there is: it is filled once for all. Of seven, nobody can have all others as
// neighbors; of six, everybody must, for views hold five.
test('a room of twelve hears everything once over five links, and heals as tabs close, crash and lose their server', async ({
  room,
  kinds,
}) => {
  test.setTimeout(300_000)
  const server = await ServerProcess.signaling()
  try {
    const signaling = server.signalingUrl
    const twelve = await room.peers(12, { signaling, init: watchLinks })
    await test.step('a message reaches everyone exactly once', () => arrivesOnce(twelve, room))
    await test.step('no tab keeps more than five links', () => keptFiveLinks(twelve))

    expect(room.complaints, 'while all stay').toEqual([])
    room.expectComplaint(PEER_GONE)
    const tabs = twelve.slice(0, 7)
    await test.step('five close at once', async () => {
      await Promise.all(twelve.slice(7).map(tab => tab.close()))
      await everyoneIsContent(tabs)
      await room.roundOfTalk('of seven', tabs)
    })

    const leaver = tabs[3]!
    const six = await test.step('one closes', () =>
      without(leaver, room, tabs, 'without it', CLOSED_WITHIN_MS))

    if (kinds.includes('chromium')) {
      await test.step('one crashes', async () => {
        // In a context of its own, so that no other tab shares its process.
        const victim = await room.open({ kind: 'chromium', context: 'own', signaling })
        await joinedBy(victim, room, six)
        expect(await victim.neighborCount(), 'neighbors of the one that crashes').toBeGreaterThan(0)
        await crash(victim)
        await everyoneIsNeighborOfEveryone(six, CRASHED_WITHIN_MS)
        await room.roundOfTalk('without the other', six)
      })
    }

    const last = await room.open({ kind: leaver.kind, signaling })
    await joinedBy(last, room, six)
    const seven = [...six, last]
    await room.roundOfTalk('before', seven)
    expect(room.complaints, 'while there was a server').toEqual([])
    room.expectComplaint(NO_SERVER)
    await test.step('the server dies, and one closes', async () => {
      await server.kill()
      await room.roundOfTalk('after', seven)
      for (const tab of seven) await tab.reaches('degraded')
      await without(last, room, seven, 'without server', REPLACED_WITHIN_MS)
    })
  } finally {
    await server.kill()
  }
})

async function arrivesOnce(tabs: readonly Tab[], room: Room): Promise<void> {
  for (const tab of tabs) await tab.startRecord()
  const speaker = tabs[0]!
  await speaker.say('the one message')
  for (const tab of tabs) await tab.hears('the one message')
  // A second copy would come on the same links as what all twelve say next, at once.
  await room.roundOfTalk('afterwards', tabs)

  const [own] = await speaker.heard('the one message')
  expect(own).toMatchObject({ author: await speaker.peerId(), round: 0 })
  for (const tab of tabs) {
    const self = await tab.peerId()
    const shown = await tab.messages()
    expect(shown, `${tab.name} shows one message and twelve`).toHaveLength(13)
    expect(new Set(shown.map(message => message.id)).size, 'different ids').toBe(13)
    expect(shown.filter(message => message.id === own?.id)).toHaveLength(1)
    // What the page shows could hide a second copy; what the topic says does not.
    const others = shown.filter(message => message.author !== self).map(message => message.id)
    expect(await receptions(tab), `receptions at ${tab.name}`).toEqual(others.sort())
  }
}

async function receptions(tab: Tab): Promise<string[]> {
  const record = await tab.record()
  return record.flatMap(event => (event.type === 'received' ? [event.id] : [])).sort()
}

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
