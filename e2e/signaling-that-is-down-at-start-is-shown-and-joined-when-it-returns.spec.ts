import { expect, test } from './fixtures.js'
import { until } from './room.js'
import { DeadPort, NO_SERVER, ServerProcess } from './servers.js'

test('signaling that is down at start is shown, retried with backoff and joined when it returns', async ({
  room,
}) => {
  room.expectComplaint(NO_SERVER)
  const dead = await DeadPort.open()
  const { port, signalingUrl } = dead
  const first = await room.open({ signaling: signalingUrl, context: 'own' })
  await first.reaches('offline')

  // Its fourth pause is at least two seconds, whatever its share of chance was, less what timers are inexact;
  // who asks again once a second never leaves as much.
  await until('calls at the dead server', () => dead.calls.length >= 5, true, 60_000)
  expect(
    dead.calls[4]! - dead.calls[3]!,
    'ms between the fourth call and the fifth',
  ).toBeGreaterThan(1_900)

  const second = await room.open({ signaling: signalingUrl, context: 'own' })
  await second.reaches('offline')
  for (const tab of [first, second]) await expect(tab.page.getByTestId('status')).not.toBeEmpty()
  await dead.close()

  const signaling = await ServerProcess.signaling(port)
  try {
    await room.joined()
    await room.roundOfTalk('there you are')
  } finally {
    await signaling.kill()
  }
})
