import type { Gossip, GossipTopic } from 'gossamer'
import type { RecordedEvent } from './tab.js'

declare global {
  interface Window {
    /** The chat page's own, for the console. */
    gossamer: { gossip: Gossip; topic: GossipTopic }
    recordedEvents: RecordedEvent[]
  }
}
