import type { ChatView } from '../../chat.js'
import { counted, dayInWords } from '../../words.js'

/** Shown while earlier messages are on their way. */
export function HistoryProgress({ view: { kept } }: { view: ChatView }) {
  const { have, known } = kept
  if (have >= known) return null
  return (
    <div class="history-progress" data-testid="history-progress">
      <label for="history-progress">{counted(known - have, 'earlier message')} on the way</label>
      <progress id="history-progress" max={known} value={have} />
    </div>
  )
}

export function DayMark({ at }: { at: number }) {
  return (
    <li class="divider day-mark" data-testid="day-mark">
      <time dateTime={new Date(at).toISOString().slice(0, 10)}>{dayInWords(at, Date.now())}</time>
    </li>
  )
}
