import { GossamerError, textOf } from '../bridge/errors.js'
import type { NodeInput } from '../core/io.js'
import type { Node } from '../core/node.js'
import type { Protocols } from '../core/protocols.js'
import type { TopicTerms } from '../core/topic-hello.js'
import type { OpStores } from '../storage/op-stores.js'
import type { Histories, HistoriesWorld } from './history.js'
import type { HistoryDoor } from './history-door.js'

/**
 * What only some topics ask for, each with all that it needs, and so that pages whose topics don't need not fetch it:
 * docs/decisions/0012-extras-come-on-demand.md.
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
  presence: { protocol: NonNullable<Protocols['presence']> }
}

export type ExtraName = keyof ExtraParts
export type LoadExtra = <Name extends ExtraName>(name: Name) => Promise<ExtraParts[Name]>

/** The extras that a node has, and how it comes by the others. */
export class Extras {
  /** What the core is given: it grows. */
  readonly protocols: Protocols = {}
  readonly #parts: Partial<ExtraParts> = {}
  readonly #load: LoadExtra
  readonly #loading = new Map<ExtraName, Promise<void>>()

  constructor(load: LoadExtra) {
    this.#load = load
  }

  get history(): ExtraParts['history'] {
    const { history } = this.#parts
    if (history === undefined) throw new Error('The history is not loaded.')
    return history
  }

  readonly opStores = (): OpStores | undefined => this.#parts.history?.opStores

  /** Until all that the terms name is here. Rejects as `fetch`. */
  async need({ membership, history }: TopicTerms): Promise<void> {
    if (history !== 'none') await this.fetch('history')
    if (membership !== 'hyparview') await this.fetch('full-mesh')
  }

  has(name: ExtraName): boolean {
    return this.#parts[name] !== undefined
  }

  /** Until it is here. Rejects with `protocol-unavailable`; the next call tries again. */
  async fetch(name: ExtraName): Promise<void> {
    if (this.has(name)) return
    let loading = this.#loading.get(name)
    if (loading === undefined) {
      loading = this.#take(name).finally(() => this.#loading.delete(name))
      this.#loading.set(name, loading)
    }
    return loading
  }

  async #take(name: ExtraName): Promise<void> {
    try {
      Object.assign(this.#parts, { [name]: await this.#load(name) })
    } catch (cause) {
      const message = `What a topic with ${name} needs could not be loaded: ${textOf(cause)}`
      throw new GossamerError('protocol-unavailable', message, { cause })
    }
    const { history, 'full-mesh': fullMesh, presence } = this.#parts
    if (history !== undefined) this.protocols.history = history.protocol
    if (fullMesh !== undefined) this.protocols.fullMesh = fullMesh.protocol
    if (presence !== undefined) this.protocols.presence = presence.protocol
  }
}
