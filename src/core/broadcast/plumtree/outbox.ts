import type { PeerId } from '../../ids.js'
import type { BroadcastOutput } from '../broadcast.js'
import type { PlumtreeMessage } from './messages.js'

export type Output = BroadcastOutput<PlumtreeMessage>

/** Where a part reports what it did or dropped. */
export type Counts = Pick<Outbox, 'count'>

/** Where the machine's parts put what they want done, in order, until one `handle` ends. */
export class Outbox {
  #outputs: Output[] = []

  /** Gives what has gathered and begins anew. */
  take(): Output[] {
    const taken = this.#outputs
    this.#outputs = []
    return taken
  }

  push(output: Output): void {
    this.#outputs.push(output)
  }

  send(to: PeerId, message: PlumtreeMessage): void {
    this.#outputs.push({ type: 'send', to, message })
  }

  blame(peer: PeerId, reason: 'limit-exceeded' | 'broken-promise'): void {
    this.#outputs.push({ type: 'blame', peer, reason })
  }

  count(counter: string, by = 1): void {
    this.#outputs.push({ type: 'count', counter, by })
  }
}
