import { textOf } from '../bridge/errors.js'
import type { PeerId } from '../core/ids.js'
import type { Report } from './dialed-connection.js'
import { pageExtra } from './load-extra.js'
import type { RelayedChannel } from './relayed-channel.js'

/** Of the connection, in what is reported of it. */
export interface RelayName {
  peer: PeerId
  epoch: number
}

/** A channel that can't be lent. What relays it is loaded with the first; what arrives until then waits. */
export class Relay {
  readonly #channel: RTCDataChannel
  #relayed: RelayedChannel | undefined
  #isClosed = false

  constructor(
    channel: RTCDataChannel,
    name: RelayName,
    report: Report,
    closed: (reason: string) => void,
  ) {
    this.#channel = channel
    const early: MessageEvent[] = []
    channel.binaryType = 'arraybuffer'
    channel.onmessage = event => {
      if (early.push(event) > MOST_EARLY) closed('too many came before')
    }
    pageExtra().then(
      ({ RelayedChannel }) => {
        if (this.#isClosed) return
        this.#relayed = new RelayedChannel(channel, name, report, closed)
        for (const event of early) channel.onmessage?.(event)
      },
      cause => closed(textOf(cause)),
    )
  }

  /** Nothing is sent before it was said to be open. */
  send(packets: readonly Uint8Array[]): void {
    this.#relayed?.send(packets)
  }

  close(): void {
    this.#isClosed = true
    if (this.#relayed !== undefined) return this.#relayed.close()
    this.#channel.onmessage = null
    try {
      this.#channel.close()
    } catch {
      // It is closed, which is what was wanted.
    }
  }
}

/** A hello, a ping and what else comes while a small file is loaded. Guess. */
const MOST_EARLY = 64
