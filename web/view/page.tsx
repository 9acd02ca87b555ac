import { useEffect, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../chat.js'
import { neighborsInWords } from '../words.js'
import { Composer } from './composer.js'
import { FailureCard } from './failure-card.js'
import { Header } from './header.js'
import { Log } from './log.js'
import { Notices } from './notices.js'
import { Panel } from './panel.js'

export function Page(props: { chat: Chat; room: string; onRename: (nick: string) => void }) {
  const { chat, room, onRename } = props
  const view = useView(chat)
  const [panelOpen, setPanelOpen] = useState(false)
  return (
    <div class={panelOpen ? 'page panel-open' : 'page'}>
      <Header room={room} view={view} />
      <Notices notices={view.notices} onDismiss={code => chat.dismiss(code)} />
      <main class="talk">
        {view.failure === undefined ? (
          <Log view={view} room={room} />
        ) : (
          <FailureCard failure={view.failure} />
        )}
        {view.failure === undefined && <Composer chat={chat} view={view} room={room} />}
      </main>
      {/* Heads the panel where there is room for one, and opens it where there is not. */}
      <button
        type="button"
        class="neighbors"
        data-testid="neighbors"
        data-count={view.neighbors.length}
        aria-expanded={panelOpen}
        aria-controls="panel"
        onClick={() => setPanelOpen(open => !open)}
      >
        <span class="counted">{neighborsInWords(view.neighbors.length)}</span>
        <span class="back">Back to chat</span>
      </button>
      <Panel chat={chat} view={view} room={room} onRename={onRename} />
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
