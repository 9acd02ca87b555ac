import { GossamerError } from '../bridge/errors.js'
import type { ClientMessage, NodeMessage, Notice } from '../bridge/node-messages.js'
import type { OpenMessage } from '../bridge/open-messages.js'
import type { RtcOrder, RtcReport } from '../bridge/rtc-messages.js'
import { openStore } from '../storage/open-store.js'
import type { Client } from './clients.js'
import { monotonicClock } from './clock.js'
import { loadIdentity } from './identity.js'
import { Runtime } from './runtime.js'
import { type Slot, takeSlot } from './slots.js'

// The worker's entry: the first message opens the node, the rest go to it.

declare const self: DedicatedWorkerGlobalScope

type FromPage = OpenMessage | ClientMessage | RtcReport

let runtime: Runtime | undefined
let opener: Client | undefined
let isOpening = false

self.onmessage = ({ data }: MessageEvent<FromPage>) => {
  if (data.type === 'open') void open(data)
  else if (runtime === undefined || opener === undefined) return
  else if (data.type === 'page' || data.type.startsWith('rtc-')) runtime.report(data as RtcReport)
  else opener.receive(data as ClientMessage)
}

async function open({ call, options }: OpenMessage): Promise<void> {
  let slot: Slot | undefined
  try {
    if (isOpening) throw new GossamerError('invalid-argument', 'This worker has a node already.')
    isOpening = true
    const { kind, name } = options.storage
    const early: Notice[] = []
    const taken = await takeSlot({
      locks: navigator.locks,
      name,
      remembered: options.slot,
    })
    slot = taken
    const store = await openStore({
      kind,
      name,
      held: taken.held,
      slot: taken.slot,
      onNotice: notice => (runtime === undefined ? early.push(notice) : runtime.notice(notice)),
    })
    const identity = await loadIdentity(store)
    const created = new Runtime(options, identity, store, {
      clock: monotonicClock(),
      order: post,
      serve,
      ended: () => {
        taken.release()
        // The answer to `shutdown` goes out first.
        setTimeout(() => self.close(), 0)
      },
    })
    opener = created.addClient(post)
    runtime = created
    post({ type: 'slot', slot: taken.slot })
    post({ type: 'answer', call, value: created.welcome() })
    for (const notice of early) created.notice(notice)
    await created.start()
  } catch (error) {
    if (runtime === undefined) slot?.release()
    const code = error instanceof GossamerError ? error.code : 'failed'
    const message = error instanceof Error ? error.message : String(error)
    post({ type: 'refused', call, code, message })
  }
}

function post(message: NodeMessage | RtcOrder, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer)
}

function serve(port: unknown, node: Runtime): void {
  if (!(port instanceof MessagePort))
    throw new GossamerError('invalid-argument', 'listen: no MessagePort.')
  const client = node.addClient((message, transfer = []) => port.postMessage(message, transfer))
  port.onmessage = ({ data }: MessageEvent<ClientMessage>) => client.receive(data)
  // Fired where the engine knows it (Chromium 122); elsewhere the client's `leave` does it.
  port.addEventListener('close', () => node.removeClient(client))
}
