import { type Deadline, sooner } from '../../deadline.js'
import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import { Timers } from '../../timers.js'
import type { FullMeshConfig } from '../full-mesh/config.js'
import { FullMesh } from '../full-mesh/full-mesh.js'
import { Rounds } from '../full-mesh/rounds.js'
import type { HyparviewConfig } from '../hyparview/config.js'
import { Hyparview } from '../hyparview/hyparview.js'
import type { HyparviewMessage, PeerRecord } from '../hyparview/messages.js'
import type {
  Membership,
  MembershipInput,
  MembershipOutput,
  MembershipSnapshot,
} from '../membership.js'
import type { MembershipMessage } from '../messages.js'
import { isHyparview, toFullMesh, toHyparview } from './translation.js'

type Message<T extends MembershipMessage['type']> = Extract<MembershipMessage, { type: T }>
type Output = MembershipOutput<MembershipMessage>
type Heard = { from: PeerId; message: MembershipMessage; linked: boolean }

export interface AutoOptions {
  self: PeerId
  hyparview: HyparviewConfig
  fullMesh: FullMeshConfig
  random: Random
  record?: PeerRecord
}

/**
 * A full mesh while the room is small, HyParView's partial view when it is not. Up: more than eight members were
 * heard of within three periods; links are then shed, one a second, down to the active view's capacity, none whose
 * other end has three or fewer. Down: six or fewer have been known to live for half a minute, and each has been a
 * neighbor as long. Neighbors stay neighbors in the change; those that are not yet where we are speak the other language,
 * which is translated. GOSP goes on in a partial view: its lists of neighbors are how a small room knows itself.
 */
export class Auto implements Membership<MembershipMessage> {
  readonly #self: PeerId
  readonly #options: AutoOptions
  readonly #timers = new Timers<'gosp' | 'shed'>()
  #record: PeerRecord | undefined
  #mesh: FullMesh | undefined
  #partial: Hyparview | undefined
  /** What neighbors say, which outlasts each change: they don't say it again. */
  readonly #rounds: Rounds
  /** When there were more in a partial view than make a full mesh, or one came. */
  #largeAt: Millis = 0
  #out: Output[] = []
  #closed = false

  constructor(options: AutoOptions) {
    this.#options = options
    this.#self = options.self
    this.#record = options.record
    this.#rounds = new Rounds(options.self, options.fullMesh.periodMs)
    this.#mesh = this.#newMesh()
  }

  get neighbors(): readonly PeerId[] {
    return this.#machine.neighbors
  }

  get known(): readonly PeerId[] {
    return this.#machine.known
  }

  get busy(): boolean {
    return this.#machine.busy
  }

  get mesh(): 'forming' | 'complete' | undefined {
    return this.#mesh?.mesh
  }

  hasLink(neighbor: PeerId, peer: PeerId): boolean {
    return this.#mesh?.hasLink(neighbor, peer) ?? false
  }

  get nextDeadline(): Deadline | undefined {
    return sooner(this.#machine.nextDeadline, this.#timers.next)
  }

  handle(now: Millis, input: MembershipInput<MembershipMessage>): Output[] {
    if (this.#closed) return []
    if (input.type === 'own-record') this.#record = input.record
    if (input.type === 'quit') this.#closed = true
    // It has lost our words with its old link, or may have.
    if (input.type === 'link-up') this.#tellAgain(now, input.peer)
    if (input.type === 'message') this.#hear(now, input)
    else if (input.type === 'wake') this.#wake(now)
    else this.#pass(now, input)
    if (this.#closed) this.#timers.clearAll()
    else this.#reconsider(now)
    const out = this.#out
    this.#out = []
    return out
  }

  snapshot(): MembershipSnapshot {
    return { ...this.#machine.snapshot(), deadline: this.nextDeadline }
  }

  get #machine(): Membership<MembershipMessage> {
    return this.#mesh ?? this.#partial!
  }

  // ——— what peers say

  #hear(now: Millis, heard: Heard): void {
    if (this.#mesh !== undefined) this.#hearInMesh(now, this.#mesh, heard)
    else this.#hearInPartial(now, heard)
  }

  #hearInMesh(now: Millis, mesh: FullMesh, { from, message, linked }: Heard): void {
    if (isAsking(message) && mesh.heardLately(now).add(from).size > MOST_IN_MESH) {
      this.#goUp(now, mesh)
      return this.#hearInPartial(now, { from, message, linked })
    }
    if (!isHyparview(message)) return this.#pass(now, { type: 'message', from, message, linked })
    // From a part of the room that has grown large, or has never been small; members are not asked.
    if (message.type === 'component') return this.#pass(now, { type: 'join', peers: [from] })
    // Full with others than we heard of, who are beyond its neighbors: nobody names them to us, or it again.
    if (isFull(message) && !mesh.isAlone && this.#isUnderWay(from)) {
      const isStranger = !mesh.heardLately(now).has(from)
      this.#goUp(now, mesh)
      // None of ours has a link with it: it is of another part of the room.
      if (isStranger) this.#pass(now, { type: 'join', peers: [from] })
      return
    }
    const isAnswer = message.type === 'neighbor-accept' || message.type === 'neighbor-reject'
    // Who is alone takes the kind of whoever lets it in.
    if (isAnswer && mesh.isAwaiting(from, message.requestId) && mesh.isAlone) {
      return this.#enterPartial(now, mesh, from, message, linked)
    }
    const same = toFullMesh(message)
    if (same === undefined) return this.#count('words-of-other-kind')
    if (isAsking(message)) {
      const { requestId } = message
      const answer = { type: 'neighbor-accept', requestId, record: this.#record } as const
      this.#out.push({ type: 'send', to: from, message: answer })
    }
    if (isAnswer) mesh.noteAnswer(from, message.requestId)
    this.#pass(now, { type: 'message', from, message: same, linked })
  }

  #hearInPartial(now: Millis, { from, message, linked }: Heard): void {
    if (isAsking(message)) this.#tellAgain(now, from)
    if (isHyparview(message)) return this.#pass(now, { type: 'message', from, message, linked })
    if (message.type === 'gosp') {
      if (this.#partial!.neighbors.includes(from)) {
        return this.#rounds.hear(now, from, message.view)
      }
      if (!linked || message.view === undefined || this.#isUnderWay(from)) return
    }
    if (message.type === 'info') {
      const isAsked = this.#partial!.neighbors.includes(from) || this.#isUnderWay(from)
      if (!isAsked) return this.#count('infos-unasked')
      this.#pass(now, { type: 'remember', peers: message.members })
    }
    const same = toHyparview(message)
    if (same !== undefined) this.#pass(now, { type: 'message', from, message: same, linked })
  }

  #tellAgain(now: Millis, peer: PeerId): void {
    if (this.#partial?.neighbors.includes(peer)) this.#rounds.up(now, peer)
  }

  #isUnderWay(peer: PeerId): boolean {
    return this.#machine.snapshot().requests.some(request => request.peer === peer)
  }

  // ——— from one to the other

  #reconsider(now: Millis): void {
    const mesh = this.#mesh
    if (mesh !== undefined) {
      if (mesh.heardLately(now).size > MOST_IN_MESH) this.#goUp(now, mesh)
      return
    }
    const { neighbors } = this.#partial!
    this.#rounds.know(now, neighbors)
    const { nextAt } = this.#rounds
    if (nextAt === undefined) this.#timers.clear('gosp')
    else this.#timers.set('gosp', nextAt)
    const { activeViewCapacity } = this.#options.hyparview
    if (neighbors.length > activeViewCapacity) this.#timers.ensure('shed', now + SHED_MS)
    else this.#timers.clear('shed')
  }

  #goUp(now: Millis, mesh: FullMesh): void {
    this.#count('went-up')
    this.#largeAt = now
    const heard = [...mesh.heardLately(now)]
    const { neighbors, linking, rest } = mesh.handOver()
    const partial = this.#newPartial()
    this.#out.push(...rest)
    partial.adopt(now, neighbors)
    this.#pass(now, { type: 'remember', peers: [...heard, ...mesh.known] })
    // The others have agreed already: what is theirs to hear of it is only a no.
    for (const peer of linking) {
      const message = {
        type: 'neighbor-request',
        requestId: 0,
        priority: 'high',
        record: undefined,
      } as const
      const outputs = partial.handle(now, { type: 'message', from: peer, message, linked: false })
      const isRefused = outputs.some(
        one => one.type === 'send' && one.message.type === 'neighbor-reject',
      )
      this.#take(
        now,
        outputs.filter(one => !isAcceptance(one, peer)),
      )
      if (isRefused) this.#out.push({ type: 'release', peer })
    }
    // Those it is about to be linked with may have gone up too, and have no place any more.
    if (neighbors.length === 0) this.#pass(now, { type: 'join', peers: mesh.known })
  }

  /** A newcomer's INIT was answered from a partial view: it was a join, then. */
  #enterPartial(
    now: Millis,
    mesh: FullMesh,
    door: PeerId,
    answer: Message<'neighbor-accept' | 'neighbor-reject'>,
    linked: boolean,
  ): void {
    this.#count('entered-partial')
    const partial = this.#newPartial()
    const peers = [door, ...mesh.known.filter(peer => peer !== door)]
    let message = answer
    for (const output of partial.handle(now, { type: 'join', peers })) {
      if (output.type === 'send' && output.to === door && output.message.type === 'join') {
        message = { ...answer, requestId: output.message.requestId }
      } else this.#take(now, [output])
    }
    this.#pass(now, { type: 'message', from: door, message, linked })
  }

  #goDown(now: Millis, partial: Hyparview): void {
    this.#count('went-down')
    this.#partial = undefined
    this.#timers.clearAll()
    this.#mesh = this.#newMesh()
    this.#take(now, this.#mesh.adopt(now, partial.handOver(), partial.known))
  }

  /** Every peer known to live is a neighbor and has been for a while, and they are few. */
  #isSmall(now: Millis, partial: Hyparview): boolean {
    const since = new Map(partial.handOver().map(({ peer, since }) => [peer, since]))
    const heard = this.#rounds.heardLately(now)
    heard.delete(this.#self)
    const lacking = [...heard].filter(peer => !since.has(peer))
    const isFew = heard.size < MOST_GOING_DOWN
    // No shuffle names them where those between are a full mesh again.
    if (isFew && lacking.length > 0) this.#pass(now, { type: 'remember', peers: lacking })
    const isSmall =
      isFew &&
      lacking.length === 0 &&
      [...since.keys()].every(peer => this.#rounds.neighborsOf(now, peer) !== undefined)
    this.#largeAt = isSmall ? Math.max(this.#largeAt, ...since.values()) : now
    return now - this.#largeAt >= DOWN_AFTER_MS && since.size > 0 && !partial.busy
  }

  // ——— time

  #wake(now: Millis): void {
    for (const timer of this.#timers.due(now)) {
      if (timer === 'gosp') this.#round(now)
      else this.#shed(now)
    }
    if ((this.#machine.nextDeadline?.at ?? Infinity) <= now) this.#pass(now, { type: 'wake' })
  }

  #round(now: Millis): void {
    const partial = this.#partial
    if (partial === undefined || !this.#rounds.take(now)) return
    if (this.#isSmall(now, partial)) return this.#goDown(now, partial)
    const others = this.#others(now)
    for (const to of partial.neighbors) this.#gosp(to, others)
  }

  #gosp(to: PeerId, others: readonly PeerId[]): void {
    const view = this.#rounds.partialViewFor(to, others)
    this.#out.push({
      type: 'send',
      to,
      message: { type: 'gosp', view, presence: [], frontier: undefined },
    })
  }

  /** So that a full mesh hears that the room is larger than it, however few it is linked with. */
  #others(now: Millis): PeerId[] {
    const most = Math.max(0, MOST_NAMED - this.#partial!.neighbors.length)
    return this.#rounds.beyond(now).slice(0, most)
  }

  /** First those that can spare it best. */
  #shed(now: Millis): void {
    const partial = this.#partial
    if (partial === undefined) return
    let most = FEWEST_LEFT
    let best: PeerId[] = []
    for (const peer of partial.neighbors) {
      const count = this.#rounds.neighborsOf(now, peer) ?? 0
      if (count > most) [most, best] = [count, []]
      if (count === most && count > FEWEST_LEFT) best.push(peer)
    }
    const peer = this.#options.random.pick(best)
    if (peer === undefined) return this.#count('nobody-to-shed')
    this.#count('links-shed')
    this.#take(now, partial.shed(now, peer))
  }

  // ——— the rest

  #pass(now: Millis, input: MembershipInput<MembershipMessage>): void {
    this.#take(now, this.#machine.handle(now, input))
  }

  /** In a partial view the rounds follow the neighbors. */
  #take(now: Millis, outputs: readonly Output[]): void {
    for (const output of outputs) {
      this.#out.push(output)
      if (this.#partial === undefined) continue
      if (output.type === 'neighbor-down') this.#rounds.down(output.peer)
      if (output.type !== 'neighbor-up') continue
      this.#rounds.up(now, output.peer)
      this.#rounds.know(now, this.#partial.neighbors)
      this.#gosp(output.peer, this.#others(now))
    }
  }

  #newMesh(): FullMesh {
    const { fullMesh, random } = this.#options
    const config = { ...fullMesh, linkCapacity: MOST_IN_MESH - 1 }
    return new FullMesh({
      self: this.#self,
      config,
      random,
      rounds: this.#rounds,
      ...this.#ownRecord,
    })
  }

  #newPartial(): Hyparview {
    const { hyparview, random } = this.#options
    this.#mesh = undefined
    this.#partial = new Hyparview({
      self: this.#self,
      config: hyparview,
      random,
      ...this.#ownRecord,
    })
    return this.#partial
  }

  get #ownRecord(): { record?: PeerRecord } {
    return this.#record === undefined ? {} : { record: this.#record }
  }

  #count(counter: string): void {
    this.#out.push({ type: 'count', counter })
  }
}

function isAsking(
  message: MembershipMessage,
): message is Message<'init' | 'conn' | 'join' | 'neighbor-request'> {
  const { type } = message
  return type === 'init' || type === 'conn' || type === 'join' || type === 'neighbor-request'
}

function isFull(message: MembershipMessage): boolean {
  return (
    message.type === 'neighbor-reject' && (message.reason === 'full' || message.reason === 'busy')
  )
}

function isAcceptance(output: MembershipOutput<HyparviewMessage>, peer: PeerId): boolean {
  if (output.type === 'connect') return output.peer === peer
  return output.type === 'send' && output.to === peer && output.message.type === 'neighbor-accept'
}

/** Issue: more than eight go up. Seven links each. */
const MOST_IN_MESH = 8
/** Peers in one list: enough to say that there are more than eight. Guess. */
const MOST_NAMED = 12
/** Issue: six or fewer go down. */
const MOST_GOING_DOWN = 6
const DOWN_AFTER_MS = 30_000
const SHED_MS = 1_000
/** Issue: none is shed whose other end has three or fewer. */
const FEWEST_LEFT = 3
