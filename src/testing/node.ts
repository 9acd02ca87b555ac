import { GossamerError } from '../bridge/errors.js'
import type { ClientMessage, NodeMessage } from '../bridge/node-messages.js'
import type { OpenMessage } from '../bridge/open-messages.js'
import type { MessagePortLike } from '../bridge/port.js'
import type { RtcReport } from '../bridge/rtc-messages.js'
import type { PeerId } from '../core/ids.js'
import { OP_STORES } from '../storage/all-op-stores.js'
import { MemoryStore } from '../storage/memory-store.js'
import { allExtras } from '../worker/all-extras.js'
import type { Client } from '../worker/clients.js'
import { loadIdentity } from '../worker/identity.js'
import { Runtime } from '../worker/runtime.js'
import { MemoryPage, type Network } from './page.js'
import type { MemorySignaling } from './signaling.js'

/** What a node shares with the others of its mesh. */
export interface Surroundings {
  readonly network: Network
  readonly signaling: MemorySignaling
  newKeys(): Promise<CryptoKeyPair>
  opened(node: MemoryNode): void
  ended(node: MemoryNode): void
}

/**
 * In place of a worker: the same runtime, whose page makes its connections in memory. It speaks as a worker does,
 * so `Gossip.open({ worker })` takes it.
 */
export class MemoryNode implements MessagePortLike {
  readonly #listeners = new Map<string, (value: unknown) => void>()
  readonly #surroundings: Surroundings
  #runtime: Runtime | undefined
  #opener: Client | undefined
  #page: MemoryPage | undefined
  #peer: PeerId | undefined
  #isOver = false

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** Undefined until it is open. */
  get peer(): PeerId | undefined {
    return this.#peer
  }

  get page(): MemoryPage | undefined {
    return this.#page
  }

  postMessage(message: OpenMessage | ClientMessage | RtcReport): void {
    const { time } = this.#surroundings.network
    const said = structuredClone(message)
    time.soon(() => {
      if (this.#isOver) return
      if (said.type === 'open') void this.#open(said)
      else if (said.type === 'page') this.#runtime?.report(said)
      // What the page says of connections concerns those of a browser.
      else if (!said.type.startsWith('rtc-')) this.#opener?.receive(said as ClientMessage)
    })
  }

  /** As Node's workers: `message` and `exit` are told. */
  on(type: string, listener: (value: unknown) => void): void {
    this.#listeners.set(type, listener)
  }

  /** As a worker that is terminated. */
  terminate(): void {
    this.#end()
  }

  /** As a machine that falls dead. */
  crash(): void {
    this.#page?.crash()
    if (this.#peer !== undefined) this.#surroundings.signaling.forget(this.#peer)
    this.#end()
  }

  /** Parting words, then the end. */
  async shutdown(): Promise<void> {
    if (this.#isOver || this.#opener === undefined) return
    await new Promise<void>(resolve => {
      this.#ended = resolve
      this.#opener?.receive({ type: 'shutdown', call: LAST_CALL })
    })
  }

  #ended: () => void = () => {}

  async #open({ call, options }: OpenMessage): Promise<void> {
    const { network, signaling, newKeys } = this.#surroundings
    const { time } = network
    try {
      const store = new MemoryStore(() => OP_STORES)
      await store.saveIdentity(await newKeys())
      const identity = await loadIdentity(store)
      const page = new MemoryPage(network, identity.peerId, report => {
        if (!this.#isOver) this.#runtime?.report(report)
      })
      const runtime = new Runtime({ ...options, link: 'auto' }, identity, store, {
        clock: () => time.now(),
        extras: allExtras(),
        order: page.obey,
        serve: () => {
          throw new GossamerError('unsupported', 'A mesh in memory serves no other ports.')
        },
        ended: () => this.#end(),
        socket: () => signaling.open(),
      })
      this.#peer = identity.peerId
      this.#page = page
      this.#runtime = runtime
      this.#opener = runtime.addClient(message => this.#post(message))
      this.#surroundings.opened(this)
      this.#post({ type: 'answer', call, value: runtime.welcome() })
      await runtime.start()
    } catch (error) {
      const code = error instanceof GossamerError ? error.code : 'failed'
      const message = error instanceof Error ? error.message : String(error)
      this.#post({ type: 'refused', call, code, message })
    }
  }

  #post(message: NodeMessage): void {
    const said = structuredClone(message)
    this.#surroundings.network.time.soon(() => this.#listeners.get('message')?.(said))
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#page?.closeAll()
    this.#surroundings.ended(this)
    this.#ended()
    // The answer to `shutdown` goes out first.
    const { time } = this.#surroundings.network
    time.soon(() => time.soon(() => this.#listeners.get('exit')?.(0)))
  }
}

/** A number that no page gets to. */
const LAST_CALL = Number.MAX_SAFE_INTEGER
