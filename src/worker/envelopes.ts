import type { Frame } from '../wire/frame.js'
import type { HistoryLane } from './history-lane.js'

/** The word in a hello's features of who takes envelopes. */
export const ENVELOPES = 'envelopes'

/** What makes the lanes of histories: it comes with the first of these (history-extra.ts). */
export const lanes: { open?: (...of: ConstructorParameters<typeof HistoryLane>) => HistoryLane } =
  {}

/** Whether it is one of the frames that go in lanes. */
export function isHistory(frame: Frame): boolean {
  return frame.type === 'topic' && 'exchange' in frame.message
}

/** Whether this browser can write and read them; older ones know other formats only. */
export function canDeflate(): boolean {
  try {
    return (
      new CompressionStream(FORMAT) !== undefined && new DecompressionStream(FORMAT) !== undefined
    )
  } catch {
    return false
  }
}

export const FORMAT = 'deflate-raw'
