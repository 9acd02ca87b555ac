import { useRef, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../../chat.js'
import { JournalView } from './journal.js'
import { MeshTab } from './mesh.js'
import { People, You } from './people.js'

/** The window into the mesh beside the talk: who is here, how they hang together, what happened. */
export function Side(props: {
  chat: Chat
  view: ChatView
  open: boolean
  onRename: (nick: string) => void
}) {
  const { chat, view, open, onRename } = props
  const [tab, setTab] = useState<Tab>('mesh')
  const list = useRef<HTMLDivElement>(null)

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!
    setTab(next)
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }

  return (
    <aside class="side" id="side" aria-label="You and the mesh">
      <You view={view} onRename={onRename} />
      <div class="tabs" role="tablist" aria-label="Views" ref={list} onKeyDown={onKeyDown}>
        {TABS.map(one => (
          <button
            key={one}
            type="button"
            role="tab"
            id={`tab-${one}`}
            data-testid={`tab-${one}`}
            aria-selected={one === tab}
            aria-controls={`panel-${one}`}
            tabIndex={one === tab ? 0 : -1}
            onClick={() => setTab(one)}
          >
            {WORDS[one]}
          </button>
        ))}
      </div>
      <div
        class="tab-panel"
        role="tabpanel"
        id={`panel-${tab}`}
        aria-labelledby={`tab-${tab}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
      >
        {tab === 'people' && <People view={view} />}
        {tab === 'mesh' && open && <MeshTab chat={chat} view={view} />}
        {tab === 'journal' && <JournalView lines={view.journal} />}
      </div>
    </aside>
  )
}

type Tab = (typeof TABS)[number]
const TABS = ['mesh', 'people', 'journal'] as const
const WORDS: Record<Tab, string> = { mesh: 'Mesh', people: 'People', journal: 'Log' }
