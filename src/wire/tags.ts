/**
 * Every tag that may stand in a frame's second byte. Append-only: a tag once used is never given to
 * another message, and a message keeps its tag. Below 16 the link speaks for itself; from 16 on it speaks
 * for a topic, and the topic's alias follows the tag.
 */
export const FRAME_TAGS = {
  hello: 0,
  'hello-proof': 1,
  'topic-hello': 2,
  'author-alias': 3,
  relay: 4,
  envelope: 5,
  // HyParView: 16 to 23, and 29.
  join: 16,
  'forward-join': 17,
  'neighbor-request': 18,
  'neighbor-accept': 19,
  'neighbor-reject': 20,
  shuffle: 21,
  'shuffle-reply': 22,
  disconnect: 23,
  component: 29,
  // Full mesh: 24 to 28.
  init: 24,
  info: 25,
  conn: 26,
  gosp: 27,
  bye: 28,
  // PlumTree: 32 to 38.
  gossip: 32,
  'neighbor-gossip': 33,
  prune: 34,
  graft: 35,
  ihave: 36,
  'graft-refused': 37,
  'root-path': 38,
  // History of every kind: 48 and 49.
  frontier: 48,
  'exchange-error': 49,
  // Wavefront: 50 to 57.
  sharp: 50,
  coherent: 51,
  ripple: 52,
  'tidal-wave': 53,
  'first-wave': 54,
  'second-wave': 55,
  'wave-part': 56,
  'wave-taken': 57,
} as const

export const FIRST_TOPIC_TAG = 16
