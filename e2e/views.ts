// What tabs say about their neighbors, taken together.

import { until } from './room.js'
import type { Tab } from './tab.js'

/** Waits until these tabs, and nobody else, are all neighbors of one another. */
export async function everyoneIsNeighborOfEveryone(
  tabs: readonly Tab[],
  timeout: number,
): Promise<void> {
  const names = new Map<string, string>()
  for (const tab of tabs) names.set(await tab.peerId(), tab.name)
  const wanted = tabs.map(tab => others(tab, tabs))
  const read = () =>
    Promise.all(
      tabs.map(async tab => {
        const neighbors = (await tab.neighbors()).map(peer => names.get(peer) ?? `stranger ${peer}`)
        return `${tab.name}: ${neighbors.sort().join(' ')}`
      }),
    )
  await until('the neighbors of each', read, wanted, timeout)
}

/**
 * Waits until the views have found their shape: nobody asks for a neighbor or makes a link, and nobody has fewer
 * than half of the five it wants. With one alone, it would lose the mesh with that one.
 */
export async function everyoneIsContent(tabs: readonly Tab[]): Promise<void> {
  const read = async () => {
    const busy = await Promise.all(tabs.map(isBusy))
    return tabs.filter((_, i) => busy[i]).map(tab => tab.name)
  }
  await until('tabs that ask, dial or have few neighbors', read, [], CONTENT_WITHIN_MS)
}

function isBusy(tab: Tab): Promise<boolean> {
  return tab.page.evaluate(async () => {
    const { topics, links } = await window.gossamer.gossip.inspect()
    const asks = topics.some(topic => topic.membership.requests.length > 0)
    const lacks = topics.some(topic => topic.membership.active.length < 5 / 2)
    return asks || lacks || links.some(link => link.state !== 'up')
  })
}

function others(tab: Tab, tabs: readonly Tab[]): string {
  const names = tabs.filter(other => other !== tab).map(other => other.name)
  return `${tab.name}: ${names.sort().join(' ')}`
}

/** A peer with few neighbors asks ever more slowly, down to once in 5 s, and insists after three refusals. */
const CONTENT_WITHIN_MS = 30_000
