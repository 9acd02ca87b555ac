import { BAN_MS } from '../../blame.js'
import type { Deadline } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type {
  HandedOver,
  LinkDownReason,
  Membership,
  MembershipInput,
  MembershipSnapshot,
} from '../membership.js'
import { Conversation } from './conversation.js'
import type { FullMeshMessage } from './messages.js'
import { type FullMeshOptions, type FullMeshOutput, Overlay } from './overlay.js'
import { Questions } from './questions.js'
import { nextSilence, noticeSilence } from './silence.js'

/**
 * Full mesh (the seed of that name): everyone has a link to everyone. A newcomer says INIT to one initial peer,
 * hears INFO with the members, says CONN to each; all tell all each period (GOSP). Departs from the seed, whose
 * rules leave holes where two come at once through different doors (reference §2.4): members are a set; INIT is
 * tried again, at other doors; GOSP carries a digest of the members and the list where digests differ; whoever
 * falls silent is given up; who goes says BYE. A link is made when each side has heard from the other, by INIT and
 * INFO or by CONN and CONN back, so that a refusal costs no handshake.
 */
export class FullMesh implements Membership<FullMeshMessage> {
  readonly #overlay: Overlay
  readonly #questions: Questions
  readonly #conversation: Conversation
  #askedServerAt: Millis | undefined
  #closed = false

  constructor(options: FullMeshOptions) {
    this.#overlay = new Overlay(options)
    this.#questions = new Questions(this.#overlay)
    this.#conversation = new Conversation(this.#overlay, this.#questions)
  }

  get neighbors(): readonly PeerId[] {
    return this.#overlay.members.neighbors
  }

  get known(): readonly PeerId[] {
    const { doors, members } = this.#overlay
    return [...new Set([...doors.contacts, ...this.#questions.named])].filter(
      peer => members.stage(peer) !== 'up',
    )
  }

  get busy(): boolean {
    const { doors, members } = this.#overlay
    if (doors.asked !== undefined) return true
    for (const [, { stage }] of members) {
      if (stage === 'asking' || stage === 'linking') return true
    }
    return false
  }

  /** Complete where all neighbors have links with those we have links with, and nobody else is known. */
  get mesh(): 'forming' | 'complete' {
    const { members, rounds } = this.#overlay
    const { length } = members.neighbors
    return length > 0 && length === members.size && rounds.agreed ? 'complete' : 'forming'
  }

  hasLink(neighbor: PeerId, peer: PeerId): boolean {
    return this.#overlay.rounds.hasLink(neighbor, peer)
  }

  get nextDeadline(): Deadline | undefined {
    return this.#overlay.timers.next
  }

  handle(now: Millis, input: MembershipInput<FullMeshMessage>): FullMeshOutput[] {
    if (this.#closed) return []
    this.#route(now, input)
    if (!this.#closed) this.#settle(now)
    return this.#overlay.take()
  }

  /** Takes over another membership's neighbors, and whom it knew besides. */
  adopt(
    now: Millis,
    neighbors: readonly HandedOver[],
    contacts: readonly PeerId[],
  ): FullMeshOutput[] {
    const { doors, records, members, rounds, lost } = this.#overlay
    doors.remember(contacts)
    // The room may have become small by a partition.
    for (const peer of contacts.slice(0, REMEMBERED_ASKED)) lost.add(now, peer)
    for (const { peer, since, record } of neighbors) {
      records.learn(peer, record)
      members.set(peer, 'up', since)
      rounds.up(now, peer)
    }
    this.#settle(now)
    return this.#overlay.take()
  }

  /** The neighbors, and those with whom a link is being made. What else was held is given back. */
  handOver(): { neighbors: HandedOver[]; linking: PeerId[]; rest: FullMeshOutput[] } {
    const { members, records, rounds } = this.#overlay
    const neighbors: HandedOver[] = []
    const linking: PeerId[] = []
    for (const [peer, { stage, since }] of members) {
      if (stage === 'up') neighbors.push({ peer, since, record: records.get(peer) })
      else if (stage === 'linking') linking.push(peer)
      else if (stage === 'silent') {
        rounds.down(peer)
        this.#overlay.emit({ type: 'release', peer })
      }
    }
    return { neighbors, linking, rest: this.#overlay.take() }
  }

  /** Whether an INIT of that number waits for that peer's answer. */
  isAwaiting(peer: PeerId, requestId: number): boolean {
    return this.#overlay.doors.isAwaiting(peer, requestId)
  }

  /** The INIT was answered in another language. */
  noteAnswer(peer: PeerId, requestId: number): void {
    this.#overlay.doors.answered(peer, requestId)
  }

  get isAlone(): boolean {
    return this.#overlay.members.size === 0
  }

  /** Ourselves, those we have to do with, and whom neighbors named within three periods. */
  heardLately(now: Millis): Set<PeerId> {
    const heard = this.#overlay.rounds.heardLately(now)
    const { self, members } = this.#overlay
    for (const peer of [self, ...members.neighbors, ...members.linking]) heard.add(peer)
    return heard
  }

  snapshot(): MembershipSnapshot {
    const { members, doors } = this.#overlay
    const active: MembershipSnapshot['active'] = []
    const requests: MembershipSnapshot['requests'] = []
    for (const [peer, { stage, since }] of members) {
      if (stage === 'up') active.push({ peer, since })
      else requests.push({ peer, stage, since })
    }
    const { asked } = doors
    if (asked !== undefined && !members.has(asked.peer)) {
      requests.push({ peer: asked.peer, stage: 'asking', since: asked.since })
    }
    return {
      kind: 'full-mesh',
      active,
      passive: [...this.#questions.named],
      reserve: doors.contacts.filter(peer => !members.has(peer)),
      requests,
      deadline: this.nextDeadline,
      agreed: this.mesh === 'complete',
    }
  }

  #route(now: Millis, input: MembershipInput<FullMeshMessage>): void {
    const overlay = this.#overlay
    switch (input.type) {
      case 'join':
        return overlay.doors.add(input.peers.filter(peer => overlay.isAdmissible(now, peer)))
      case 'remember':
        return this.#remember(now, input.peers)
      case 'own-record':
        overlay.record = input.record
        return
      case 'quit':
        return this.#quit()
      case 'message':
        return this.#conversation.hear(now, input.from, input.message, input.linked)
      case 'link-up':
        return this.#linkUp(now, input.peer)
      case 'link-down':
        return this.#linkDown(now, input.peer, input.reason)
      case 'unreachable':
        return this.#unreachable(now, input.peer)
      case 'congested':
        return this.#congested(now, input.peer)
      case 'ban':
        return this.#ban(now, input.peer)
      case 'wake':
        return this.#wake(now)
    }
  }

  // ——— links

  #linkUp(now: Millis, peer: PeerId): void {
    const { members, rounds } = this.#overlay
    const stage = members.stage(peer)
    if (stage === 'linking' || stage === 'silent') this.#overlay.up(now, peer)
    else if (stage === 'up') rounds.up(now, peer)
    else return
    this.#overlay.gosp(peer)
  }

  #linkDown(now: Millis, peer: PeerId, reason: LinkDownReason): void {
    const { members, pauses, lost } = this.#overlay
    const stage = members.stage(peer)
    if (stage === undefined || stage === 'asking') return
    const wasNeighbor = stage === 'up' || stage === 'silent'
    if (!wasNeighbor) pauses.delay(now, peer)
    this.#overlay.drop(peer, reason === 'blamed' ? 'blamed' : 'link-lost')
    // A link can break between two that are well.
    this.#questions.again(peer)
    if (wasNeighbor) lost.add(now, peer)
  }

  #unreachable(now: Millis, peer: PeerId): void {
    const { doors, pauses } = this.#overlay
    if (doors.isAsked(peer)) {
      doors.failed(peer)
      pauses.delay(now, peer)
      this.#overlay.emit({ type: 'join-failed', peer, reason: 'unreachable' })
    }
    this.#questions.unreachable(now, peer)
  }

  #congested(now: Millis, peer: PeerId): void {
    if (this.#overlay.members.stage(peer) !== 'up') return
    this.#overlay.send(peer, { type: 'bye', requestId: 0, reason: 'full' })
    this.#overlay.drop(peer, 'congested')
    this.#overlay.pauses.delay(now, peer)
    this.#questions.again(peer)
  }

  #ban(now: Millis, peer: PeerId): void {
    const { doors, lost, records, bars } = this.#overlay
    this.#overlay.drop(peer, 'blamed')
    doors.forget(peer)
    this.#questions.forget(peer)
    lost.delete(peer)
    records.forget(peer)
    bars.bar(peer, now + BAN_MS, true)
  }

  #quit(): void {
    const { members, timers, doors, lost } = this.#overlay
    for (const [peer] of [...members]) {
      this.#overlay.send(peer, { type: 'bye', requestId: 0, reason: 'leaving' })
      this.#overlay.drop(peer, 'closing')
    }
    timers.clearAll()
    doors.clear()
    this.#questions.clear()
    lost.clear()
    this.#closed = true
  }

  // ——— whom to ask, and when

  #remember(now: Millis, peers: readonly PeerId[]): void {
    const { doors, members } = this.#overlay
    doors.remember(peers.filter(peer => this.#overlay.isAdmissible(now, peer)))
    // While we have company whoever else is there belongs to it; before, they are doors to try.
    if (members.size === 0) return
    for (const peer of peers.slice(0, REMEMBERED_ASKED)) this.#questions.hearOf(now, peer)
  }

  /** Done after every input, so that no event can break the chain. */
  #settle(now: Millis): void {
    const { rounds, members, doors, lost, timers, record } = this.#overlay
    rounds.know(now, members.neighbors, members.linking)
    const askAt = this.#questions.askNamed(now)
    const door = doors.next(now, members)
    if (door.type === 'ask') {
      this.#overlay.count('inits-sent')
      this.#overlay.send(door.peer, { type: 'init', requestId: door.requestId, record })
    } else if (door.type === 'isolated') {
      this.#overlay.count('isolated')
      this.#overlay.emit({ type: 'isolated' })
    }
    for (const peer of doors.takeUnopened()) if (!members.has(peer)) lost.add(now, peer)
    const { wakeAt } = doors
    this.#setTimer('ask', askAt === undefined ? wakeAt : Math.min(askAt, wakeAt ?? askAt))
    this.#setTimer('gosp', rounds.nextAt)
    if (members.introductions.length > 0) timers.ensure('introduce', now + INTRODUCE_MS)
    this.#setTimer('silence', nextSilence(this.#overlay))
    this.#setTimer('visit', lost.nextAt)
  }

  #setTimer(name: string, at: Millis | undefined): void {
    if (at === undefined) this.#overlay.timers.clear(name)
    else this.#overlay.timers.set(name, at)
  }

  // ——— time

  #wake(now: Millis): void {
    const { timers, lost } = this.#overlay
    for (const name of timers.due(now)) {
      if (name === 'gosp') this.#round(now)
      else if (name === 'introduce') this.#conversation.introduce()
      else if (name === 'silence') noticeSilence(now, this.#overlay)
      else if (name === 'ask') this.#lateDoor(now)
      else if (name !== 'visit') this.#questions.overdue(now, name)
      else for (const peer of lost.take(now)) this.#questions.hearOf(now, peer)
    }
  }

  #round(now: Millis): void {
    const { rounds, members } = this.#overlay
    if (!rounds.take(now)) return
    this.#askServer(now)
    for (const [peer, { stage }] of members) {
      if (stage === 'up' || stage === 'silent') this.#overlay.gosp(peer)
    }
  }

  /** There may be an island that never had a link with us. One asks for all, as in HyParView's components. */
  #askServer(now: Millis): void {
    this.#askedServerAt ??= now
    if (now - this.#askedServerAt < ASK_SERVER_MS) return
    const { self, members } = this.#overlay
    if (members.neighbors.some(peer => peer < self)) return
    this.#askedServerAt = now
    this.#overlay.emit({ type: 'wants-introductions' })
  }

  #lateDoor(now: Millis): void {
    const peer = this.#overlay.doors.late(now)
    if (peer !== undefined) this.#overlay.emit({ type: 'join-failed', peer, reason: 'timed-out' })
  }
}

/** Newcomers wait this long for others to be named with. Guess. */
const INTRODUCE_MS = 100
/** As HyParView's named peer, which asks once a shuffle interval. */
const ASK_SERVER_MS = 60_000
/** Introductions are five (signaling-server); earlier visits may name a hundred. Guess. */
const REMEMBERED_ASKED = 8
