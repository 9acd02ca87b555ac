import { utf8 } from '../../codec/bytes.js'
import type { Millis, PeerId } from '../ids.js'
import { testPeer } from '../membership/network.suite.js'
import { Presence, type PresenceOutput } from './presence.js'
import type { PresenceEntry, PresenceStatement } from './statement.js'

export const [a, b, c, d] = [0, 1, 2, 3].map(testPeer) as [PeerId, PeerId, PeerId, PeerId]
export const T = 1_700_000_000_000

/** A peer whose statements are sealed at once. */
export class One {
  readonly presence: Presence
  readonly drafts: { time: number }[] = []
  readonly counted: string[] = []
  #now: Millis = T
  #said: string[] = []
  #shown: string[] = []

  constructor(
    self: PeerId,
    spreads = false,
    hasLink: (neighbor: PeerId, peer: PeerId) => boolean = () => !spreads,
  ) {
    this.presence = new Presence(self, hasLink)
    if (!spreads) this.presence.mesh(T, 'complete')
  }

  set(text: string, afterMs = 0): number {
    this.#perform(this.presence.set(this.#now, utf8(text)))
    this.after(afterMs)
    return this.drafts.at(-1)!.time
  }

  hear(from: PeerId, ...entries: PresenceEntry[]): void {
    this.#perform(this.presence.hear(this.#now, from, entries))
  }

  leave(): void {
    this.#perform(this.presence.leave())
  }

  up(...peers: PeerId[]): void {
    for (const peer of peers) this.#perform(this.presence.neighborUp(this.#now, peer))
    this.after(0)
  }

  linked(peer: PeerId): void {
    this.#perform(this.presence.linkUp(this.#now, peer))
  }

  down(peer: PeerId, reason: 'left' | 'link-lost'): void {
    this.#perform(this.presence.neighborDown(this.#now, peer, reason))
  }

  after(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const at = this.presence.nextDeadline?.at ?? Infinity
      if (at > until) break
      this.#now = Math.max(this.#now, at)
      this.#perform(this.presence.wake(this.#now))
    }
    this.#now = until
  }

  said(): string[] {
    this.after(0)
    return this.#said.splice(0)
  }

  shown(): string[] {
    return this.#shown.splice(0)
  }

  #perform(outputs: PresenceOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'seal') {
        if (output.draft.value !== undefined) this.drafts.push(output.draft)
        const statement = { ...output.draft, signature: undefined }
        this.#perform(this.presence.sealed(this.#now, statement))
      } else if (output.type === 'say') {
        for (const { peer, statement } of output.entries) {
          this.#said.push(`${output.to}: ${peer}=${words(statement.value)}`)
        }
      } else if (output.type === 'show') this.#shown.push(`${output.peer}=${words(output.value)}`)
      else this.counted.push(output.counter)
    }
  }
}

function words(value: Uint8Array | undefined): string {
  return value === undefined ? '' : new TextDecoder().decode(value)
}

export function entry(
  peer: PeerId,
  text: string | undefined,
  time: number,
  leftMs = 90_000,
): PresenceEntry {
  const value = text === undefined ? undefined : utf8(text)
  const statement: PresenceStatement = { value, time, lifetimeMs: 90_000, signature: undefined }
  return { peer, statement, leftMs }
}
