import type { PeerId } from '../../ids.js'
import { Random } from '../../random.js'
import type { MembershipInput } from '../membership.js'
import { testPeer } from '../network.suite.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from './config.js'
import { FullMesh } from './full-mesh.js'
import type { FullMeshMessage } from './messages.js'
import type { FullMeshOutput } from './overlay.js'

// One machine, what it hears, and what it says: for the laws of its conversation.

export const [a, b, c, d, e] = [0, 1, 2, 3, 4].map(testPeer) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]
export const { periodMs } = FULL_MESH_DEFAULTS

export type Gosp = Extract<FullMeshMessage, { type: 'gosp' }>

export function gosp(view: Partial<NonNullable<Gosp['view']>> = {}): Gosp {
  const { digest = new Uint8Array(8), members } = view
  return { type: 'gosp', view: { digest, members }, presence: [], frontier: undefined }
}

/** A machine whose neighbors are these. */
export function meshOf(self: PeerId, ...rest: (PeerId | Partial<FullMeshConfig>)[]): One {
  const config = rest.find(one => typeof one === 'object') ?? {}
  const one = new One(self, config as Partial<FullMeshConfig>)
  for (const peer of rest) {
    if (typeof peer === 'object') continue
    one.hear(peer, { type: 'conn', requestId: 1, asks: false, record: undefined })
    one.input({ type: 'link-up', peer })
  }
  one.forget('connect', 'neighbor-up')
  return one
}

/** One machine, its clock, and what it put out. */
export class One {
  readonly machine: FullMesh
  #now = 1_000_000
  #out: FullMeshOutput[] = []

  constructor(self: PeerId, config: Partial<FullMeshConfig> = {}) {
    this.machine = new FullMesh({
      self,
      config: { ...FULL_MESH_DEFAULTS, ...config },
      random: new Random(1),
    })
  }

  input(input: MembershipInput<FullMeshMessage>): void {
    this.#out.push(...this.machine.handle(this.#now, input))
  }

  hear(from: PeerId, message: FullMeshMessage): void {
    const linked = this.machine.neighbors.includes(from) || message.type === 'gosp'
    this.input({ type: 'message', from, message, linked })
  }

  /** To the INIT it said last. */
  answer(from: PeerId, type: 'info' | 'bye', members: PeerId[] = []): void {
    const said = [...this.#all('init'), ...this.#answered].filter(([to]) => to === from)
    const { requestId } = said.at(-1)![1] as { requestId: number }
    this.hear(
      from,
      type === 'info'
        ? { type, requestId, members, record: undefined }
        : { type, requestId, reason: 'full' },
    )
  }

  after(ms: number): void {
    const until = this.#now + ms
    for (let at = this.#due; at !== undefined && at <= until; at = this.#due) {
      this.#now = Math.max(this.#now, at)
      this.input({ type: 'wake' })
    }
    this.#now = until
  }

  sleep(ms: number): void {
    this.#now += ms
    this.input({ type: 'wake' })
  }

  /** To whom such messages went since the last look. */
  sent(type: FullMeshMessage['type']): PeerId[] {
    return this.saidTo(type).map(([to]) => to)
  }

  said(type: FullMeshMessage['type']): FullMeshMessage[] {
    return this.saidTo(type).map(([, message]) => message)
  }

  saidTo(type: FullMeshMessage['type']): [PeerId, FullMeshMessage][] {
    const found = this.#all(type)
    if (type === 'init') this.#answered.push(...found)
    this.#out = this.#out.filter(one => one.type !== 'send' || one.message.type !== type)
    return found
  }

  outputs(type: FullMeshOutput['type']): FullMeshOutput[] {
    return this.#out.filter(one => one.type === type)
  }

  forget(...types: FullMeshOutput['type'][]): void {
    this.#out = this.#out.filter(one => !types.includes(one.type))
  }

  readonly #answered: [PeerId, FullMeshMessage][] = []

  get #due(): number | undefined {
    return this.machine.nextDeadline?.at
  }

  #all(type: FullMeshMessage['type']): [PeerId, FullMeshMessage][] {
    return this.#out.flatMap(one =>
      one.type === 'send' && one.message.type === type
        ? [[one.to, one.message] as [PeerId, FullMeshMessage]]
        : [],
    )
  }
}
