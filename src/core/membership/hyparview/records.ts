import { sameBytes } from '../../../codec/bytes.js'
import type { PeerId } from '../../ids.js'
import type { PeerRecord } from './messages.js'

/** What peers say about themselves, the newest of each. Signatures were checked at the door. */
export class Records {
  #newest: Map<PeerId, PeerRecord> | undefined

  get(peer: PeerId): PeerRecord | undefined {
    return this.#newest?.get(peer)
  }

  /** Returns the peer's data where this changed it to something. */
  learn(peer: PeerId, record: PeerRecord | undefined): Uint8Array | undefined {
    if (record === undefined) return undefined
    this.#newest ??= new Map()
    const known = this.#newest.get(peer)
    if (known !== undefined && known.time >= record.time) return undefined
    this.#newest.delete(peer)
    if (this.#newest.size >= LARGEST_RECORDS) this.#newest.delete(this.#newest.keys().next().value!)
    this.#newest.set(peer, record)
    const changed = known === undefined || !sameBytes(known.data, record.data)
    return changed && record.data.length > 0 ? record.data : undefined
  }

  forget(peer: PeerId): void {
    this.#newest?.delete(peer)
  }
}

/** Active and passive view, reserve, and those heard of in passing; at most 330 bytes each. Guess. */
const LARGEST_RECORDS = 256
