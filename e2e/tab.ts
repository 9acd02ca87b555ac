// One chat page in one browser tab, as its page contract shows it (docs/testing.md). It is asked in one command what a locator
// asks in several, and waits in the page: in Firefox each command passes through the process that draws all windows.

import { expect, type Page } from '@playwright/test'
import type { Kind } from './browsers.js'

export interface ShownMessage {
  author: string
  id: string
  round: number
  text: string
}

export class Tab {
  /** What the console and the page's errors said that no law expects. */
  readonly complaints: string[] = []

  constructor(
    readonly page: Page,
    readonly name: string,
    readonly kind: Kind,
  ) {
    page.on('pageerror', error => this.complaints.push(`${name}: ${error.stack ?? error.message}`))
    page.on('console', line => {
      if (line.type() === 'error') this.complaints.push(`${name}: ${line.text()}`)
    })
  }

  /** The page is up and its node has an identity. */
  async opened(): Promise<void> {
    const missing = await this.shows(
      '[data-testid=peer-id]:not([data-peer=""])',
      [''],
      OPENS_WITHIN_MS,
    )
    if (missing.length > 0) throw new Error(`${this.name} has shown no peer id`)
    expect(await this.peerId(), `the id of ${this.name}`).toMatch(PEER_ID)
  }

  peerId(): Promise<string> {
    return this.attribute('peer-id', 'data-peer')
  }

  state(): Promise<string> {
    return this.attribute('status', 'data-state')
  }

  async reaches(state: string, timeout = JOINS_WITHIN_MS): Promise<void> {
    const missing = await this.shows(`[data-testid=status][data-state=${state}]`, [''], timeout)
    if (missing.length > 0) expect(await this.state(), `the state of ${this.name}`).toBe(state)
  }

  async neighborCount(): Promise<number> {
    return Number(await this.attribute('neighbors', 'data-count'))
  }

  /** Peer ids, from the API. */
  neighbors(): Promise<string[]> {
    return this.page.evaluate(() => [...window.gossamer.topic.neighbors].map(String))
  }

  /** Types and sends. A real click would wait for frames, of which a tab in the background draws few. */
  async say(text: string): Promise<void> {
    await this.types(text)
    // A command later, for the page renders what was typed before it can be sent.
    await this.page.evaluate(() => {
      const button = document.querySelector<HTMLElement>('[data-testid=send]:enabled')
      if (!button?.checkVisibility()) throw new Error('nobody could send here')
      button.click()
    })
  }

  /** Types without sending. */
  async types(text: string): Promise<void> {
    await this.page.evaluate(text => {
      const field = document.querySelector<HTMLTextAreaElement>('[data-testid=input]:read-write')
      if (!field?.checkVisibility()) throw new Error('nobody could type here')
      field.value = text
      field.dispatchEvent(new InputEvent('input', { bubbles: true }))
    }, text)
  }

  /** Waits until these, and nobody else, are shown to be typing. */
  async seesTyping(...names: string[]): Promise<void> {
    const line = `[data-testid=typing][data-count="${names.length}"]`
    const missing = await this.shows(line, ['', ...names.slice(0, 2)], HEARS_WITHIN_MS)
    if (missing.length === 0) return
    const said = await this.page.getByTestId('typing').textContent()
    throw new Error(
      `${this.name} sees “${said}”, not that these type: ${names.join(', ') || 'none'}`,
    )
  }

  messages(): Promise<ShownMessage[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid=message]')].map(element => ({
        author: element.getAttribute('data-author') ?? '',
        id: element.getAttribute('data-id') ?? '',
        round: Number(element.getAttribute('data-round')),
        text: element.textContent ?? '',
      })),
    )
  }

  /** Messages whose text contains `text`. */
  async heard(text: string): Promise<ShownMessage[]> {
    return (await this.messages()).filter(message => message.text.includes(text))
  }

  /** Waits until each of these texts is shown. */
  async hears(...texts: string[]): Promise<void> {
    const missing = await this.shows('[data-testid=message]', texts, HEARS_WITHIN_MS)
    expect(missing, `texts that ${this.name} has not heard`).toEqual([])
  }

  /**
   * Waits until so many messages are on this tab's disk: what others say is shown at once, and written up to 50 ms later, with
   * what comes meanwhile. Who reloads sooner asks neighbors for it.
   */
  async keeps(count: number): Promise<void> {
    await expect(async () => {
      const kept = await this.page.evaluate(async () => {
        let kept = 0
        for await (const _ of window.gossamer.topic.history()) kept++
        return kept
      })
      expect(kept, `messages on the disk of ${this.name}`).toBeGreaterThanOrEqual(count)
    }).toPass({ timeout: HEARS_WITHIN_MS, intervals: [20] })
  }

  /** Keeps, from here on, what the topic says to listeners; read with `record`. */
  async startRecord(): Promise<void> {
    await this.page.evaluate(() => {
      const { topic } = window.gossamer
      const record: RecordedEvent[] = []
      window.recordedEvents = record
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
      topic.addEventListener('received', event => {
        const { id, author, deliveredFrom, content } = event.detail
        record.push({
          type: 'received',
          id,
          author,
          deliveredFrom,
          text: text(content),
          at: Date.now(),
        })
      })
      topic.addEventListener('neighborDown', event => {
        const { peer, reason } = event.detail
        record.push({ type: 'neighborDown', peer, reason, at: Date.now() })
      })
      topic.addEventListener('peerBlamed', event => {
        const { peer, reason, banned } = event.detail
        record.push({ type: 'peerBlamed', peer, reason, banned, at: Date.now() })
      })
      topic.addEventListener('mismatch', event => {
        const { peer, field } = event.detail
        record.push({ type: 'mismatch', peer, field, at: Date.now() })
      })
    })
  }

  record(): Promise<RecordedEvent[]> {
    return this.page.evaluate(() => window.recordedEvents)
  }

  /** As a person closes a tab: the page is told that it ends. */
  async close(): Promise<void> {
    const closed = this.page.waitForEvent('close')
    await this.page.close({ runBeforeUnload: true })
    await closed
  }

  /** State, neighbors and the node's own picture, for a failed law. */
  async picture(): Promise<unknown> {
    if (this.page.isClosed()) return { name: this.name, closed: true }
    const read = this.page.evaluate(async () => {
      const attribute = (id: string, name: string) =>
        document.querySelector(`[data-testid=${id}]`)?.getAttribute(name)
      return {
        peer: attribute('peer-id', 'data-peer'),
        state: attribute('status', 'data-state'),
        words: document.querySelector('[data-testid=status]')?.textContent,
        neighbors: attribute('neighbors', 'data-count'),
        messages: [...document.querySelectorAll('[data-testid=message]')].map(
          element => `${element.getAttribute('data-id')} ${element.textContent}`,
        ),
        node: await window.gossamer?.gossip.inspect(),
        metrics: await window.gossamer?.gossip.metrics(),
        record: window.recordedEvents,
      }
    })
    // A page that crashed or is stuck does not answer.
    let timer: NodeJS.Timeout | undefined
    const late = new Promise(fulfil => {
      timer = setTimeout(fulfil, PICTURE_WITHIN_MS, { silent: true })
    })
    const seen = await Promise.race([read.catch(error => ({ error: String(error) })), late])
    clearTimeout(timer)
    return { name: this.name, kind: this.kind, seen }
  }

  /** Waits until such elements have all of these texts; returns those that they lack when the time is over. */
  private async shows(selector: string, texts: string[], withinMs: number): Promise<string[]> {
    const answer = this.page.evaluate(missingAfter, { selector, texts, withinMs })
    // Of a page that is given up nobody hears how it ends.
    answer.catch(() => {})
    // By the page's own clock nothing is late in a page that is busy or stuck.
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      const words = `${this.name} has not answered whether it shows ${selector}: ${texts.join()}`
      timer = setTimeout(() => reject(new Error(words)), withinMs + ANSWERS_WITHIN_MS)
    })
    try {
      return await Promise.race([answer, silence])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Of the one element of that name. */
  private attribute(testId: string, name: string): Promise<string> {
    return this.page.evaluate(
      ([testId, name]) => {
        const values = [...document.querySelectorAll(`[data-testid=${testId}]`)].flatMap(
          element => element.getAttribute(name) ?? [],
        )
        const [value] = values
        if (value === undefined || values.length > 1)
          throw new Error(`${values.length} elements ${testId} have ${name}`)
        return value
      },
      [testId, name] as const,
    )
  }
}

/** In a page: those of the texts that no such element has, as soon as there are none, or when the time is over. */
function missingAfter(wanted: { selector: string; texts: string[]; withinMs: number }) {
  const { selector, texts, withinMs } = wanted
  const missing = () => {
    const shown = [...document.querySelectorAll(selector)].map(
      ({ textContent }) => textContent ?? '',
    )
    return texts.filter(text => !shown.some(one => one.includes(text)))
  }
  return new Promise<string[]>(fulfil => {
    const end = () => {
      clearTimeout(timer)
      observer.disconnect()
      fulfil(missing())
    }
    const look = () => {
      if (missing().length === 0) end()
    }
    const observer = new MutationObserver(look)
    const timer = setTimeout(end, withinMs)
    observer.observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    })
    look()
  })
}

export type RecordedEvent = { at: number } & (
  | { type: 'received'; id: string; author: string; deliveredFrom: string; text: string }
  | { type: 'neighborDown'; peer: string; reason: string }
  | { type: 'peerBlamed'; peer: string; reason: string; banned: boolean }
  | { type: 'mismatch'; peer: string; field: string }
)

const PEER_ID = /^[a-z2-7]{52}$/

/** Page, worker and key take seconds on two busy cores; a worker that is silent for 15 s is given up, which the page then says. */
const OPENS_WITHIN_MS = 30_000

/** A join is a few signals and one WebRTC handshake: 0.1 to 2 s here, more in a burst. Guess. */
const JOINS_WITHIN_MS = 20_000

/** Eager push takes milliseconds; a graft after a lost link takes seconds. Guess. */
const HEARS_WITHIN_MS = 10_000
const PICTURE_WITHIN_MS = 3_000
/** What a busy machine may add to a page's own time. Guess. */
const ANSWERS_WITHIN_MS = 2_000
