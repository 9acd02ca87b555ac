/** One entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  /** One stun:, stuns:, turn: or turns: URL, or a list of them. */
  urls: string | string[]
  /** For TURN, which asks for both. */
  username?: string
  credential?: string
}
