import { expect, test } from './fixtures.js'
import { join, openLab } from './lab.js'
import { until } from './room.js'

for (const kind of ['noise', 'mutations']) {
  test(`a peer that sends ${kind} is dropped and the rest don't notice`, async ({
    room,
    browsers,
    server,
  }) => {
    const tabs = await room.peers(3)
    const honest = new Set(await Promise.all(tabs.map(tab => tab.peerId())))
    const lab = await openLab()
    const context = await (await browsers.get('chromium')).newContext()
    try {
      const page = await context.newPage()
      const rubbish = { signaling: server.signalingUrl, topic: room.name, hostile: 'rubbish' }
      const peer = await join(page, lab, rubbish)
      await until('tabs that have the stranger as neighbor', () => count(tabs, peer), tabs.length)
      await page.evaluate(() =>
        window.lab.topic.broadcast(new TextEncoder().encode('an honest word')),
      )
      for (const tab of tabs) await tab.hears('an honest word')

      for (const tab of tabs) await tab.startRecord()
      await page.evaluate(
        ([kind, seed]) => {
          new BroadcastChannel('rubbish').postMessage({ kind, seed })
        },
        [kind, SEED] as const,
      )
      const [, texts] = await Promise.all([
        until(
          `tabs that still have the stranger as neighbor (seed ${SEED})`,
          () => count(tabs, peer),
          0,
          DROPPED_WITHIN_MS,
        ),
        room.roundOfTalk('meanwhile'),
      ])
      await room.roundOfTalk('later')
      expect(await count(tabs, peer), 'tabs that took the stranger back').toBe(0)

      for (const tab of tabs) {
        const record = await tab.record()
        const blame = record.filter(event => event.type === 'peerBlamed')
        const banned = blame.filter(event => event.banned)
        // With a few bits flipped a topic-hello says other terms, which is no crime, but no peer of this topic says so.
        const differing = record.filter(event => event.type === 'mismatch')
        const refused = (kind === 'noise' ? banned : [...banned, ...differing]).map(
          event => event.peer,
        )
        expect(refused, `banned, or of other terms, as ${tab.name} sees it`).toContain(peer)
        expect(
          [...blame, ...differing].filter(event => event.peer !== peer),
          `honest peers that ${tab.name} has anything against`,
        ).toEqual([])
        const lost = record.filter(event => event.type === 'neighborDown')
        expect(
          lost.filter(event => honest.has(event.peer)),
          `neighbors lost by ${tab.name}`,
        ).toEqual([])
        const strange = (await tab.messages()).filter(message => !honest.has(message.author))
        expect(strange.map(message => message.text.includes('an honest word'))).toEqual([true])
        for (const text of texts) expect(await tab.heard(text)).toHaveLength(1)
      }
    } finally {
      await context.close()
      await lab.close()
    }
  })
}

async function count(tabs: readonly { neighbors(): Promise<string[]> }[], peer: string) {
  const views = await Promise.all(tabs.map(tab => tab.neighbors()))
  return views.filter(view => view.includes(peer)).length
}

const SEED = 20_261_121

/** Rubbish comes fifty times a second; the first piece is evidence enough, or nearly. Guess. */
const DROPPED_WITHIN_MS = 5_000
