import type { SignalingState, TopicState } from './io.js'

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
    reason: 'Nobody else is here yet. What is said is kept for a while.',
  }
}
