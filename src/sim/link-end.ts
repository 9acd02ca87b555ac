import type { Deadline } from '../core/deadline.js'
import type { Millis, PeerId } from '../core/ids.js'
import type { LinkDownReason } from '../core/membership/membership.js'
import type { Frame, OutgoingFrame } from '../wire/frame.js'
import { type Hello, NONCE_BYTES, WIRE_VERSION } from '../wire/hello.js'
import { LARGEST_FRAME_BYTES } from '../wire/limits.js'
import { type Cargo, Channel, type ChannelListener } from './channel.js'
import type { Peer } from './peer.js'

/**
 * One peer's end of a link, with the phases of the worker's PeerLink: greetings and proofs pass first, then
 * frames flow. Nothing is signed here; the bytes and the round trips are the same.
 */
export abstract class LinkEnd<C extends Cargo = Cargo> implements ChannelListener<C> {
  protected phase: 'opening' | 'proving' | 'proven' | 'closing' | 'closed' = 'opening'
  protected channel: Channel<C> | undefined
  other: LinkEnd<C> | undefined
  isDirty = false
  /** The end to be flushed after this one, where it is dirty. */
  nextDirty: LinkEnd | undefined

  constructor(
    readonly peer: Peer,
    readonly remote: PeerId,
    readonly epoch: number,
    readonly latencyMs: number,
  ) {}

  abstract send(frame: OutgoingFrame): void
  /** The end of a task: what was coalesced goes out. */
  abstract flush(): void
  abstract arrived(cargo: C): void
  abstract fellLow(): void
  /** Lets what is queued leave, then closes. */
  abstract closeSoon(): void
  /** Nothing comes from the other side any more; its last sign of life came, or comes, at `heardAt`. */
  abstract fallSilent(heardAt: Millis): void
  abstract wake(now: Millis): void
  abstract readonly nextDeadline: Deadline | undefined

  get place(): number {
    return this.peer.index
  }

  get isProven(): boolean {
    return this.phase === 'proven'
  }

  /** Both ends are there: the channel opens. */
  open(other: LinkEnd<C>): void {
    this.other = other
    this.channel = new Channel(this.peer.world, this, other)
    this.phase = 'proving'
    this.opened()
    this.send({ type: 'hello', hello: helloOf(this.peer.id) })
  }

  /** At once and without a word to its own side; the other side hears that the channel closed. */
  close(): void {
    if (this.phase === 'closed') return
    this.phase = 'closed'
    this.channel?.close()
  }

  /** The peer is gone: nothing is said and nothing heard. */
  vanish(): void {
    this.phase = 'closed'
    this.channel?.fallSilent()
  }

  closedByOther(): void {
    this.end('closed')
    this.peer.settle()
  }

  release(): void {
    this.channel?.release()
  }

  protected abstract opened(): void

  protected hear(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        return this.send({ type: 'hello-proof', proof: PROOF })
      case 'hello-proof':
        if (this.phase !== 'proving') return
        this.phase = 'proven'
        return this.peer.proven(this)
      case 'author-alias':
        return
      default:
        if (this.phase !== 'proven' && this.phase !== 'closing') return
        this.peer.frame(this, frame)
    }
  }

  protected end(reason: LinkDownReason): void {
    if (this.phase === 'closed') return
    this.close()
    this.peer.down(this, reason)
  }

  protected markDirty(): void {
    if (this.isDirty) return
    this.isDirty = true
    this.peer.toFlush(this as LinkEnd)
  }
}

function helloOf(peer: PeerId): Hello {
  return {
    versions: [WIRE_VERSION],
    features: [],
    protocol: 'gossamer',
    peer,
    nonce: NONCE,
    limits: { largestFrameBytes: LARGEST_FRAME_BYTES },
  }
}

const NONCE = new Uint8Array(NONCE_BYTES)
const PROOF = { signature: new Uint8Array(64) }
