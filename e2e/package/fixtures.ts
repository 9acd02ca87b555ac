// What a law about the package gets besides a room: a workshop for apps, and the talk between app and chat page.

import type { Page } from '@playwright/test'
import type { Gossip, GossipTopic } from 'gossamer'
import { test as base, expect } from '../fixtures.js'
import type { Room } from '../room.js'
import { Workshop } from './apps.js'

interface Packaged {
  workshop: Workshop
  /** A page of each browser, for an app; what they complain about fails the law. */
  strangers: Page[]
}

export const test = base.extend<Pick<Packaged, 'strangers'>, Pick<Packaged, 'workshop'>>({
  workshop: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const workshop = await Workshop.open()
      await use(workshop)
      await workshop.close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  strangers: async ({ browsers }, use) => {
    const complaints: string[] = []
    const contexts = await Promise.all(
      (['chromium', 'firefox'] as const).map(async kind => (await browsers.get(kind)).newContext()),
    )
    const pages = await Promise.all(contexts.map(context => context.newPage()))
    for (const page of pages) {
      page.on('pageerror', error => complaints.push(error.stack ?? error.message))
      page.on('console', line => {
        if (line.type() === 'error') complaints.push(line.text())
      })
    }
    await use(pages)
    await Promise.all(contexts.map(context => context.close()))
    expect(complaints, 'console and page errors of the app').toEqual([])
  },
})

declare global {
  interface Window {
    /** What apps/main.js makes. */
    app: Promise<{
      gossip: Gossip
      topic: GossipTopic
      /** A full mesh of the apps alone. */
      circle: GossipTopic
      heard: string[]
      say(text: string): Promise<unknown>
    }>
  }
}

/** Opens the app in each page, and has it say something to a chat page and hear something from it. */
export async function exchange(
  room: Room,
  pages: readonly Page[],
  url: string,
  signaling: string,
): Promise<void> {
  const chat = await room.open({ signaling })
  const address = new URL(url)
  address.searchParams.set('room', room.name)
  address.searchParams.set('signaling', signaling)
  for (const [index, page] of pages.entries()) {
    await page.goto(address.href)
    await page.waitForFunction(() => window.app !== undefined)
    await page.evaluate(async () => (await window.app).topic.joined())
    await page.evaluate(async text => (await window.app).say(text), `app ${index} says hello`)
    await chat.hears(`app ${index} says hello`)
    await chat.say(`the demo greets app ${index}`)
    const heard = () => page.evaluate(async () => (await window.app).heard.join())
    await expect.poll(heard, 'what the app heard').toContain(`the demo greets app ${index}`)
  }
  for (const page of pages) {
    await page.evaluate(async () => (await window.app).circle.joined())
    await page.evaluate(async () => (await window.app).topic.synced())
  }
}

export { expect }
