import { sameBytes } from '../../codec/bytes.js'
import type { Millis, PeerId } from '../ids.js'
import type { HistoryConfig } from './config.js'
import type { ExchangeEnd } from './reconciler.js'

/** What a neighbor keeps, as it says, and when it is time for an exchange with it. */
export class Frontier {
  readonly #config: HistoryConfig
  readonly #peer: PeerId
  #told: Said | undefined
  #heard: Said | undefined
  /** How often in a row it differed from ours, ours standing still. */
  #differed = 0
  #versionThen = -1
  #pauseMs = 0
  #quietUntil: Millis = 0

  constructor(config: HistoryConfig, peer: PeerId) {
    this.#config = config
    this.#peer = peer
  }

  /** Both are known to keep the same; then neither says so again. */
  isLevel(ours: Said): boolean {
    return isSame(this.#told, ours) && this.#heard !== undefined && this.equals(ours)
  }

  equals({ digest }: Said): boolean {
    return this.#heard !== undefined && sameBytes(this.#heard.digest, digest)
  }

  get isReady(): boolean {
    return this.#heard?.ready ?? false
  }

  tell(ours: Said): void {
    this.#told = ours
  }

  /** True where an exchange is to be begun from here. `version` counts the changes of what is kept here. */
  hear(now: Millis, self: PeerId, ours: Said, theirs: Said, version: number): boolean {
    const isFirst = this.#heard === undefined || (!ours.ready && theirs.ready && !this.#heard.ready)
    if (!isSame(this.#heard, theirs)) this.#pauseMs = 0
    this.#heard = theirs
    if (sameBytes(ours.digest, theirs.digest)) {
      this.#differed = 0
      this.#pauseMs = 0
      return false
    }
    this.#differed = version === this.#versionThen ? this.#differed + 1 : 1
    this.#versionThen = version
    const opens = this.#opens(self, ours)
    // A link came up, or there is somebody to ask at last: at once. Later on the other side has a little longer, so that not both begin.
    if (isFirst) return opens
    if (this.#pauseMs > 0 && now < this.#quietUntil) return false
    if (ours.ready && !theirs.ready) return false
    return this.#differed >= (opens ? DIFFERED : 2 * DIFFERED)
  }

  /** After an exchange that changed nothing the next has time, ever more of it. */
  ended(now: Millis, { ok, gained, given, again }: ExchangeEnd): void {
    this.#differed = 0
    if (ok && (gained > 0 || given > 0 || again)) {
      this.#pauseMs = 0
      return
    }
    const { idlePauseMs, longestPauseMs } = this.#config
    this.#pauseMs = Math.min(longestPauseMs, Math.max(idlePauseMs, 2 * this.#pauseMs))
    this.#quietUntil = now + this.#pauseMs
  }

  /** Who is new asks, else the lower id. */
  #opens(self: PeerId, ours: Said): boolean {
    if (ours.ready !== this.isReady) return !ours.ready
    return self < this.#peer
  }
}

export interface Said {
  readonly digest: Uint8Array
  readonly ready: boolean
}

function isSame(one: Said | undefined, other: Said): boolean {
  return one !== undefined && one.ready === other.ready && sameBytes(one.digest, other.digest)
}

/** Twice running: what is on its way has come by then. Issue of the history. */
const DIFFERED = 2
