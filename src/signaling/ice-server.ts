/** One entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}
