import type { Millis, TopicId } from '../core/ids.js'
import type { NodeInput, NodeOutput } from '../core/io.js'
import { canonicalView, sealed } from '../core/message.js'
import { neighborBytes } from './door.js'
import type { Extras } from './extras.js'
import type { Identity } from './identity.js'
import { InOrder } from './in-order.js'

type SealOutput = Extract<NodeOutput, { type: 'seal' | 'seal-neighbors' | 'seal-presence' }>

/** What sealing needs around it. */
export interface SealsWorld {
  identity: Identity
  /** For presence. */
  extras: Extras
  clock: () => Millis
  input(input: NodeInput): void
}

/** Signs what we say in one topic. It leaves in the order in which it was said. */
export class Seals {
  readonly #world: SealsWorld
  readonly #topic: TopicId
  readonly #isSigned: boolean
  readonly #inOrder = new InOrder()

  constructor(world: SealsWorld, topic: TopicId, isSigned: boolean) {
    this.#world = world
    this.#topic = topic
    this.#isSigned = isSigned
  }

  /** Signatures being made. */
  get waiting(): number {
    return this.#inOrder.waiting
  }

  seal(output: SealOutput): void {
    const { identity, extras, clock, input } = this.#world
    const topic = this.#topic
    switch (output.type) {
      case 'seal': {
        const { ref, draft } = output
        return this.#sign(
          () => canonicalView(topic, draft),
          signature => input({ type: 'sealed', topic, ref, message: sealed(draft, signature) }),
        )
      }
      case 'seal-neighbors': {
        const { ref, payload } = output
        const nonce = crypto.getRandomValues(new Uint8Array(16))
        const said = { nonce, time: Math.floor(clock()), payload }
        return this.#sign(
          () => neighborBytes(topic, identity.peerId, said),
          signature => input({ type: 'neighbors-sealed', topic, ref, ...said, signature }),
        )
      }
      case 'seal-presence': {
        const { draft } = output
        return this.#sign(
          () => extras.part('more').presenceBytes(topic, identity.peerId, draft),
          signature =>
            input({ type: 'presence-sealed', topic, statement: { ...draft, signature } }),
        )
      }
    }
  }

  #sign(bytes: () => Uint8Array, act: (signature: Uint8Array | undefined) => void): void {
    if (!this.#isSigned) act(undefined)
    else this.#inOrder.later(this.#world.identity.sign(bytes()), act)
  }
}
