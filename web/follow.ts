// Whether the log goes along with the newest message. Pure: the page says where its scroller stands.

export interface Follow {
  following: boolean
  /** Pixels, as the scroller had them last. */
  scrollTop: number
}

export interface Scroller {
  scrollTop: number
  scrollHeight: number
  clientHeight: number
}

/**
 * At the bottom it does, and only a reader who goes up ends it: what grows below, a picture that loads, does not, even
 * where the event of our own scrolling comes after it grew.
 */
export function followAfter(before: Follow, now: Scroller): Follow {
  const { scrollTop, scrollHeight, clientHeight } = now
  const isAtBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX
  const wentUp = scrollTop < before.scrollTop
  return { following: isAtBottom || (before.following && !wentUp), scrollTop }
}

/** About one line of text. */
const NEAR_BOTTOM_PX = 32
