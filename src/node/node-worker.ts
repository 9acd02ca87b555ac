/**
 * A peer in a Node process.
 *
 * @module gossamer/node
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import WebSocket from 'ws'
import type { NodeMessage, Notice } from '../bridge/node-messages.js'
import type { MessagePortLike } from '../bridge/port.js'
import type { RtcOrder } from '../bridge/rtc-messages.js'
import { RtcDriver } from '../page/rtc-driver.js'
import type { RtcEngine } from '../page/rtc-engine.js'
import { allExtras } from '../worker/all-extras.js'
import { type FromOpener, Host } from '../worker/host.js'
import { datachannelEngine } from './datachannel-engine.js'

/**
 * What a Web Worker is to a page, for a Node process: the same runtime, in this very thread, with node-datachannel for WebRTC.
 *
 * ```ts
 * const gossip = await Gossip.open({ signaling, storage: 'memory', worker: await nodeWorker() })
 * ```
 *
 * One node each. Everything is kept in memory, so every start is a new peer; any other `storage` is told as a
 * `storage-unavailable` notice. `link` has no meaning here.
 *
 * Rejects with `unsupported` where node-datachannel, an optional dependency, can't be loaded.
 */
export async function nodeWorker(): Promise<MessagePortLike> {
  const { engine, release } = await datachannelEngine()
  const { port1, port2 } = new MessageChannel()
  new NodeInProcess(port2, engine, release)
  return port1
}

/** A node and the driver of its connections, behind a port. */
class NodeInProcess {
  readonly #port: MessagePort
  readonly #driver: RtcDriver
  readonly #host: Host
  /** Connections that the application made: its own driver relays them. */
  readonly #adopted = new Set<string>()
  #isEnded = false

  constructor(port: MessagePort, engine: RtcEngine, release: () => void) {
    this.#port = port
    // In microtasks, for neither side expects the other's answer within its own call. Channels say nothing before the next task.
    this.#driver = new RtcDriver(report => queueMicrotask(() => this.#host.receive(report)), engine)
    this.#host = new Host({
      locks: undefined,
      extras: allExtras,
      socket: url => new QuietSocket(url) as unknown as globalThis.WebSocket,
      post: (message, transfer) => this.#post(message, transfer),
      ended: () => {
        this.#isEnded = true
        // What was said last goes out first.
        setImmediate(() => port.close())
      },
    })
    port.on('message', (message: FromOpener) => this.#receive(message))
    port.on('close', () => {
      // Its opener went without a word.
      if (!this.#isEnded) this.#host.receive({ type: 'shutdown', call: 0 })
      this.#driver.closeAll('the node ended')
      release()
    })
  }

  #receive(message: FromOpener): void {
    if (message.type === 'rtc-adopted') this.#adopted.add(nameOf(message))
    if (message.type === 'rtc-closed') this.#adopted.delete(nameOf(message))
    if (message.type !== 'open') return this.#host.receive(message)
    const { options } = message
    const { kind, name } = options.storage
    if (kind !== 'memory') this.#post({ type: 'notice', notice: KEPT_IN_MEMORY })
    const storage = { kind: 'memory', name } as const
    this.#host.receive({ ...message, options: { ...options, storage } })
  }

  #post(message: NodeMessage | RtcOrder, transfer: ArrayBuffer[] = []): void {
    if (this.#isDriven(message)) queueMicrotask(() => this.#driver.obey(lending(message)))
    else if (!this.#isEnded) this.#port.postMessage(message, transfer)
  }

  #isDriven(message: NodeMessage | RtcOrder): message is DriverOrder {
    return message.type.startsWith('rtc-') && !this.#adopted.has(nameOf(message as DriverOrder))
  }
}

type DriverOrder = Exclude<RtcOrder, { type: 'slot' }>

/** Nothing lies between us and our channels that could relay. */
function lending(order: DriverOrder): DriverOrder {
  return order.type === 'rtc-dial' ? { ...order, relayed: false } : order
}

function nameOf({ peer, epoch }: { peer: string; epoch: number }): string {
  return `${peer} ${epoch}`
}

/** One whose errors are told by its closing, as a browser's are; unheard they would end the process. */
class QuietSocket extends WebSocket {
  constructor(url: string) {
    super(url)
    this.on('error', () => {})
  }
}

const KEPT_IN_MEMORY: Notice = {
  code: 'storage-unavailable',
  message:
    "Node has no IndexedDB: everything is kept in memory, and the next start is a new peer. `storage: 'memory'` says that this is meant.",
}
