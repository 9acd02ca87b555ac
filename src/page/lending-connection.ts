/** The mesh's own channel: both ends make it with the same number, so nothing has to announce it. */
export const CHANNEL_LABEL = 'gossamer'
export const CHANNEL_OPTIONS: RTCDataChannelInit = { negotiated: true, id: 1000, ordered: true }

/** What happens at the birth of a connection, in the same task: only then can its channel be lent. */
export interface Birth {
  born(connection: RTCPeerConnection, channel: RTCDataChannel): void
  stillborn(cause: unknown): void
}

/**
 * An RTCPeerConnection class for simple-peer's `wrtc` option that makes the mesh's channel in its constructor.
 * simple-peer dies of an exception there, so whatever goes wrong is told to `stillborn`.
 */
export function lendingConnection(
  Connection: typeof RTCPeerConnection,
  birth: Birth,
): typeof RTCPeerConnection {
  return class extends Connection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      try {
        birth.born(this, this.createDataChannel(CHANNEL_LABEL, CHANNEL_OPTIONS))
      } catch (cause) {
        birth.stillborn(cause)
      }
    }
  }
}
