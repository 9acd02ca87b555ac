import type { PresenceChange } from './bridge/node-messages.js'
import type { PeerId } from './core/ids.js'
import { checkBytes, checkWait, refuse } from './page/checks.js'
import type { Shown } from './page/presence-table.js'
import type { Subscription } from './page/subscription.js'
import { checkPeerId } from './page/topic-name.js'
import type { WaitOptions } from './topic.js'

/**
 * Who is here and what they show of themselves: a name, a cursor, "is typing". `topic.presence`.
 *
 * ```ts
 * topic.presence.set(new TextEncoder().encode('typing'))
 * for await (const { peer, value } of topic.presence) show(peer, value)
 * ```
 *
 * A value is at most 1,024 bytes, signed where the topic is, and the newest one counts: what was set between two words,
 * of which there are four a second at most, is never seen, and nobody is told who came too late for it. In a full mesh everybody has it
 * within a period, and it is gone when its peer is: at once when it leaves, within three periods when it crashed. In a partial mesh it
 * passes from neighbor to neighbor; a peer that crashed is gone after 90 s, or as many seconds as three times the number of peers
 * shown, at most ten minutes. A peer keeps the values of 256 others; more are not shown.
 */
export class TopicPresence implements AsyncIterable<PresenceChange> {
  readonly #subscription: Subscription

  /** Made by the topic. */
  constructor(subscription: Subscription) {
    this.#subscription = subscription
  }

  /**
   * Shows this to everyone in the topic, those who come later too, until it is replaced, taken back with `undefined`, or the topic is left. The
   * bytes are copied. All handles on a topic of one node show the same: the last word counts.
   *
   * Throws `invalid-argument` for what is not bytes, or more than 1,024; `closed` after `leave`.
   */
  set(value: Uint8Array | ArrayBuffer | undefined): void {
    const bytes = value === undefined ? undefined : checkBytes('value', value).slice()
    if (bytes !== undefined && bytes.length > LARGEST_VALUE_BYTES) {
      refuse('value', bytes, `at most ${LARGEST_VALUE_BYTES} bytes`)
    }
    this.#subscription.show(bytes)
  }

  /** What that peer shows now; undefined where it shows nothing or is not here. Never one's own. Throws `invalid-argument`. */
  get(peer: string): Uint8Array | undefined {
    return this.others.get(checkPeerId('peer', peer))?.value
  }

  /** All others that show something, with the time of their last word. It changes by itself. */
  get others(): ReadonlyMap<PeerId, Shown> {
    return this.#subscription.presence.shown
  }

  /**
   * First what everybody shows, then each change; `value` is undefined where a peer took it back or is gone. A reader that is slow gets the newest of each
   * peer. Any number of readers up to 64, then `busy`. Ends when the topic is left; throws where that ended by a failure.
   */
  changes(options: WaitOptions = {}): AsyncIterableIterator<PresenceChange, undefined> {
    return this.#subscription.presence.read(checkWait(options))
  }

  /** As `changes()`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<PresenceChange, undefined> {
    return this.changes()
  }
}

/** As the wire has it (core/presence/statement.ts). */
const LARGEST_VALUE_BYTES = 1_024
