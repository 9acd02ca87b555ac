import type { PeerId } from './ids.js'
import type { SignalingState, TopicState, TopicStatus } from './io.js'

/** What a topic's state follows from. Each state has one condition, tried in the order written here. */
export interface TopicFacts {
  closed: boolean
  neighbors: number
  signaling: SignalingState
  /** The first search for peers is over: introductions came (or none can come) and no request is open. */
  searched: boolean
  /** The last neighbor went without a word, and not long ago. */
  bereft: boolean
}

export function topicState(facts: TopicFacts): { state: TopicState; reason: string } {
  const { neighbors, signaling } = facts
  if (facts.closed) return { state: 'closed', reason: 'This topic was left.' }
  if (neighbors > 0) {
    const company = `Talking to ${neighbors} ${neighbors === 1 ? 'neighbor' : 'neighbors'}.`
    return signaling === 'lost'
      ? {
          state: 'degraded',
          reason: `${company} The signaling server is out of reach, so newcomers can't be introduced here.`,
        }
      : { state: 'joined', reason: company }
  }
  if (signaling === 'lost') {
    return {
      state: 'offline',
      reason: 'No neighbor, and the signaling server is out of reach. Trying again.',
    }
  }
  if (facts.bereft) {
    return {
      state: 'isolated',
      reason: 'All neighbors were lost. Looking for them and for others.',
    }
  }
  if (!facts.searched) {
    return {
      state: 'connecting',
      reason:
        signaling === 'connecting'
          ? 'Connecting to the signaling server.'
          : 'Looking for peers and connecting to them.',
    }
  }
  return {
    state: 'alone',
    reason: 'Nobody else is here yet, or nobody can be reached. What is said is kept for a while.',
  }
}

/** What a topic says of its state, and when that is news. */
export class Standing {
  closed = false
  /** The server named peers, perhaps none. */
  introduced = false
  searched = false
  bereft = false
  status: TopicStatus = { state: 'connecting', reason: '', neighbors: [] }
  /** What the status was last made of. */
  #said: Partial<Omit<TopicFacts, 'neighbors'>> & { peers?: readonly PeerId[] } = {}

  /** The status where it is another than before. */
  news(
    membership: { readonly neighbors: readonly PeerId[]; readonly busy: boolean },
    signaling: SignalingState,
  ): TopicStatus | undefined {
    const peers = membership.neighbors
    const canAsk = signaling === 'open' || signaling === 'connecting'
    if (!this.searched && (this.introduced || !canAsk)) this.searched = !membership.busy
    const { closed, searched, bereft } = this
    const said = this.#said
    // Most of what is heard changes none of it.
    const isNews =
      peers !== said.peers ||
      signaling !== said.signaling ||
      searched !== said.searched ||
      bereft !== said.bereft ||
      closed !== said.closed
    if (!isNews) return undefined
    this.#said = { peers, signaling, closed, searched, bereft }
    const facts = { closed, neighbors: peers.length, signaling, searched, bereft }
    const { state, reason } = topicState(facts)
    const before = this.status
    const isSame =
      state === before.state &&
      reason === before.reason &&
      String(peers) === String(before.neighbors)
    if (isSame) return undefined
    this.status = { state, reason, neighbors: [...peers] }
    return this.status
  }
}
