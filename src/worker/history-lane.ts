import type { FrameDecoder } from '../wire/decoder.js'
import type { FrameEncoder } from '../wire/encoder.js'
import type { Frame } from '../wire/frame.js'
import { LEAST_ENVELOPE_BYTES } from '../wire/limits.js'
import { deflate, inflate } from './envelope.js'
import { isHistory } from './envelopes.js'
import { InOrder } from './in-order.js'
import type { PeerLink, PeerLinkEvents } from './peer-link.js'

/** How frames of history travel on one link: in envelopes where that makes them smaller, and in their order. */
export class HistoryLane {
  readonly #link: PeerLink
  readonly #events: PeerLinkEvents
  readonly #encoder: FrameEncoder
  readonly #decoder: FrameDecoder
  /** The other side does, too. */
  readonly #takesEnvelopes: boolean
  /** Frames act in their order of arrival, once they are out of their envelopes and checked. */
  readonly acting = new InOrder()
  readonly #sealing = new InOrder()
  readonly #unsealing = new InOrder()
  /** What the envelopes being opened will come to. */
  #inflating = 0
  /** Large frames yet to go as they are. */
  #untried = 0

  constructor(
    link: PeerLink,
    events: PeerLinkEvents,
    encoder: FrameEncoder,
    decoder: FrameDecoder,
    takesEnvelopes: boolean,
  ) {
    this.#link = link
    this.#events = events
    this.#encoder = encoder
    this.#decoder = decoder
    this.#takesEnvelopes = takesEnvelopes
  }

  /** After what was sent before. */
  send(bytes: Uint8Array): void {
    const put = (frame: Uint8Array) => this.#link.put(frame, 'history')
    const isPlain = bytes.length < LEAST_ENVELOPE_BYTES || !this.#takesEnvelopes
    if (isPlain || this.#untried-- > 0) return this.#sealing.now(() => put(bytes))
    this.#sealing.later(deflate(bytes), deflated => {
      // The other side is spared the work where it saves next to nothing.
      if (deflated === undefined || deflated.length > bytes.length * WORTHWHILE) {
        this.#untried = UNTRIED
        return put(bytes)
      }
      const inflatedBytes = bytes.length
      for (const sealed of this.#encoder.encode({ type: 'envelope', inflatedBytes, deflated })) {
        put(sealed.bytes)
      }
    })
  }

  heard(frame: Frame): void {
    const link = this.#link
    const events = this.#events
    const waiting = this.#unsealing.waiting + this.acting.waiting
    const size = frame.type === 'envelope' ? frame.inflatedBytes : 0
    if (waiting >= MOST_FRAMES || this.#inflating + size > MOST_INFLATING_BYTES) {
      return events.misbehaved(link, 'limit-exceeded')
    }
    if (frame.type !== 'envelope') return this.#unsealing.now(() => events.frame(link, frame))
    if (!this.#takesEnvelopes) return events.misbehaved(link, 'malformed-frame')
    this.#inflating += size
    this.#unsealing.later(inflate(frame.deflated, size), bytes => {
      this.#inflating -= size
      const inner = bytes === undefined ? undefined : this.#decoder.decode(bytes)
      if (inner?.ok && isHistory(inner.value)) events.frame(link, inner.value)
      else events.misbehaved(link, 'malformed-frame')
    })
  }
}

/** Guess: what does not shrink by a sixteenth is compressed or encrypted already. */
const WORTHWHILE = 15 / 16
/**
 * After one that did not shrink so many more go as they are: waves of one room are much alike, and to try each was a
 * twentieth of what the machine did for a latecomer. Guess.
 */
const UNTRIED = 15
/** An exchange each way is open for each topic at most, and has one turn. Guess: half the topics of a link. */
const MOST_FRAMES = 256
/** Guess: a dozen of the largest waves. */
const MOST_INFLATING_BYTES = 16 << 20
