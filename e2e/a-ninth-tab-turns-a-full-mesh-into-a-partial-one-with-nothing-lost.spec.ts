import { expect, test } from './fixtures.js'
import { until } from './room.js'
import type { Tab } from './tab.js'
import { everyoneIsNeighborOfEveryone } from './views.js'

test('a ninth tab turns a full mesh into a partial one, with nothing lost', async ({ room }) => {
  test.setTimeout(300_000)
  const eight = await room.peers(8, { membership: 'auto' })
  await everyoneIsNeighborOfEveryone(eight, MESH_WITHIN_MS)

  const talk = new Talk(eight)
  await talk.round()
  const ninth = await room.open({ membership: 'auto' })
  await ninth.reaches('joined')
  const tabs = [...eight, ninth]
  const before = talk.said.length
  // One after the other says something while links are shed, two between looks.
  const talking = async () => {
    await talk.turn(tabs)
    await talk.turn(tabs)
    return crowded(tabs)
  }
  await until('tabs with more than five neighbors', talking, [], PARTIAL_WITHIN_MS)
  await talk.round()

  // What was said before the ninth came, it need not have; everything else, everyone has, once.
  for (const tab of tabs) {
    const texts = tab === ninth ? talk.said.slice(before) : talk.said
    await tab.hears(...texts)
    const shown = await tab.messages()
    for (const text of texts) {
      const times = shown.filter(message => message.text.includes(text)).length
      expect(times, `${text}, at ${tab.name}`).toBe(1)
    }
  }
  // Five neighbors of eight others: some things come in two hops.
  expect(await ninth.neighborCount()).toBeLessThanOrEqual(MOST_NEIGHBORS)
})

class Talk {
  readonly said: string[] = []

  constructor(private readonly tabs: readonly Tab[]) {}

  /** Everyone says something. */
  async round(): Promise<void> {
    for (const tab of this.tabs) await this.say(tab)
  }

  /** Whose turn it is says something. */
  async turn(tabs: readonly Tab[]): Promise<void> {
    await this.say(tabs[this.said.length % tabs.length]!)
  }

  private async say(tab: Tab): Promise<void> {
    const text = `number ${this.said.length} of ${tab.name}.`
    this.said.push(text)
    await tab.say(text)
  }
}

async function crowded(tabs: readonly Tab[]): Promise<string[]> {
  const counts = await Promise.all(tabs.map(tab => tab.neighborCount()))
  return tabs.filter((_, i) => (counts[i] ?? 0) > MOST_NEIGHBORS).map(tab => tab.name)
}

/** As a partial view keeps (core/membership/hyparview/config.ts). */
const MOST_NEIGHBORS = 5

/** Eight joins one after the other, and two periods of 5 s. */
const MESH_WITHIN_MS = 30_000

/** Nine are heard of within three periods of 5 s; then each sheds at most one link a second. */
const PARTIAL_WITHIN_MS = 60_000
