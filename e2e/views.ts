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

function others(tab: Tab, tabs: readonly Tab[]): string {
  const names = tabs.filter(other => other !== tab).map(other => other.name)
  return `${tab.name}: ${names.sort().join(' ')}`
}
