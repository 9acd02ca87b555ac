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
      const { args = [], ...options } = launchOptions(found(kind))
      browser = TYPES[kind].launch({ ...options, args: [...args, ...SPARING[kind]] })
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

/**
 * Tabs of one context share a process, as Chromium has it by itself where memory is short: starting one for each is a
 * fifth of what a room of twelve costs. A tab that is to be busy or to crash is opened in a context of its own.
 */
const SPARING = { chromium: ['--process-per-site'], firefox: [] }
