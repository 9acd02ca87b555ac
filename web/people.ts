// Who this page knows to be in the room, or to have been. Pure: oneself, who shows that they are here, neighbors, and whoever has spoken.

import type { ChatView } from './chat.js'

export interface Person {
  peer: string
  nick: string | undefined
  place: 'you' | 'neighbor' | 'here' | 'heard' | 'gone'
  isTyping: boolean
  /** Another tab of this browser. */
  isOwnTab: boolean
  /** Our clock when they last spoke here, epoch milliseconds. */
  lastSpokeAt: number | undefined
  /** Our clock when they went. */
  leftAt: number | undefined
}

/** Oneself first, then neighbors, then others who are here, then whoever spoke last, then who went, the last first. */
export function peopleOf(view: ChatView): Person[] {
  const lastSpokeAt = new Map<string, number>()
  for (const { author, at } of view.entries) lastSpokeAt.set(author, at)
  const person = (peer: string, place: Person['place']): Person => {
    const present = place === 'you' ? undefined : view.here.get(peer)
    return {
      peer,
      nick: place === 'you' ? view.nick : (present?.nick ?? view.nicks.get(peer)),
      place,
      isTyping: present?.typing ?? false,
      isOwnTab: view.ownTabs.has(peer),
      lastSpokeAt: lastSpokeAt.get(peer),
      leftAt: place === 'gone' ? present?.leftAt : undefined,
    }
  }
  const known = new Set([view.peerId, ...view.neighbors])
  const next = (peers: Iterable<string>): string[] => {
    const fresh = [...peers].filter(peer => !known.has(peer))
    for (const peer of fresh) known.add(peer)
    return fresh
  }
  const present = [...view.here].filter(([, { leftAt }]) => leftAt === undefined)
  const went = [...view.here]
    .filter(([, { leftAt }]) => leftAt !== undefined)
    .sort(([, a], [, b]) => b.leftAt! - a.leftAt!)
  const spoke = [...lastSpokeAt.keys()].sort((a, b) => lastSpokeAt.get(b)! - lastSpokeAt.get(a)!)
  const here = next(present.map(([peer]) => peer))
  const gone = next(went.map(([peer]) => peer))
  return [
    ...(view.peerId === '' ? [] : [person(view.peerId, 'you')]),
    ...view.neighbors.map(peer => person(peer, 'neighbor')),
    ...here.map(peer => person(peer, 'here')),
    ...next(spoke).map(peer => person(peer, 'heard')),
    ...gone.map(peer => person(peer, 'gone')),
  ]
}

/** What peers are called here: by the name they show now, else by the one they last spoke under. */
export function namesOf({ nicks, here }: Pick<ChatView, 'nicks' | 'here'>): Map<string, string> {
  const names = new Map(nicks)
  for (const [peer, { nick }] of here) if (nick !== undefined) names.set(peer, nick)
  return names
}
