import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ChatView, Entry } from '../chat.js'
import { counted } from '../words.js'
import { InviteButton } from './invite-button.js'
import { Message } from './message.js'

/** The messages. Follows the newest while the reader is at the bottom, and stays put while they are not. */
export function Log(props: { view: ChatView; room: string }) {
  const { entries, dropped, peerId } = props.view
  const scroller = useRef<HTMLDivElement>(null)
  const following = useRef(true)
  const [unread, setUnread] = useState(0)
  const lastKey = useRef(0)

  useLayoutEffect(() => {
    const newest = entries.at(-1)
    const fresh = entries.filter(entry => entry.key > lastKey.current).length
    lastKey.current = newest?.key ?? lastKey.current
    const own = newest?.author === peerId && fresh > 0
    if (following.current || own) toBottom()
    else if (fresh > 0) setUnread(count => count + fresh)
  }, [entries])

  // A field that grows, a notice, a keyboard: the newest message stays in sight.
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (following.current) toBottom()
    })
    watch.observe(scroller.current!)
    return () => watch.disconnect()
  }, [])

  function toBottom(): void {
    const box = scroller.current
    if (box !== null) box.scrollTop = box.scrollHeight
    following.current = true
    setUnread(0)
  }

  function onScroll(): void {
    const box = scroller.current!
    following.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_BOTTOM_PX
    if (following.current) setUnread(0)
  }

  return (
    <div class="log-frame">
      <div class="log" ref={scroller} onScroll={onScroll} role="log" aria-live="polite">
        {entries.length === 0 ? <Empty view={props.view} room={props.room} /> : null}
        {dropped > 0 && (
          <p class="dropped">
            {counted(dropped, 'older message')} made room. This page shows the last {entries.length}
            .
          </p>
        )}
        <ol class="messages">
          {entries.map((entry, index) => (
            <Message
              key={entry.key}
              entry={entry}
              own={entry.author === peerId}
              follows={isFollowUp(entries[index - 1], entry)}
            />
          ))}
        </ol>
      </div>
      {unread > 0 && (
        <button type="button" class="unread" onClick={toBottom}>
          {counted(unread, 'new message')} ↓
        </button>
      )}
    </div>
  )
}

function Empty(props: { view: ChatView; room: string }) {
  return (
    <div class="empty">
      <p class="empty-title">No messages yet.</p>
      <p>
        {props.view.state === 'joined' || props.view.state === 'degraded'
          ? 'You are in. What you say goes from browser to browser; no server reads it.'
          : 'Open this page in a second tab, or send someone the link. Messages go from browser to browser; no server keeps them.'}
      </p>
      <InviteButton room={props.room} />
    </div>
  )
}

/** The same author, soon after: their name need not be repeated. */
function isFollowUp(before: Entry | undefined, entry: Entry): boolean {
  return (
    before !== undefined &&
    before.author === entry.author &&
    before.nick === entry.nick &&
    entry.at - before.at < FOLLOW_UP_MS
  )
}

/** About one line of text. */
const NEAR_BOTTOM_PX = 32

/** Guess. */
const FOLLOW_UP_MS = 3 * 60_000
