// One chat page in one browser tab, as its page contract shows it (docs/testing.md).

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
    await expect(this.page.getByTestId('peer-id')).toHaveAttribute('data-peer', PEER_ID, OPENS)
  }

  async peerId(): Promise<string> {
    return (await this.page.getByTestId('peer-id').getAttribute('data-peer')) ?? ''
  }

  async state(): Promise<string> {
    return (await this.page.getByTestId('status').getAttribute('data-state')) ?? ''
  }

  async reaches(state: string, timeout = JOINS_WITHIN_MS): Promise<void> {
    await expect(this.page.getByTestId('status'), `the state of ${this.name}`).toHaveAttribute(
      'data-state',
      state,
      { timeout },
    )
  }

  async neighborCount(): Promise<number> {
    return Number(await this.page.getByTestId('neighbors').getAttribute('data-count'))
  }

  /** Peer ids, from the API. */
  neighbors(): Promise<string[]> {
    return this.page.evaluate(() => [...window.gossamer.topic.neighbors].map(String))
  }

  /** Types and sends. A real click would wait for frames, of which a tab in the background draws few. */
  async say(text: string): Promise<void> {
    await this.page.getByTestId('input').fill(text)
    await this.page.getByTestId('send').dispatchEvent('click')
  }

  /** Types without sending. */
  async types(text: string): Promise<void> {
    await this.page.getByTestId('input').fill(text)
  }

  /** Waits until these, and nobody else, are shown to be typing. */
  async seesTyping(...names: string[]): Promise<void> {
    const line = this.page.getByTestId('typing')
    await expect(line, `who ${this.name} sees typing`).toHaveAttribute(
      'data-count',
      `${names.length}`,
    )
    for (const name of names.slice(0, 2)) await expect(line).toContainText(name)
  }

  messages(): Promise<ShownMessage[]> {
    return this.page.getByTestId('message').evaluateAll(elements =>
      elements.map(element => ({
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
    const missing = async () => {
      const shown = await this.messages()
      return texts.filter(text => !shown.some(message => message.text.includes(text)))
    }
    const poll = { message: `texts that ${this.name} has not heard`, ...HEARS }
    await expect.poll(missing, poll).toEqual([])
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
}

export type RecordedEvent = { at: number } & (
  | { type: 'received'; id: string; author: string; deliveredFrom: string; text: string }
  | { type: 'neighborDown'; peer: string; reason: string }
  | { type: 'peerBlamed'; peer: string; reason: string; banned: boolean }
  | { type: 'mismatch'; peer: string; field: string }
)

const PEER_ID = /^[a-z2-7]{52}$/

/** Page, worker and key take seconds on two busy cores; a worker that is silent for 15 s is given up, which the page then says. */
const OPENS = { timeout: 30_000 }

/** A join is a few signals and one WebRTC handshake: 0.1 to 2 s here, more in a burst. Guess. */
const JOINS_WITHIN_MS = 20_000

/** Eager push takes milliseconds; a graft after a lost link takes seconds. Guess. */
const HEARS = { timeout: 10_000, intervals: [100] }
const PICTURE_WITHIN_MS = 3_000
