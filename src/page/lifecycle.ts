import type { RtcReport } from '../bridge/rtc-messages.js'

export type PageState = Extract<RtcReport, { type: 'page' }>['state']

/**
 * Says what becomes of the page, where the node acts upon it. Returns the way to stop it. Where there is no page (Node), nothing
 * is ever said.
 */
export function watchPage(tell: (state: PageState) => void): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
  const over = new AbortController()
  const { signal } = over
  window.addEventListener('pagehide', () => tell('leaving'), { signal })
  window.addEventListener('pageshow', ({ persisted }) => persisted && tell('restored'), { signal })
  window.addEventListener('online', () => tell('online'), { signal })
  const visibility = () => document.visibilityState === 'visible' && tell('visible')
  document.addEventListener('visibilitychange', visibility, { signal })
  return () => over.abort()
}
