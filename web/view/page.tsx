import { useEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../chat.js'
import { titleOf } from '../unread.js'
import { InviteDialog } from './dialogs/invite.js'
import { RoomDialog } from './dialogs/room.js'
import { FailureCard } from './failure-card.js'
import { Header } from './header.js'
import { Notices } from './notices.js'
import { Side } from './side/side.js'
import { Composer } from './talk/composer.js'
import { Log } from './talk/log.js'
import { Typing } from './talk/typing.js'

export function Page(props: { chat: Chat; room: string; onRename: (nick: string) => void }) {
  const { chat, room, onRename } = props
  const view = useView(chat)
  const [wantsSide, setSideOpen] = useState(() => matchMedia(WIDE).matches)
  // Where there is no chat there is no mesh to look at.
  const sideOpen = wantsSide && view.failure === undefined
  const [dialog, setDialog] = useState<'invite' | 'room'>()
  const [unread, setUnread] = useState(0)
  const frame = useRef<HTMLDivElement>(null)

  useEffect(() => {
    document.title = titleOf(room, unread)
  }, [room, unread])

  // Where the side covers the talk, Escape gives it back.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || dialog !== undefined) return
      if (!sideOpen || matchMedia(WIDE).matches) return
      setSideOpen(false)
      frame.current?.querySelector<HTMLElement>('.neighbors')?.focus()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [sideOpen, dialog])

  return (
    <div ref={frame} class={sideOpen ? 'page side-open' : 'page'}>
      <Header
        room={room}
        view={view}
        sideOpen={sideOpen}
        unread={unread}
        onRoom={() => setDialog('room')}
        onInvite={() => setDialog('invite')}
        onSide={() => setSideOpen(open => !open)}
      />
      <Notices notices={view.notices} onDismiss={code => chat.dismiss(code)} />
      <main class="talk">
        {view.failure === undefined ? (
          <>
            <Log
              view={view}
              room={room}
              onInvite={() => setDialog('invite')}
              onUnread={setUnread}
            />
            <Typing view={view} />
            <Composer chat={chat} view={view} room={room} />
          </>
        ) : (
          <FailureCard failure={view.failure} />
        )}
      </main>
      <Side chat={chat} view={view} open={sideOpen} onRename={onRename} />
      {dialog === 'invite' && <InviteDialog room={room} onClose={() => setDialog(undefined)} />}
      {dialog === 'room' && <RoomDialog room={room} onClose={() => setDialog(undefined)} />}
    </div>
  )
}

function useView(chat: Chat): ChatView {
  const [view, setView] = useState(chat.view)
  useEffect(() => {
    setView(chat.view)
    return chat.onChange(() => setView(chat.view))
  }, [chat])
  return view
}

/** As in styles/frame.css: from here on talk and side stand beside each other. */
const WIDE = '(min-width: 60rem)'
