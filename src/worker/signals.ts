import type { PeerId } from '../core/ids.js'
import { decodeSignal, encodeSignal, type SignalBody, signedBytes } from '../signaling/signal.js'
import { type Identity, verifySignature } from './identity.js'
import { InOrder } from './in-order.js'

/** Signs what goes to peers beside a link, and checks what comes from them, in order. */
export class Signals {
  readonly #identity: Identity
  readonly #events: {
    signed(to: PeerId, bytes: Uint8Array): void
    heard(from: PeerId, body: SignalBody, via: 'server' | 'mesh'): void
    count(counter: string): void
  }
  readonly #outgoing = new InOrder()
  readonly #incoming = new InOrder()

  constructor(
    identity: Identity,
    events: {
      signed(to: PeerId, bytes: Uint8Array): void
      heard(from: PeerId, body: SignalBody, via: 'server' | 'mesh'): void
      count(counter: string): void
    },
  ) {
    this.#identity = identity
    this.#events = events
  }

  send(to: PeerId, body: SignalBody): void {
    const unsigned = { from: this.#identity.peerId, to, body }
    this.#outgoing.later(this.#identity.sign(signedBytes(unsigned)), signature =>
      this.#events.signed(to, encodeSignal({ ...unsigned, signature })),
    )
  }

  /** `sender` is whom the server says it is from; through the mesh nobody vouches. */
  receive(bytes: Uint8Array, via: 'server' | 'mesh', sender?: PeerId): void {
    if (this.#incoming.waiting >= MOST_WAITING) return this.#events.count('signal-dropped')
    const decoded = decodeSignal(bytes)
    if (!decoded.ok) return this.#events.count('signal-malformed')
    const { from, to, body, signature } = decoded.value
    if (to !== this.#identity.peerId || (sender !== undefined && sender !== from)) {
      return this.#events.count('signal-misaddressed')
    }
    const covered = signedBytes({ from, to, body })
    this.#incoming.later(verifySignature(from, covered, signature), good => {
      if (good) this.#events.heard(from, body, via)
      else this.#events.count('signal-forged')
    })
  }
}

/** Each is at most 20 KiB and costs a verification. Guess. */
const MOST_WAITING = 256
