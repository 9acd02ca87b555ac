// Who this page knows to be in the room. Pure. For now: oneself, the neighbors, and whoever has spoken.

import type { ChatView } from './chat.js'

export interface Person {
  peer: string
  nick: string | undefined
  place: 'you' | 'neighbor' | 'heard'
  /** Our clock when they last spoke here, epoch milliseconds. */
  lastSpokeAt: number | undefined
}

/** Oneself first, then neighbors, then whoever spoke last. */
export function peopleOf(view: ChatView): Person[] {
  const lastSpokeAt = new Map<string, number>()
  for (const { author, at } of view.entries) lastSpokeAt.set(author, at)
  const person = (peer: string, place: Person['place']): Person => ({
    peer,
    nick: place === 'you' ? view.nick : view.nicks.get(peer),
    place,
    lastSpokeAt: lastSpokeAt.get(peer),
  })
  const heard = [...lastSpokeAt.keys()]
    .filter(peer => peer !== view.peerId && !view.neighbors.includes(peer))
    .sort((a, b) => lastSpokeAt.get(b)! - lastSpokeAt.get(a)!)
  return [
    ...(view.peerId === '' ? [] : [person(view.peerId, 'you')]),
    ...view.neighbors.map(peer => person(peer, 'neighbor')),
    ...heard.map(peer => person(peer, 'heard')),
  ]
}
