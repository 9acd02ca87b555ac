import { GossamerError } from '../bridge/errors.js'
import { engineOf, type RtcEngine } from '../page/rtc-engine.js'
import { allClosed, connectionOver, type Loaded } from './datachannel-connection.js'

/**
 * WebRTC for a Node process, to be released when it is not needed any more. Rejects with `unsupported` where
 * node-datachannel, an optional dependency, is missing or does not run on this machine.
 */
export async function datachannelEngine(): Promise<{ engine: RtcEngine; release(): void }> {
  const loaded = await load()
  const { RTCSessionDescription, RTCIceCandidate } = loaded.browserLike as unknown as RtcEngine
  const RTCPeerConnection = connectionOver(loaded)
  users++
  const engine = engineOf({ RTCPeerConnection, RTCSessionDescription, RTCIceCandidate })
  return { engine, release }

  /** It has threads of its own, which end with the last of its users. */
  async function release(): Promise<void> {
    users--
    await allClosed()
    if (users === 0) loaded.native.cleanup()
  }
}

async function load(): Promise<Loaded> {
  try {
    const [native, browserLike] = await Promise.all([
      import('node-datachannel'),
      import('node-datachannel/polyfill'),
    ])
    return { native, browserLike }
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    const text =
      'A peer in Node needs node-datachannel, which is missing or does not run here: npm install node-datachannel'
    throw new GossamerError('unsupported', `${text} (${reason}).`, { cause })
  }
}

let users = 0
