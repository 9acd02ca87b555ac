import type { Millis, PeerId } from '../../ids.js'
import { DeadlineQueue, type Timed } from './deadline-queue.js'
import { MessageMap } from './message-map.js'
import type { Neighbors } from './neighbors.js'
import type { Counts } from './outbox.js'

export interface MissingOptions {
  /** Messages announced and not yet had. */
  capacity: number
  /** How long after its last announcement a message can still be had from anybody. */
  retentionMs: number
  neighbors: Pick<Neighbors, 'answerMs'>
  outbox: Counts
}

export interface Announcer {
  readonly peer: PeerId
  /** The round the message would carry, had this peer sent it. */
  round: number
  at: Millis
}

/** What was known of a message that came. */
export interface Resolved {
  readonly announcers: Announcer[]
  /** The first time. */
  readonly announcedAt: Millis
  /** It came because its giver was asked. */
  readonly given: boolean
}

/** Ask this peer for this message, now. */
export interface Ask {
  readonly peer: PeerId
  readonly author: PeerId
  readonly seq: number
  readonly round: number
}

/**
 * Messages announced to us that have not come. Each waits for its deadline in one queue, then its
 * announcers are asked in turn, one at a time, until one gives it.
 */
export class Missing {
  readonly #options: MissingOptions
  readonly #wanted = new MessageMap<Wanted>()
  readonly #deadlines = new DeadlineQueue<Wanted>()
  #peers: Map<PeerId, Ledger> | undefined
  /** Nobody left to ask; first to go where room is needed. */
  #spent: Set<Wanted> | undefined
  #asks = 0

  constructor(options: MissingOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#wanted.size
  }

  get nextDeadline(): Millis | undefined {
    return this.#deadlines.first?.at
  }

  /** How many messages the peer announced that are still missing. */
  announcedBy(peer: PeerId): number {
    return this.#peers?.get(peer)?.announced ?? 0
  }

  /** Notes who has a message; the first announcement starts the wait for the pushed copy. */
  announce(now: Millis, announced: Ask, waitMs: number): void {
    const { peer, author, seq, round } = announced
    let wanted = this.#wanted.get(author, seq)
    if (wanted === undefined) {
      if (!this.#makeRoom(now)) {
        this.#options.outbox.count('announcements-dropped')
        return
      }
      wanted = {
        author,
        seq,
        announcers: [],
        announcedAt: now,
        turn: 0,
        lap: 0,
        asked: undefined,
        askOrder: 0,
        expiresAt: 0,
        at: 0,
        order: 0,
        place: -1,
      }
      this.#wanted.set(author, seq, wanted)
      this.#deadlines.set(wanted, now + waitMs)
    }
    wanted.expiresAt = now + this.#options.retentionMs
    let turn = wanted.announcers.findIndex(announcer => announcer.peer === peer)
    if (turn >= 0) {
      wanted.announcers[turn]!.round = round
      wanted.announcers[turn]!.at = now
    } else {
      turn = wanted.announcers.push({ peer, round, at: now }) - 1
      this.#ledger(peer).announced++
    }
    if (this.#spent?.delete(wanted)) {
      // All others failed, and the pushed copy is long overdue: the new hope is tried at once.
      wanted.lap = 0
      wanted.turn = turn
      this.#deadlines.set(wanted, now)
    }
  }

  /** What nobody was asked for yet is asked for by `at` of its author, if that is sooner. */
  hurry(at: (author: PeerId) => Millis): void {
    for (const wanted of this.#wanted.values()) {
      if (wanted.askOrder > 0) continue
      const sooner = at(wanted.author)
      if (sooner < wanted.at) this.#deadlines.set(wanted, sooner)
    }
  }

  /** The message came. Returns who had announced it, undefined where nobody had. */
  resolve(now: Millis, author: PeerId, seq: number, giver: PeerId): Resolved | undefined {
    const wanted = this.#wanted.get(author, seq)
    if (wanted === undefined) return undefined
    const given = wanted.asked === giver
    if (given) {
      const ledger = this.#ledger(giver)
      ledger.answeredOrder = Math.max(ledger.answeredOrder, wanted.askOrder)
      ledger.answeredAt = now
    }
    this.#drop(now, wanted)
    const { announcers, announcedAt } = wanted
    return { announcers, announcedAt, given }
  }

  /** The peer can't give it. Returns its announcement, undefined where it made none. */
  refused(now: Millis, author: PeerId, seq: number, peer: PeerId): Announcer | undefined {
    const wanted = this.#wanted.get(author, seq)
    const announcer = wanted?.announcers.find(one => one.peer === peer)
    if (wanted !== undefined && announcer !== undefined) this.#withdraw(now, wanted, peer)
    return announcer
  }

  /** The peer is no neighbor any more: nothing is to be had from it. */
  forget(now: Millis, peer: PeerId): void {
    if (!this.#peers?.has(peer)) return
    for (const wanted of [...this.#wanted.values()]) {
      if (wanted.announcers.some(one => one.peer === peer)) this.#withdraw(now, wanted, peer)
    }
    this.#peers.delete(peer)
  }

  /** Whom to ask for what; call until it gives nothing. */
  due(now: Millis): Ask | undefined {
    for (;;) {
      const wanted = this.#deadlines.first
      if (wanted === undefined || wanted.at > now) return undefined
      this.#deadlines.remove(wanted)
      if (wanted.expiresAt <= now) {
        this.#drop(now, wanted)
        this.#options.outbox.count('missing-expired')
        continue
      }
      const ask = this.#next(now, wanted)
      if (ask !== undefined) return ask
    }
  }

  #next(now: Millis, wanted: Wanted): Ask | undefined {
    if (wanted.asked !== undefined) {
      const asked = this.#ledger(wanted.asked)
      const patience = asked.answeredAt + this.#options.neighbors.answerMs(wanted.asked)
      // A link keeps order: who is still answering what it was asked before has not come to this yet.
      if (asked.answeredOrder < wanted.askOrder && patience > now) {
        this.#deadlines.set(wanted, patience)
        return undefined
      }
      this.#options.outbox.count('grafts-unanswered')
      this.#release(now, wanted)
    }
    if (wanted.turn >= wanted.announcers.length) {
      wanted.turn = 0
      wanted.lap++
    }
    if (wanted.lap >= LAPS) {
      this.#spent ??= new Set()
      this.#spent.add(wanted)
      this.#deadlines.set(wanted, wanted.expiresAt)
      return undefined
    }
    this.#putFirstWithRoom(wanted)
    const { peer, round } = wanted.announcers[wanted.turn]!
    const ledger = this.#ledger(peer)
    if (ledger.asked >= ASKED_AT_ONCE) {
      ledger.waiting ??= new Set()
      ledger.waiting.add(wanted)
      return undefined
    }
    wanted.turn++
    wanted.asked = peer
    wanted.askOrder = ++this.#asks
    ledger.asked++
    this.#deadlines.set(
      wanted,
      now + this.#options.neighbors.answerMs(peer) * LAP_FACTOR ** wanted.lap,
    )
    return { peer, author: wanted.author, seq: wanted.seq, round }
  }

  /** Brings forward, of those still to be asked in this lap, the first that can be asked now. */
  #putFirstWithRoom({ announcers, turn }: Wanted): void {
    for (let i = turn; i < announcers.length; i++) {
      if (this.#ledger(announcers[i]!.peer).asked >= ASKED_AT_ONCE) continue
      const chosen = announcers[i]!
      announcers[i] = announcers[turn]!
      announcers[turn] = chosen
      return
    }
  }

  #withdraw(now: Millis, wanted: Wanted, peer: PeerId): void {
    const at = wanted.announcers.findIndex(one => one.peer === peer)
    const turnIsTheirs = wanted.asked === peer || this.#ledger(peer).waiting?.delete(wanted)
    if (wanted.asked === peer) this.#release(now, wanted)
    wanted.announcers.splice(at, 1)
    this.#ledger(peer).announced--
    if (at < wanted.turn) wanted.turn--
    if (wanted.announcers.length === 0) this.#drop(now, wanted)
    else if (turnIsTheirs) this.#deadlines.set(wanted, now)
  }

  /** Nobody is asked any more; a place in that peer's window is free for the next. */
  #release(now: Millis, wanted: Wanted): void {
    if (wanted.asked === undefined) return
    const ledger = this.#ledger(wanted.asked)
    wanted.asked = undefined
    ledger.asked--
    for (const next of ledger.waiting ?? []) {
      ledger.waiting!.delete(next)
      this.#deadlines.set(next, now)
      break
    }
  }

  #drop(now: Millis, wanted: Wanted): void {
    this.#release(now, wanted)
    this.#deadlines.remove(wanted)
    this.#spent?.delete(wanted)
    this.#wanted.delete(wanted.author, wanted.seq)
    for (const { peer } of wanted.announcers) {
      const ledger = this.#ledger(peer)
      ledger.announced--
      ledger.waiting?.delete(wanted)
    }
  }

  #makeRoom(now: Millis): boolean {
    if (this.#wanted.size < this.#options.capacity) return true
    for (const wanted of this.#spent ?? []) {
      this.#drop(now, wanted)
      this.#options.outbox.count('missing-given-up')
      return true
    }
    return false
  }

  #ledger(peer: PeerId): Ledger {
    this.#peers ??= new Map()
    let ledger = this.#peers.get(peer)
    if (ledger === undefined) {
      ledger = { announced: 0, asked: 0, waiting: undefined, answeredOrder: 0, answeredAt: 0 }
      this.#peers.set(peer, ledger)
    }
    return ledger
  }
}

interface Wanted extends Timed {
  readonly author: PeerId
  readonly seq: number
  readonly announcers: Announcer[]
  readonly announcedAt: Millis
  /** Index of the announcer to ask next, and how often all were asked before. */
  turn: number
  lap: number
  /** Who has an unanswered graft for it: at most one peer at a time. */
  asked: PeerId | undefined
  /** 0: nobody was asked. */
  askOrder: number
  expiresAt: Millis
}

/** What stands between us and one peer. */
interface Ledger {
  announced: number
  /** Unanswered grafts, and what waits for one of them to be answered. */
  asked: number
  waiting: Set<Wanted> | undefined
  /** The latest of our grafts it answered, and when. */
  answeredOrder: number
  answeredAt: Millis
}

/** How often all announcers are asked. */
const LAPS = 3

/** Each lap waits this much longer: a link loses nothing, so who was slow is likelier slow again than deaf. Guess. */
const LAP_FACTOR = 4

/** Unanswered grafts one peer may have: a newcomer fetches a full cache without drowning its link. Guess. */
const ASKED_AT_ONCE = 256
