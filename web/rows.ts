// What the log shows, from top to bottom: messages by time, and what stands between them. No DOM here.

import type { Entry } from './chat.js'

export type Row =
  /** `follows`: the same author, soon after; the name need not be repeated. */
  | { kind: 'message'; key: string; entry: Entry; follows: boolean }
  /** All below came while nobody looked. */
  | { kind: 'unread'; key: string }

export function rowsOf(entries: readonly Entry[], firstUnread: number | undefined): Row[] {
  const rows: Row[] = []
  let before: Entry | undefined
  for (const entry of entries) {
    const divided = entry.key === firstUnread
    if (divided) rows.push({ kind: 'unread', key: 'unread' })
    const follows = !divided && isFollowUp(before, entry)
    rows.push({ kind: 'message', key: String(entry.key), entry, follows })
    before = entry
  }
  return rows
}

/** Puts an entry where its time belongs; of two with the same time the one that came later stands below. */
export function insertByTime(entries: readonly Entry[], entry: Entry): Entry[] {
  let place = entries.length
  while (place > 0 && entries[place - 1]!.at > entry.at) place--
  return [...entries.slice(0, place), entry, ...entries.slice(place)]
}

function isFollowUp(before: Entry | undefined, entry: Entry): boolean {
  return (
    before !== undefined &&
    before.author === entry.author &&
    before.nick === entry.nick &&
    entry.at - before.at < FOLLOW_UP_MS
  )
}

/** Guess. */
const FOLLOW_UP_MS = 3 * 60_000
