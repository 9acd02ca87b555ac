// Who is here: what one shows of oneself in the room, a name and whether one is typing, and what the others show.
// No DOM here. The others may show anything, so reading it never throws and yields no more than a tidy name.

import type { GossipTopic } from 'gossamer'
import { tidyNick } from './payload.js'

export interface Shows {
  nick: string
  typing: boolean
}

export interface Present extends Shows {
  /** Our clock when they went, epoch milliseconds; undefined while they are here. */
  leftAt: number | undefined
}

export function encodeShows({ nick, typing }: Shows): Uint8Array {
  return encoder.encode(JSON.stringify(typing ? { nick, typing } : { nick }))
}

/** Undefined where it is not of this page's making. */
export function decodeShows(value: Uint8Array): Shows | undefined {
  try {
    const shown: unknown = JSON.parse(decoder.decode(value))
    if (typeof shown !== 'object' || shown === null) return undefined
    const { nick, typing } = shown as { nick?: unknown; typing?: unknown }
    if (typeof nick !== 'string') return undefined
    return { nick: tidyNick(nick) || 'no name', typing: typing === true }
  } catch {
    return undefined
  }
}

/** The one with whom they write: "Ann", "Ann and Bo", "Ann, Bo and 3 others". */
export function typingInWords(nicks: readonly string[]): string {
  const [first, second, ...more] = nicks
  if (first === undefined) return ''
  if (second === undefined) return `${first} is typing …`
  if (more.length === 0) return `${first} and ${second} are typing …`
  const others = more.length === 1 ? '1 other' : `${more.length} others`
  return `${first}, ${second} and ${others} are typing …`
}

/** Shows oneself in a topic and watches the others. */
export class Here {
  /** Who is here, and for a while who was; the latest word last. */
  others: ReadonlyMap<string, Present> = new Map()
  private typingUntil: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly topic: GossipTopic,
    private nick: string,
    private readonly changed: (peer: string) => void,
  ) {
    this.show()
    topic.addEventListener('presence', ({ detail }) => this.see(detail.peer, detail.value))
  }

  rename(nick: string): void {
    this.nick = nick
    this.show()
  }

  /** A key was pressed. */
  typing(): void {
    const began = this.typingUntil === undefined
    clearTimeout(this.typingUntil)
    this.typingUntil = setTimeout(() => this.stopped(), TYPING_MS)
    if (began) this.show()
  }

  /** What was typed was sent or taken away. */
  stopped(): void {
    if (this.typingUntil === undefined) return
    clearTimeout(this.typingUntil)
    this.typingUntil = undefined
    this.show()
  }

  private see(peer: string, value: Uint8Array | undefined): void {
    const before = this.others.get(peer)
    const shows = value === undefined ? undefined : decodeShows(value)
    if (shows === undefined && before === undefined) return
    const present: Present =
      shows === undefined
        ? { nick: before!.nick, typing: false, leftAt: before!.leftAt ?? Date.now() }
        : { ...shows, leftAt: undefined }
    const others = new Map(this.others)
    others.delete(peer)
    others.set(peer, present)
    for (const [other, { leftAt }] of others) {
      if (others.size <= MOST_OTHERS) break
      if (leftAt !== undefined) others.delete(other)
    }
    this.others = others
    this.changed(peer)
  }

  private show(): void {
    // A topic that has ended shows nobody, and says why elsewhere.
    if (this.topic.state === 'closed') return
    const typing = this.typingUntil !== undefined
    this.topic.presence.set(encodeShows({ nick: this.nick, typing }))
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** One who has not pressed a key for so long thinks. Guess. */
const TYPING_MS = 4_000

/** Those who went make room above this; the node keeps 256 that are here. */
const MOST_OTHERS = 300
