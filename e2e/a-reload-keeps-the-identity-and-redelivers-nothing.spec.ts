import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a reload keeps the identity and redelivers nothing', async ({ room }) => {
  // Said to nobody: what speaker keeps for those who come is what a reload could deliver again.
  const speaker = await room.open(UNKEPT)
  await speaker.say('said to nobody')
  const reloader = await room.open(UNKEPT)
  await room.joined()
  await reloader.hears('said to nobody')
  await room.roundOfTalk('before')

  const identity = await reloader.peerId()
  await reloader.page.reload()
  await reloader.opened()
  expect(await reloader.peerId()).toBe(identity)
  await room.joined()

  await room.roundOfTalk('after')
  const shown = await reloader.messages()
  expect(shown.map(message => message.text).filter(text => !text.includes('after from'))).toEqual(
    [],
  )
  expect(shown).toHaveLength(2)
  // A repeated sequence number would be taken for a message already known.
  const heard = await speaker.messages()
  const ids = heard.filter(message => message.author === identity).map(message => message.id)
  expect(new Set(ids).size).toBe(2)
})

test('a tab that reloads three times in a row comes back each time', async ({ room }) => {
  const [speaker, reloader] = (await room.peers(2, UNKEPT)) as [Tab, Tab]
  const identity = await reloader.peerId()
  for (let visit = 1; visit <= 3; visit++) {
    await reloader.page.reload()
    await reloader.opened()
    expect(await reloader.peerId()).toBe(identity)
    await room.joined()
    await speaker.say(`visit ${visit}.`)
    await reloader.hears(`visit ${visit}.`)
    expect(await reloader.messages()).toHaveLength(1)
  }
})

/** With a history the page shows again what was said before; here what is shown is what was delivered. */
const UNKEPT = { history: 'none' } as const
