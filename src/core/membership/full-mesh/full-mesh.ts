import { BAN_MS } from '../../blame.js'
import type { Deadline } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import { Timers } from '../../timers.js'
import type { PeerRecord } from '../hyparview/messages.js'
import { Records } from '../hyparview/records.js'
import type {
  HandedOver,
  LinkDownReason,
  Membership,
  MembershipInput,
  MembershipOutput,
  MembershipSnapshot,
  NeighborDownReason,
} from '../membership.js'
import type { FullMeshConfig } from './config.js'
import { Doors } from './doors.js'
import type { FullMeshMessage } from './messages.js'
import { Pauses } from './pauses.js'
import { type Gosp, Rounds, type View } from './rounds.js'

type Message<T extends FullMeshMessage['type']> = Extract<FullMeshMessage, { type: T }>
export type FullMeshOutput = MembershipOutput<FullMeshMessage>

export interface FullMeshOptions {
  self: PeerId
  config: FullMeshConfig
  random: Random
  record?: PeerRecord
}

/**
 * Full mesh (the seed of that name): everyone has a link to everyone. A newcomer says INIT to one initial peer,
 * hears INFO with the members, says CONN to each; all tell all each period (GOSP). Departs from the seed, whose
 * rules leave holes where two come at once through different doors (reference §2.4): members are a set; INIT is
 * tried again, at other doors; GOSP carries a digest of the members and the list where digests differ; whoever
 * falls silent is given up; who goes says BYE. A link is made when each side has heard from the other, by INIT and
 * INFO or by CONN and CONN back, so that a refusal costs no handshake.
 */
export class FullMesh implements Membership<FullMeshMessage> {
  readonly #self: PeerId
  readonly #config: FullMeshConfig
  readonly #random: Random
  readonly #members = new Map<PeerId, Member>()
  /** Named by others and to be asked. */
  readonly #named = new Set<PeerId>()
  /** Neighbors that went without a word: perhaps a partition. When to look for them again. */
  readonly #lost = new Map<PeerId, { at: Millis; gapMs: number }>()
  readonly #pauses: Pauses
  readonly #doors: Doors
  readonly #rounds: Rounds
  readonly #records = new Records()
  readonly #timers = new Timers()
  readonly #barred = new Map<PeerId, Millis>()
  #record: PeerRecord | undefined
  #neighbors: readonly PeerId[] | undefined
  #out: FullMeshOutput[] = []
  #closed = false

  constructor({ self, config, random, record }: FullMeshOptions) {
    this.#self = self
    this.#config = config
    this.#random = random
    this.#record = record
    this.#pauses = new Pauses(config, random)
    this.#rounds = new Rounds(self, config.periodMs)
    this.#doors = new Doors(config, random, this.#pauses)
  }

  get neighbors(): readonly PeerId[] {
    this.#neighbors ??= [...this.#members]
      .filter(([, { stage }]) => stage === 'up')
      .map(([peer]) => peer)
    return this.#neighbors
  }

  get known(): readonly PeerId[] {
    return [...new Set([...this.#doors.contacts, ...this.#named])].filter(
      peer => this.#members.get(peer)?.stage !== 'up',
    )
  }

  get busy(): boolean {
    if (this.#doors.asked !== undefined) return true
    for (const { stage } of this.#members.values()) {
      if (stage === 'asking' || stage === 'linking') return true
    }
    return false
  }

  /** Complete where all neighbors know the members that we know, and we have a link to each. */
  get mesh(): 'forming' | 'complete' {
    const { length } = this.neighbors
    return length > 0 && length === this.#members.size && this.#rounds.agreed
      ? 'complete'
      : 'forming'
  }

  get nextDeadline(): Deadline | undefined {
    return this.#timers.next
  }

  handle(now: Millis, input: MembershipInput<FullMeshMessage>): FullMeshOutput[] {
    if (this.#closed) return []
    this.#route(now, input)
    if (!this.#closed) this.#settle(now)
    return this.#take()
  }

  /** Takes over another membership's neighbors, and whom it knew besides. */
  adopt(
    now: Millis,
    neighbors: readonly HandedOver[],
    contacts: readonly PeerId[],
  ): FullMeshOutput[] {
    this.#doors.remember(contacts)
    for (const { peer, since, record } of neighbors) {
      this.#records.learn(peer, record)
      this.#set(peer, { stage: 'up', since, tries: 0, told: new Set() })
      this.#rounds.up(now, peer)
    }
    this.#settle(now)
    return this.#take()
  }

  /** The neighbors, and those with whom a link is being made. What else was held is given back. */
  handOver(): { neighbors: HandedOver[]; linking: PeerId[]; rest: FullMeshOutput[] } {
    const neighbors: HandedOver[] = []
    const linking: PeerId[] = []
    for (const [peer, { stage, since }] of this.#members) {
      if (stage === 'up') neighbors.push({ peer, since, record: this.#records.get(peer) })
      else if (stage === 'linking') linking.push(peer)
      else if (stage === 'silent') this.#out.push({ type: 'release', peer })
    }
    return { neighbors, linking, rest: this.#take() }
  }

  /** Whether an INIT of that number waits for that peer's answer. */
  isAwaiting(peer: PeerId, requestId: number): boolean {
    return this.#doors.isAwaiting(peer, requestId)
  }

  /** The INIT was answered in another language. */
  noteAnswer(peer: PeerId, requestId: number): void {
    this.#doors.answered(peer, requestId)
  }

  get isAlone(): boolean {
    return this.#members.size === 0
  }

  /** Ourselves, those we have to do with, and whom neighbors named within three periods. */
  heardLately(now: Millis): Set<PeerId> {
    const heard = this.#rounds.heardLately(now)
    for (const peer of this.#list) heard.add(peer)
    return heard
  }

  snapshot(): MembershipSnapshot {
    const active: MembershipSnapshot['active'] = []
    const requests: MembershipSnapshot['requests'] = []
    for (const [peer, { stage, since }] of this.#members) {
      if (stage === 'up') active.push({ peer, since })
      else requests.push({ peer, stage, since })
    }
    const { asked } = this.#doors
    if (asked !== undefined && !this.#members.has(asked.peer)) {
      requests.push({ peer: asked.peer, stage: 'asking', since: asked.since })
    }
    return {
      kind: 'full-mesh',
      active,
      passive: [...this.#named],
      reserve: [...this.#doors.contacts].filter(peer => !this.#members.has(peer)),
      requests,
      deadline: this.nextDeadline,
      agreed: this.mesh === 'complete',
    }
  }

  #route(now: Millis, input: MembershipInput<FullMeshMessage>): void {
    switch (input.type) {
      case 'join':
        return this.#doors.add(input.peers.filter(peer => this.#isAdmissible(now, peer)))
      case 'remember':
        return this.#remember(now, input.peers)
      case 'own-record':
        this.#record = input.record
        return
      case 'quit':
        return this.#quit()
      case 'message':
        return this.#onMessage(now, input.from, input.message, input.linked)
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

  // ——— what peers say

  #onMessage(now: Millis, from: PeerId, message: FullMeshMessage, linked: boolean): void {
    if (!this.#isAdmissible(now, from)) return this.#count('messages-refused')
    if ('record' in message) this.#learnRecord(from, message.record)
    switch (message.type) {
      case 'init':
        return this.#onInit(now, from, message, linked)
      case 'info':
        return this.#onInfo(now, from, message, linked)
      case 'conn':
        return this.#onConn(now, from, message, linked)
      case 'gosp':
        return linked ? this.#onGosp(now, from, message) : this.#count('messages-unlinked')
      case 'bye':
        return this.#onBye(now, from, message, linked)
    }
  }

  /** The members as they were before the newcomer, who is then one of them. In every state there is an answer. */
  #onInit(now: Millis, from: PeerId, { requestId }: Message<'init'>, linked: boolean): void {
    if (!this.#hasPlaceFor(from)) return this.#refuse(from, requestId)
    const members = [...this.#members.keys()].filter(peer => peer !== from)
    this.#send(from, { type: 'info', requestId, members, record: this.#record })
    this.#agree(now, from, linked)
    const member = this.#members.get(from)!
    for (const peer of members) member.told.add(peer)
  }

  #onInfo(
    now: Millis,
    from: PeerId,
    { requestId, members }: Message<'info'>,
    linked: boolean,
  ): void {
    const isMore = requestId === 0 && this.#members.has(from)
    if (!isMore && !this.#doors.answered(from, requestId)) return this.#count('answers-stale')
    if (!this.#hasPlaceFor(from)) return this.#refuse(from, requestId)
    this.#agree(now, from, linked)
    for (const peer of members) this.#hearOf(now, peer)
  }

  #onConn(now: Millis, from: PeerId, { requestId, asks }: Message<'conn'>, linked: boolean): void {
    if (!this.#hasPlaceFor(from)) return this.#refuse(from, requestId)
    if (asks) this.#sendConn(from, false)
    this.#agree(now, from, linked)
  }

  /** Carries what is known; from a stranger it says that it believes to be linked with us. */
  #onGosp(now: Millis, from: PeerId, { view }: Gosp): void {
    const stage = this.#members.get(from)?.stage
    if (stage === undefined && !this.#hasPlaceFor(from)) return this.#refuse(from, 0)
    if (stage === undefined || stage === 'asking') this.#agree(now, from, true)
    if (stage === 'silent') this.#up(now, from)
    this.#rounds.hear(now, from, view)
    for (const peer of view?.members ?? []) this.#hearOf(now, peer)
  }

  #onBye(now: Millis, from: PeerId, { requestId, reason }: Message<'bye'>, linked: boolean): void {
    const member = this.#members.get(from)
    const leaves = reason === 'leaving'
    if (this.#doors.refused(from, requestId) || (leaves && this.#doors.isAsked(from))) {
      this.#doors.failed(from)
      this.#out.push({ type: 'join-failed', peer: from, reason })
    }
    // Without a link it is only an answer: whoever carries it can bring it again.
    if (member?.stage === 'up' && !linked) return this.#count('messages-unlinked')
    if (reason === 'full') this.#pauses.delay(now, from)
    else this.#bar(from, now + (leaves ? LEFT_PERIODS * this.#config.periodMs : BAN_MS))
    if (member !== undefined) this.#drop(from, leaves ? 'left' : 'replaced')
    this.#named.delete(from)
    this.#lost.delete(from)
    if (leaves) this.#records.forget(from)
    else if (reason === 'full' && member?.stage === 'up') this.#named.add(from)
  }

  /** A peer that others know. */
  #hearOf(now: Millis, peer: PeerId): void {
    if (this.#members.has(peer) || this.#named.has(peer) || !this.#isAdmissible(now, peer)) return
    if (this.#isBarred(now, peer)) return
    if (this.#named.size >= MOST_NAMED) return this.#count('names-dropped')
    this.#named.add(peer)
  }

  // ——— members

  /** Both sides have heard from each other. */
  #agree(now: Millis, peer: PeerId, linked: boolean): void {
    this.#named.delete(peer)
    this.#lost.delete(peer)
    this.#barred.delete(peer)
    this.#doors.opened(peer)
    const stage = this.#members.get(peer)?.stage
    // A member that knocks has lost its link before we noticed.
    if (stage === 'up' || stage === 'silent') {
      if (!linked) this.#out.push({ type: 'connect', peer })
      return
    }
    if (stage === 'linking') return
    this.#set(peer, { stage: 'linking', since: now, tries: 0, told: new Set() })
    this.#timers.clear(answerDue(peer))
    this.#timers.set(linkDue(peer), now + this.#config.dialTimeoutMs)
    this.#out.push({ type: 'connect', peer })
  }

  #linkUp(now: Millis, peer: PeerId): void {
    const stage = this.#members.get(peer)?.stage
    if (stage === 'linking' || stage === 'silent') this.#up(now, peer)
    else if (stage === 'up') this.#rounds.up(now, peer)
    else return
    this.#gosp(peer)
  }

  #up(now: Millis, peer: PeerId): void {
    this.#timers.clear(linkDue(peer))
    this.#pauses.forget(peer)
    this.#set(peer, { stage: 'up', since: now, tries: 0, told: new Set() })
    this.#rounds.up(now, peer)
    this.#rounds.know(now, this.#list)
    this.#out.push({ type: 'neighbor-up', peer })
  }

  #linkDown(now: Millis, peer: PeerId, reason: LinkDownReason): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.stage === 'asking') return
    const wasNeighbor = member.stage === 'up' || member.stage === 'silent'
    if (!wasNeighbor) this.#pauses.delay(now, peer)
    this.#drop(peer, reason === 'blamed' ? 'blamed' : 'link-lost')
    // A link can break between two that are well.
    this.#named.add(peer)
    if (wasNeighbor) this.#lose(now, peer)
  }

  #lose(now: Millis, peer: PeerId): void {
    if (this.#lost.size >= MOST_NAMED) this.#lost.delete(this.#lost.keys().next().value!)
    this.#lost.set(peer, { at: now + FIRST_VISIT_MS, gapMs: FIRST_VISIT_MS })
  }

  /** Both halves of a partition are content with themselves; nothing else would join them again. */
  #visitLost(now: Millis): void {
    for (const [peer, visit] of this.#lost) {
      if (visit.at > now) continue
      visit.gapMs *= 2
      visit.at = now + visit.gapMs
      if (visit.gapMs > LAST_VISIT_MS) this.#lost.delete(peer)
      this.#hearOf(now, peer)
    }
  }

  get #nextVisit(): Millis | undefined {
    let soonest: Millis | undefined
    for (const { at } of this.#lost.values()) soonest = earlier(soonest, at)
    return soonest
  }

  #unreachable(now: Millis, peer: PeerId): void {
    if (this.#doors.isAsked(peer)) {
      this.#doors.failed(peer)
      this.#pauses.delay(now, peer)
      this.#out.push({ type: 'join-failed', peer, reason: 'unreachable' })
    }
    const member = this.#members.get(peer)
    if (member?.stage === 'asking' || member?.stage === 'linking') this.#failed(now, peer)
  }

  /** A question or a dial came to nothing: again after a pause, a few times, unless others go on naming it. */
  #failed(now: Millis, peer: PeerId): void {
    this.#pauses.delay(now, peer)
    this.#drop(peer, 'link-lost')
    if (this.#pauses.times(peer) < MOST_TRIES) this.#named.add(peer)
  }

  #congested(now: Millis, peer: PeerId): void {
    if (this.#members.get(peer)?.stage !== 'up') return
    this.#send(peer, { type: 'bye', requestId: 0, reason: 'full' })
    this.#drop(peer, 'congested')
    this.#pauses.delay(now, peer)
    this.#named.add(peer)
  }

  #ban(now: Millis, peer: PeerId): void {
    this.#drop(peer, 'blamed')
    this.#doors.forget(peer)
    this.#named.delete(peer)
    this.#lost.delete(peer)
    this.#records.forget(peer)
    this.#bar(peer, now + BAN_MS)
    this.#banned.add(peer)
    if (this.#banned.size > MOST_BARRED) this.#banned.delete(this.#banned.values().next().value!)
  }
  readonly #banned = new Set<PeerId>()

  #drop(peer: PeerId, reason: NeighborDownReason): void {
    const member = this.#members.get(peer)
    if (member === undefined) return
    this.#members.delete(peer)
    this.#neighbors = undefined
    this.#rounds.down(peer)
    this.#timers.clear(answerDue(peer))
    this.#timers.clear(linkDue(peer))
    if (member.stage === 'up') this.#out.push({ type: 'neighbor-down', peer, reason })
    if (member.stage !== 'asking') this.#out.push({ type: 'release', peer })
  }

  #set(peer: PeerId, member: Member): void {
    this.#members.set(peer, member)
    this.#neighbors = undefined
  }

  /**
   * Departs from the seed: those that come at the same moment through different doors are told of each other by
   * INFO again, for there is no link yet for a GOSP. Only of such as have no link to us either.
   */
  #introduce(): void {
    for (const [peer, { stage, told }] of this.#members) {
      if (stage !== 'linking') continue
      const members = this.#newcomersFor(peer, told)
      if (members.length === 0) continue
      for (const other of members) told.add(other)
      this.#send(peer, { type: 'info', requestId: 0, members, record: this.#record })
    }
  }

  #newcomersFor(peer: PeerId, told: ReadonlySet<PeerId>): PeerId[] {
    const newcomers: PeerId[] = []
    for (const [other, { stage }] of this.#members) {
      if (stage === 'linking' && other !== peer && !told.has(other)) newcomers.push(other)
    }
    return newcomers
  }

  get #hasIntroductions(): boolean {
    for (const [peer, { stage, told }] of this.#members) {
      if (stage === 'linking' && this.#newcomersFor(peer, told).length > 0) return true
    }
    return false
  }

  /** Ourselves, and those who spoke to us and did not fall silent. */
  get #list(): PeerId[] {
    const list = [this.#self]
    for (const [peer, { stage }] of this.#members) {
      if (stage === 'up' || stage === 'linking') list.push(peer)
    }
    return list
  }

  /** Whom we only asked holds no place. */
  #hasPlaceFor(peer: PeerId): boolean {
    let taken = 0
    for (const [other, { stage }] of this.#members) {
      if (other === peer && stage !== 'asking') return true
      if (stage !== 'asking') taken++
    }
    return taken < this.#config.linkCapacity
  }

  #refuse(peer: PeerId, requestId: number): void {
    this.#count('refused-full')
    this.#send(peer, { type: 'bye', requestId, reason: 'full' })
    this.#out.push({ type: 'release', peer })
  }

  // ——— whom to ask, and when

  #remember(now: Millis, peers: readonly PeerId[]): void {
    this.#doors.remember(peers.filter(peer => this.#isAdmissible(now, peer)))
    // While we have company whoever else is there belongs to it; before, they are doors to try.
    if (this.#members.size === 0) return
    for (const peer of peers.slice(0, REMEMBERED_ASKED)) this.#hearOf(now, peer)
  }

  /** Done after every input, so that no event can break the chain. */
  #settle(now: Millis): void {
    this.#rounds.know(now, this.#list)
    let soonest = this.#askNamed(now)
    const door = this.#doors.next(now, this.#members)
    if (door.type === 'ask') {
      this.#count('inits-sent')
      this.#send(door.peer, { type: 'init', requestId: door.requestId, record: this.#record })
    } else if (door.type === 'isolated') {
      this.#count('isolated')
      this.#out.push({ type: 'isolated' })
    }
    soonest = earlier(soonest, this.#doors.wakeAt)
    this.#setTimer('ask', soonest)
    this.#setTimer('gosp', this.#rounds.nextAt)
    if (this.#hasIntroductions) this.#timers.ensure('introduce', now + INTRODUCE_MS)
    this.#setTimer('silence', this.#nextSilence)
    this.#setTimer('visit', this.#nextVisit)
  }

  #askNamed(now: Millis): Millis | undefined {
    let soonest: Millis | undefined
    for (const peer of this.#named) {
      if (this.#members.size >= this.#config.linkCapacity) return soonest
      const until = this.#pauses.until(now, peer)
      if (until !== undefined) {
        soonest = earlier(soonest, until)
        continue
      }
      this.#named.delete(peer)
      this.#set(peer, { stage: 'asking', since: now, tries: 0, told: new Set() })
      this.#ask(now, peer, 0)
    }
    return soonest
  }

  #ask(now: Millis, peer: PeerId, tries: number): void {
    this.#timers.set(answerDue(peer), now + this.#config.answerTimeoutMs * 2 ** tries)
    this.#count('conns-sent')
    this.#sendConn(peer, true)
  }

  // ——— time

  #wake(now: Millis): void {
    for (const name of this.#timers.due(now)) {
      if (name === 'gosp') this.#round(now)
      else if (name === 'introduce') this.#introduce()
      else if (name === 'visit') this.#visitLost(now)
      else if (name === 'silence') this.#noticeSilence(now)
      else if (name === 'ask') {
        const late = this.#doors.late(now)
        if (late !== undefined) {
          this.#out.push({ type: 'join-failed', peer: late, reason: 'timed-out' })
        }
      } else this.#overdue(now, name)
    }
  }

  #overdue(now: Millis, name: string): void {
    for (const [peer, member] of this.#members) {
      if (name === answerDue(peer) && member.tries + 1 < MOST_TRIES) {
        this.#ask(now, peer, ++member.tries)
        return
      }
      if (name !== answerDue(peer) && name !== linkDue(peer)) continue
      this.#failed(now, peer)
      return
    }
  }

  #round(now: Millis): void {
    if (!this.#rounds.take(now)) return
    for (const [peer, { stage }] of this.#members) {
      if (stage === 'up' || stage === 'silent') this.#gosp(peer)
    }
  }

  #gosp(to: PeerId): void {
    const view: View = this.#rounds.viewFor(to)
    this.#send(to, { type: 'gosp', view, presence: [], frontier: undefined })
  }

  /**
   * Who missed two GOSPs, and half a period more, is no neighbor any more; its link is kept for as long again
   * and more, for it may only be busy.
   */
  #noticeSilence(now: Millis): void {
    const { periodMs } = this.#config
    for (const [peer, member] of [...this.#members]) {
      const at = this.#rounds.heardAt(peer)
      if (at === undefined) continue
      if (member.stage === 'up' && now - at >= SILENT_PERIODS * periodMs) {
        this.#count('members-silent')
        this.#set(peer, { stage: 'silent', since: now, tries: 0, told: new Set() })
        this.#out.push({ type: 'neighbor-down', peer, reason: 'link-lost' })
      } else if (member.stage === 'silent' && now - at >= LOST_PERIODS * periodMs) {
        this.#drop(peer, 'link-lost')
        this.#lose(now, peer)
      }
    }
  }

  get #nextSilence(): Millis | undefined {
    let soonest: Millis | undefined
    for (const [peer, { stage }] of this.#members) {
      const at = this.#rounds.heardAt(peer)
      if (at === undefined) continue
      const periods = stage === 'silent' ? LOST_PERIODS : SILENT_PERIODS
      soonest = earlier(soonest, at + periods * this.#config.periodMs)
    }
    return soonest
  }

  #quit(): void {
    for (const [peer] of [...this.#members]) {
      this.#send(peer, { type: 'bye', requestId: 0, reason: 'leaving' })
      this.#drop(peer, 'closing')
    }
    this.#timers.clearAll()
    this.#doors.clear()
    this.#named.clear()
    this.#lost.clear()
    this.#closed = true
  }

  // ——— the rest

  #isAdmissible(now: Millis, peer: PeerId): boolean {
    return peer !== this.#self && !(this.#banned.has(peer) && this.#isBarred(now, peer))
  }

  /** Left, or not wanted here: others may name it a while longer. */
  #isBarred(now: Millis, peer: PeerId): boolean {
    const until = this.#barred.get(peer)
    if (until !== undefined && until <= now) {
      this.#barred.delete(peer)
      this.#banned.delete(peer)
    }
    return until !== undefined && until > now
  }

  #bar(peer: PeerId, until: Millis): void {
    this.#barred.delete(peer)
    if (this.#barred.size >= MOST_BARRED) this.#barred.delete(this.#barred.keys().next().value!)
    this.#barred.set(peer, until)
  }

  #learnRecord(peer: PeerId, record: PeerRecord | undefined): void {
    const data = this.#records.learn(peer, record)
    if (data !== undefined) this.#out.push({ type: 'peer-data', peer, data })
  }

  #sendConn(to: PeerId, asks: boolean): void {
    const requestId = this.#random.u32()
    this.#send(to, { type: 'conn', requestId, asks, record: this.#record })
  }

  #send(to: PeerId, message: FullMeshMessage): void {
    this.#out.push({ type: 'send', to, message })
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }

  #setTimer(name: string, at: Millis | undefined): void {
    if (at === undefined) this.#timers.clear(name)
    else this.#timers.set(name, at)
  }

  #take(): FullMeshOutput[] {
    const out = this.#out
    this.#out = []
    return out
  }
}

interface Member {
  /** CONN said and none heard; agreed and not linked; a neighbor; linked and not heard for long. */
  stage: 'asking' | 'linking' | 'up' | 'silent'
  since: Millis
  /** How often its CONN was said again. */
  tries: number
  /** Whom it heard of from us while its link is being made. */
  readonly told: Set<PeerId>
}

function answerDue(peer: PeerId): string {
  return `answer from ${peer}`
}

function linkDue(peer: PeerId): string {
  return `link with ${peer}`
}

function earlier(a: Millis | undefined, b: Millis | undefined): Millis | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

/** A crashed peer is to be gone within three periods of its crash, and its last GOSP was before that. */
const SILENT_PERIODS = 2.5
/** Reference §2.2: removed after six. */
const LOST_PERIODS = 6
/** As long as anyone may go on naming who left. */
const LEFT_PERIODS = 3
/** Reference §2.2: 1, 2, 4 s. */
const MOST_TRIES = 3
/** As many as a list may name. */
const MOST_NAMED = 64
const MOST_BARRED = 256
/** Doubles each time: a partition of a quarter of an hour still heals. Guess. */
const FIRST_VISIT_MS = 30_000
const LAST_VISIT_MS = 600_000
/** Newcomers wait this long for others to be named with. Guess. */
const INTRODUCE_MS = 100
/** Introductions are five (signaling-server); earlier visits may name a hundred. Guess. */
const REMEMBERED_ASKED = 8
