import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a message over the limit throws at the call and harms nothing', async ({ room }) => {
  const tabs = await room.peers(2)
  const speaker = tabs[0]!
  for (const tab of tabs) await tab.startRecord()
  const limit = await speaker.page.evaluate(() => window.gossamer.gossip.maxMessageSize)
  expect(limit).toBe(4096)

  for (const size of [limit + 1, 100 * limit]) {
    for (const way of ['broadcast', 'broadcastNeighbors'] as const) {
      const error = await attempt(speaker, way, size)
      expect(error.code, `${way} of ${size} bytes`).toBe('message-too-large')
      expect(error.message).toContain(String(size))
      expect(error.message).toContain(String(limit))
    }
  }
  expect((await attempt(speaker, 'broadcast', limit)).code, 'a message of the largest size').toBe(
    '',
  )

  const long = 'x'.repeat(limit)
  const field = speaker.page.getByTestId('input')
  for (let i = 0; i < 2; i++) {
    await speaker.types(long)
    await speaker.page.evaluate(() => document.querySelector('form')!.requestSubmit())
    await expect(speaker.page.getByTestId('send-error')).toContainText(String(limit))
    await expect(field, 'the text that was too long').toHaveValue(long)
  }
  await speaker.types('')

  await room.roundOfTalk('unharmed')
  for (const tab of tabs) {
    const record = await tab.record()
    expect(record.filter(event => event.type !== 'received')).toEqual([])
    // One of the largest size, and one text of each other.
    const received = record.filter(event => event.type === 'received')
    expect(received.length, `messages at ${tab.name}`).toBe(tab === speaker ? 1 : 2)
  }
})

/** The code and words of what the call throws, before there is anything to await; empty where it does not. */
function attempt(tab: Tab, way: 'broadcast' | 'broadcastNeighbors', size: number) {
  return tab.page.evaluate(
    async ([way, size]) => {
      const content = new Uint8Array(size)
      let receipt: Promise<unknown>
      try {
        receipt = window.gossamer.topic[way](content)
      } catch (error) {
        return { code: (error as { code: string }).code, message: String(error) }
      }
      await receipt
      return { code: '', message: '' }
    },
    [way, size] as const,
  )
}
