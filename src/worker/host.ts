import { GossamerError } from '../bridge/errors.js'
import type { ClientMessage, NodeMessage, Notice } from '../bridge/node-messages.js'
import type { NodeOptions, OpenMessage } from '../bridge/open-messages.js'
import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { openStore } from '../storage/open-store.js'
import { type Client, failure } from './clients.js'
import { monotonicClock } from './clock.js'
import type { Extras } from './extras.js'
import { loadIdentity } from './identity.js'
import { Runtime, type RuntimeWorld } from './runtime.js'
import { type Slot, takeSlot } from './slots.js'

/** All that is said to a node by whoever opened it. */
export type FromOpener = OpenMessage | ClientMessage | RtcReport

/** Where a node lives: a worker of a page, or a Node process. */
export interface HostWorld {
  /** Which guard identity slots; undefined where there are none. */
  locks: Pick<LockManager, 'request'> | undefined
  socket?: RuntimeWorld['socket']
  extras(options: NodeOptions): Extras
  /** To the opener. */
  post(message: NodeMessage | RtcOrder, transfer?: ArrayBuffer[]): void
  /** The node has ended; what it said last is on its way. */
  ended(): void
}

/** Opens one node at the first message, and passes it the rest. */
export class Host {
  readonly #world: HostWorld
  #runtime: Runtime | undefined
  #opener: Client | undefined
  #isOpening = false

  constructor(world: HostWorld) {
    this.#world = world
  }

  receive(message: FromOpener): void {
    if (message.type === 'open') void this.#open(message)
    else if (this.#runtime === undefined || this.#opener === undefined) return
    else if (message.type === 'page' || message.type.startsWith('rtc-'))
      this.#runtime.report(message as RtcReport)
    else this.#opener.receive(message as ClientMessage)
  }

  async #open({ call, options }: OpenMessage): Promise<void> {
    const { post } = this.#world
    let slot: Slot | undefined
    try {
      if (this.#isOpening) {
        throw new GossamerError('invalid-argument', 'This worker has a node already.')
      }
      this.#isOpening = true
      slot = await takeSlot({
        locks: this.#world.locks,
        name: options.storage.name,
        remembered: options.slot,
      })
      await this.#run(call, options, slot)
    } catch (error) {
      if (this.#runtime === undefined) slot?.release()
      post({ type: 'refused', call, ...failure(error) })
    }
  }

  async #run(call: number, options: NodeOptions, taken: Slot): Promise<void> {
    const { post, socket, ended } = this.#world
    const early: Notice[] = []
    const extras = this.#world.extras(options)
    const store = await openStore({
      ...options.storage,
      opStores: extras.opStores,
      memory: async opStores => {
        await extras.fetch('more')
        return extras.part('more').memoryStore(opStores)
      },
      held: taken.held,
      slot: taken.slot,
      onNotice: notice =>
        this.#runtime === undefined ? early.push(notice) : this.#runtime.notice(notice),
    })
    const identity = await loadIdentity(store)
    const runtime = new Runtime(options, identity, store, {
      clock: monotonicClock(),
      socket,
      extras,
      order: post,
      serve,
      ended: () => {
        taken.release()
        ended()
      },
    })
    this.#opener = runtime.addClient(post)
    this.#runtime = runtime
    post({ type: 'slot', slot: taken.slot })
    post({ type: 'answer', call, value: runtime.welcome() })
    for (const notice of early) runtime.notice(notice)
    await runtime.start()
  }
}

function serve(port: unknown, node: Runtime): void {
  if (!(port instanceof MessagePort))
    throw new GossamerError('invalid-argument', 'listen: no MessagePort.')
  const client = node.addClient((message, transfer = []) => port.postMessage(message, transfer))
  port.onmessage = ({ data }: MessageEvent<ClientMessage>) => client.receive(data)
  // Fired where the engine knows it (Chromium 122); elsewhere the client's `leave` does it.
  port.addEventListener('close', () => node.removeClient(client))
}
