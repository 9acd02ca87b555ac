import type { Deadline } from '../deadline.js'
import type { Millis, PeerId } from '../ids.js'
import type { Random } from '../random.js'

/** One conversation with one peer, over the link that is there: the seed's connection. */
export interface Exchange<S> {
  readonly id: number
  readonly peer: PeerId
  /** We began it. */
  readonly opened: boolean
  readonly since: Millis
  /** Half-duplex: who may speak. */
  turn: 'ours' | 'theirs'
  deadline: Millis
  state: S
}

/** The exchanges under way: at most one that we began, and one that it began, with each peer. */
export class Exchanges<S> {
  readonly #random: Random
  readonly #timeoutMs: number
  readonly #open = new Map<string, Exchange<S>>()
  /** Ids that are over, by peer, oldest first. */
  readonly #over = new Map<PeerId, Map<number, Over>>()

  constructor(random: Random, timeoutMs: number) {
    this.#random = random
    this.#timeoutMs = timeoutMs
  }

  [Symbol.iterator](): Iterator<Exchange<S>> {
    return this.#open.values()
  }

  /** Ours with this peer, or its with us. */
  with(peer: PeerId, opened: boolean): Exchange<S> | undefined {
    for (const exchange of this.#open.values()) {
      if (exchange.peer === peer && exchange.opened === opened) return exchange
    }
    return undefined
  }

  find(peer: PeerId, id: number, opened: boolean): Exchange<S> | undefined {
    return this.#open.get(nameOf({ peer, id, opened }))
  }

  /** Whether this id was used, and what of it may still be on its way honestly. */
  isOver(peer: PeerId, id: number): 'no' | 'ended' | 'timed-out' {
    const over = this.#over.get(peer)?.get(id)
    return over === undefined ? 'no' : over.timedOut ? 'timed-out' : 'ended'
  }

  /** A word of it came after it ended. So many may have been on their way, and came honestly. */
  wasUnderWay(peer: PeerId, id: number, most: number): boolean {
    const over = this.#over.get(peer)?.get(id)
    return over !== undefined && ++over.late <= most
  }

  /** We speak first. */
  open(now: Millis, peer: PeerId, state: S): Exchange<S> {
    return this.#add(now, peer, this.#random.u32(), true, state)
  }

  /** It spoke first, and it is our turn. */
  accept(now: Millis, peer: PeerId, id: number, state: S): Exchange<S> {
    return this.#add(now, peer, id, false, state)
  }

  /** Somebody spoke: now it is the other's turn. */
  pass(now: Millis, exchange: Exchange<S>, turn: 'ours' | 'theirs'): void {
    exchange.turn = turn
    exchange.deadline = now + this.#timeoutMs
  }

  close(exchange: Exchange<S>, timedOut = false): void {
    const { peer, id } = exchange
    if (!this.#open.delete(nameOf(exchange))) return
    let over = this.#over.get(peer)
    if (over === undefined) this.#over.set(peer, (over = new Map()))
    over.set(id, { timedOut, late: 0 })
    if (over.size <= REMEMBERED) return
    for (const oldest of over.keys()) {
      over.delete(oldest)
      break
    }
  }

  /** The link is gone, and all that was said on it. */
  forget(peer: PeerId): Exchange<S>[] {
    const cut = [...this.#open.values()].filter(exchange => exchange.peer === peer)
    for (const each of cut) this.#open.delete(nameOf(each))
    this.#over.delete(peer)
    return cut
  }

  due(now: Millis): Exchange<S>[] {
    return [...this.#open.values()].filter(({ deadline }) => deadline <= now)
  }

  get nextDeadline(): Deadline | undefined {
    let at = Number.POSITIVE_INFINITY
    for (const { deadline } of this.#open.values()) at = Math.min(at, deadline)
    return at === Number.POSITIVE_INFINITY ? undefined : { at, reason: 'exchange' }
  }

  #add(now: Millis, peer: PeerId, id: number, opened: boolean, state: S): Exchange<S> {
    const deadline = now + this.#timeoutMs
    const exchange: Exchange<S> = { id, peer, opened, since: now, turn: 'ours', deadline, state }
    this.#open.set(nameOf(exchange), exchange)
    return exchange
  }
}

interface Over {
  /** It was silence that ended it. */
  timedOut: boolean
  /** Words that came since. */
  late: number
}

/** Both sides may have chosen the same number. */
function nameOf({ peer, id, opened }: Pick<Exchange<unknown>, 'peer' | 'id' | 'opened'>): string {
  return `${peer} ${opened} ${id}`
}

/** Guess: an honest peer's late words are of its last exchange. */
const REMEMBERED = 64
