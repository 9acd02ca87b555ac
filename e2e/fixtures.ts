// What every law gets: a room of its own, in the browsers of its project.

import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { type Browser, test as base, expect } from '@playwright/test'
import {
  type MeshTestFixtures,
  type MeshWorkerFixtures,
  meshFixtures,
} from 'gossamer/testing/playwright'
import { Browsers, type Kind } from './browsers.js'
import { CPU_SECONDS, cpuSecondsUnder } from './cpu.js'
import { Profiles, type Window } from './profiles.js'
import { Room } from './room.js'
import { ServerProcess } from './servers.js'

export interface LawFixtures {
  room: Room
  /**
   * `narrow` (default): as on a small tablet; the side with the picture of the mesh is closed. Pictures in twelve tabs
   * cost as much as all else that the twelve do. `wide`: talk and side stand beside each other.
   */
  window: Window
  /** Writes down what the law cost. */
  account: undefined
}

export interface ProjectSettings {
  /** The browsers that tabs are opened in, in turn. */
  kinds: Kind[]
  /** How bytes travel: as the product chooses, or over the page's port. */
  link: 'auto' | 'relayed'
}

export interface WorkerFixtures extends ProjectSettings {
  browsers: Browsers
  profiles: Profiles
  /** Chat page and signaling, on a port of this worker's own. */
  server: ServerProcess
}

const laws = base.extend<LawFixtures, WorkerFixtures>({
  kinds: [['chromium'], { option: true, scope: 'worker' }],
  link: ['auto', { option: true, scope: 'worker' }],

  browsers: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const browsers = new Browsers()
      await use(browsers)
      await browsers.close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  profiles: [
    ({ browsers, server }, use) => use(new Profiles(browsers, server.pageUrl)),
    { scope: 'worker' },
  ],

  server: [
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    async ({}, use) => {
      const server = await ServerProcess.page()
      await use(server)
      await server.kill()
    },
    { scope: 'worker' },
  ],

  window: ['narrow', { option: true }],

  account: [
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    async ({}, use, info) => {
      const before = cpuSecondsUnder(process.pid)
      await use(undefined)
      const after = cpuSecondsUnder(process.pid)
      if (before === undefined || after === undefined) return
      info.annotations.push({ type: CPU_SECONDS, description: (after - before).toFixed(2) })
    },
    { auto: true },
  ],

  room: async ({ profiles, kinds, link, server, window }, use, info) => {
    const name = `law-${randomBytes(6).toString('hex')}`
    const room = new Room(name, profiles, kinds, link, server.pageUrl, window)
    await use(room)
    const held = info.status === info.expectedStatus
    if (!held) {
      const path = info.outputPath('room.json')
      await writeFile(path, JSON.stringify(await room.picture(), undefined, 2))
      await info.attach('room.json', { path })
    }
    await room.close(held)
    expect(room.complaints, 'console and page errors that no law expects').toEqual([])
  },
})

/**
 * With what apps have for their own tests; the app is the demo. What a configuration would say stands first. Here and not
 * in the one law that needs it, which would need a process and browsers of its own.
 */
export const test = laws
  .extend<object, { browser: Browser }>({
    browser: [
      async ({ browsers, kinds }, use) => use(await browsers.get(kinds[0] ?? 'chromium')),
      { scope: 'worker' },
    ],
    baseURL: ({ server }, use) => use(server.pageUrl),
  })
  .extend<MeshTestFixtures, MeshWorkerFixtures>(
    meshFixtures({
      address: ({ room, signaling }) => `/?${new URLSearchParams({ room, signaling })}`,
    }),
  )

export { expect }
