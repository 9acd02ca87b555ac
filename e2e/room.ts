// A chat room of its own for each law: a fresh name, tabs in any browser, and everything that the tabs
// complain about.

import { type BrowserContext, expect, type Page } from '@playwright/test'
import { waitForMesh } from 'gossamer/testing/playwright'
import type { Kind } from './browsers.js'
import type { Profile, Profiles, Window } from './profiles.js'
import { Tab } from './tab.js'

export interface OpenOptions {
  /** The browser; by default the project's browsers in turn. */
  kind?: Kind
  /** Nickname; by default p1, p2, … */
  name?: string
  /**
   * `shared` (default): one more tab beside the others of that browser, with the same storage.
   * `own`: as if on another machine.
   */
  context?: 'shared' | 'own'
  /** Signaling server; by default the page's own. */
  signaling?: string
  /** How the room keeps its links; by default as the page does. */
  membership?: string
  /** How messages are kept; by default as the page does. With `none` a reload shows nothing of before. */
  history?: 'none'
  /** Where the chat page is; by default the product's server. */
  pageUrl?: string
  /** Runs in the page before its own scripts, on every load. */
  init?: () => void
}

export class Room {
  readonly tabs: Tab[] = []
  private readonly taken: Profile[] = []
  private readonly shared = new Map<Kind, Promise<BrowserContext>>()
  private readonly expected: RegExp[] = []
  private opened = 0

  constructor(
    readonly name: string,
    private readonly profiles: Profiles,
    private readonly kinds: readonly Kind[],
    private readonly link: string,
    private readonly pageUrl: string,
    private readonly window: Window,
  ) {}

  /** Opens a tab and waits until its node has an identity, not until it has joined. */
  async open(options: OpenOptions = {}): Promise<Tab> {
    const number = ++this.opened
    const kind = options.kind ?? this.kinds[(number - 1) % this.kinds.length] ?? 'chromium'
    const context = await this.context(kind, options.context ?? 'shared')
    const page = await newTab(context, kind)
    if (options.init !== undefined) await page.addInitScript(options.init)
    const tab = new Tab(page, options.name ?? `p${number}`, kind)
    this.tabs.push(tab)
    await page.goto(this.address(tab.name, options))
    await tab.opened()
    return tab
  }

  /** Takes in the tab that `open` makes this one open, for example a duplicate of itself. */
  async adopt(opener: Tab, name: string, open: (page: Page) => Promise<unknown>): Promise<Tab> {
    const [page] = await Promise.all([
      opener.page.context().waitForEvent('page'),
      open(opener.page),
    ])
    const tab = new Tab(page, name, opener.kind)
    this.tabs.push(tab)
    // What waits in a blank page ends with it.
    await page.waitForURL(url => url.protocol !== 'about:')
    await tab.opened()
    return tab
  }

  /** Opens tabs one after the other, and waits until all have joined and are one mesh. */
  async peers(count: number, options: OpenOptions = {}): Promise<Tab[]> {
    const tabs: Tab[] = []
    for (let i = 0; i < count; i++) tabs.push(await this.open(options))
    await this.joined(tabs)
    await waitForMesh(this.tabs.filter(({ page }) => !page.isClosed()).map(({ page }) => page))
    return tabs
  }

  async joined(tabs: readonly Tab[] = this.tabs): Promise<void> {
    for (const tab of tabs) await tab.reaches('joined')
  }

  /**
   * Everyone says something new at once and hears everyone else: what was on its way before has had its
   * time. Returns the texts.
   */
  async roundOfTalk(word: string, tabs: readonly Tab[] = this.tabs): Promise<string[]> {
    const texts = tabs.map(tab => `${word} from ${tab.name}.`)
    await Promise.all(tabs.map((tab, i) => tab.say(texts[i] ?? '')))
    for (const tab of tabs) await tab.hears(...texts)
    return texts
  }

  /** Says that a console or page error is part of the law. */
  expectComplaint(pattern: RegExp): void {
    this.expected.push(pattern)
  }

  get complaints(): string[] {
    return this.tabs
      .flatMap(tab => tab.complaints)
      .filter(complaint => !this.expected.some(pattern => pattern.test(complaint)))
  }

  /** The room as each tab sees it. */
  async picture(): Promise<unknown[]> {
    return Promise.all(this.tabs.map(tab => tab.picture()))
  }

  /** Keeps the tabs' complaints for a last look. `held`: whether the law did. */
  async close(held: boolean): Promise<void> {
    await Promise.all(this.taken.map(profile => this.profiles.giveBack(profile, held)))
  }

  private async context(kind: Kind, form: 'shared' | 'own'): Promise<BrowserContext> {
    if (form === 'own') return this.newContext(kind)
    let context = this.shared.get(kind)
    if (context === undefined) {
      context = this.newContext(kind)
      this.shared.set(kind, context)
    }
    return context
  }

  private async newContext(kind: Kind): Promise<BrowserContext> {
    const profile = await this.profiles.take(kind, this.window)
    this.taken.push(profile)
    return profile.context
  }

  private address(nick: string, options: OpenOptions): string {
    const { signaling, pageUrl, membership, history } = options
    const url = new URL(pageUrl ?? this.pageUrl)
    url.searchParams.set('room', this.name)
    url.searchParams.set('name', nick)
    if (signaling !== undefined) url.searchParams.set('signaling', signaling)
    if (membership !== undefined) url.searchParams.set('membership', membership)
    if (history !== undefined) url.searchParams.set('history', history)
    if (this.link !== 'auto') url.searchParams.set('link', this.link)
    return url.href
  }
}

/**
 * Firefox's driver opens each page in a window of its own, whose frame of menus and buttons costs more than the chat in
 * it. People have tabs: all but the first are opened beside it, as links are that know nothing of their opener.
 */
async function newTab(context: BrowserContext, kind: Kind): Promise<Page> {
  const beside = kind === 'firefox' ? context.pages()[0] : undefined
  if (beside === undefined) return context.newPage()
  const opens = context.waitForEvent('page')
  await beside.evaluate(() => void window.open('about:blank', '_blank', 'noopener'))
  return opens
}

/** Asks again until `read` equals `wanted`; for what no element shows. */
export async function until<T>(
  what: string,
  read: () => Promise<T> | T,
  wanted: T,
  timeout = 15_000,
): Promise<void> {
  // Each look asks every tab, in each of which it costs milliseconds: what takes long is looked at less often.
  await expect.poll(read, { message: what, timeout, intervals: [200, 400] }).toEqual(wanted)
}
