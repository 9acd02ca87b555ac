import { GossamerError } from '../bridge/errors.js'
import type { Notice, Welcome } from '../bridge/node-messages.js'
import type { NodeOptions } from '../bridge/open-messages.js'
import type { RtcOrder } from '../bridge/rtc-messages.js'
import type { PeerId } from '../core/ids.js'
import { type PageState, watchPage } from './lifecycle.js'
import { pageExtra } from './load-extra.js'
import { NodeClient } from './node-client.js'
import { ownExtras } from './own-worker.js'
import { PageSlot } from './page-slot.js'
import { RtcDriver } from './rtc-driver.js'
import type { RtcEngine } from './rtc-engine.js'
import { type SpawnedWorker, spawnWorker, type WorkerSource } from './spawn-worker.js'

export interface OpenRequest {
  options: Omit<NodeOptions, 'slot' | 'extras'>
  worker: WorkerSource | undefined
  signal: AbortSignal | undefined
  onNotice(notice: Notice): void
  onGone(error: GossamerError): void
  /** The browser's own where absent. */
  engine?: RtcEngine
}

/** A node of our own in a worker, and this page as its peripheral. */
export class OpenedNode {
  readonly client: NodeClient
  readonly #worker: SpawnedWorker
  readonly #driver: RtcDriver
  readonly #slot: PageSlot
  readonly #stopWatching: () => void
  #isOver = false

  private constructor(worker: SpawnedWorker, request: OpenRequest) {
    this.#worker = worker
    this.#slot = PageSlot.claim(request.options.storage.name)
    this.client = new NodeClient(worker.port, {
      notice: request.onNotice,
      order: order => this.#obey(order),
      gone: error => {
        this.#end('the worker died')
        request.onGone(error)
      },
    })
    this.#driver = new RtcDriver(
      (report, transfer) => this.client.post(report, transfer),
      request.engine,
    )
    this.#stopWatching = watchPage(state => this.#pageIs(state))
  }

  /** Rejects with `worker-unavailable`, with what the worker refuses for, or with the signal's reason. */
  static async open(request: OpenRequest): Promise<{ node: OpenedNode; welcome: Welcome }> {
    const { signal } = request
    signal?.throwIfAborted()
    let node: OpenedNode | undefined
    try {
      node = new OpenedNode(spawnWorker(request.worker), request)
      const options: NodeOptions = {
        ...request.options,
        slot: node.#slot.value,
        extras: ownExtras(),
      }
      const welcome = await node.client.greet(call => ({ type: 'open', call, options }), {
        signal,
        timeoutMs: ANSWER_WITHIN_MS,
      })
      return { node, welcome }
    } catch (reason) {
      node?.close(new GossamerError('closed', 'It was never open.'))
      throw await explained(reason, request.worker === undefined)
    }
  }

  adopt(channel: RTCDataChannel, peer: PeerId): void {
    this.#driver.adopt(channel, peer)
  }

  /** At once; what should be said before was said. */
  close(error: GossamerError): void {
    this.#end('the page closed it')
    this.client.close(error)
  }

  #obey(order: RtcOrder): void {
    if (order.type === 'slot') this.#slot.value = order.slot
    else this.#driver.obey(order)
  }

  #pageIs(state: PageState): void {
    this.client.post({ type: 'page', state })
    // Else a page that is put away, or a tab that is closed, goes on being a neighbor for seconds.
    if (state === 'leaving') this.#driver.closeAll('the page is leaving')
  }

  #end(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopWatching()
    this.#driver.closeAll(reason)
    this.#slot.free()
    this.#worker.terminate()
  }
}

/** What to try is said by the extra; where that can't be loaded either, the reason is all there is. */
async function explained(reason: unknown, isOwn: boolean): Promise<unknown> {
  if (!(reason instanceof GossamerError)) return reason
  const { code, message } = reason
  if (code !== 'no-answer' && code !== 'worker-gone') return reason
  const said = await pageExtra().then(
    ({ whatToTry }) => whatToTry(message, isOwn),
    () => message,
  )
  return new GossamerError('worker-unavailable', said, { cause: reason })
}

/**
 * As long as a worker may be silent later (watch.ts). The design says 5 s, which is not enough on a machine with much else to
 * do: measured with twelve tabs at a load of 35 on two cores, whose people were told that something blocks workers.
 */
const ANSWER_WITHIN_MS = 15_000
