import { GossamerError, textOf } from '../bridge/errors.js'
import type { NodeInput } from '../core/io.js'
import type { Node } from '../core/node.js'
import type { presenceBytes } from '../core/presence/signed-bytes.js'
import type { Protocols } from '../core/protocols.js'
import type { TopicTerms } from '../core/topic-hello.js'
import type { OpStores, OpStoresSource } from '../storage/op-stores.js'
import type { Store } from '../storage/store.js'
import type { Histories, HistoriesWorld } from './history.js'
import type { HistoryDoor } from './history-door.js'
import type { NewsOf } from './presence-news.js'
import type { relay } from './relayed-link.js'

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
  /** What is too little for files of their own. */
  more: {
    presence: NonNullable<Protocols['presence']>
    presenceBytes: typeof presenceBytes
    newsOf: NewsOf
    memoryStore(opStores: OpStoresSource): Store
    relay: typeof relay
  }
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

  /** What was fetched before. */
  part<Name extends ExtraName>(name: Name): ExtraParts[Name] {
    const part = this.#parts[name]
    if (part === undefined) throw new Error(`${name} is not loaded.`)
    return part
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
      const message = `worker-${name}.js could not be loaded: ${textOf(cause)}`
      throw new GossamerError('protocol-unavailable', message, { cause })
    }
    const { history, 'full-mesh': fullMesh, more } = this.#parts
    if (history !== undefined) this.protocols.history = history.protocol
    if (fullMesh !== undefined) this.protocols.fullMesh = fullMesh.protocol
    if (more !== undefined) this.protocols.presence = more.presence
  }
}
