import { QrCode } from 'lucide'
import type { ChatView } from '../../chat.js'
import { Icon } from '../icon.js'

/** What to do in a room where nothing was said yet. */
export function Empty({ view, onInvite }: { view: ChatView; onInvite: () => void }) {
  const isIn = view.neighbors.length > 0
  return (
    <div class="empty">
      <p class="empty-title">
        {isIn ? 'You are in. Nobody has said anything yet.' : 'It is quiet here.'}
      </p>
      <ol class="steps">
        <li>
          <strong>Bring someone.</strong> Send the link, show the QR code to a phone, or open this
          page in a second tab: each tab is a peer of its own.
        </li>
        <li>
          <strong>Say something.</strong> It goes from browser to browser; no server reads or keeps
          it.
        </li>
        <li>
          <strong>Watch it travel.</strong> The panel draws the mesh as your tab knows it, and lets
          you break it.
        </li>
      </ol>
      <button type="button" class="secondary" onClick={onInvite}>
        <Icon of={QrCode} /> Invite to this room
      </button>
    </div>
  )
}
