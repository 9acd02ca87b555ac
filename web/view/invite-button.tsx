import { useState } from 'preact/hooks'
import { invitation } from '../address.js'

/** Copies the room's link, without one's own name; where the clipboard is closed, shows it to be copied. */
export function InviteButton(props: { room: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'shown'>()
  const link = invitation(new URL(location.href), props.room)

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(link)
      setOutcome('copied')
      setTimeout(() => setOutcome(undefined), CONFIRMATION_MS)
    } catch {
      setOutcome('shown')
    }
  }

  if (outcome === 'shown') {
    return <input class="link" readOnly value={link} onFocus={e => e.currentTarget.select()} />
  }
  return (
    <button type="button" class="invite" onClick={() => void copy()}>
      {outcome === 'copied' ? 'Link copied' : 'Copy link to this room'}
    </button>
  )
}

const CONFIRMATION_MS = 2_000
