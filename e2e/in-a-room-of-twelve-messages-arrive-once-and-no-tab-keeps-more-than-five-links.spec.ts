import { expect, test } from './fixtures.js'
import { until } from './room.js'
import type { Tab } from './tab.js'

// Two laws about one room, the dearest there is: it is filled once for both.
test('a message reaches everyone in a room of twelve exactly once, and no tab keeps more than five links', async ({
  room,
}) => {
  const tabs = await room.peers(12, { init: watchLinks })
  for (const tab of tabs) await tab.startRecord()
  const speaker = tabs[0]!
  await speaker.say('the one message')
  for (const tab of tabs) await tab.hears('the one message')

  // A second copy would come on the same links as what all twelve say next, at once.
  await room.roundOfTalk('afterwards')

  await arrivedOnce(tabs, speaker)
  await keptFiveLinks(tabs)
})

async function arrivedOnce(tabs: readonly Tab[], speaker: Tab): Promise<void> {
  const [own] = await speaker.heard('the one message')
  expect(own).toMatchObject({ author: await speaker.peerId(), round: 0 })
  for (const tab of tabs) {
    const self = await tab.peerId()
    const shown = await tab.messages()
    expect(shown, `${tab.name} shows one message and twelve`).toHaveLength(13)
    expect(new Set(shown.map(message => message.id)).size, 'different ids').toBe(13)
    expect(shown.filter(message => message.id === own?.id)).toHaveLength(1)
    // What the page shows could hide a second copy; what the topic says does not.
    const others = shown.filter(message => message.author !== self).map(message => message.id)
    expect(await receptions(tab), `receptions at ${tab.name}`).toEqual(others.sort())
  }
}

async function receptions(tab: Tab): Promise<string[]> {
  const record = await tab.record()
  return record.flatMap(event => (event.type === 'received' ? [event.id] : [])).sort()
}

async function keptFiveLinks(tabs: readonly Tab[]): Promise<void> {
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

interface Counts {
  /** Connections that are neither closed nor failed. */
  links: number
  mostLinks: number
  neighbors: number
  mostNeighbors: number
}

function count(tab: Tab): Promise<Counts> {
  return tab.page.evaluate(() => (window as unknown as { counts: () => Counts }).counts())
}

/** Runs in the page before anything else. */
function watchLinks() {
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

/** A link to a newcomer while the one it replaces is being closed, and dials under way. Guess. */
const IN_PASSING = 4
