import type { JournalLine } from '../../journal.js'
import { clockWithSeconds } from '../../words.js'

/** The event log, newest first. */
export function JournalView({ lines }: { lines: readonly JournalLine[] }) {
  if (lines.length === 0) {
    return (
      <p class="hint">
        Nothing has happened yet. Neighbors that come and go, changes of state and trouble are noted
        here.
      </p>
    )
  }
  return (
    <ol class="journal" data-testid="journal" reversed>
      {[...lines].reverse().map(line => (
        <li key={line.key} data-kind={line.kind}>
          <time dateTime={new Date(line.at).toISOString()}>{clockWithSeconds(line.at)}</time>
          <span>{line.text}</span>
        </li>
      ))}
    </ol>
  )
}
