import { Info, TriangleAlert, X } from 'lucide'
import type { PageNotice } from '../failures.js'
import { Icon } from './icon.js'

export function Notices(props: {
  notices: readonly PageNotice[]
  onDismiss: (code: string) => void
}) {
  return (
    <div class="notices" role="status" data-testid="notices">
      {props.notices.map(notice => (
        <p
          key={notice.code}
          class={`notice ${notice.tone}`}
          data-testid="notice"
          data-code={notice.code}
        >
          <span class="notice-words">
            <Icon of={notice.tone === 'calm' ? Info : TriangleAlert} />
            <span>
              {notice.text}
              {notice.times > 1 && <span class="times"> ({notice.times} times)</span>}
            </span>
          </span>
          <button
            type="button"
            class="tool dismiss"
            aria-label="Dismiss this notice"
            onClick={() => props.onDismiss(notice.code)}
          >
            <Icon of={X} />
          </button>
        </p>
      ))}
    </div>
  )
}
