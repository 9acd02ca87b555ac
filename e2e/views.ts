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
  const amiss = async (tab: Tab) => {
    const neighbors = (await tab.neighbors()).map(peer => names.get(peer) ?? `stranger ${peer}`)
    const wanted = tabs.filter(other => other !== tab).map(other => other.name)
    return String(neighbors.sort()) === String(wanted.sort())
      ? undefined
      : `${tab.name}: ${neighbors.join(' ')}`
  }
  await until(
    'the neighbors of those who have not just all others',
    lookAt(tabs, amiss),
    [],
    timeout,
  )
}

/**
 * Waits until the views have found their shape: nobody asks for a neighbor or makes a link, and nobody has fewer
 * than half of the five it wants. With one alone, it would lose the mesh with that one.
 */
export async function everyoneIsContent(tabs: readonly Tab[]): Promise<void> {
  const amiss = async (tab: Tab) => ((await isBusy(tab)) ? tab.name : undefined)
  await until(
    'tabs that ask, dial or have few neighbors',
    lookAt(tabs, amiss),
    [],
    CONTENT_WITHIN_MS,
  )
}

/**
 * For `until`: what is amiss with tabs, in words. Each look asks those alone with whom something was, and all of them once more
 * before it says that nothing is.
 */
function lookAt(
  tabs: readonly Tab[],
  amiss: (tab: Tab) => Promise<string | undefined>,
): () => Promise<string[]> {
  let asked = tabs
  return async function look(): Promise<string[]> {
    const words = await Promise.all(asked.map(amiss))
    const left = asked.filter((_, i) => words[i] !== undefined)
    const isAll = asked.length === tabs.length
    asked = left.length > 0 ? left : tabs
    return left.length > 0 || isAll ? words.filter(word => word !== undefined) : look()
  }
}

function isBusy(tab: Tab): Promise<boolean> {
  return tab.page.evaluate(async () => {
    const { topics, links } = await window.gossamer.gossip.inspect()
    const asks = topics.some(topic => topic.membership.requests.length > 0)
    const lacks = topics.some(topic => topic.membership.active.length < 5 / 2)
    return asks || lacks || links.some(link => link.state !== 'up')
  })
}

/** A peer with few neighbors asks ever more slowly, down to once in 5 s, and insists after three refusals. */
const CONTENT_WITHIN_MS = 30_000
