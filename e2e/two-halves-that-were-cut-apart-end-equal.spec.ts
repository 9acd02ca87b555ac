import { expect, test } from './fixtures.js'
import { until } from './room.js'
import { ServerProcess } from './servers.js'
import type { Tab } from './tab.js'

test('two halves that were cut apart end equal, without duplicates', async ({ room, server }) => {
  const elsewhere = await ServerProcess.signaling()
  try {
    const tabs = await room.peers(4)
    const [here, there] = [tabs.slice(0, 2), tabs.slice(2)]
    await room.roundOfTalk('together')

    await moveTo(there, elsewhere.signalingUrl)
    for (const half of [here, there]) await onlyAmongThemselves(half)
    await room.roundOfTalk('here', here)
    await room.roundOfTalk('there', there)

    await moveTo(there, `${server.pageUrl.replace('http', 'ws')}signaling`)
    const texts = ['together', 'here', 'there'].flatMap(word =>
      (word === 'here' ? here : word === 'there' ? there : tabs).map(
        ({ name }) => `${word} from ${name}.`,
      ),
    )
    for (const tab of tabs) await tab.hears(...texts)
    await until('what the tabs show', () => shownOnce(tabs), Array(4).fill(texts.length))
    const shown = await Promise.all(tabs.map(idsOf))
    for (const ids of shown) expect([...ids].sort()).toEqual([...shown[0]!].sort())
  } finally {
    await elsewhere.kill()
  }
})

/** The same tabs, introduced by another server: whoever stays has lost them. */
async function moveTo(tabs: readonly Tab[], signaling: string): Promise<void> {
  for (const tab of tabs) {
    const url = new URL(tab.page.url())
    url.searchParams.set('signaling', signaling)
    await tab.page.goto(url.href)
    await tab.opened()
  }
}

async function onlyAmongThemselves(tabs: readonly Tab[]): Promise<void> {
  const ids = await Promise.all(tabs.map(tab => tab.peerId()))
  for (const [i, tab] of tabs.entries()) {
    await until(
      `the neighbors of ${tab.name}`,
      () => tab.neighbors(),
      ids.filter((_, j) => j !== i),
    )
  }
}

async function idsOf(tab: Tab): Promise<string[]> {
  return (await tab.messages()).map(({ id }) => id)
}

/** How many messages each shows; -1 where one is shown twice. */
async function shownOnce(tabs: readonly Tab[]): Promise<number[]> {
  const all = await Promise.all(tabs.map(idsOf))
  return all.map(ids => (new Set(ids).size === ids.length ? ids.length : -1))
}
