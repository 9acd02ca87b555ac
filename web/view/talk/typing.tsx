import type { ChatView } from '../../chat.js'
import { typingInWords } from '../../here.js'

/** Who is typing now; its line is there also while nobody does, so that nothing moves. */
export function Typing({ view }: { view: ChatView }) {
  const nicks = [...view.here.values()].filter(({ typing }) => typing).map(({ nick }) => nick)
  return (
    <p class="typing" data-testid="typing" data-count={nicks.length} aria-live="off">
      <bdi>{typingInWords(nicks)}</bdi>
    </p>
  )
}
