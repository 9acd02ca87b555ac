// The browsers that the laws run in, as find-browsers.mjs names them.

import { type Browser, chromium, firefox } from '@playwright/test'
import { type FoundBrowser, likelyBrowser } from '../scripts/find-browsers.mjs'
import { launchOptions } from '../scripts/launch-options.mjs'

export type Kind = 'chromium' | 'firefox'

/** Browsers of one test worker, started when first asked for. */
export class Browsers {
  private readonly running = new Map<Kind, Promise<Browser>>()

  get(kind: Kind): Promise<Browser> {
    let browser = this.running.get(kind)
    if (browser === undefined) {
      browser = TYPES[kind].launch(launchOptions(found(kind)))
      this.running.set(kind, browser)
    }
    return browser
  }

  async close(): Promise<void> {
    for (const browser of this.running.values()) await (await browser).close()
  }
}

function found(kind: Kind): FoundBrowser {
  const told = process.env['GOSSAMER_BROWSERS']
  const browser =
    told === undefined
      ? likelyBrowser(kind)
      : (JSON.parse(told) as Partial<Record<Kind, FoundBrowser>>)[kind]
  if (browser === undefined) {
    throw new Error(`no ${kind} found: node scripts/find-browsers.mjs finds or installs one`)
  }
  return browser
}

const TYPES = { chromium, firefox }
