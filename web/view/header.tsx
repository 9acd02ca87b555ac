import { MonitorSmartphone, Moon, PanelRight, QrCode, Sun } from 'lucide'
import { useState } from 'preact/hooks'
import type { ChatView } from '../chat.js'
import { keptTheme, nextTheme, type Theme, wearTheme } from '../theme.js'
import { neighborsInWords, stateInWords } from '../words.js'
import { Icon } from './icon.js'
import { Mark } from './mark.js'

export function Header(props: {
  room: string
  view: ChatView
  sideOpen: boolean
  /** Messages nobody saw yet. */
  unread: number
  onRoom: () => void
  onInvite: () => void
  onSide: () => void
}) {
  const { room, view, sideOpen, unread } = props
  return (
    <header class="top">
      <a class="mark" href="/" title="Gossamer: to the lobby">
        <Mark />
        <span class="wordmark">Gossamer</span>
      </a>
      <h1 class="room">
        <button type="button" class="room-button" title="Go to another room" onClick={props.onRoom}>
          <span class="hash">#</span>
          <bdi>{room}</bdi>
        </button>
      </h1>
      <div class="standing">
        <div class="status" data-testid="status" data-state={view.state} role="status">
          <span class="lamp" />
          {stateInWords(view.state)}
        </div>
        <p class="reason" title={view.reason}>
          {view.reason}
        </p>
      </div>
      <div class="tools">
        <button type="button" class="tool" data-testid="invite" onClick={props.onInvite}>
          <Icon of={QrCode} />
          <span class="tool-words">Invite</span>
        </button>
        <ThemeButton />
        <button
          type="button"
          class="tool neighbors"
          data-testid="neighbors"
          data-count={view.neighbors.length}
          aria-expanded={sideOpen}
          aria-controls="side"
          title={sideOpen ? 'Close the panel' : 'People, mesh and log'}
          onClick={props.onSide}
        >
          <Icon of={PanelRight} />
          <span>
            {view.neighbors.length}
            <span class="tool-words"> {neighborsInWords(view.neighbors.length).split(' ')[1]}</span>
          </span>
          {sideOpen && unread > 0 && (
            <span class="unread-count" data-testid="unread-count">
              {unread} new
            </span>
          )}
        </button>
      </div>
    </header>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(keptTheme)
  const next = nextTheme(theme)
  return (
    <button
      type="button"
      class="tool"
      data-testid="theme"
      aria-label={`Colours: ${THEMES[theme].words}. Change to ${THEMES[next].words}.`}
      title={`Colours: ${THEMES[theme].words}`}
      onClick={() => {
        setTheme(next)
        wearTheme(next)
      }}
    >
      <Icon of={THEMES[theme].icon} />
    </button>
  )
}

const THEMES = {
  auto: { icon: MonitorSmartphone, words: 'as the system' },
  light: { icon: Sun, words: 'light' },
  dark: { icon: Moon, words: 'dark' },
}
