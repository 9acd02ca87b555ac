import type { PageNotice } from '../failures.js'

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
          <span>
            {notice.text}
            {notice.times > 1 && <span class="times"> ({notice.times} times)</span>}
          </span>
          <button
            type="button"
            class="dismiss"
            aria-label="Dismiss"
            onClick={() => props.onDismiss(notice.code)}
          >
            ×
          </button>
        </p>
      ))}
    </div>
  )
}
