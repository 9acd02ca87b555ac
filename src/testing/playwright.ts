/**
 * Tabs of an app that meet in one room: fixtures for Playwright.
 *
 * @module gossamer/testing/playwright
 */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type {
  Fixtures,
  Page,
  PlaywrightTestArgs,
  PlaywrightTestOptions,
  PlaywrightWorkerArgs,
  PlaywrightWorkerOptions,
} from '@playwright/test'
import type { Gossip, GossipTopic } from 'gossamer'
import { createSignalingServer } from 'gossamer/signaling-server'

/** What `meshFixtures` has to know of the app. */
export interface MeshSettings {
  /**
   * The address of the app's page for a room, given a signaling server to use. A relative one goes from `use.baseURL` of the
   * Playwright configuration.
   */
  address(room: { room: string; signaling: string }): string
  /** The global under which the page keeps `{ gossip, topic }` for tests. Default 'gossamer'. */
  handle?: string | undefined
  /** How long tabs may take to become one mesh, milliseconds. Default 30,000. */
  withinMs?: number | undefined
}

/** Options of `peers`. */
export interface PeersOptions {
  /** Each tab as if on another machine, with storage of its own. Default: tabs of one browser. */
  own?: boolean | undefined
}

/** Opens so many tabs in one room, one after the other, and waits until they and those before are one mesh. */
export interface OpenPeers {
  (count: number, options?: PeersOptions): Promise<Page[]>
  /** The room of this test: a fresh name. */
  readonly room: string
}

/** What each test is given. */
export interface MeshTestFixtures {
  /** Opens tabs. They are closed after the test. */
  peers: OpenPeers
}

/** What each of Playwright's workers has one of. */
export interface MeshWorkerFixtures {
  /** The URL of a signaling server of these tests' own, on 127.0.0.1. */
  signaling: string
}

/**
 * Fixtures for `test.extend`:
 *
 * ```ts
 * const test = base.extend<MeshTestFixtures, MeshWorkerFixtures>(
 *   meshFixtures({ address: ({ room, signaling }) => `/?room=${room}&signaling=${signaling}` }),
 * )
 * test('everyone sees the message', async ({ peers }) => {
 *   const [ann, bob, cid] = await peers(3)
 *   …
 * })
 * ```
 */
export function meshFixtures(settings: MeshSettings): MeshFixtures {
  return {
    signaling: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
      async ({}, use) => {
        const own = createSignalingServer()
        own.server.listen(0, '127.0.0.1')
        await once(own.server, 'listening')
        const { port } = own.server.address() as AddressInfo
        await use(`ws://127.0.0.1:${port}/signaling`)
        await own.close()
      },
      { scope: 'worker' },
    ],

    peers: async ({ context, browser, signaling }, use) => {
      const room = `room-${randomUUID()}`
      const pages: Page[] = []
      const strangers: { close(): Promise<void> }[] = []
      const open = async (count: number, { own = false }: PeersOptions = {}) => {
        const opened: Page[] = []
        for (let i = 0; i < count; i++) {
          const home = own ? await browser.newContext() : context
          if (own) strangers.push(home)
          const page = await home.newPage()
          await page.goto(settings.address({ room, signaling }))
          opened.push(page)
        }
        pages.push(...opened)
        await waitForMesh(
          pages.filter(page => !page.isClosed()),
          settings,
        )
        return opened
      }
      await use(Object.assign(open, { room }))
      for (const stranger of strangers) await stranger.close()
    },
  }
}

/**
 * Waits until every page has a neighbor and a message of any would find a way to all. Rejects, with who had which
 * neighbors last, when that takes longer than `withinMs`.
 */
export async function waitForMesh(
  pages: readonly Page[],
  { handle = 'gossamer', withinMs = 30_000 }: Pick<MeshSettings, 'handle' | 'withinMs'> = {},
): Promise<void> {
  const until = Date.now() + withinMs
  for (;;) {
    const views = await Promise.all(pages.map(page => viewOf(page, handle)))
    if (isOneMesh(views)) return
    if (Date.now() > until) {
      throw new Error(`the pages are no mesh after ${withinMs} ms:\n${views.map(words).join('\n')}`)
    }
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** The type of what `meshFixtures` gives to `test.extend`. */
export type MeshFixtures = Fixtures<
  MeshTestFixtures,
  MeshWorkerFixtures,
  PlaywrightTestArgs & PlaywrightTestOptions,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions
>

interface View {
  peer: string
  neighbors: string[]
}

/** Undefined while the page has no node yet, or goes to another address. */
async function viewOf(page: Page, handle: string): Promise<View | undefined> {
  try {
    return await look(page, handle)
  } catch (error) {
    if (page.isClosed() || !/context was destroyed|navigat/i.test(String(error))) throw error
    return undefined
  }
}

function look(page: Page, handle: string): Promise<View | undefined> {
  return page.evaluate(name => {
    const found = (globalThis as Record<string, unknown>)[name] as
      | { gossip?: Gossip; topic?: GossipTopic }
      | undefined
    if (found?.gossip === undefined || found.topic === undefined) return undefined
    return { peer: String(found.gossip.peerId), neighbors: found.topic.neighbors.map(String) }
  }, handle)
}

function isOneMesh(views: readonly (View | undefined)[]): boolean {
  const known = new Map(views.flatMap(view => (view ? [[view.peer, view.neighbors]] : [])))
  if (known.size < views.length) return false
  const [first] = known.keys()
  const reached = new Set(first === undefined ? [] : [first])
  for (const peer of reached) for (const next of known.get(peer) ?? []) reached.add(next)
  return [...known].every(
    ([peer, neighbors]) => reached.has(peer) && (views.length < 2 || neighbors.length > 0),
  )
}

function words(view: View | undefined, index: number): string {
  if (view === undefined) return `  page ${index + 1} has no node`
  const neighbors = view.neighbors.map(peer => peer.slice(0, 8)).join(', ') || 'no neighbor'
  return `  page ${index + 1}, ${view.peer.slice(0, 8)}: ${neighbors}`
}

const LOOK_EVERY_MS = 100
