import { expect, test } from './fixtures.js'
import { until } from './room.js'
import type { Tab } from './tab.js'
import { everyoneIsNeighborOfEveryone } from './views.js'

test('a ninth tab turns a full mesh into a partial one, with nothing lost', async ({ room }) => {
  test.setTimeout(300_000)
  const eight = await room.peers(8, { membership: 'auto' })
  await everyoneIsNeighborOfEveryone(eight, MESH_WITHIN_MS)

  // All talk while the ninth comes and links are shed.
  const talk = new Talk(eight)
  await talk.round()
  const ninth = await room.open({ membership: 'auto' })
  await ninth.reaches('joined')
  const tabs = [...eight, ninth]
  const began = talk.rounds
  do await talk.round()
  while (talk.rounds < began + MOST_ROUNDS && !(await arePartial(tabs)))
  await until('tabs with more than five neighbors', () => crowded(tabs), [], PARTIAL_WITHIN_MS)
  await talk.round()

  // What was said before the ninth came, it need not have; everything else, everyone has, once.
  for (const tab of tabs) {
    const texts = talk.said.filter(({ round }) => tab !== ninth || round > began)
    await tab.hears(...texts.map(({ text }) => text))
    const shown = await tab.messages()
    for (const { text } of texts) {
      const times = shown.filter(message => message.text.includes(text)).length
      expect(times, `${text}, at ${tab.name}`).toBe(1)
    }
  }
  // Five neighbors of eight others: some things come in two hops.
  expect(await ninth.neighborCount()).toBeLessThanOrEqual(MOST_NEIGHBORS)
})

/** Everyone says something, round after round. */
class Talk {
  rounds = 0
  readonly said: { round: number; text: string }[] = []

  constructor(private readonly tabs: readonly Tab[]) {}

  async round(): Promise<void> {
    const round = ++this.rounds
    for (const tab of this.tabs) {
      const text = `round ${round} of ${tab.name}.`
      this.said.push({ round, text })
      await tab.say(text)
    }
  }
}

async function crowded(tabs: readonly Tab[]): Promise<string[]> {
  const counts = await Promise.all(tabs.map(tab => tab.neighborCount()))
  return tabs.filter((_, i) => (counts[i] ?? 0) > MOST_NEIGHBORS).map(tab => tab.name)
}

async function arePartial(tabs: readonly Tab[]): Promise<boolean> {
  return (await crowded(tabs)).length === 0
}

/** As a partial view keeps (core/membership/hyparview/config.ts). */
const MOST_NEIGHBORS = 5

/** Eight joins one after the other, and two periods of 5 s. */
const MESH_WITHIN_MS = 30_000

/** Nine are heard of within three periods of 5 s; then each sheds at most one link a second. */
const PARTIAL_WITHIN_MS = 60_000

/** More than the page keeps would be dropped there: it shows 500. */
const MOST_ROUNDS = 40
