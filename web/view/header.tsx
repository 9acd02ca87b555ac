import type { ChatView } from '../chat.js'
import { stateInWords } from '../words.js'
import { Mark } from './mark.js'

export function Header({ room, view }: { room: string; view: ChatView }) {
  return (
    <header class="top">
      <a class="mark" href="/" title="Gossamer: to the lobby">
        <Mark />
        <span class="wordmark">Gossamer</span>
      </a>
      <h1 class="room">
        <span class="hash">#</span>
        <bdi>{room}</bdi>
      </h1>
      <div class="status" data-testid="status" data-state={view.state} role="status">
        <span class="dot" />
        {stateInWords(view.state)}
      </div>
      <p class="reason">{view.reason}</p>
    </header>
  )
}
