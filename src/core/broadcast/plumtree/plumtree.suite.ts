import type { Millis, PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import type { BroadcastInput } from '../broadcast.js'
import { ALICE, type Content, messageOf, Network } from '../network.suite.js'
import { PLUMTREE_DEFAULTS, type PlumtreeConfig } from './config.js'
import type { Announcement, PlumtreeMessage } from './messages.js'
import type { Output } from './outbox.js'
import { Plumtree } from './plumtree.js'

/** One machine, Alice's unless told, and words to drive and read it in tests. */
export class Bench {
  readonly machine: Plumtree

  constructor({
    config = {},
    neighbors = [],
    strangers = [],
    floors = false,
    sourceTrees = false,
  }: {
    config?: Partial<PlumtreeConfig>
    /** Who grafted us, so that the tree stands. */
    neighbors?: readonly PeerId[]
    /** Neighbors of whom nothing was heard yet. */
    strangers?: readonly PeerId[]
    floors?: boolean
    sourceTrees?: boolean
  } = {}) {
    this.machine = new Plumtree({
      self: ALICE,
      // Alone unless told: most laws are of the tree that messages make.
      config: { ...PLUMTREE_DEFAULTS, rootAfterMs: Infinity, ...config },
      random: new Random(1),
      floors,
      sourceTrees,
    })
    for (const peer of [...neighbors, ...strangers]) this.at(0, { type: 'neighbor-up', peer })
    const graft = { type: 'graft', source: undefined, wanted: undefined } as const
    for (const peer of neighbors) this.control(0, peer, graft)
  }

  get eager(): PeerId[] {
    return this.machine.snapshot().eager
  }

  get lazy(): PeerId[] {
    return this.machine.snapshot().lazy
  }

  at(now: Millis, input: BroadcastInput<PlumtreeMessage>): Output[] {
    return this.machine.handle(now, input)
  }

  publish(now: Millis, seq: number): Output[] {
    return this.at(now, { type: 'publish', message: messageOf(ALICE, seq, now) })
  }

  message(now: Millis, from: PeerId, author: PeerId, seq: number, round = 0): Output[] {
    return this.at(now, { type: 'message', from, message: messageOf(author, seq, 0), round })
  }

  duplicate(now: Millis, from: PeerId, author: PeerId, seq: number): Output[] {
    return this.at(now, { type: 'duplicate', from, id: { author, seq }, round: 0 })
  }

  control(now: Millis, from: PeerId, message: PlumtreeMessage): Output[] {
    return this.at(now, { type: 'control', from, message })
  }

  prune(now: Millis, from: PeerId): Output[] {
    return this.control(now, from, { type: 'prune', source: undefined })
  }

  ihave(now: Millis, from: PeerId, author: PeerId, first: number, count = 1, round = 0): Output[] {
    const announcements = [{ author, first, count, round }]
    return this.control(now, from, { type: 'ihave', announcements })
  }

  graft(now: Millis, from: PeerId, author: PeerId, seq: number): Output[] {
    const wanted = { author, seq, round: 0 }
    return this.control(now, from, { type: 'graft', source: undefined, wanted })
  }

  refuse(now: Millis, from: PeerId, author: PeerId, seq: number): Output[] {
    return this.control(now, from, { type: 'graft-refused', author, seq })
  }

  wake(now: Millis): Output[] {
    return this.at(now, { type: 'wake' })
  }
}

/** What goes to whom, in order. */
export function sent(outputs: readonly Output[]): { to: PeerId; message: PlumtreeMessage }[] {
  return outputs.flatMap(output =>
    output.type === 'send' ? [{ to: output.to, message: output.message }] : [],
  )
}

export function sentTo(peer: PeerId, outputs: readonly Output[]): PlumtreeMessage['type'][] {
  return sent(outputs).flatMap(({ to, message }) => (to === peer ? [message.type] : []))
}

export function runsTo(peer: PeerId, outputs: readonly Output[]): Announcement[] {
  return sent(outputs).flatMap(({ to, message }) =>
    to === peer && message.type === 'ihave' ? message.announcements : [],
  )
}

/** Who is asked for which number. */
export function asked(outputs: readonly Output[]): [peer: PeerId, seq: number][] {
  return sent(outputs).flatMap(({ to, message }): [PeerId, number][] =>
    message.type === 'graft' && message.wanted !== undefined ? [[to, message.wanted.seq]] : [],
  )
}

export function counted(counter: string, outputs: readonly Output[]): number {
  let total = 0
  for (const output of outputs) {
    if (output.type === 'count' && output.counter === counter) total += output.by ?? 1
  }
  return total
}

export function blames(outputs: readonly Output[]): string[] {
  return outputs.flatMap(output =>
    output.type === 'blame' ? [`${output.peer.slice(0, 8)} ${output.reason}`] : [],
  )
}

export function contentOf(message: PlumtreeMessage): Content {
  if (message.type === 'gossip') return { ...message, kind: 'payload' }
  return { kind: message.type === 'neighbor-gossip' ? 'neighbors' : 'control' }
}

export function plumtreeNetwork(
  peers: number,
  seed: number,
  config: Partial<PlumtreeConfig> = {},
): Network<PlumtreeMessage> {
  return new Network({
    peers,
    seed,
    contentOf,
    make: (self, random) =>
      new Plumtree({ self, random, config: { ...PLUMTREE_DEFAULTS, ...config } }),
  })
}
