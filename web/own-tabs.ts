// Other tabs of this browser that are in the same room: each is a peer of its own, and is named so.

export class OwnTabs {
  /** Peers of the other tabs. */
  readonly peers = new Set<string>()
  private readonly channel: BroadcastChannel | undefined

  constructor(room: string, peerId: string, changed: () => void) {
    try {
      this.channel = new BroadcastChannel(`gossamer-chat ${room}`)
    } catch {
      // Where a browser blocks it they are strangers to each other, and nothing else is different.
      return
    }
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { peer, says } = Object(data) as { peer?: unknown; says?: unknown }
      if (typeof peer !== 'string' || peer === peerId) return
      if (says === 'bye') this.peers.delete(peer)
      else if (this.peers.size < MOST_TABS) this.peers.add(peer)
      // Those who are there answer who comes.
      if (says === 'hello') this.say('here', peerId)
      changed()
    }
    this.say('hello', peerId)
    addEventListener('pagehide', () => this.say('bye', peerId))
    // Back from the back-forward cache.
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) this.say('hello', peerId)
    })
  }

  private say(says: 'hello' | 'here' | 'bye', peer: string): void {
    this.channel?.postMessage({ says, peer })
  }
}

/** Guess. */
const MOST_TABS = 64
