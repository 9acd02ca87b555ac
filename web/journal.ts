// The event log of this visit, in words. Pure.

import type { GossipEvent } from 'gossamer'
import { counted, shortPeer } from './words.js'

export interface JournalLine {
  key: number
  /** Our clock, epoch milliseconds. */
  at: number
  kind: JournalKind
  text: string
}

export type JournalKind = 'link' | 'state' | 'notice' | 'trouble' | 'trial'

/** What an event is worth in the log; messages have a place of their own. */
export function lineOf(
  event: GossipEvent,
  nameOf: (peer: string) => string,
): Pick<JournalLine, 'kind' | 'text'> | undefined {
  switch (event.type) {
    case 'neighborUp':
      return { kind: 'link', text: `${nameOf(event.peer)} became a neighbor.` }
    case 'neighborDown':
      return {
        kind: 'link',
        text: `${nameOf(event.peer)} is no neighbor any more: ${wordsFor(event.reason)}.`,
      }
    case 'joinFailed':
      return {
        kind: 'trouble',
        text: `Could not join through ${nameOf(event.peer)}: ${event.reason}`,
      }
    case 'lagged':
      return {
        kind: 'trouble',
        text: `${event.count} events were dropped: this page did not keep up.`,
      }
    case 'mismatch':
      return {
        kind: 'trouble',
        text: `${nameOf(event.peer)} has this room open with other settings (${event.field}).`,
      }
    case 'peerBlamed': {
      const end = event.banned ? ', and is shut out for a while' : ''
      return {
        kind: 'trouble',
        text: `${nameOf(event.peer)} broke a rule (${wordsFor(event.reason)})${end}.`,
      }
    }
    case 'historyFailed':
      return { kind: 'trouble', text: `What comes can't be kept: ${event.reason}` }
    case 'historyResumed':
      return { kind: 'notice', text: 'What comes is kept again.' }
    case 'historyGap': {
      const { first, last } = event
      const which = first === last ? `message ${first}` : `messages ${first} to ${last}`
      return {
        kind: 'trouble',
        text: `Nobody keeps ${which} of ${nameOf(event.author)} any more.`,
      }
    }
    case 'fork':
      return {
        kind: 'trouble',
        text: `${nameOf(event.author)} signed two different messages as number ${event.seq}; nothing from there on is taken.`,
      }
    case 'parentsMissing':
      return {
        kind: 'trouble',
        text: `A message is shown without ${counted(event.missing.length, 'message')} before it, which did not come in time.`,
      }
    // These have places of their own.
    case 'received':
    case 'synced':
    case 'historyProgress':
    case 'peerData':
      return undefined
    default:
      // An event that is new has to be worth something, or nothing, here.
      return event satisfies never
  }
}

/** Keeps the newest. */
export function withLine(
  lines: readonly JournalLine[],
  line: Pick<JournalLine, 'at' | 'kind' | 'text'>,
): JournalLine[] {
  const key = (lines.at(-1)?.key ?? 0) + 1
  return [...lines.slice(1 - MOST_LINES), { key, ...line }]
}

/** A peer as the log names it: by what it calls itself, as far as known, and its key. */
export function nameIn(nicks: ReadonlyMap<string, string>, peer: string): string {
  const nick = nicks.get(peer)
  return nick === undefined ? shortPeer(peer) : `${nick} (${shortPeer(peer)})`
}

/** Reasons come as the protocol's words with dashes. */
function wordsFor(reason: string): string {
  return reason.replaceAll('-', ' ')
}

/** Guess: an evening of a busy room. */
const MOST_LINES = 300
