import { expect, test } from './fixtures.js'
import { NO_SERVER, ServerProcess } from './servers.js'
import type { Tab } from './tab.js'

test('a reload shows the room offline, from disk, and delivers none of it again', async ({
  room,
}) => {
  const signaling = await ServerProcess.signaling()
  try {
    const [other, reloader] = (await room.peers(2, {
      signaling: signaling.signalingUrl,
      context: 'own',
    })) as [Tab, Tab]
    const texts = await room.roundOfTalk('before')
    await reloader.keeps(texts.length)
    room.expectComplaint(NO_SERVER)
    await other.close()
    await signaling.kill()

    await reloader.page.reload()
    await reloader.opened()
    await reloader.startRecord()
    await reloader.hears(...texts)
    await reloader.reaches('offline')
    expect(await reloader.messages()).toHaveLength(texts.length)
    expect(await reloader.record()).toEqual([])

    // What is said alone is kept too, under numbers that go on.
    await reloader.say('said to nobody')
    await reloader.hears('said to nobody')
    await reloader.page.reload()
    await reloader.hears(...texts, 'said to nobody')
    const ids = (await reloader.messages()).map(({ id }) => id)
    expect(new Set(ids).size).toBe(texts.length + 1)
  } finally {
    await signaling.kill()
  }
})
