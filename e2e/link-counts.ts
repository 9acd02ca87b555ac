// How many links and neighbors a tab has and ever had, counted in its page.

import { expect } from './fixtures.js'
import { until } from './room.js'
import type { Tab } from './tab.js'

interface Counts {
  /** Connections that are neither closed nor failed. */
  links: number
  mostLinks: number
  neighbors: number
  mostNeighbors: number
}

/** For `OpenOptions.init`: runs in the page before anything else. */
export function watchLinks() {
  const connections = new Set<RTCPeerConnection>()
  const neighbors = () =>
    Number(document.querySelector('[data-testid=neighbors]')?.getAttribute('data-count') ?? 0)
  const links = () => {
    for (const one of connections) {
      if (one.connectionState === 'closed' || one.connectionState === 'failed')
        connections.delete(one)
    }
    return connections.size
  }
  const most = { links: 0, neighbors: 0 }
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      connections.add(this)
      most.links = Math.max(most.links, links())
    }
  }
  new MutationObserver(() => {
    most.neighbors = Math.max(most.neighbors, neighbors())
  }).observe(document, { subtree: true, childList: true, attributeFilter: ['data-count'] })
  Object.assign(window, {
    counts: () => ({
      links: links(),
      mostLinks: most.links,
      neighbors: neighbors(),
      mostNeighbors: most.neighbors,
    }),
  })
}

/** Of tabs that are watched. */
export async function keptFiveLinks(tabs: readonly Tab[]): Promise<void> {
  // One link may stand a moment longer while another takes its place, and a look taken later than
  // the one that found them settled may meet the next such moment: what is judged is that look.
  let counts: Counts[] = []
  const unsettled = async () => {
    counts = await Promise.all(tabs.map(count))
    return counts.flatMap(({ links, neighbors }, i) =>
      links === neighbors ? [] : [`${tabs[i]?.name}: ${links} links, ${neighbors} neighbors`],
    )
  }
  await until('tabs whose links are not their neighbors', unsettled, [])
  for (const [i, { links, neighbors, mostNeighbors, mostLinks }] of counts.entries()) {
    const name = tabs[i]?.name
    expect(neighbors, `neighbors of ${name}`).toBeGreaterThan(0)
    expect(links, `links of ${name}`).toBeLessThanOrEqual(5)
    expect(mostNeighbors, `most neighbors ${name} ever showed`).toBeLessThanOrEqual(5)
    expect(mostLinks, `most links ${name} ever had`).toBeLessThanOrEqual(5 + IN_PASSING)
  }
}

function count(tab: Tab): Promise<Counts> {
  return tab.page.evaluate(() => (window as unknown as { counts: () => Counts }).counts())
}

/** A link to a newcomer while the one it replaces is being closed, and dials under way. Guess. */
const IN_PASSING = 4
