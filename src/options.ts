import type { HistoryRequest } from './bridge/node-messages.js'
import type { NodeOptions } from './bridge/open-messages.js'
import type { IceServer } from './bridge/rtc-messages.js'
import { PLUMTREE_DEFAULTS, type PlumtreeConfig } from './core/broadcast/plumtree/config.js'
import type { PeerId } from './core/ids.js'
import { LARGEST_PAYLOAD_BYTES } from './core/limits.js'
import { FULL_MESH_DEFAULTS, type FullMeshConfig } from './core/membership/full-mesh/config.js'
import { HYPARVIEW_DEFAULTS, type HyparviewConfig } from './core/membership/hyparview/config.js'
import type { TopicTerms } from './core/topic-hello.js'
import { checkHistory, type HistoryOptions, RETENTION_DEFAULTS } from './history-options.js'
import {
  checkBoolean,
  checkBytes,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkSignal,
  refuse,
} from './page/checks.js'
import type { Configs } from './page/config-checks.js'
import { pageExtra } from './page/load-extra.js'
import type { WorkerSource } from './page/spawn-worker.js'
import { checkPeerIds } from './page/topic-name.js'

/** Options of `Gossip.open`. All may be left out; a key that is not here is refused. */
export interface GossipOptions {
  /**
   * Where newcomers find each other: an absolute ws: or wss: URL (http: and https: are taken for their
   * sockets). Without it nobody is found but peers behind adopted channels, once named (`bootstrap`, `joinPeers`), and
   * whom those know.
   */
  signaling?: string | URL | undefined
  /** STUN and TURN servers, at most 32. Default: those the signaling server names, which may be none. */
  iceServers?: readonly IceServer[] | undefined
  /** Largest payload, bytes, 1 to 1,048,576. Default 4096 (seed). All peers of a topic must agree. */
  maxMessageSize?: number | undefined
  /** HyParView's numbers; what is left out stays as in `DEFAULTS`. */
  membershipConfig?: Partial<HyparviewConfig> | undefined
  /** The full mesh's numbers, its period among them; what is left out stays as in `DEFAULTS`. */
  fullMeshConfig?: Partial<FullMeshConfig> | undefined
  /** PlumTree's numbers; what is left out stays as in `DEFAULTS`. */
  broadcastConfig?: Partial<PlumtreeConfig> | undefined
  /** Name of your application's protocol, 1 to 64 bytes; peers with another never meet. Default 'gossamer'. The seed's `alpn`. */
  protocol?: string | undefined
  /**
   * Where identity, seen ids and known peers are kept. Default `{ kind: 'indexeddb', name: 'gossamer' }`; with
   * 'memory' every start is a new peer. Apps of one origin with different names, 1 to 64 letters, share nothing.
   */
  storage?: 'indexeddb' | 'memory' | { kind?: 'indexeddb' | 'memory'; name?: string } | undefined
  /**
   * The worker, or a way to make one, where the bundler does not find it by itself:
   * `() => new Worker(new URL('gossamer/worker', import.meta.url), { type: 'module' })`. A worker you made
   * yourself stays yours to terminate.
   */
  worker?: WorkerSource | undefined
  /** How bytes reach the worker: by channels lent to it, or relayed by the page. Default 'auto': lent where the browser can, else relayed, which a `links-relayed` notice tells. */
  link?: 'auto' | 'relayed' | undefined
  /** At most 256 bytes about this peer, signed and given to others with its id. Default none. */
  peerData?: Uint8Array | ArrayBuffer | undefined
  /** Gives up opening. Once open it has no effect. */
  signal?: AbortSignal | undefined
}

/** Options of `gossip.subscribe`. All may be left out; a key that is not here is refused. */
export interface JoinOptions {
  /** Peers to join through, at most 1,000, beside those the signaling server names. */
  bootstrap?: Iterable<string> | undefined
  /** Events the node keeps for a reader that does not keep up, 1 to 65,536; the oldest go first, told as `lagged`. Default 2048 (seed). */
  subscriptionCapacity?: number | undefined
  /**
   * How neighbors are chosen. `hyparview` (default): about five of any number. `full-mesh`: everyone, in rooms of up to
   * twelve, or as many more or fewer as `fullMeshConfig.linkCapacity` says; whoever comes then hears `joinFailed` with the
   * reason `full`. `auto`: a full mesh of up to eight, about five of more, and back at six. All peers of a topic must agree.
   */
  membership?: 'hyparview' | 'full-mesh' | 'auto' | undefined
  /**
   * Which messages are kept, on this device and for those who come late. Default 'none'. All peers of a topic must agree
   * on the protocol. It takes `signed`. The first handle of a topic decides for those after it.
   */
  history?: 'none' | HistoryOptions | undefined
  /**
   * In which order messages are delivered: as they come (default), or with 'causal', which takes a history, each after
   * those its author had heard; where one of these does not come, it is delivered after a while all the same,
   * after a `parentsMissing` that names it.
   */
  order?: 'arrival' | 'causal' | undefined
  /** Whether messages carry their author's signature. Default true; without it anyone may write any author's name. */
  signed?: boolean | undefined
  /** Given to `subscribe`: leaves the topic when it aborts. Given to `subscribeAndJoin`: gives up waiting, and leaves. */
  signal?: AbortSignal | undefined
}

/** Options of `gossip.subscribeAndJoin`. */
export interface SubscribeAndJoinOptions extends JoinOptions {
  /** So many neighbors are waited for, 1 to 64. Default 1. */
  neighbors?: number | undefined
}

/**
 * The seed's "Configuration Defaults Summary", with what stands beside it. Where each value comes from is
 * written where it is declared (`core/membership/hyparview/config.ts`, `core/broadcast/plumtree/config.ts`).
 *
 * | Seed's parameter | Seed | Here |
 * |---|---|---|
 * | Active view capacity | 5 (HyParView p. 9) | `membershipConfig.activeViewCapacity` |
 * | Passive view capacity | 30 (HyParView p. 9) | `membershipConfig.passiveViewCapacity`; a reserve of `reserveCapacity` stands beside it |
 * | Active random walk length | 6 (HyParView p. 9) | `membershipConfig.activeRandomWalkLength` |
 * | Passive random walk length | 3 (HyParView p. 9) | `membershipConfig.passiveRandomWalkLength` |
 * | Shuffle random walk length | 6 (HyParView p. 9) | `membershipConfig.shuffleRandomWalkLength` |
 * | Shuffle active view count | 3 (HyParView p. 9) | `membershipConfig.shuffleActiveViewCount` |
 * | Shuffle passive view count | 4 (HyParView p. 9) | `membershipConfig.shufflePassiveViewCount` |
 * | Shuffle interval | 60 s | `membershipConfig.shuffleIntervalMs` |
 * | Neighbor request timeout | 500 ms | `membershipConfig.neighborRequestTimeoutMs`, 3 s: departs, see there |
 * | Graft timeout 1 | 80 ms | `broadcastConfig.graftTimeout1Ms`, a floor under what measured round trips call for |
 * | Graft timeout 2 | 40 ms | `broadcastConfig.graftTimeout2Ms`, likewise |
 * | Dispatch timeout | 5 ms | `broadcastConfig.dispatchTimeoutMs` |
 * | Optimization threshold | 7 hops (PlumTree p. 12) | `broadcastConfig.optimizationThreshold`, while the shared tree has no root |
 * | Message cache retention | 30 s | `broadcastConfig.messageCacheRetentionMs` |
 * | Message ID retention | 90 s | `broadcastConfig.messageIdRetentionMs` |
 * | Cache evict interval | 1 s | `broadcastConfig.cacheEvictIntervalMs` |
 * | Max message size | 4096 bytes | `maxMessageSize` |
 * | Send queue capacity | 64 messages | bounded in bytes, three queues for each link (src/link) |
 * | To-actor channel capacity | 64 messages | a worker's message queue can't be bounded; broadcasts without an outcome are: 8,192 and 64 MiB for each handle, then `busy` |
 * | In-event channel capacity | 1024 messages | none: frames act as they arrive; a link's early frames and checks under way are bounded in the worker |
 * | Topic event channel capacity | 256 events | `EVENT_CREDIT`, events in flight to one reader |
 * | Topic events default capacity | 2048 events | `subscriptionCapacity` |
 * | Topic commands channel capacity | 64 commands | as to-actor |
 */
export const DEFAULTS = {
  /** Bytes. Seed. */
  maxMessageSize: 4096,
  membershipConfig: HYPARVIEW_DEFAULTS,
  fullMeshConfig: FULL_MESH_DEFAULTS,
  broadcastConfig: PLUMTREE_DEFAULTS,
  protocol: 'gossamer',
  storage: { kind: 'indexeddb', name: 'gossamer' },
  link: 'auto',
  /** Events. Seed. */
  subscriptionCapacity: 2048,
  membership: 'hyparview',
  history: 'none',
  /** Of a topic with a history. */
  retention: RETENTION_DEFAULTS,
  order: 'arrival',
  signed: true,
} as const

/** What `Gossip.open` was given, checked and filled up. Throws `invalid-argument`. */
export interface CheckedOptions {
  node: Omit<NodeOptions, 'slot'>
  worker: WorkerSource | undefined
  signal: AbortSignal | undefined
}

export async function checkOptions(given: GossipOptions): Promise<CheckedOptions> {
  const options = checkKeys('options', given, OPEN_KEYS) as GossipOptions
  const { signaling, iceServers, worker, peerData } = options
  const checked = {
    node: {
      signaling: signaling === undefined ? undefined : checkSignaling(signaling),
      iceServers: iceServers === undefined ? undefined : checkIceServers(iceServers),
      maxMessageSize: checkInteger(
        'maxMessageSize',
        options.maxMessageSize ?? DEFAULTS.maxMessageSize,
        1,
        LARGEST_PAYLOAD_BYTES,
      ),
      protocol: checkText('protocol', options.protocol ?? DEFAULTS.protocol),
      storage: checkStorage(options.storage ?? DEFAULTS.storage),
      link: checkOneOf('link', options.link ?? DEFAULTS.link, ['auto', 'relayed']),
      peerData: peerData === undefined ? undefined : checkPeerData(peerData),
    },
    worker: worker === undefined ? undefined : checkWorker(worker),
    signal: checkSignal('signal', options.signal),
  }
  // Last, for what callers gave is theirs to change after the call.
  return { ...checked, node: { ...checked.node, ...(await configsOf(options)) } }
}

export interface CheckedJoin {
  terms: TopicTerms
  bootstrap: PeerId[]
  capacity: number
  history: HistoryRequest | undefined
  signal: AbortSignal | undefined
}

/** What `subscribe` was given, checked and filled up. Throws `invalid-argument`. */
export function checkJoin(given: JoinOptions, maxMessageSize: number): CheckedJoin {
  const options = checkKeys('options', given, JOIN_KEYS) as JoinOptions
  const { history, order } = options
  const { protocol, request } = checkHistory(history ?? DEFAULTS.history, order ?? DEFAULTS.order)
  const signed = checkBoolean('signed', options.signed ?? DEFAULTS.signed)
  if (!signed && request !== undefined) {
    refuse('signed', signed, 'true with a history: who said what must be certain')
  }
  return {
    terms: {
      signed,
      membership: checkOneOf('membership', options.membership ?? DEFAULTS.membership, [
        'hyparview',
        'full-mesh',
        'auto',
      ]),
      history: protocol,
      maxMessageSize,
    },
    bootstrap: checkPeerIds('bootstrap', options.bootstrap ?? []),
    capacity: checkInteger(
      'subscriptionCapacity',
      options.subscriptionCapacity ?? DEFAULTS.subscriptionCapacity,
      1,
      LARGEST_CAPACITY,
    ),
    history: request,
    signal: checkSignal('signal', options.signal),
  }
}

/** As `checkJoin`, with how many neighbors are waited for. */
export function checkJoinAndWait(
  given: SubscribeAndJoinOptions,
  maxMessageSize: number,
): CheckedJoin & { neighbors: number } {
  checkKeys('options', given, [...JOIN_KEYS, 'neighbors'])
  const { neighbors, ...join } = given
  return { ...checkJoin(join, maxMessageSize), neighbors: checkNeighbors(neighbors) }
}

/** How many neighbors to wait for. */
export function checkNeighbors(given: number | undefined): number {
  return checkInteger('neighbors', given ?? 1, 1, MOST_NEIGHBORS)
}

/** Who gives numbers of his own loads what checks them. */
async function configsOf(options: GossipOptions): Promise<Configs> {
  const { membershipConfig, fullMeshConfig, broadcastConfig } = options
  if ((membershipConfig ?? fullMeshConfig ?? broadcastConfig) !== undefined)
    return (await pageExtra()).checkConfigs(options)
  return {
    membership: DEFAULTS.membershipConfig,
    fullMesh: DEFAULTS.fullMeshConfig,
    broadcast: DEFAULTS.broadcastConfig,
  }
}

/** An absolute URL for a WebSocket. Throws `invalid-argument`. */
export function checkSignaling(given: unknown): string {
  const allowed = 'an absolute ws:, wss:, http: or https: URL without fragment, name or password'
  const text = given instanceof URL ? given.href : given
  if (typeof text !== 'string') refuse('signaling', given, allowed)
  const url = parseUrl(text)
  const scheme = SOCKET_SCHEMES[url?.protocol ?? '']
  const isRight = url !== undefined && url.hash === '' && url.username === '' && url.password === ''
  if (!isRight || scheme === undefined) refuse('signaling', text, allowed)
  return scheme + url.href.slice(url.protocol.length)
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function checkIceServers(given: unknown): IceServer[] {
  if (!Array.isArray(given) || given.length > MOST_ICE_SERVERS) {
    refuse('iceServers', given, `a list of at most ${MOST_ICE_SERVERS} servers`)
  }
  return given.map((one: unknown, i) => checkIceServer(`iceServers[${i}]`, one))
}

function checkIceServer(name: string, given: unknown): IceServer {
  const server = checkKeys(name, given, ['urls', 'username', 'credential']) as Partial<IceServer>
  const { urls, username, credential } = server
  const list: unknown[] = Array.isArray(urls) ? urls : [urls]
  const isRight = list.length > 0 && list.every(url => typeof url === 'string' && ICE_URL.test(url))
  if (!isRight)
    refuse(`${name}.urls`, urls, 'a stun:, stuns:, turn: or turns: URL, or a list of them')
  const needsWord = list.some(url => (url as string).startsWith('turn'))
  for (const [key, word] of Object.entries({ username, credential })) {
    if (typeof word === 'string' || (word === undefined && !needsWord)) continue
    refuse(`${name}.${key}`, word, needsWord ? 'text: a TURN server asks for it' : 'text')
  }
  return {
    urls: urls as string | string[],
    ...(username !== undefined && { username }),
    ...(credential !== undefined && { credential }),
  }
}

function checkStorage(given: unknown): NodeOptions['storage'] {
  const { kind, name } =
    typeof given === 'string'
      ? { kind: given }
      : (checkKeys('storage', given, ['kind', 'name']) as { kind?: unknown; name?: unknown })
  return {
    kind: checkOneOf('storage.kind', kind ?? DEFAULTS.storage.kind, ['indexeddb', 'memory']),
    name: checkText('storage.name', name ?? DEFAULTS.storage.name),
  }
}

function checkText(name: string, given: unknown): string {
  const isRight = typeof given === 'string' && TEXT.test(given)
  return isRight ? given : refuse(name, given, 'text of 1 to 64 letters, digits and . _ - / : @ +')
}

function checkPeerData(given: unknown): Uint8Array {
  const bytes = checkBytes('peerData', given)
  if (bytes.length > LARGEST_PEER_DATA_BYTES) {
    refuse('peerData', bytes, `at most ${LARGEST_PEER_DATA_BYTES} bytes`)
  }
  return bytes.slice()
}

function checkWorker(given: unknown): WorkerSource {
  const isRight =
    typeof given === 'function' ||
    typeof (given as { postMessage?: unknown } | null)?.postMessage === 'function'
  return isRight
    ? (given as WorkerSource)
    : refuse('worker', given, 'a Worker or a function that makes one')
}

const OPEN_KEYS: readonly (keyof GossipOptions)[] = [
  'signaling',
  'iceServers',
  'maxMessageSize',
  'membershipConfig',
  'fullMeshConfig',
  'broadcastConfig',
  'protocol',
  'storage',
  'worker',
  'link',
  'peerData',
  'signal',
]
const JOIN_KEYS: readonly (keyof JoinOptions)[] = [
  'bootstrap',
  'subscriptionCapacity',
  'membership',
  'history',
  'order',
  'signed',
  'signal',
]
const SOCKET_SCHEMES: Record<string, string> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
}
const ICE_URL = /^(stuns?|turns?):[^\s]+$/
/** Guess: a browser that keeps more links than this does nothing else. */
const MOST_NEIGHBORS = 64
/** Guess. */
const MOST_ICE_SERVERS = 32
const LARGEST_PEER_DATA_BYTES = 256
/** Guess. */
const LARGEST_CAPACITY = 65_536
const TEXT = /^[\w.\-/:@+]{1,64}$/
