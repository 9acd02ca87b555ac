import { ArrowDown } from 'lucide'
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks'
import type { ChatView } from '../../chat.js'
import { type Follow, followAfter } from '../../follow.js'
import { rowsOf } from '../../rows.js'
import { NOTHING_UNREAD, unreadAfter } from '../../unread.js'
import { counted } from '../../words.js'
import { Icon } from '../icon.js'
import { Empty } from './empty.js'
import { DayMark, HistoryProgress } from './history.js'
import { Message } from './message.js'

/** The messages. Follows the newest while the reader is at the bottom, and stays put while they are not. */
export function Log(props: {
  view: ChatView
  room: string
  onInvite: () => void
  onUnread: (count: number) => void
}) {
  const { view, room, onInvite, onUnread } = props
  const { entries, dropped, peerId, nicks } = view
  const scroller = useRef<HTMLDivElement>(null)
  const follow = useRef<Follow>({ following: true, scrollTop: 0 })
  const lastKey = useRef(0)
  const [unread, tell] = useReducer(unreadAfter, NOTHING_UNREAD)
  const names = useRef(nicks)
  names.current = nicks
  const rows = useMemo(() => rowsOf(entries, unread.first, Date.now()), [entries, unread.first])

  useLayoutEffect(() => {
    const fresh = entries.filter(({ key }) => key > lastKey.current)
    if (fresh.length === 0) return
    lastKey.current = Math.max(...fresh.map(({ key }) => key))
    const own = fresh.some(({ author }) => author === peerId)
    const looking = follow.current.following && isSeen()
    if (own) tell({ type: 'spoke' })
    else tell({ type: 'arrived', keys: fresh.map(({ key }) => key), looking })
    if (own || follow.current.following) toBottom()
  }, [entries])

  useEffect(() => onUnread(unread.count), [unread.count])

  useEffect(() => {
    // A field that grows, a picture that loads, a keyboard, the side that goes: the newest message stays in sight.
    const watch = new ResizeObserver(() => {
      if (follow.current.following) toBottom()
    })
    watch.observe(scroller.current!)
    for (const child of scroller.current!.children) watch.observe(child)
    const onFront = () => {
      if (follow.current.following && isSeen()) tell({ type: 'seen' })
    }
    document.addEventListener('visibilitychange', onFront)
    addEventListener('focus', onFront)
    return () => {
      watch.disconnect()
      document.removeEventListener('visibilitychange', onFront)
      removeEventListener('focus', onFront)
    }
  }, [])

  function toBottom(): void {
    const box = scroller.current
    if (box !== null) box.scrollTop = box.scrollHeight
    follow.current = { following: true, scrollTop: box?.scrollTop ?? 0 }
    if (isSeen()) tell({ type: 'seen' })
  }

  function onScroll(): void {
    const box = scroller.current!
    // A log that is not shown has no height and was not scrolled by anyone.
    if (box.clientHeight === 0) return
    follow.current = followAfter(follow.current, box)
    if (follow.current.following && isSeen()) tell({ type: 'seen' })
  }

  /** The tab is in front, and the side does not cover the log. */
  function isSeen(): boolean {
    return isInFront() && (scroller.current?.clientHeight ?? 0) > 0
  }

  return (
    <div class="log-frame">
      <div
        class="log"
        ref={scroller}
        onScroll={onScroll}
        role="log"
        aria-live="polite"
        aria-label={`Messages in ${room}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
      >
        <HistoryProgress view={view} />
        {entries.length === 0 && view.state !== 'closed' && (
          <Empty view={view} onInvite={onInvite} />
        )}
        {dropped > 0 && (
          <p class="dropped">
            {counted(dropped, 'older message')} made room. This page shows the last {entries.length}
            .
          </p>
        )}
        <ol class="messages">
          {rows.map(row =>
            row.kind === 'day' ? (
              <DayMark key={row.key} at={row.at} />
            ) : row.kind === 'unread' ? (
              <li key={row.key} class="divider unread-mark" data-testid="unread-mark">
                <span>New</span>
              </li>
            ) : (
              <Message
                key={row.key}
                entry={row.entry}
                own={row.entry.author === peerId}
                follows={row.follows}
                nickOf={peer => names.current.get(peer)}
              />
            ),
          )}
        </ol>
      </div>
      {unread.count > 0 && (
        <button type="button" class="to-newest" data-testid="to-newest" onClick={toBottom}>
          {counted(unread.count, 'new message')} <Icon of={ArrowDown} size={16} />
        </button>
      )}
    </div>
  )
}

function isInFront(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus()
}
