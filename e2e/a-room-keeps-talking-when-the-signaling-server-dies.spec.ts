import { test } from './fixtures.js'
import { NO_SERVER, ServerProcess } from './servers.js'
import { everyoneIsContent, everyoneIsNeighborOfEveryone } from './views.js'

test('a room keeps talking when the signaling server dies, and replaces who leaves it through the mesh', async ({
  room,
}) => {
  const signaling = await ServerProcess.signaling()
  try {
    const tabs = await room.peers(7, { signaling: signaling.signalingUrl })
    await everyoneIsContent(tabs)
    await room.roundOfTalk('before')
    room.expectComplaint(NO_SERVER)
    await signaling.kill()
    await room.roundOfTalk('after')
    for (const tab of tabs) await tab.reaches('degraded')

    const leaver = tabs[3]!
    const rest = tabs.filter(tab => tab !== leaver)
    await leaver.close()
    await everyoneIsNeighborOfEveryone(rest, REPLACED_WITHIN_MS)
    await room.roundOfTalk('without server', rest)
  } finally {
    await signaling.kill()
  }
})

/** As with a server, and every signal takes some hops more. */
const REPLACED_WITHIN_MS = 15_000
