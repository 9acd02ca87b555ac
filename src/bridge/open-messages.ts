import type { PlumtreeConfig } from '../core/broadcast/plumtree/config.js'
import type { FullMeshConfig } from '../core/membership/full-mesh/config.js'
import type { HyparviewConfig } from '../core/membership/hyparview/config.js'
import type { IceServer } from './rtc-messages.js'

/** The first message to a worker: what the page decided once. Answered like any call, with `Welcome`. */
export interface OpenMessage {
  type: 'open'
  call: number
  options: NodeOptions
}

/** The options of `Gossip.open` after checking, defaults filled in. */
export interface NodeOptions {
  /** WebSocket URL, or undefined: then only adopted channels and bootstrap through them. */
  signaling: string | undefined
  iceServers: IceServer[] | undefined
  maxMessageSize: number
  membership: HyparviewConfig
  fullMesh: FullMeshConfig
  broadcast: PlumtreeConfig
  /** Peers with another protocol name never meet. */
  protocol: string
  storage: { kind: 'indexeddb' | 'memory'; name: string }
  link: 'auto' | 'relayed'
  /** Where the files lie that the worker loads when a topic asks for them; a worker that has all inside ignores them. */
  extras?: Record<'history' | 'full-mesh' | 'more', string> | undefined
  /** The identity slot this page had before a reload. */
  slot: number | undefined
  /** At most 256 bytes, given to other peers with our id. */
  peerData: Uint8Array | undefined
}
