// What came while nobody looked. Pure: the page says what arrived and what is seen.

export interface Unread {
  /** Entries not seen yet. */
  count: number
  /** The key of the first entry that came unseen; stays marked after it was seen, until one says something. */
  first: number | undefined
}

export type UnreadInput =
  /** Entries arrived from others; `looking`: the newest is in sight and the tab in front. */
  | { type: 'arrived'; keys: readonly number[]; looking: boolean }
  /** The reader came to the newest, with the tab in front. */
  | { type: 'seen' }
  /** The reader said something: they are up to date, and the mark has done its service. */
  | { type: 'spoke' }

export const NOTHING_UNREAD: Unread = { count: 0, first: undefined }

export function unreadAfter(before: Unread, input: UnreadInput): Unread {
  switch (input.type) {
    case 'arrived':
      if (input.looking || input.keys.length === 0) return before
      return {
        count: before.count + input.keys.length,
        // Those above were seen meanwhile: the mark moves down to the first that was not.
        first: before.count === 0 ? input.keys[0] : before.first,
      }
    case 'seen':
      return before.count === 0 ? before : { ...before, count: 0 }
    case 'spoke':
      return NOTHING_UNREAD
  }
}

/** The title of the tab. */
export function titleOf(room: string, unread: number): string {
  const mark = unread === 0 ? '' : `(${unread > MOST_IN_TITLE ? `${MOST_IN_TITLE}+` : unread}) `
  return `${mark}#${room} · Gossamer chat`
}

const MOST_IN_TITLE = 99
