// What the log shows, from top to bottom: messages by time, and what stands between them. No DOM here.

import type { Entry } from './chat.js'

export type Row =
  /** `follows`: the same author, soon after; the name need not be repeated. */
  | { kind: 'message'; key: string; entry: Entry; follows: boolean }
  /** All below were said on this day. */
  | { kind: 'day'; key: string; at: number }
  /** All below came while nobody looked. */
  | { kind: 'unread'; key: string }

/** `now` tells which day is today, epoch milliseconds: a room in which all was said today has no mark of it. */
export function rowsOf(
  entries: readonly Entry[],
  firstUnread: number | undefined,
  now: number,
): Row[] {
  const rows: Row[] = []
  let before: Entry | undefined
  for (const entry of entries) {
    const isNewDay = dayOf(entry.at) !== dayOf(before?.at ?? now)
    if (isNewDay) rows.push({ kind: 'day', key: `day ${dayOf(entry.at)}`, at: entry.at })
    const isUnread = entry.key === firstUnread
    const divided = isNewDay || isUnread
    if (isUnread) rows.push({ kind: 'unread', key: 'unread' })
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

/** Of this machine's clock and zone. */
function dayOf(at: number): string {
  return new Date(at).toDateString()
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
