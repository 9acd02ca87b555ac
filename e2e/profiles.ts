// Browser profiles, which outlive the laws: a law takes some and gives them back as new.

import type { BrowserContext, Page } from '@playwright/test'
import type { Browsers, Kind } from './browsers.js'

/**
 * `narrow`: as on a small tablet, of somebody who wants no motion, for each blink of a caret is drawn, in every tab. `wide`: the
 * chat page is in two columns, from 60rem on (web/styles/frame.css), and moves.
 */
export type Window = 'narrow' | 'wide'

/** Storage of its own, as if on another machine. */
export interface Profile {
  readonly kind: Kind
  readonly window: Window
  readonly context: BrowserContext
  /** An empty page of the chat's origin: while it is there the process of that origin is, with what it has compiled. */
  readonly keeper: Page
}

/**
 * The profiles of one worker's browsers. A new one for each law would start a process each time, and compile there what the
 * last one had compiled.
 */
export class Profiles {
  private readonly free: Profile[] = []
  /** Their process has crashed, and the keeper with it. */
  private readonly crashed = new Set<Profile>()

  constructor(
    private readonly browsers: Browsers,
    private readonly pageUrl: string,
  ) {}

  async take(kind: Kind, window: Window): Promise<Profile> {
    const at = this.free.findIndex(profile => profile.kind === kind && profile.window === window)
    const [free] = at < 0 ? [] : this.free.splice(at, 1)
    return free ?? this.make(kind, window)
  }

  /**
   * Closes its tabs and forgets what they were allowed, and what they stored for the chat's origin. After a law that failed
   * nobody takes it again: a tab that is stuck would hold up the keeper, whose process it shares.
   */
  async giveBack(profile: Profile, held: boolean): Promise<void> {
    const { context, keeper } = profile
    if (this.crashed.delete(profile) || !held) return context.close()
    const tabs = context.pages().filter(page => page !== keeper)
    await Promise.all(tabs.map(page => page.close()))
    await context.clearPermissions()
    await keeper.evaluate(forget)
    this.free.push(profile)
  }

  private async make(kind: Kind, window: Window): Promise<Profile> {
    const browser = await this.browsers.get(kind)
    // A law's own https server has a certificate that nobody vouches for.
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: VIEWPORTS[window],
      reducedMotion: window === 'narrow' ? 'reduce' : 'no-preference',
    })
    const keeper = await context.newPage()
    await keeper.goto(new URL(NO_PAGE, this.pageUrl).href)
    const profile = { kind, window, context, keeper }
    keeper.once('crash', () => this.crashed.add(profile))
    return profile
  }
}

/** In a page: empties all stores of its origin. Databases that closed tabs still let go of are waited for. */
async function forget(): Promise<void> {
  localStorage.clear()
  for (const { name } of await indexedDB.databases()) {
    await new Promise<void>((fulfil, reject) => {
      const request = indexedDB.deleteDatabase(name ?? '')
      request.onsuccess = () => fulfil()
      request.onerror = () => reject(request.error)
    })
  }
}

const VIEWPORTS = { narrow: { width: 900, height: 600 }, wide: { width: 1280, height: 720 } }
/** The server answers with some words, and they are a document. */
const NO_PAGE = 'no-such-page'
