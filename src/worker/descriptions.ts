/**
 * Which descriptions of one connection are to be acted upon. Their signatures say who made them, not when:
 * whoever carried one can bring it again, and an answer that nobody waits for would end the connection,
 * as an offer from before an ICE restart would undo it.
 */
export class Descriptions {
  readonly #heard = new Set<string>()
  #newest: string | undefined
  #awaitsAnswer = false

  /** Ours went out. */
  offered(): void {
    this.#awaitsAnswer = true
  }

  /** The newest offer may be said again: its answer was lost. */
  takes({ type, sdp }: { type: 'offer' | 'answer'; sdp: string }): boolean {
    const isOld = this.#heard.has(sdp)
    if (type === 'answer' ? isOld || !this.#awaitsAnswer : isOld && sdp !== this.#newest) {
      return false
    }
    this.#awaitsAnswer = false
    this.#newest = sdp
    this.#heard.add(sdp)
    if (this.#heard.size > MOST_HEARD) this.#heard.delete(this.#heard.values().next().value!)
    return true
  }
}

/** At most 16 KiB each, and one for each ICE restart. Guess. */
const MOST_HEARD = 16
