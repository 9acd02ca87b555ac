// Which links a message is seen to travel. Pure: only what this peer knows is shown. A message came in over one
// link, and goes on over the eager ones; over the lazy ones it is announced.

import type { MeshLink } from './model.js'

export type Heard =
  | { kind: 'received'; author: string; deliveredFrom: string; scope: 'swarm' | 'neighbors' }
  | { kind: 'said'; author: string }

/** One dot on its way between oneself and a neighbor. */
export interface Trip {
  peer: string
  direction: 'in' | 'out'
  what: 'message' | 'announcement'
  /** The author, whose colour the dot has. */
  author: string
  /** After what came in has arrived. */
  afterMs: number
}

export function tripsOf(heard: Heard, links: readonly MeshLink[]): Trip[] {
  const { author } = heard
  const from = heard.kind === 'received' ? heard.deliveredFrom : undefined
  const trips: Trip[] = []
  if (from !== undefined && links.some(({ peer }) => peer === from)) {
    trips.push({ peer: from, direction: 'in', what: 'message', author, afterMs: 0 })
  }
  if (heard.kind === 'received' && heard.scope === 'neighbors') return trips
  const afterMs = trips.length > 0 ? TRIP_MS : 0
  for (const { peer, kind } of links) {
    if (peer === from || peer === author || kind === 'coming') continue
    const what = kind === 'eager' ? 'message' : 'announcement'
    trips.push({ peer, direction: 'out', what, author, afterMs })
  }
  return trips
}

/** Slower than any link here, so that eyes can follow. */
export const TRIP_MS = 520
