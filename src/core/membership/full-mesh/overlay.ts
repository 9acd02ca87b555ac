import type { Millis, PeerId } from '../../ids.js'
import type { Random } from '../../random.js'
import { Timers } from '../../timers.js'
import type { PeerRecord } from '../hyparview/messages.js'
import { Records } from '../hyparview/records.js'
import type { MembershipOutput, NeighborDownReason } from '../membership.js'
import { Bars } from './bars.js'
import type { FullMeshConfig } from './config.js'
import { Doors } from './doors.js'
import { Lost } from './lost.js'
import { Members } from './members.js'
import type { FullMeshMessage } from './messages.js'
import { Pauses } from './pauses.js'
import { Rounds } from './rounds.js'

export type FullMeshOutput = MembershipOutput<FullMeshMessage>

export interface FullMeshOptions {
  self: PeerId
  config: FullMeshConfig
  random: Random
  record?: PeerRecord
  /** What neighbors said to the membership before this one. */
  rounds?: Rounds
}

/**
 * What the parts of the machine share: the members, what is known of peers, the deadlines, and the outputs of the
 * call under way.
 */
export class Overlay {
  readonly self: PeerId
  readonly config: FullMeshConfig
  readonly members: Members
  readonly rounds: Rounds
  readonly doors: Doors
  readonly pauses: Pauses
  readonly bars = new Bars()
  readonly lost = new Lost()
  readonly records = new Records()
  readonly timers = new Timers()
  record: PeerRecord | undefined
  readonly #random: Random
  #out: FullMeshOutput[] = []

  constructor({ self, config, random, record, rounds }: FullMeshOptions) {
    this.self = self
    this.config = config
    this.record = record
    this.#random = random
    this.members = new Members(config.linkCapacity)
    this.pauses = new Pauses(config, random)
    this.rounds = rounds ?? new Rounds(self, config.periodMs)
    this.doors = new Doors(config, random, this.pauses)
  }

  // ——— outputs

  take(): FullMeshOutput[] {
    const out = this.#out
    this.#out = []
    return out
  }

  emit(output: FullMeshOutput): void {
    this.#out.push(output)
  }

  send(to: PeerId, message: FullMeshMessage): void {
    this.emit({ type: 'send', to, message })
  }

  sendConn(to: PeerId, asks: boolean): void {
    this.send(to, { type: 'conn', requestId: this.#random.u32(), asks, record: this.record })
  }

  gosp(to: PeerId): void {
    const view = this.rounds.viewFor(to)
    this.send(to, { type: 'gosp', view, presence: [], frontier: undefined })
  }

  count(counter: string): void {
    this.emit({ type: 'count', counter })
  }

  // ——— members

  isAdmissible(now: Millis, peer: PeerId): boolean {
    return peer !== this.self && !this.bars.isBanned(now, peer)
  }

  up(now: Millis, peer: PeerId): void {
    this.timers.clear(linkDue(peer))
    this.pauses.forget(peer)
    this.members.set(peer, 'up', now)
    this.rounds.up(now, peer)
    this.rounds.know(now, this.members.neighbors, this.members.linking)
    this.emit({ type: 'neighbor-up', peer })
  }

  drop(peer: PeerId, reason: NeighborDownReason): void {
    const stage = this.members.stage(peer)
    if (stage === undefined) return
    this.members.delete(peer)
    this.rounds.down(peer)
    this.timers.clear(answerDue(peer))
    this.timers.clear(linkDue(peer))
    if (stage === 'up') this.emit({ type: 'neighbor-down', peer, reason })
    if (stage !== 'asking') this.emit({ type: 'release', peer })
  }
}

export function answerDue(peer: PeerId): string {
  return `answer from ${peer}`
}

export function linkDue(peer: PeerId): string {
  return `link with ${peer}`
}
