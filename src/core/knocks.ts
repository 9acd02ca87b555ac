import type { PeerId } from './ids.js'
import type { TopicMessage } from './io.js'
import { KNOCK_ANSWERS, KNOCKS, type Knock, type KnockAnswer } from './membership/messages.js'

export function isKnock(message: TopicMessage): message is Knock {
  return (KNOCKS as readonly string[]).includes(message.type)
}

export function isKnockAnswer(message: TopicMessage): message is KnockAnswer {
  return (KNOCK_ANSWERS as readonly string[]).includes(message.type)
}

/** What a node says itself, where no topic can answer. */
export function rejection(asked: Knock, reason: 'not-in-topic' | 'mismatch'): KnockAnswer {
  const { type, requestId } = asked
  return type === 'init' || type === 'conn'
    ? { type: 'bye', requestId, reason }
    : { type: 'neighbor-reject', requestId, reason, sample: [] }
}

/**
 * Which knocks were heard lately. A signature says who knocked, not when: whoever carried a knock, a server
 * or a peer on its way, can bring it again, and must not have links taken down by it.
 */
export class HeardKnocks {
  /** Most knock once: of those the number alone, a third of what a row with it takes. */
  readonly #byPeer = new Map<PeerId, number | number[]>()

  /** False where this peer's knock was heard before. Of peers that `matter` nothing is forgotten for others. */
  isNew(peer: PeerId, id: number, matters: (peer: PeerId) => boolean): boolean {
    // Signed: engines keep such a number without a box.
    const requestId = id | 0
    const heard = [this.#byPeer.get(peer) ?? []].flat()
    if (heard.includes(requestId)) return false
    heard.push(requestId)
    if (heard.length > KNOCKS_OF_ONE) heard.shift()
    this.#byPeer.delete(peer)
    this.#byPeer.set(peer, heard.length > 1 ? heard : requestId)
    if (this.#byPeer.size > MOST_KNOCKERS) this.#forgetOne(matters)
    return true
  }

  #forgetOne(matters: (peer: PeerId) => boolean): void {
    for (const peer of this.#byPeer.keys()) {
      if (matters(peer)) continue
      this.#byPeer.delete(peer)
      return
    }
    this.#byPeer.delete(this.#byPeer.keys().next().value!)
  }
}

/** A peer that finds no place knocks every few seconds at first, then every half minute. Guess. */
const KNOCKS_OF_ONE = 64
/** Guess: 100 KB where each knocked once. */
const MOST_KNOCKERS = 1024
