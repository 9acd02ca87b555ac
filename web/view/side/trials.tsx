import { Snowflake, Unplug, Wifi, WifiOff } from 'lucide'
import { useState } from 'preact/hooks'
import type { Chat, ChatView } from '../../chat.js'
import { cutSignaling, dropLink, freeze } from '../../trials.js'
import { Icon } from '../icon.js'

/** Faults to try on this tab. What they did shows in the picture, in the state and in the log. */
export function Trials({ chat, view }: { chat: Chat; view: ChatView }) {
  const isOver = view.peerId === '' || view.state === 'closed'
  const [outcome, setOutcome] = useState('')
  const attempt = (trial: Promise<string>) => void trial.then(setOutcome)
  return (
    <>
      <ul class="trials">
        <li>
          <button
            type="button"
            class="secondary"
            data-testid="drop-any"
            disabled={isOver || view.neighbors.length === 0}
            onClick={() => attempt(dropLink(chat, pick(view.neighbors)))}
          >
            <Icon of={Unplug} /> Drop a neighbor
          </button>
          <p class="hint">One link breaks without a word. The mesh finds another.</p>
        </li>
        <li>
          <button
            type="button"
            class={view.isCut ? 'secondary cut' : 'secondary'}
            data-testid="cut-signaling"
            disabled={isOver}
            onClick={() => attempt(cutSignaling(chat, !view.isCut))}
          >
            <Icon of={view.isCut ? Wifi : WifiOff} />{' '}
            {view.isCut ? 'Mend signaling' : 'Cut signaling'}
          </button>
          <p class="hint">The server goes out of reach. The room keeps talking.</p>
        </li>
        <li>
          <button
            type="button"
            class="secondary"
            data-testid="freeze"
            disabled={isOver}
            onClick={() => attempt(freeze(chat))}
          >
            <Icon of={Snowflake} /> Freeze for 3 s
          </button>
          <p class="hint">This page hangs. Its worker goes on passing messages.</p>
        </li>
      </ul>
      <p class="outcome" role="status" data-testid="trial-outcome">
        {outcome}
      </p>
    </>
  )
}

function pick(peers: readonly string[]): string {
  return peers[Math.floor(Math.random() * peers.length)] ?? ''
}
