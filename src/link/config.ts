import type { FrameClass } from '../core/io.js'
import {
  LARGEST_CONTROL_FRAME_BYTES,
  LARGEST_FRAME_BYTES,
  LARGEST_HISTORY_FRAME_BYTES,
} from '../wire/limits.js'

/** The numbers of one link. */
export interface LinkConfig {
  /** Written and still in the channel, bytes: above it nothing is written. */
  highWaterBytes: number
  /** Likewise: above it nothing of history is written, for live frames said later would stand behind it. */
  historyWaterBytes: number
  /** Where the channel is to say that it fell low; not read here, but belongs to `highWaterBytes`. */
  lowWaterBytes: number
  queues: Record<FrameClass, QueueLimits>
  /** The largest frame of each class taken from the peer, bytes after rejoining. */
  largestFrameBytes: Record<FrameClass, number>
  /** A ping goes out when nothing else did for this long, or a little longer where the last was an answer. */
  pingIntervalMs: number
  /** A ping goes out even on a busy link, to measure the round trip. */
  measureIntervalMs: number
  /** Silence that makes a link suspect. */
  suspectAfterMs: number
  /** From suspicion to death. */
  deadAfterMs: number
  /** Nothing heard, sent or looked at for a ping interval and this: our own clock slept, not the peer. */
  lateWakeMs: number
  /** A queue over its limit, and not half empty again in this time, is congested. */
  congestedAfterMs: number
  /** After `close`, what is queued has this long to leave. */
  drainMs: number
}

export interface QueueLimits {
  bytes: number
  frames: number
}

export const LINK_DEFAULTS: LinkConfig = {
  /** 256 KiB in flight gave the best throughput (papers §4, "throughput"). */
  highWaterBytes: 256 << 10,
  /** Guess: two packets, of which one leaves while the next comes; 48 KiB at most stand before a live frame. */
  historyWaterBytes: 32 << 10,
  /**
   * The event fires near empty (papers §4, "bufferedAmount"). Half, 5 ms at full speed: on a busy machine the worker may
   * wait that long for its turn. Guess.
   */
  lowWaterBytes: 128 << 10,
  queues: {
    /** Guess: more than any protocol here says in a second. */
    control: { bytes: 512 << 10, frames: 4096 },
    /** Guess: 256 payloads of the default 4 KiB, or two of the largest. */
    live: { bytes: 2 << 20, frames: 16_384 },
    /** Guess. */
    history: { bytes: 2 << 20, frames: 4096 },
  },
  largestFrameBytes: {
    control: LARGEST_CONTROL_FRAME_BYTES,
    live: LARGEST_FRAME_BYTES,
    history: LARGEST_HISTORY_FRAME_BYTES,
  },
  /** Design §6: a crash is otherwise noticed after 17 s (browser-facts §2). Two are lost before suspicion. */
  pingIntervalMs: 1000,
  /** Guess. */
  measureIntervalMs: 5000,
  /** Design §6. */
  suspectAfterMs: 2500,
  /** Guess: time for an ICE restart, about five round trips and a signal's way. */
  deadAfterMs: 2500,
  /** Guess: hidden pages wake once a second (papers §4, "background"). */
  lateWakeMs: 1000,
  /** Issue of the mesh: a queue that stays full costs the neighbor its place. Guess: 2 s. */
  congestedAfterMs: 2000,
  /** Guess: two slow round trips. */
  drainMs: 1000,
}
