import { historyMessage } from '../core/history/messages.js'
import { wavefrontMessage } from '../core/history/wavefront/messages.js'
import { speak } from './frame.js'

/** Said by whoever has a history: without one nobody is in a topic that speaks it, and its frames are unknown. */
export function speakHistory(): void {
  speak(historyMessage)
  speak(wavefrontMessage)
}
