// simple-peer's ready-made bundle, which every bundler takes as it is (browser-facts §1). Only what is used.
declare module 'simple-peer/simplepeer.min.js' {
  const Peer: new (options: {
    initiator: boolean
    trickle: boolean
    config: RTCConfiguration
    /** Read at each offer. */
    offerOptions: RTCOfferOptions
    wrtc: {
      RTCPeerConnection: typeof RTCPeerConnection
      RTCSessionDescription: typeof RTCSessionDescription
      RTCIceCandidate: typeof RTCIceCandidate
    }
  }) => {
    // biome-ignore lint/suspicious/noExplicitAny: each event has arguments of its own.
    on(event: string, listener: (...values: any[]) => void): unknown
    signal(signal: unknown): void
    negotiate(): void
    destroy(): void
  }
  export default Peer
}
