import { BAN_MS } from '../../blame.js'
import type { Millis, PeerId } from '../../ids.js'
import { type FullMeshMessage, LARGEST_MEMBER_LIST } from './messages.js'
import { answerDue, linkDue, type Overlay } from './overlay.js'
import type { Questions } from './questions.js'

type Message<T extends FullMeshMessage['type']> = Extract<FullMeshMessage, { type: T }>

/** What peers say: INIT, INFO, CONN, GOSP and BYE, and what each does. */
export class Conversation {
  readonly #overlay: Overlay
  readonly #questions: Questions

  constructor(overlay: Overlay, questions: Questions) {
    this.#overlay = overlay
    this.#questions = questions
  }

  hear(now: Millis, from: PeerId, message: FullMeshMessage, linked: boolean): void {
    const overlay = this.#overlay
    if (!overlay.isAdmissible(now, from)) return overlay.count('messages-refused')
    if ('record' in message) {
      const data = overlay.records.learn(from, message.record)
      if (data !== undefined) overlay.emit({ type: 'peer-data', peer: from, data })
    }
    switch (message.type) {
      case 'init':
        return this.#onInit(now, from, message, linked)
      case 'info':
        return this.#onInfo(now, from, message, linked)
      case 'conn':
        return this.#onConn(now, from, message, linked)
      case 'gosp':
        return linked ? this.#onGosp(now, from, message) : overlay.count('messages-unlinked')
      case 'bye':
        return this.#onBye(now, from, message, linked)
    }
  }

  /**
   * Departs from the seed: those that come at the same moment through different doors are told of each other by
   * INFO again, for there is no link yet for a GOSP. Only of such as have no link to us either.
   */
  introduce(): void {
    const { members, record } = this.#overlay
    for (const { peer, members: newcomers } of members.introductions) {
      for (const other of newcomers) members.get(peer)!.told.add(other)
      this.#overlay.send(peer, { type: 'info', requestId: 0, members: newcomers, record })
    }
  }

  /** The members as they were before the newcomer, who is then one of them. In every state there is an answer. */
  #onInit(now: Millis, from: PeerId, { requestId }: Message<'init'>, linked: boolean): void {
    const { members, record } = this.#overlay
    if (!members.hasPlaceFor(from)) return this.#refuse(from, requestId)
    const others = [...members].map(([peer]) => peer).filter(peer => peer !== from)
    const named = others.slice(0, LARGEST_MEMBER_LIST)
    this.#overlay.send(from, { type: 'info', requestId, members: named, record })
    this.#agree(now, from, linked)
    for (const peer of named) members.get(from)!.told.add(peer)
  }

  #onInfo(
    now: Millis,
    from: PeerId,
    { requestId, members: named }: Message<'info'>,
    linked: boolean,
  ): void {
    const { members, doors } = this.#overlay
    const isMore = requestId === 0 && members.has(from)
    if (!isMore && !doors.answered(from, requestId)) return this.#overlay.count('answers-stale')
    if (!members.hasPlaceFor(from)) return this.#refuse(from, requestId)
    this.#agree(now, from, linked)
    for (const peer of named) this.#questions.hearOf(now, peer, from)
  }

  #onConn(now: Millis, from: PeerId, { requestId, asks }: Message<'conn'>, linked: boolean): void {
    if (!this.#overlay.members.hasPlaceFor(from)) return this.#refuse(from, requestId)
    if (asks) this.#overlay.sendConn(from, false)
    this.#agree(now, from, linked)
  }

  /** Carries what is known; from a stranger it says that it believes to be linked with us. */
  #onGosp(now: Millis, from: PeerId, { view }: Message<'gosp'>): void {
    const { members, rounds } = this.#overlay
    const stage = members.stage(from)
    if (!members.hasPlaceFor(from)) return this.#refuse(from, 0)
    if (stage === undefined || stage === 'asking') this.#agree(now, from, true)
    if (stage === 'silent') this.#overlay.up(now, from)
    rounds.hear(now, from, view)
    for (const peer of view?.members ?? []) this.#questions.hearOf(now, peer, from)
  }

  #onBye(now: Millis, from: PeerId, { requestId, reason }: Message<'bye'>, linked: boolean): void {
    const { members, doors, pauses, bars, config } = this.#overlay
    const stage = members.stage(from)
    const leaves = reason === 'leaving'
    if (doors.refused(from, requestId) || (leaves && doors.isAsked(from))) {
      doors.failed(from)
      this.#overlay.emit({ type: 'join-failed', peer: from, reason })
    }
    // Without a link it is only an answer: whoever carries it can bring it again.
    if (stage === 'up' && !linked) return this.#overlay.count('messages-unlinked')
    if (reason === 'full') pauses.delay(now, from)
    else bars.bar(from, now + (leaves ? LEFT_PERIODS * config.periodMs : BAN_MS))
    this.#overlay.drop(from, leaves ? 'left' : 'replaced')
    this.#questions.forget(from)
    this.#overlay.lost.delete(from)
    if (leaves) this.#overlay.records.forget(from)
    else if (reason === 'full' && stage === 'up') this.#questions.again(from)
  }

  /** Both sides have heard from each other. */
  #agree(now: Millis, peer: PeerId, linked: boolean): void {
    const { members, lost, bars, doors, timers, config } = this.#overlay
    this.#questions.forget(peer)
    lost.delete(peer)
    bars.lift(peer)
    doors.opened(peer)
    const stage = members.stage(peer)
    // A member that knocks has lost its link before we noticed.
    if (stage === 'up' || stage === 'silent') {
      if (!linked) this.#overlay.emit({ type: 'connect', peer })
      return
    }
    if (stage === 'linking') return
    members.set(peer, 'linking', now)
    timers.clear(answerDue(peer))
    timers.set(linkDue(peer), now + config.dialTimeoutMs)
    this.#overlay.emit({ type: 'connect', peer })
  }

  #refuse(peer: PeerId, requestId: number): void {
    this.#overlay.count('refused-full')
    this.#overlay.send(peer, { type: 'bye', requestId, reason: 'full' })
    this.#overlay.emit({ type: 'release', peer })
  }
}

/** As long as anyone may go on naming who left. */
const LEFT_PERIODS = 3
