import type {
  BroadcastCall,
  ClientEvent,
  ClientMessage,
  HistoryState,
} from '../bridge/node-messages.js'
import type { OpenMessage } from '../bridge/open-messages.js'
import { createPortPair, type Port } from '../bridge/port.js'
import type { RtcReport } from '../bridge/rtc-messages.js'
import { openBundle } from '../core/bundle.js'
import { type PeerId, peerIdFromBytes } from '../core/ids.js'
import type { TopicStatus } from '../core/io.js'

type Broadcast = Extract<ClientMessage, { type: 'broadcast' }>
/** As it is heard; of runs of broadcasts each is heard alone. */
type FromClient =
  | OpenMessage
  | Exclude<ClientMessage, Broadcast>
  | (Omit<Broadcast, 'calls'> & { calls: BroadcastCall[] })
  | RtcReport
type Of<Type extends FromClient['type']> = Extract<FromClient, { type: Type }>

/** The other side of a port, played by the test: it keeps what it hears and says what it is told to. */
export class FakeNode {
  readonly heard: FromClient[] = []
  /** What answers by itself; a test takes out what should be silent. */
  readonly answers = new Set<FromClient['type']>([
    'open',
    'connect',
    'leave',
    'metrics',
    'inspect',
    'provoke',
    'shutdown',
  ])
  isTerminated = false
  private readonly waiting: { type: string; resolve(message: FromClient): void }[] = []

  constructor(
    readonly port: Port,
    readonly peerId: PeerId,
    readonly maxMessageSize = 4096,
  ) {
    port.onmessage = message => this.receive(message as FromClient)
  }

  static pair(): { node: FakeNode; end: Port } {
    const [end, other] = createPortPair()
    return { node: new FakeNode(other, somePeer(0)), end }
  }

  say(message: unknown, transfer?: readonly unknown[]): void {
    this.port.postMessage(message, transfer)
  }

  events(handle: number, ...events: ClientEvent[]): void {
    this.say({ type: 'events', handle, events })
  }

  status(handle: number, status: Partial<TopicStatus>): void {
    const full = { state: 'joined', reason: 'It has neighbors.', neighbors: [], ...status }
    this.say({ type: 'status', handle, status: full })
  }

  history(handle: number, state: HistoryState): void {
    this.say({ type: 'history', handle, state })
  }

  all<Type extends FromClient['type']>(type: Type): Of<Type>[] {
    return this.heard.filter(message => message.type === type) as Of<Type>[]
  }

  last<Type extends FromClient['type']>(type: Type): Of<Type> {
    const found = this.all(type).at(-1)
    if (found === undefined) throw new Error(`no ${type} was heard`)
    return found
  }

  /** Each by itself, also of bundles. */
  get broadcasts(): BroadcastCall[] {
    return this.all('broadcast').flatMap(({ calls }) => calls.flatMap(unbundled))
  }

  /** The next message of this type that was not there yet. */
  next<Type extends FromClient['type']>(type: Type): Promise<Of<Type>> {
    return new Promise(resolve => {
      this.waiting.push({ type, resolve: resolve as (message: FromClient) => void })
    })
  }

  private receive(message: FromClient): void {
    this.heard.push(message)
    if ('call' in message && this.answers.has(message.type)) {
      const { call } = message
      this.say({ type: 'answer', call, value: this.valueFor(message.type) })
    }
    const ready = this.waiting.findIndex(({ type }) => type === message.type)
    if (ready >= 0) this.waiting.splice(ready, 1)[0]!.resolve(message)
  }

  private valueFor(type: string): unknown {
    const { peerId, maxMessageSize } = this
    if (type === 'open' || type === 'connect') return { peerId, maxMessageSize }
    if (type === 'metrics') return { framesSent: 3 }
    if (type === 'inspect') return { peerId, topics: [], links: [], deadline: undefined, blame: [] }
    return undefined
  }
}

function unbundled(call: BroadcastCall): BroadcastCall[] {
  if (call.count === undefined) return [call]
  const calls: BroadcastCall[] = []
  openBundle(call.payload, (payload, i) => calls.push({ ref: call.ref + i, payload }))
  return calls
}

export function somePeer(n: number): PeerId {
  return peerIdFromBytes(new Uint8Array(32).fill(n))
}

export function received(n: number, content = new Uint8Array([n])): ClientEvent {
  const author = somePeer(1)
  return {
    type: 'received',
    content,
    author,
    verified: true,
    seq: n,
    time: 1_700_000_000_000 + n,
    id: `${author}:${n}`,
    deliveredFrom: somePeer(2),
    scope: { kind: 'swarm', round: 0 },
    fromHistory: false,
  }
}

/** Everything that is under way in microtasks has happened. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
