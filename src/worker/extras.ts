import { GossamerError } from '../bridge/errors.js'
import type { NodeInput } from '../core/io.js'
import type { Node } from '../core/node.js'
import type { Protocols } from '../core/protocols.js'
import type { TopicTerms } from '../core/topic-hello.js'
import type { OpStores } from '../storage/op-stores.js'
import type { Histories, HistoriesWorld } from './history.js'
import type { HistoryDoor } from './history-door.js'

/**
 * What only some topics ask for, each with all that it needs, and so that pages whose topics don't need not fetch it:
 * docs/decisions/0010-extras-come-on-demand.md.
 */
export interface ExtraParts {
  history: {
    protocol: NonNullable<Protocols['history']>
    opStores: OpStores
    histories(world: HistoriesWorld): Histories
    door(
      node: Node,
      input: (input: NodeInput) => void,
      count: (counter: string) => void,
    ): HistoryDoor
  }
  'full-mesh': { protocol: NonNullable<Protocols['fullMesh']> }
}

export type ExtraName = keyof ExtraParts
export type LoadExtra = <Name extends ExtraName>(name: Name) => Promise<ExtraParts[Name]>

/** The extras that a node has, and how it comes by the others. */
export class Extras {
  /** What the core is given: it grows. */
  readonly protocols: Protocols = {}
  #history: ExtraParts['history'] | undefined
  readonly #load: LoadExtra
  readonly #loading = new Map<ExtraName, Promise<void>>()

  constructor(load: LoadExtra) {
    this.#load = load
  }

  get history(): ExtraParts['history'] {
    if (this.#history === undefined) throw new Error('The history is not loaded.')
    return this.#history
  }

  readonly opStores = (): OpStores | undefined => this.#history?.opStores

  /** Until all that the terms name is here. Rejects with `protocol-unavailable`; the next call tries again. */
  async need({ membership, history }: TopicTerms): Promise<void> {
    if (history !== 'none' && this.#history === undefined) {
      await this.#once('history', extra => {
        this.#history = extra
        this.protocols.history = extra.protocol
      })
    }
    if (membership !== 'hyparview' && this.protocols.fullMesh === undefined) {
      await this.#once('full-mesh', extra => {
        this.protocols.fullMesh = extra.protocol
      })
    }
  }

  #once<Name extends ExtraName>(
    name: Name,
    take: (extra: ExtraParts[Name]) => void,
  ): Promise<void> {
    let loading = this.#loading.get(name)
    if (loading === undefined) {
      loading = this.#load(name)
        .then(take, (cause: unknown) => {
          const why = cause instanceof Error ? cause.message : String(cause)
          const message = `What a topic with ${name} needs could not be loaded: ${why}`
          throw new GossamerError('protocol-unavailable', message, { cause })
        })
        .finally(() => this.#loading.delete(name))
      this.#loading.set(name, loading)
    }
    return loading
  }
}
