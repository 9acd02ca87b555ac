import Peer from 'simple-peer/simplepeer.min.js'

/** What is used of simple-peer. */
export interface SimplePeer {
  // biome-ignore lint/suspicious/noExplicitAny: each event has arguments of its own.
  on(event: string, listener: (...values: any[]) => void): unknown
  signal(signal: unknown): void
  negotiate(): void
  destroy(): void
}

export interface SimplePeerOptions {
  initiator: boolean
  trickle: boolean
  config: RTCConfiguration
  /** Read at each offer. */
  offerOptions: RTCOfferOptions
  wrtc: Omit<RtcEngine, 'createPeer'>
}

/** Where connections come from: the browser, or a stand-in in tests. */
export interface RtcEngine {
  createPeer(options: SimplePeerOptions): SimplePeer
  RTCPeerConnection: typeof RTCPeerConnection
  RTCSessionDescription: typeof RTCSessionDescription
  RTCIceCandidate: typeof RTCIceCandidate
}

/** Undefined where there is no WebRTC. */
export function browserEngine(): RtcEngine | undefined {
  if (typeof RTCPeerConnection === 'undefined') return undefined
  return engineOf({ RTCPeerConnection, RTCSessionDescription, RTCIceCandidate })
}

export function engineOf(wrtc: SimplePeerOptions['wrtc']): RtcEngine {
  return { createPeer: options => new Peer(options), ...wrtc }
}
