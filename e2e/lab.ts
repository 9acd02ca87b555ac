// A page with the library and nothing else, for what the chat page cannot be told to do.

import { fileURLToPath } from 'node:url'
import { expect, type Page } from '@playwright/test'
import type * as Library from 'gossamer'
import type { Gossip, GossipTopic } from 'gossamer'
import { FileServer } from './servers.js'

declare global {
  interface Window {
    /** What dist/index.js exports. */
    library: typeof Library
    lab: { gossip: Gossip; topic: GossipTopic }
  }
}

export const LAB_PATH = 'lab/lab.html'

/** Serves the lab and the built library. */
export function openLab(): Promise<FileServer> {
  return FileServer.open({ '/lab/': folder('pages'), '/lib/': folder('../dist') })
}

export interface LabOptions {
  signaling: string
  topic: string
  activeViewCapacity?: number
  /** The name of a worker that can be turned hostile. */
  hostile?: string
}

/** Opens a node in a lab page and joins the topic; returns its id. */
export async function join(page: Page, lab: FileServer, options: LabOptions): Promise<string> {
  await page.goto(lab.url + LAB_PATH)
  await page.waitForFunction(() => window.library !== undefined)
  const peerId = await page.evaluate(async options => {
    const { signaling, topic, activeViewCapacity, hostile } = options
    const gossip = await window.library.Gossip.open({
      signaling,
      ...(activeViewCapacity === undefined ? {} : { membershipConfig: { activeViewCapacity } }),
      ...(hostile === undefined
        ? {}
        : {
            worker: () => new Worker('/lab/hostile-worker.js', { type: 'module', name: hostile }),
          }),
    })
    // As the chat page has it, beside which some of these stand.
    const history = { protocol: 'wavefront' } as const
    window.lab = { gossip, topic: gossip.subscribe(topic, { history }) }
    return String(gossip.peerId)
  }, options)
  expect(peerId).toMatch(/^[a-z2-7]{52}$/)
  return peerId
}

export function neighborsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => [...window.lab.topic.neighbors].map(String))
}

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
