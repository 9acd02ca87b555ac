import { test } from './fixtures.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

test('a tab that is closed is replaced as neighbor within seconds', async ({ room }) => {
  // Of seven, nobody can have all others as neighbors; of six, everybody must: views hold five.
  const tabs = await room.peers(7)
  const leaver = tabs[3]!
  const rest = tabs.filter(tab => tab !== leaver)
  await everyoneIsContent(tabs)
  await leaver.close()
  await everyoneIsNeighborOfEveryone(rest, WITHIN_MS)
  await room.roundOfTalk('without it', rest)
})

/** The parting words come at once; a new neighbor costs a request and a handshake. */
const WITHIN_MS = 10_000
