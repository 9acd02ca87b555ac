import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

for (const history of ['none', undefined] as const) {
  const kept = history === undefined ? 'and a reload shows them' : 'and a reload hears none again'
  test(`what is said in one task arrives once each, in order, ${kept}`, async ({ room }) => {
    const [speaker, listener] = (await room.peers(2, history === undefined ? {} : { history })) as [
      Tab,
      Tab,
    ]
    const said = await speaker.page.evaluate(async count => {
      const { topic } = window.gossamer
      const broadcast = (_: unknown, i: number) =>
        topic.broadcast(new TextEncoder().encode(`number ${i}.`))
      const receipts = await Promise.all(Array.from({ length: count }, broadcast))
      return receipts.map(({ id }) => id)
    }, COUNT)
    expect(new Set(said).size).toBe(COUNT)
    await listener.hears(`number ${COUNT - 1}.`)
    expect((await listener.heard('number')).map(({ id }) => id)).toEqual(said)

    await listener.page.reload()
    await listener.opened()
    await room.joined()
    await room.roundOfTalk('after')
    const shown = (await listener.heard('number')).map(({ id }) => id)
    expect(shown).toEqual(history === 'none' ? [] : said)
  })
}

const COUNT = 200
