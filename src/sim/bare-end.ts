import type { Deadline } from '../core/deadline.js'
import type { Millis } from '../core/ids.js'
import { LINK_DEFAULTS } from '../link/config.js'
import type { Frame, OutgoingFrame } from '../wire/frame.js'
import { LinkEnd } from './link-end.js'

/**
 * A link end with the wire left out: messages are handed over as they are. Faster, and blind to all that
 * concerns bytes: capacities, queues, aliases. Heartbeats become two numbers, the round trip and the
 * time after which a silent peer is given up.
 */
export class BareEnd extends LinkEnd<readonly Frame[]> {
  #waiting = NOTHING
  #deadAt: Millis | undefined

  send(frame: OutgoingFrame): void {
    if (this.phase === 'closing' || this.phase === 'closed') return
    // A row that grows by `push` gets room for seventeen, and most packets hold one frame.
    if (this.#waiting === NOTHING) this.#waiting = [frame as Frame]
    else this.#waiting.push(frame as Frame)
    this.markDirty()
  }

  flush(): void {
    if (this.phase === 'closed') return
    if (this.#waiting.length > 0) {
      const { traffic } = this.peer.world
      traffic.packets++
      this.channel!.send(this.#waiting, 0)
      this.#waiting = NOTHING
    }
    if (this.phase === 'closing') this.end('closed')
  }

  arrived(frames: readonly Frame[]): void {
    if (this.phase === 'closed') return
    const { world } = this.peer
    world.trace.note(world.now, this.peer.index, TRACE_FRAMES, frames.length)
    const { isProven } = this
    for (const frame of frames) if (!this.#isOver()) this.hear(frame)
    if (this.isProven && !isProven) {
      const { remote, epoch, latencyMs } = this
      this.peer.take({ type: 'rtt', peer: remote, epoch, rttMs: 2 * latencyMs })
    }
    this.peer.settle()
  }

  fellLow(): void {}

  closeSoon(): void {
    if (this.phase === 'closing' || this.phase === 'closed') return
    if (this.phase !== 'proven') return this.close()
    this.phase = 'closing'
    this.markDirty()
  }

  fallSilent(heardAt: Millis): void {
    if (this.phase === 'closed' || this.#deadAt !== undefined) return
    this.#deadAt = heardAt + LINK_DEFAULTS.suspectAfterMs + LINK_DEFAULTS.deadAfterMs
    this.peer.watched.push(this)
    this.peer.settle()
  }

  get nextDeadline(): Deadline | undefined {
    if (this.phase === 'closed' || this.#deadAt === undefined) return undefined
    return { at: this.#deadAt, reason: 'silence' }
  }

  override release(): void {
    // Who died meanwhile, or before, stays silent.
    if (this.other?.peer.isAlive) this.#deadAt = undefined
    super.release()
  }

  wake(now: Millis): void {
    if (this.#deadAt !== undefined && this.#deadAt <= now) this.end('silent')
  }

  protected opened(): void {}

  #isOver(): boolean {
    return this.phase === 'closed'
  }
}

/** Never pushed to. */
const NOTHING: Frame[] = []
const TRACE_FRAMES = 2
