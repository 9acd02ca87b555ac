import { expect, test } from './fixtures.js'
import { until } from './room.js'
import { DeadPort, NO_SERVER, ServerProcess } from './servers.js'

test('signaling that is down at start is shown, retried with backoff and joined when it returns', async ({
  room,
}) => {
  room.expectComplaint(NO_SERVER)
  const dead = await DeadPort.open()
  const { port, signalingUrl } = dead
  const tabs = [
    await room.open({ signaling: signalingUrl, context: 'own' }),
    await room.open({ signaling: signalingUrl, context: 'own' }),
  ]
  for (const tab of tabs) await tab.reaches('offline')
  for (const tab of tabs) await expect(tab.page.getByTestId('status')).not.toBeEmpty()

  // Two tabs that ask again once a second would make ten calls here within five seconds.
  await until('calls at the dead server', () => dead.calls.length >= 10, true, 60_000)
  const lasted = dead.calls.at(-1)! - dead.calls[0]!
  expect(lasted, 'ms that ten calls of two tabs took').toBeGreaterThan(5_000)
  await dead.close()

  const signaling = await ServerProcess.signaling(port)
  try {
    await room.joined()
    await room.roundOfTalk('there you are')
  } finally {
    await signaling.kill()
  }
})
