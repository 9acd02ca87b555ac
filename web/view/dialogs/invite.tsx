import { Check, Copy, Share2 } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { invitation } from '../../address.js'
import { Icon } from '../icon.js'
import { Dialog } from './dialog.js'

/** The room's link, to copy, to share and as a QR code for phones. */
export function InviteDialog(props: { room: string; onClose: () => void }) {
  const link = invitation(new URL(location.href), props.room)
  return (
    <Dialog title="Invite to this room" onClose={props.onClose}>
      <p>Whoever opens this link is in the room. There is no account and nothing to install.</p>
      <CopyField link={link} />
      <Code link={link} />
      <p class="hint">
        {isLocal(link)
          ? 'This address works on this machine only: other devices need the page served over https.'
          : 'Point a phone’s camera here to join.'}
      </p>
    </Dialog>
  )
}

function CopyField({ link }: { link: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [outcome, setOutcome] = useState<'copied' | 'refused'>()

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(link)
      setOutcome('copied')
      setTimeout(() => setOutcome(undefined), CONFIRMATION_MS)
    } catch {
      // The link is there and selected: the keyboard can copy it.
      setOutcome('refused')
      field.current?.select()
    }
  }

  return (
    <>
      <div class="copy">
        <input
          ref={field}
          class="field"
          readOnly
          value={link}
          aria-label="Link to this room"
          data-testid="invite-link"
          onFocus={event => event.currentTarget.select()}
        />
        <button type="button" class="primary" data-testid="copy-link" onClick={() => void copy()}>
          <Icon of={outcome === 'copied' ? Check : Copy} />
          {outcome === 'copied' ? 'Copied' : 'Copy link'}
        </button>
        {'share' in navigator && (
          <button
            type="button"
            class="tool"
            aria-label="Share"
            // Whoever closes the sheet has changed their mind, and that is all.
            onClick={() => void navigator.share({ url: link }).catch(() => {})}
          >
            <Icon of={Share2} />
          </button>
        )}
      </div>
      <p class="hint" role="status">
        {outcome === 'copied' && 'The link is in your clipboard.'}
        {outcome === 'refused' &&
          'This browser keeps the clipboard closed. The link is selected: copy it by keyboard or menu.'}
      </p>
    </>
  )
}

function Code({ link }: { link: string }) {
  const [path, setPath] = useState<{ d: string; size: number }>()

  useEffect(() => {
    let wanted = true
    void import('uqr').then(({ encode }) => {
      const { data, size } = encode(link, { ecc: 'M', border: 2 })
      const d = data
        .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
        .join('')
      if (wanted) setPath({ d, size })
    })
    return () => {
      wanted = false
    }
  }, [link])

  const size = path?.size ?? 1
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the link"
      data-testid="qr"
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path?.d} fill="#111" />
    </svg>
  )
}

function isLocal(link: string): boolean {
  return /^(localhost|127\.|\[::1\])/u.test(new URL(link).hostname)
}

const CONFIRMATION_MS = 2_500
